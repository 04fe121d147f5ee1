"""One life of a stack on the engine: started, watched, stopped, and started twice more over the same volumes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from composeharden.engine import Docker, EngineError, OverdueError, Stopped, Throwaway, remove, sockets
from composeharden.verify.allowed import Patience
from composeharden.verify.compare import differences, more_privileged
from composeharden.verify.copies import make_copies
from composeharden.verify.isolation import Isolation, needs, seconds
from composeharden.verify.model import write
from composeharden.verify.seen import (
    PHASES,
    Life,
    Log,
    Phase,
    Seen,
    complaints_of,
    last_lines,
    said_by_probe,
    state_of,
)

Probes = Mapping[str, Sequence[Sequence[str]]]
"""By service, commands to be run in it."""
Tell = Callable[[str], None]


@dataclass
class Run:
    """What is needed to live a life: one for a whole trial."""

    docker: Docker
    own: Throwaway
    isolation: Isolation
    patience: Patience
    probes: Probes = field(default_factory=dict)
    tell: Tell = lambda text: None
    lives: int = 0
    starts: int = 0

    def live(
        self,
        model: Mapping[str, Any],
        title: str,
        before: Life | None = None,
        strict: frozenset[str] = frozenset(),
        until: frozenset[str] = frozenset(),
    ) -> Life:
        """Live through one life, and leave nothing of it.

        Args:
            model: canonical; isolated here.
            title: what progress is told by.
            before: the life as it is, for a hardened one: says what to wait for.
            strict: see `differences`.
            until: end with the phase in which all of these services are worse; none is never.
        """
        self.lives += 1
        began = time.monotonic()
        project = self.own.project()
        try:
            life = _Living(self, model, project, title, before).all(strict, until)
        finally:
            self._remove(project)
        life.seconds = time.monotonic() - began
        self.starts += life.starts
        return life

    def _remove(self, project: str) -> None:
        """What can go at once; the rest goes with the run."""
        docker = self.docker
        label = f"com.docker.compose.project={project}"
        for kind, mark in (("container", label), ("network", label), ("volume", f"dev.composeharden.life={project}")):
            names = [row[0] for row in docker.listed(kind, mark)]
            if names:
                remove(docker, kind, *names)


class _Living:
    def __init__(self, run: Run, model: Mapping[str, Any], project: str, title: str, before: Life | None) -> None:
        self.run, self.docker = run, run.docker
        self.project, self.title, self.before = project, title, before
        self.folder = os.path.join(run.own.folder, project)
        self.file = os.path.join(self.folder, "compose.json")
        os.makedirs(self.folder, 0o700)
        labels = {**run.own.labels, "dev.composeharden.life": project}
        copies = make_copies(run.docker, run.own, run.isolation, model, project, self.folder, labels)
        self.model = run.isolation.apply(model, copies)
        self.services = list(self.model["services"])
        self.life = Life()
        self.ids: list[str] = []
        self.probed: dict[str, list[str]] = {}
        """What probes said that failed, by service, in the phase at hand."""
        write(self.model, self.file)

    # -- phases ------------------------------------------------------------------------------------------------------

    def all(self, strict: frozenset[str], until: frozenset[str]) -> Life:
        """Every phase, or as many as it takes to see that some services are worse."""
        for number, phase in enumerate(PHASES):
            self.run.tell(f"{self.title}: {phase}")
            self.life.phases.append(self._phase(number))
            if until and self.before:
                worse = differences(self.before, self.life, self.services, strict)
                if until <= {one.service for one in worse}:
                    break
            if not any(seen.state in ("running", "exited") for seen in self.life.phases[-1].values()):
                break
        return self.life

    def _phase(self, number: int) -> dict[str, Seen]:
        how = (("--no-recreate",), ("--no-recreate",), ("--force-recreate",))[number]
        self._up(how)
        expected = self.before.phases[number] if self.before and len(self.before.phases) > number else None
        expected = expected or (self.life.phases[0] if number else None)
        ready = self._settle(expected)
        started = self._last_times()
        self.probed = {}
        answers = {name: self._answers(name, ready) for name in self.services}
        probes = {name: self._probes(name, ready) for name in self.services}
        seen = self._watch(self.run.patience.window if number == 0 else min(2.0, self.run.patience.window))
        watched = self._last_times()
        checked = {name: said_by_probe(one) for name, one in self._containers().items()}
        stops = self._stop(seen)
        containers = self._containers()
        found = {}
        for name, one in seen.items():
            log = self._log(containers[name]) if name in containers else []
            up = (started.get(name, ""), watched.get(name, "")) if ready.get(name) else None
            found[name] = replace(
                one,
                answers=answers[name],
                probes=probes[name],
                stop=stops.get(name),
                complaints=complaints_of(log, up),
                log=self._words(one, (*last_lines(log), *checked.get(name, ())), name),
            )
        return found

    def _words(self, seen: Seen, log: tuple[str, ...], name: str) -> tuple[str, ...]:
        """What is worth reading of a service: its log where it is not well, and what failing probes said."""
        probed = tuple(self.probed.get(name, ()))
        return probed if seen.is_good else ((*log, *probed) or self._said())

    def _last_times(self) -> dict[str, str]:
        """By service, the engine's time of its last line until now."""
        return {name: log[-1][0] for name, one in self._containers().items() if (log := self._log(one))}

    def _up(self, how: Sequence[str]) -> None:
        words = ("up", "--detach", "--no-build", "--pull", "never", "--quiet-pull", *how)
        argv = ("--project-name", self.project, "--file", self.file, *words)
        said = ""
        try:
            done = self.docker.attempt_compose(
                *argv, cwd=self.folder, timeout=self._start_seconds(), env=self.run.isolation.granted_variables
            )
            said = done.said if done.code else ""
        except OverdueError as error:
            self.docker.deadline.left(1)  # ends here where the time of the whole run is over
            said = str(error)
        self.life.said.append(said)
        self._find()
        if said and not self.ids and self.before is None:
            raise EngineError("Compose could not start the stack", said)
        self.life.starts += len(self.services)

    def _said(self) -> tuple[str, ...]:
        """The last lines of Compose, where it could not start all."""
        return tuple(line.strip() for line in self.life.said[-1].splitlines()[-5:] if line.strip())

    def _start_seconds(self) -> float:
        """As long as the slowest health check allows, and never less than the patience for one start."""
        longest = self.run.patience.start
        for body in self.model["services"].values():
            probe = body.get("healthcheck") or {}
            every = (seconds(probe.get("interval")) or 30.0) + (seconds(probe.get("timeout")) or 30.0) / 4
            longest = max(longest, seconds(probe.get("start_period")) + int(probe.get("retries") or 3) * every + 20)
        return longest

    # -- looking -----------------------------------------------------------------------------------------------------

    def _containers(self) -> dict[str, dict[str, Any]]:
        """By service, what the engine knows of its container."""
        try:
            inspected = self.docker.inspect(*self.ids)
        except EngineError:  # one went meanwhile
            inspected = []
        key = "com.docker.compose.service"
        return {str(one["Config"]["Labels"].get(key)): one for one in inspected}

    def _find(self) -> None:
        """Which containers there are: they stay the same until the next start."""
        self.ids = [row[0] for row in self.docker.listed("container", f"com.docker.compose.project={self.project}")]

    def _look(self, deep: bool = True) -> dict[str, Seen]:
        found = {}
        containers = self._containers()
        for name in self.services:
            container = containers.get(name)
            if container is None:
                found[name] = Seen("missing")
                continue
            known = state_of(container)
            if deep and known["state"] == "running":
                processes = self.docker.processes(container["Id"], int(container["State"]["Pid"]))
                known["processes"] = frozenset((one.command, one.uid) for one in processes)
                known["ports"] = sockets.listening(self.docker, container["Id"], int(container["State"]["Pid"]))
            found[name] = Seen(**known)
        return found

    def _settle(self, expected: Phase | None) -> dict[str, bool]:
        """Wait until every service is as it will be: for each whether it is up, or done as expected."""
        end = time.monotonic() + (self._start_seconds() if expected is None else max(40.0, self._start_seconds() / 2))
        began = time.monotonic()
        # One that is up, and for so long still not what it was: it will not be.
        given_up = max(8.0, 3 * max((self.before or self.life).settled, default=0.0))
        last: dict[str, Seen] = {}
        since = {name: time.monotonic() for name in self.services}
        while True:
            now = self._look()
            for name, seen in now.items():
                if name not in last or _shape(last[name]) != _shape(seen):
                    since[name] = time.monotonic()
            last = now
            calm = {name: time.monotonic() - since[name] for name in now}
            ready = {
                name: _is_final(seen)
                or self._is_as_expected(name, seen, expected, calm[name] >= self.run.patience.calm)
                or (seen.is_up and expected is not None and calm[name] >= given_up)
                for name, seen in now.items()
            }
            self.docker.deadline.left(1)
            if all(ready.values()) or time.monotonic() > end:
                self.life.settled.append(time.monotonic() - began)
                return {name: seen.is_up for name, seen in now.items()}
            time.sleep(0.5)

    def _is_as_expected(self, name: str, seen: Seen, expected: Phase | None, calm: bool) -> bool:
        was = expected.get(name) if expected else None
        if was is None or not was.is_good:
            return seen.is_up and calm if was is None else calm and seen.health != "starting"
        if was.state == "exited":
            return False  # a job: only its end is final
        wanted = (self.before or self.life).ports(name)
        return seen.is_up and wanted <= (seen.ports or wanted) and not more_privileged(was, seen)

    def _watch(self, window: float) -> dict[str, Seen]:
        """Look again and again; the last view, with what happened meanwhile."""
        end = time.monotonic() + window
        while time.monotonic() < end:
            self.docker.deadline.left(1)
            time.sleep(min(1.0, max(0.1, end - time.monotonic())))
        return self._look()

    def _log(self, container: Mapping[str, Any]) -> Log:
        return self.docker.logs(str(container["Id"]))

    def _answers(self, name: str, ready: Mapping[str, bool]) -> frozenset[tuple[int, str]]:
        """Ask the ports of a service, and some time longer where they do not answer as they did."""
        container = self._containers().get(name)
        if container is None or not ready.get(name):
            return frozenset()
        pid, wanted = int(container["State"]["Pid"]), (self.before or self.life).answers(name)
        ports = sockets.listening(self.docker, container["Id"], pid) or frozenset()
        asked = sorted({int(port.partition("/")[0]) for port in ports if port.endswith("/tcp")})
        end = time.monotonic() + self.run.patience.probe / 2
        while not wanted <= (found := sockets.answers(container["Id"], pid, asked)) and time.monotonic() < end:
            self.docker.deadline.left(1)
            time.sleep(0.5)
        return found

    def _probes(self, name: str, ready: Mapping[str, bool]) -> dict[str, bool]:
        """Run the probes of a service; each may fail for some time first."""
        found: dict[str, bool] = {}
        container = self._containers().get(name)
        if container is None or not ready.get(name):
            return found
        known = (self.before or self.life).phases
        for argv in self.run.probes.get(name, ()):
            title, call = " ".join(argv), partial(self.docker.exec, container["Id"], *argv, timeout=30)
            was = known[0][name].probes.get(title) if known else None
            patience = self.run.patience.probe / (1 if was is None else 2) if was is not False else 0.0
            found[title] = self.docker.until(lambda call=call: call().code == 0, patience)  # type: ignore[misc]
            if not found[title]:
                self.probed.setdefault(name, []).extend(f"probe: {line}" for line in call().said.splitlines()[-5:])
        return found

    # -- the end -----------------------------------------------------------------------------------------------------

    def _stop(self, seen: Phase) -> dict[str, Stopped]:
        """Stop what runs, those first that need others; how long each took by the engine's own clock."""
        stops: dict[str, Stopped] = {}
        left = [name for name in self.services if seen[name].state in ("running", "restarting")]
        while left:
            needed = {one for name in left for one in needs(self.model["services"][name])}
            turn = [name for name in left if name not in needed] or left
            stops |= self._stopped(turn)
            left = [name for name in left if name not in turn]
        return stops

    def _stopped(self, names: Iterable[str]) -> dict[str, Stopped]:
        containers = self._containers()
        ids = {name: str(containers[name]["Id"]) for name in names if name in containers}
        if not ids:
            return {}
        began = time.time()
        self.docker.attempt("container", "stop", *ids.values(), timeout=180)
        after = self._containers()
        return {
            name: Stopped(int(after[name]["State"]["ExitCode"]), _until(began, str(after[name]["State"]["FinishedAt"])))
            for name in ids
            if name in after
        }


def _shape(seen: Seen) -> object:
    return seen.state, seen.health, seen.restarts, seen.ports, {command for command, _ in seen.processes}


def _is_final(seen: Seen) -> bool:
    """Nothing will change any more: it has ended, or was given up."""
    return seen.state in ("exited", "missing", "created") or seen.health == "unhealthy" or seen.restarts >= 3


def _until(began: float, finished: str) -> float:
    """Seconds from a time to one in the engine's form."""
    from datetime import datetime

    try:
        whole, _, fraction = finished.rstrip("Z").partition(".")
        end = datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + (fraction or "0"))
    except ValueError:
        return 0.0
    return max(0.0, end - began)


__all__ = ["Probes", "Run"]
