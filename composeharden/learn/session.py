"""One image from the first look to its facts."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from composeharden.engine import Docker, Throwaway
from composeharden.learn import document, trace, writable
from composeharden.learn.contents import Contents, read_contents
from composeharden.learn.search import Found, Search, Seen
from composeharden.learn.setting import Life, Setting, Shortfall
from composeharden.learn.stage import Failed, Probe, Stage
from composeharden.learn.subject import Subject
from composeharden.posture import DEFAULT_CAPABILITIES

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How an image is learned."""

    probes: tuple[Probe, ...] = ()
    traces: bool = True
    """Whether the kernel is asked, where it can be."""
    window: float = 5.0
    """Seconds of watching."""
    command: str = "composeharden learn"
    """What repeats it."""
    redact: Callable[[str], str] = str
    tell: Tell = lambda line: None
    """Called with a line of progress."""


@dataclass
class Count:
    """What it took."""

    seconds: float = 0
    trials: int = 0
    starts: int = 0
    settings: list[tuple[Setting, Shortfall | None, float]] = field(default_factory=list)
    """Every trial with its result and its seconds."""


class NothingToLearn(Exception):
    """The image does not run as it is, so that nothing can be compared with it."""

    def __init__(self, shortfall: Shortfall) -> None:
        self.shortfall = shortfall
        super().__init__(shortfall.words)


def learn(docker: Docker, own: Throwaway, subject: Subject, plan: Plan) -> tuple[document.Record, Count]:
    """Observe, try, and say what was found.

    Raises:
        NothingToLearn: it does not even run un-hardened.
        EngineError: the engine did not do what was asked.
    """
    began = time.monotonic()
    count = Count()
    contents = read_contents(docker, own, subject.image)
    stage = Stage(docker, own, subject, plan.probes, plan.window)
    plan.tell("observing it as it is")
    before, traced = _observe(stage, plan)
    seen = _seen(subject, contents, before, traced)
    plan.tell(_told(seen, before))

    def trial(setting: Setting, whole: bool) -> Shortfall | None:
        start = time.monotonic()
        result: Shortfall | None = None
        try:
            stage.live(setting, before, 3 if whole else 2)
        except Failed as error:
            result = error.shortfall
        seconds = time.monotonic() - start
        count.trials += 1
        count.settings.append((setting, result, seconds))
        plan.tell(f"{setting.words}: {result.words if result is not None else 'works'} ({seconds:.0f} s)")
        return result

    found: Found = Search(seen, trial).run()
    count.seconds, count.starts = time.monotonic() - began, stage.starts
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    record = document.Record(
        subject, contents, seen, before, found, docker.engine_version, plan.command, day, plan.redact
    )
    return record, count


def _observe(stage: Stage, plan: Plan) -> tuple[Life, Mapping[str, frozenset[str]] | None]:
    """The life before hardening, and the capabilities that were used in it."""
    hindrance = trace.unavailable() if plan.traces else "it was not asked for"
    with ExitStack() as context:
        tracer = context.enter_context(trace.Tracer()) if not hindrance else None
        try:
            before = stage.live(Setting(), starts=3)
        except Failed as error:
            raise NothingToLearn(error.shortfall) from error
        if tracer is None or not tracer.finish():
            plan.tell(f"no trace of the kernel ({hindrance or 'bpftrace does not work here'}): more trials instead")
            return before, None
        used: dict[str, frozenset[str]] = {}
        for container in stage.containers:
            for name, commands in tracer.used(container).items():
                used[name] = used.get(name, frozenset()) | commands
        # Others were granted to the engine's own programs, which set the container up.
        return before, {name: commands for name, commands in used.items() if name in DEFAULT_CAPABILITIES}


def _seen(subject: Subject, contents: Contents, before: Life, traced: Mapping[str, frozenset[str]] | None) -> Seen:
    starts_as_root = _starts_as_root(subject)
    service = _service(before) if starts_as_root else ""
    rows = writable.candidates(before.written, contents, subject.covered, service, before.sockets)
    filled = frozenset(row.path for row in rows if row.kind == "volume" and row.path in contents.filled)
    return Seen(
        starts_as_root=starts_as_root,
        service=service,
        default=DEFAULT_CAPABILITIES,
        traced=traced,
        file_capabilities=frozenset(contents.file_capabilities),
        writable=rows,
        start="" if starts_as_root else document.first_identity(before),
        optional=filled,
        refused=lambda log, known: writable.refused(log, contents, known, service),
    )


def _starts_as_root(subject: Subject) -> bool:
    return document.is_root(str(subject.body.get("user") or subject.config.get("User") or ""))


def _service(before: Life) -> str:
    """Whoever serves, where that is one user other than root; empty otherwise."""
    workers = {(work.uid, work.gid) for work in before.moments[0].works if work.uid != 0}
    if len({uid for uid, _ in workers}) != 1:
        return ""
    uid, gid = min(workers)
    return f"{uid}:{gid}"


def _told(seen: Seen, before: Life) -> str:
    start = "root" if seen.starts_as_root else document.first_identity(before)
    parts = [f"starts as {start}", f"serves as {seen.service}" if seen.service else ""]
    if seen.traced is not None:
        parts.append(f"used {' '.join(sorted(seen.traced)) or 'no capability'}")
    if seen.file_capabilities:
        parts.append(f"programs with {' '.join(sorted(seen.file_capabilities))}")
    parts.append(f"wrote to {' '.join(row.path for row in seen.writable) or 'nothing'}")
    return ", ".join(filter(None, parts))
