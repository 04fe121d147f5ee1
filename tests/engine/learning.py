"""Has `learn` find out what each stand-in needs, and compares that with the facts that this package brings.

Usage: python -m tests.engine.learning [--untraced] [NAME...]      (no name: all rows)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composeharden.compose.mounts import normal
from composeharden.engine import Deadline, Docker, Throwaway
from composeharden.images.catalog import lookup
from composeharden.images.facts import Facts
from composeharden.learn.document import Record
from composeharden.learn.search import Start
from composeharden.learn.session import Count, Plan, learn
from composeharden.learn.stage import Probe
from composeharden.learn.subject import Subject
from composeharden.posture.probe import healthcheck

from .commands import EngineError
from .lifecycle import Row
from .rows import ROWS
from .stand_ins import STAND_INS, build, build_base

LONGEST = 1800.0


@dataclass(frozen=True)
class Learned:
    """What was found of a row, and what it took."""

    name: str
    record: Record
    count: Count
    known: Facts | None
    """What this package brings."""

    def start(self, kind: str) -> Start | None:
        """What was found for a start as `root` or as `user`."""
        own = "root" if self.record.seen.starts_as_root else "user"
        return self.record.found.own if kind == own else self.record.found.user if kind == "user" else None


class _Container:
    """What the probes of a row want of a stack, for one container."""

    def __init__(self, docker: Docker, container: str) -> None:
        self._docker, self._container = docker, container

    def exec(self, service: str, *argv: str, user: str | None = None) -> str:
        done = self._docker.exec(self._container, *argv, user=user, timeout=20)
        if done.code != 0:
            raise EngineError(done.said)
        return done.stdout.replace("\r\n", "\n")


def probe_of(row: Row, docker: Docker) -> Probe:
    """The probe of a row: it writes after the first start and reads after each."""
    written: set[str] = set()

    def probe(container: str, start: int) -> str:
        stack: Any = _Container(docker, container)
        try:
            if start == 0 and container not in written:
                row.write(stack, row.service)
                written.add(container)
            row.read(stack, row.service)
        except (EngineError, AssertionError) as error:
            return f"the probe fails: {str(error)[:200]}"
        return ""

    return probe


def subject_of(
    row: Row, folder: Path, docker: Docker, own: Throwaway, keys: Mapping[str, Any] | None = None
) -> Subject:
    """A row as a subject, with files beside it in the folder; `keys` come on top of its own."""
    for name, text in row.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    body = {"image": row.image, **row.keys, **(keys or {})}
    if "build" in body:
        body["image"] = own.project()
        where = str(folder / str(body.pop("build")))
        env = {"DOCKER_BUILDKIT": "0"}
        docker.run("build", *own.label_arguments, "--tag", body["image"], where, timeout=300, env=env)
    known = lookup(row.image)
    if "healthcheck" not in body and known is not None and not known.is_runtime and known.rows("healthcheck"):
        found = healthcheck(known.rows("healthcheck")[0])
        body["healthcheck"] = {**found, "test": list(found["test"])}
    services = {row.service: body, **{name: dict(keys) for name, keys in row.beside.items()}}
    volumes: dict[str, Any] = {}
    for service in services.values():
        mounts = [str(mount) for mount in service.get("volumes", ())]
        service["volumes"] = [str(folder) + mount[1:] if mount.startswith("./") else mount for mount in mounts]
        volumes |= {mount.split(":")[0]: {} for mount in mounts if not mount.startswith((".", "/"))}
    details = docker.image(str(body["image"]))
    assert details is not None
    mounted = frozenset(str(mount).split(":")[1] for mount in body.get("volumes", ()))
    return Subject(str(body["image"]), details, {"services": services, "volumes": volumes}, row.service, mounted)


@contextmanager
def run_of_our_own() -> Iterator[tuple[Docker, Throwaway, Path]]:
    """An engine, a run on it, and a folder."""
    docker = Docker.find(Deadline(LONGEST))
    with Throwaway(docker, LONGEST) as own, tempfile.TemporaryDirectory(prefix="learn-") as folder:
        yield docker, own, Path(folder)


def learn_row(name: str, traces: bool = True, keys: Mapping[str, Any] | None = None, tell: Any = None) -> Learned:
    """Learn one row of the table."""
    row = ROWS[name]
    with run_of_our_own() as (docker, own, folder):
        subject = subject_of(row, folder, docker, own, keys)
        plan = Plan((probe_of(row, docker),), traces, window=3, command="", tell=tell or (lambda line: None))
        record, count = learn(docker, own, subject, plan)
    return Learned(name, record, count, lookup(row.image))


_FOREIGN = "for data and configuration of another user, which a run on new volumes has not"
LESS = {
    "CHOWN": _FOREIGN,
    "DAC_OVERRIDE": _FOREIGN,
    "FOWNER": "for older entry points, or data of another user",
    "KILL": "for children that do not end by themselves, which those of an idle server do",
    "SETPCAP": "for versions that step down with setpriv",
}
"""Capabilities of our facts that a run may well do without, and why they are in the facts."""
_RUNTIME = "the image runs other people's programs, for which our facts leave the capabilities alone"
MORE: Mapping[tuple[str, str], str] = {
    ("php-apache", "SETGID"): _RUNTIME,
    ("php-apache", "SETUID"): _RUNTIME,
    (
        "redis-append-only",
        "DAC_OVERRIDE",
    ): "its folder is private to redis: our facts have it for 7.x through that mode",
}
"""Capabilities that a run needs and our facts have not, by row."""
MORE_PATHS = {
    "/tmp": "always offered where a shell is; our facts say that this image does without",
    "/run/apache2": "as little of /run as was written to",
}
LESS_PATHS = {
    "/run": "less of it, or nothing, was written to",
    "/config": "a volume of its stack",
    "/tmp": "no shell, and nothing wrote there",
}


def compared(learned: Learned) -> Iterator[str]:
    """A line for each way to start: what was found, and how it differs from the facts."""
    for kind in ("root", "user"):
        start = learned.start(kind)
        if start is None:
            continue
        if start.setting is None:
            yield f"{kind}: does not work: {'; '.join(one.words for one in start.against.values())}"
            continue
        more, less, more_paths, less_paths = _differences(learned, kind, start)
        needed = _words(start.setting.capabilities or ())
        yield (
            f"{kind}: {needed} (more than known: {_words(more)}, less: {_words(less)}); "
            f"read_only {start.setting.read_only}, writable {_words(row.path for row in start.setting.writable)} "
            f"(more: {_words(more_paths)}, less: {_words(less_paths)}), "
            f"no-new-privileges {start.setting.no_new_privileges}"
        )


def unexplained(learned: Learned) -> Iterator[str]:
    """What is different from our facts, and nobody knows why: there must be nothing of that."""
    for kind in ("root", "user"):
        start = learned.start(kind)
        if start is None or start.setting is None:
            if start is not None:
                yield f"{kind}: does not work"
            continue
        more, less, more_paths, less_paths = _differences(learned, kind, start)
        yield from (f"{kind}: needs {name}" for name in more if (learned.name, name) not in MORE)
        yield from (f"{kind}: does without {name}" for name in less if name not in LESS)
        yield from (f"{kind}: writes to {path}" for path in more_paths if path not in MORE_PATHS)
        yield from (f"{kind}: does not write to {path}" for path in less_paths if path not in LESS_PATHS)
        if not start.setting.read_only or not start.setting.no_new_privileges:
            yield f"{kind}: is not hardened in full"


def _differences(learned: Learned, kind: str, start: Start) -> tuple[set[str], ...]:
    """Capabilities and paths: more than our facts say, and less."""
    assert start.setting is not None
    found = set(start.setting.capabilities or ())
    known = set(_known_capabilities(learned.known, kind))
    paths = {normal(row.path) for row in start.setting.writable}
    ours = {normal(row.path) for row in learned.known.writable()} if learned.known is not None else set()
    return found - known, known - found, paths - ours, ours - paths


def _known_capabilities(known: Facts | None, kind: str) -> frozenset[str]:
    if known is None or known.is_runtime:
        return frozenset()
    table = known.table("capabilities")
    return frozenset({**table.get(kind, {}), **table.get("file", {})})


def _words(names: Iterable[str]) -> str:
    return " ".join(sorted(names)) or "-"


def main(arguments: list[str]) -> int:
    """Learn the rows and print what came out; 1 where something of it cannot be explained."""
    names = [name for name in arguments if not name.startswith("-")] or list(ROWS)
    base = build_base()
    official = {tag: name for name, tag in STAND_INS.items()}
    modes = [traces for traces, option in ((True, "--untraced"), (False, "--traced")) if option not in arguments]
    wrong = 0
    for name in names:
        for image in ROWS[name].images:
            build(official[image if ":" in image else f"{image}:latest"], base)
        for traces in modes:
            learned = learn_row(name, traces, tell=_say if "-v" in arguments else None)
            how = "traced" if learned.record.seen.traced is not None else "untraced"
            count = learned.count
            print(f"{name} {how}: {count.seconds:.0f} s, {count.trials} trials, {count.starts} starts")
            for line in compared(learned):
                print(f"    {line}", flush=True)
            for line in unexplained(learned):
                wrong += 1
                print(f"    UNEXPLAINED: {line}", flush=True)
    return bool(wrong)


def _say(line: str) -> None:
    print(f"        {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
