"""A run of our own: everything it makes bears its label, and is removed by it whatever happens.

The label of the owner tells who made a thing: which machine, which process, when that process started. A run that was
killed leaves things behind; the next one removes them, and never those of a run that is still alive.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from composeharden.engine.commands import Deadline, EngineError, Finished
from composeharden.engine.docker import Docker

LABEL = "dev.composeharden.run"
OWNER = "dev.composeharden.owner"
EXPIRES = "dev.composeharden.expires"
"""When nothing of the run can be in use any more, for those who cannot see its process: on another machine, say."""

_PREFIX = "composeharden-"
_FOLDER = re.compile(rf"{_PREFIX}[0-9a-f]{{12}}")
_OWNER_FILE = "owner"
_LONGEST_RUN = 24 * 3600
_KINDS = ("container", "network", "volume", "image")
_REMOVE = {
    "container": ("container", "rm", "--force", "--volumes"),
    "network": ("network", "rm"),
    "volume": ("volume", "rm", "--force"),
    "image": ("image", "rm", "--force"),
}
_TRIES = 5
_HAS_PROC: bool = os.path.exists("/proc/self/stat")


class Interrupted(KeyboardInterrupt):
    """Somebody asked the run to end: by SIGTERM or SIGHUP, as Ctrl-C does."""


class Throwaway:
    """One run, as a context: on the way out everything with its label goes, in whatever way it ends."""

    def __init__(self, docker: Docker, most_seconds: float | None = None) -> None:
        self.docker = docker
        self.name = f"{_PREFIX}{secrets.token_hex(6)}"
        self.folder = os.path.join(tempfile.gettempdir(), self.name)
        self._expires = int(time.time() + (most_seconds or _LONGEST_RUN) + 600)
        self._numbers = 0
        self._handlers: list[tuple[int, Any]] = []

    @property
    def labels(self) -> dict[str, str]:
        """What every container, network, volume and image of the run has to bear."""
        return {LABEL: self.name, OWNER: owner(), EXPIRES: str(self._expires)}

    @property
    def label_arguments(self) -> list[str]:
        """The same for a command line of docker."""
        return [word for name, value in self.labels.items() for word in ("--label", f"{name}={value}")]

    def project(self) -> str:
        """A new name for a Compose project, or for a thing: it begins with that of the run."""
        self._numbers += 1
        return f"{self.name}-{self._numbers}"

    def __enter__(self) -> Self:
        os.mkdir(self.folder, 0o700)
        with open(os.path.join(self.folder, _OWNER_FILE), "w", encoding="utf-8") as file:
            file.write(f"{owner()}\n{self._expires}\n")
        self._handlers = _end_by_signal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _undisturbed():
            try:
                self.clean()
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)
                for number, handler in self._handlers:
                    signal.signal(number, handler)

    def clean(self) -> None:
        """Remove everything of the run that the engine has. Raises EngineError where something stays."""
        deadline, self.docker.deadline = self.docker.deadline, Deadline()
        try:
            _remove_all(self.docker, f"{LABEL}={self.name}", lambda row: True)
        finally:
            self.docker.deadline = deadline


def sweep(docker: Docker) -> int:
    """Remove what runs that were killed have left; the number of things. Nothing of a run that may be alive goes."""
    removed = _remove_all(docker, OWNER, lambda row: is_gone(*row))
    for entry in os.scandir(tempfile.gettempdir()):
        if _FOLDER.fullmatch(entry.name) and _is_leftover(entry):
            shutil.rmtree(entry.path, ignore_errors=True)
            removed += 1
    return removed


def owner() -> str:
    """Who makes a thing: machine, process and the start of the process, so that a number used again is not taken."""
    return f"{_machine()}:{os.getpid()}:{_started(os.getpid())}"


def is_gone(made_by: str, expires: str) -> bool:
    """Whether the owner of a thing is gone for sure: its process ended, or cannot be seen and its time is over."""
    parts = made_by.split(":")
    if len(parts) == 3 and parts[0] == _machine() and parts[1].isdigit():
        return _started(int(parts[1])) != parts[2]
    return expires.isdigit() and time.time() > int(expires)


def remove(docker: Docker, kind: str, *names: str) -> Finished:
    """Remove things that are ours, of containers also their volumes without a name; what happened."""
    unnamed = docker.unnamed_volumes(*names) if kind == "container" else []
    done = docker.attempt(*_REMOVE[kind], *names, timeout=120)
    if unnamed:  # those that were handed over; the others are gone by now, which does no harm
        docker.attempt(*_REMOVE["volume"], *unnamed, timeout=120)
    return done


def _remove_all(docker: Docker, label: str, chosen: Callable[[tuple[str, str]], bool]) -> int:
    """Remove all that bears a label and is chosen by owner and end, again until nothing is left."""
    removed = 0
    for turn in range(_TRIES):
        left = False
        for kind in _KINDS:
            for name, *made in _listed(docker, kind, label):
                if chosen((made[0], made[1])):
                    done = remove(docker, kind, name)
                    left = True
                    removed += done.code == 0
        if not left:
            return removed
        time.sleep(0.2 * turn)
    if any(chosen((made[0], made[1])) for kind in _KINDS for _, *made in _listed(docker, kind, label)):
        raise EngineError(f"something could not be removed; it bears the label {label}")
    return removed


def _listed(docker: Docker, kind: str, label: str) -> Iterator[tuple[str, str, str]]:
    if kind != "image":
        yield from ((row[0], row[1], row[2]) for row in docker.listed(kind, label, OWNER, EXPIRES))
        return
    for (name,) in docker.listed(kind, label):
        image = docker.image(name)
        labels: Mapping[str, str] = (image or {}).get("Config", {}).get("Labels") or {}
        if image is not None:
            yield name, labels.get(OWNER, ""), labels.get(EXPIRES, "")


def _is_leftover(entry: os.DirEntry[str]) -> bool:
    try:
        info = entry.stat(follow_symlinks=False)
        if not entry.is_dir(follow_symlinks=False) or (hasattr(os, "geteuid") and info.st_uid != os.geteuid()):
            return False
        with open(os.path.join(entry.path, _OWNER_FILE), encoding="utf-8") as file:
            made_by, expires = file.read(1000).split("\n")[:2]
    except (OSError, ValueError):
        return False
    return is_gone(made_by, expires)


def _machine() -> str:
    """This boot of this machine, and the space in which process numbers mean something."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            told = file.read().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        import platform

        told = platform.node()
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _started(pid: int) -> str:
    """When a process started, in the system's own words; empty where there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        if _HAS_PROC:
            return ""
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return re.sub(r"\W+", "-", shown.stdout.strip())


def _end_by_signal() -> list[tuple[int, Any]]:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does; returns what was set before."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    kept = []
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            with suppress(ValueError):  # only the main thread may
                kept.append((number, signal.signal(number, end)))
    return kept


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Finish the clean-up, however often somebody presses Ctrl-C meanwhile."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    kept = []
    for number in numbers:
        with suppress(ValueError):
            kept.append((number, signal.signal(number, signal.SIG_IGN)))
    try:
        yield
    finally:
        for number, handler in kept:
            signal.signal(number, handler)
