"""One case from end to end: hardened by composeharden, lived through on the engine, compared with its life before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import hardening
from .cases import Case, Foreign
from .checks import check_capabilities, check_settings, check_stop, check_workers, settings_of
from .commands import run
from .harness import QUICK, Stack
from .lifecycle import Life, Row, live_through
from .stand_ins import BASE_TAG


@dataclass(frozen=True)
class Shown:
    """What a hardened service was seen to do. There is none where a single check failed."""

    case: str
    image: str
    start: str
    """`root` or `user`: what its first process was started as."""
    worker_uid: int
    capabilities: frozenset[str]
    settings: frozenset[str]
    tmpfs: frozenset[str]
    probe: tuple[str, ...]
    """The health check that it answered well; empty where it has none."""
    stop_code: int
    foreign: bool


PATIENCE = 120
"""Seconds for a probe to succeed: a machine may be busy with other things."""


class Trials:
    """Tries cases out in folders below `scratch`; the life of a row before is only lived once."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._before: dict[str, Life] = {}

    def show(self, case: Case, row: Row) -> Shown:
        """Live through the case, check everything and return what was seen.

        In: the case, and its row as it is. Raises EngineError or AssertionError where the hardened service does not
        live as the row did.
        """
        before = self._life_before(case.name, row)
        folder = self._folder(case.id)
        case.row.write_stack(folder)
        with Stack(folder, patience=PATIENCE, interval=QUICK) as stack, _handed_over(stack.folder, case.foreign):
            hardening.harden(stack.folder, options=case.row.options)
            after = live_through(stack, [case.row], starts=3 if case.form == "plain" else 2)
        service = case.row.service
        check_settings(after.inspected[service], case.settings)
        check_capabilities(after, service, case.settings)
        check_workers(case.row, before, after, case.worker_uid)
        check_stop(service, before, after)
        return _shown(case, after)

    def _life_before(self, name: str, row: Row) -> Life:
        if name not in self._before:
            folder = self._folder(f"{name}-before")
            row.write_stack(folder)
            with Stack(folder, patience=PATIENCE, interval=QUICK) as stack:
                self._before[name] = live_through(stack, [row], starts=1)
        return self._before[name]

    def _folder(self, name: str) -> Path:
        folder = self._scratch / name
        folder.mkdir(exist_ok=True)
        return folder


@contextmanager
def _handed_over(stack: Path, foreign: Foreign | None) -> Iterator[None]:
    """A folder of another owner in the stack; taken back in the end, so that it can be removed.

    By a container, since only root may give files away.
    """
    if foreign is None:
        yield
        return
    folder = stack / foreign.name
    folder.mkdir()
    _as_root(folder, f"chown {foreign.owner} /given && chmod {foreign.mode:o} /given")
    try:
        yield
    finally:
        _as_root(folder, f"chown -R {os.getuid()}:{os.getgid()} /given")


def _as_root(folder: Path, script: str) -> None:
    mount = ("--volume", f"{folder}:/given")
    run(["docker", "run", "--rm", "--network", "none", *mount, BASE_TAG, "sh", "-c", script], timeout=60)


def _shown(case: Case, life: Life) -> Shown:
    service = case.row.service
    inspected = life.inspected[service]
    host: Mapping[str, Any] = inspected["HostConfig"]
    first = min(life.processes[service], key=lambda process: process.pid)
    return Shown(
        case=case.id,
        image=case.row.image,
        start="root" if _starts_as_root(inspected) else "user",
        worker_uid=case.worker_uid,
        capabilities=first.bounding,
        settings=settings_of(inspected),
        tmpfs=frozenset(host.get("Tmpfs") or ()),
        probe=_answered(inspected),
        stop_code=life.stops[service].code,
        foreign=case.foreign is not None,
    )


def _starts_as_root(inspected: Mapping[str, Any]) -> bool:
    """Root is what a container is started as that says nothing, whether its first process stays root or not."""
    user = str(inspected["Config"]["User"])
    return user.split(":")[0] in ("", "0", "root")


def _answered(inspected: Mapping[str, Any]) -> tuple[str, ...]:
    if inspected["State"].get("Health", {}).get("Status") != "healthy":
        return ()
    return tuple(inspected["Config"]["Healthcheck"]["Test"])
