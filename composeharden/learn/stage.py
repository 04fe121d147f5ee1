"""Lives an image through on the engine: start on empty volumes, use, stop, start again, a new container."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from composeharden.engine import Docker, EngineError, OverdueError, Throwaway
from composeharden.learn import look
from composeharden.learn.compare import STAGES, stop_shortfall, waited_for
from composeharden.learn.setting import Life, Moment, Setting, Shortfall, Stop, Work
from composeharden.learn.subject import Place, Subject, staged
from composeharden.verify.model import write

UP_SECONDS = 300.0
_PAUSE = 0.4
_FEWEST = 2
"""Starts of a trial; what is to be written down has one more."""
_LONGEST_WAIT = 180.0
_GRACE = 10.0
"""Seconds until the engine kills a service that has no grace period of its own."""
_TELLING = re.compile(r"read-only file system|not permitted|permission denied|EROFS|EPERM|EACCES", re.IGNORECASE)
_CLOCK = re.compile(r"^\[?\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d\S*\s*")
"""The program's own time in front of a line, which tells nothing and differs each time."""
_LINES = 6
_PROJECT = "dev.composeharden.life"

Probe = Callable[[str, int], str]
"""Called with the id of the container and the number of the start, from 0; returns what failed, or nothing."""


class Failed(Exception):
    """A life that was not as the one before; `shortfall` says where it ended."""

    def __init__(self, shortfall: Shortfall) -> None:
        self.shortfall = shortfall
        super().__init__(shortfall.words)


@dataclass
class Stage:
    """Where lives are lived: an engine, a run of our own on it, and the subject."""

    docker: Docker
    own: Throwaway
    subject: Subject
    probes: tuple[Probe, ...] = ()
    window: float = 5.0
    """Seconds that the first life, and the last ones, are watched once they are ready."""
    starts: int = 0
    """Containers of the subject that were started."""
    containers: list[str] = field(default_factory=list)
    """Their ids."""

    def live(self, setting: Setting, before: Life | None = None, starts: int = _FEWEST) -> Life:
        """One whole life in a setting. Without `before` it is the life that later ones are compared with.

        Raises:
            Failed: it was worse than before, or without `before`: it does not start.
            EngineError: the engine did not do what was asked.
        """
        project = _Project(self, setting)
        try:
            return self._live(project, setting, before, starts)
        finally:
            project.remove()

    def _live(self, project: _Project, setting: Setting, before: Life | None, starts: int) -> Life:
        moments: list[Moment] = []
        stop: Stop | None = None
        written: tuple[tuple[str, str], ...] = ()
        bound: frozenset[str] = frozenset()
        seconds = 0.0
        container = ""
        for number in range(starts):
            began = time.monotonic()
            container = self._started(project, number, container)
            self.starts += 1
            self.containers += [container] if container not in self.containers else []
            expected = before.moments[min(number, len(before.moments) - 1)] if before is not None else None
            calm = self._calm(number, before, starts)
            watch = _Watch(self, container, number, expected, before, setting, calm)
            moments.append(self._ready(watch))
            seconds = seconds or watch.ready_at - began
            if number == 0:
                written = tuple(self.docker.written(container)) if not setting.read_only else ()
                bound = look.sockets_of(self.docker, container) if before is None else bound
            ended = self._stopped(container) if moments[-1].ended is None else None
            if number == 0:
                stop = ended
                if before is not None and (found := stop_shortfall(before.stop, stop)):
                    raise Failed(replace(found, log=self._log(container)))
                # Before the stop there are pid files and sockets, after it what is written on a stop.
                written += tuple(self.docker.written(container)) if not setting.read_only else ()
        return Life(tuple(moments), stop, seconds, tuple(dict.fromkeys(written)), bound)

    def _calm(self, number: int, before: Life | None, starts: int) -> float:
        """How long a start is watched once it is ready: the longest what others are compared with, or what is kept."""
        if number == 0 and (before is None or starts > _FEWEST):
            return self.window
        return min(1.0, self.window)

    def _started(self, project: _Project, number: int, container: str) -> str:
        try:
            return project.start(number, container)
        except OverdueError:
            raise
        except EngineError as error:
            said = tuple(line.strip() for line in error.said.splitlines() if line.strip())
            raise Failed(Shortfall(STAGES[number], "cannot be started", said[-_LINES:])) from error

    def _stopped(self, container: str) -> Stop:
        stopped = self.docker.stop(container)
        asked = self.docker.inspect(container)[0]["Config"].get("StopTimeout")
        grace = _GRACE if asked is None else float(asked)
        # An exit code says it only for a process that was killed itself, not for one whose children were.
        return Stop(stopped.code, stopped.seconds, stopped.seconds >= grace or stopped.code == 137)

    def _ready(self, watch: _Watch) -> Moment:
        """The moment once it is ready and stays so. Raises Failed when it does not get there."""
        found = watch.until_ready()
        if isinstance(found, str):
            raise Failed(Shortfall(STAGES[watch.number], found, self._log(watch.container)))
        if watch.expected is None and watch.number == 0 and found.ended is None:
            return self._with_gids(watch.container, found)
        return found

    def _with_gids(self, container: str, found: Moment) -> Moment:
        gids = look.identities(self.docker, container)

        def complete(work: Work) -> Work:
            return replace(work, gid=gids.get((work.command, work.uid), work.uid))

        return replace(
            found,
            first=complete(found.first) if found.first is not None else None,
            works=frozenset(map(complete, found.works)),
        )

    def _log(self, container: str) -> tuple[str, ...]:
        """The lines of the log that tell most."""
        shown = self.docker.attempt("container", "logs", "--tail", "200", container, most=1_000_000)
        lines = [_CLOCK.sub("", line.strip()) for line in shown.said.splitlines() if line.strip()]
        telling = [line for line in lines if _TELLING.search(line)]
        return tuple(dict.fromkeys((telling or lines)[-_LINES:]))


@dataclass
class _Watch:
    """Looks at a container until it is ready, has failed for good, or the time is over."""

    stage: Stage
    container: str
    number: int
    expected: Moment | None
    before: Life | None
    setting: Setting
    calm: float
    """Seconds for which it has to lack nothing."""
    ready_at: float = 0
    """When it was first seen to lack nothing, by the clock of `time.monotonic`."""

    def until_ready(self) -> Moment | str:
        """What it looks like once it is ready, or what it lacks."""
        end = time.monotonic() + self._patience()
        lacks, since, last = "", time.monotonic(), None
        seen: list[tuple[float, Moment]] = []
        while True:
            self.stage.docker.deadline.left(1)
            now = time.monotonic()
            found = look.moment(self.stage.docker, self.container, self._asked())
            if found.ended is not None:
                self.ready_at = now
                return found if self._may_end(found) else f"ended with exit code {found.ended}"
            lacks = self._lacks(found)
            if lacks:
                seen.clear()
            else:
                seen.append((now, found))
                self.ready_at = seen[0][0]
                if now - seen[0][0] >= self.calm:
                    return self._settled([one for _, one in seen])
            # The same for a long time, and not good: it will not get there.
            if last is None or (last.works, last.ports) != (found.works, found.ports):
                since, last = now, found
            if now > end or (lacks and now - since > self._stuck()):
                return lacks or "does not come to rest"
            time.sleep(_PAUSE)

    def _lacks(self, found: Moment) -> str:
        if self.expected is not None:
            lacks = waited_for(self.expected, found, self.setting)
        elif found.health not in ("", "healthy"):
            lacks = "its health check does not succeed"
        else:
            exposed = {port for port in self.stage.subject.exposed if port[0] == "tcp"}
            lacks = "does not listen on any port that it exposes" if exposed and not exposed & found.ports else ""
        if lacks:
            return lacks
        return next(filter(None, (probe(self.container, self.number) for probe in self.stage.probes)), "")

    def _asked(self) -> tuple[int, ...] | None:
        return None if self.expected is None else tuple(number for number, _ in self.expected.answers)

    def _may_end(self, found: Moment) -> bool:
        """A job may end, with the exit code it had; what is to be compared with must end well."""
        return found.ended == (0 if self.expected is None else self.expected.ended)

    def _settled(self, seen: list[Moment]) -> Moment:
        """What was there all the time: some processes come and go, and so do answers under load."""
        works = frozenset.intersection(*(one.works for one in seen))
        ports = frozenset.intersection(*(one.ports for one in seen))
        if self.expected is None:
            tcp = {port for port in ports if port[0] == "tcp"}
            ports = frozenset(tcp | ports & self.stage.subject.exposed)
        answers = frozenset.intersection(*(one.answers for one in seen))
        return replace(seen[-1], works=works, ports=ports, answers=answers)

    def _patience(self) -> float:
        if self.before is None:
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, 3 * self.before.seconds + 10)

    def _stuck(self) -> float:
        return _LONGEST_WAIT if self.before is None else max(4.0, 1.5 * self.before.seconds)


class _Project:
    """One throw-away Compose project: the subject, and what it depends on, in one setting."""

    def __init__(self, stage: Stage, setting: Setting) -> None:
        self._docker, self._service = stage.docker, stage.subject.service
        self._name = stage.own.project()
        self._folder = os.path.join(stage.own.folder, self._name)
        os.mkdir(self._folder, 0o700)
        labels = {**stage.own.labels, _PROJECT: self._name}
        model = staged(stage.subject, setting, Place(self._name, self._folder, labels))
        write({**model, "name": self._name}, os.path.join(self._folder, "compose.json"))

    def start(self, number: int, container: str) -> str:
        """First start, second start of the same container, or a new container over the same volumes."""
        if number == 1:
            self._docker.run("container", "start", container)
            return container
        more = ("--force-recreate", "--no-deps") if number else ()
        done = self._compose("up", "--detach", "--no-build", *more, self._service, timeout=UP_SECONDS)
        found = self._compose("ps", "--all", "--quiet", "--no-trunc", self._service).split()
        if len(found) != 1:
            raise EngineError("Compose did not make one container of the service", done)
        return found[0]

    def remove(self) -> None:
        """Everything of the project, its volumes too."""
        label = f"com.docker.compose.project={self._name}"
        unnamed = self._docker.unnamed_volumes(*(row[0] for row in self._docker.listed("container", label)))
        self._compose("down", "--volumes", "--remove-orphans", "--timeout", "1", timeout=120)
        if unnamed:
            self._docker.attempt("volume", "rm", "--force", *unnamed)
        left = [row[0] for row in self._docker.listed("volume", f"{_PROJECT}={self._name}")]
        if left:
            self._docker.run("volume", "rm", "--force", *left)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _compose(self, *argv: str, timeout: float = 60) -> str:
        head = ("--file", "compose.json", "--project-name", self._name)
        return self._docker.run_compose(*head, *argv, cwd=self._folder, timeout=timeout).stdout
