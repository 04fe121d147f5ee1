"""Runs of a transaction that end before they are done: killed, or refused by the system, at any of its steps."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from composeharden.beside import Beside
from composeharden.cli.files import WriteError
from composeharden.cli.transaction import recover
from composeharden.cli.write import replace_files

NAMES = ("compose.yaml", "more.yaml", ".env")
BEFORE = {name: f"{name} as it was\n".encode() for name in NAMES}
SECRETS = {"secrets/one": b"first", "secrets/two": b"second"}
AFTER = {
    "compose.yaml": b"compose.yaml as it will be\n",
    "more.yaml": b"more.yaml, too\n",
    ".env": BEFORE[".env"] + b"NEW=1\n",
    **SECRETS,
    ".gitignore": b"/secrets/\n",
}
COPIES = {f"{name}.orig": BEFORE[name] for name in ("compose.yaml", "more.yaml")}

_EVENTS = ("open", "os.", "fcntl.")
_SILENT = ("os.listdir", "os.scandir", "os.getxattr", "os.listxattr", "os.putenv", "os.unsetenv", "os.fork")


def prepare(folder: Path) -> None:
    """The files before."""
    folder.mkdir(exist_ok=True)
    for name, data in BEFORE.items():
        (folder / name).write_bytes(data)
    (folder / ".env").chmod(0o600)


def write(folder: Path) -> None:
    """All the writing of one run."""
    changes = [(str(folder / name), BEFORE[name], AFTER[name]) for name in ("compose.yaml", "more.yaml")]
    beside = [
        Beside(str(folder / ".env"), BEFORE[".env"], AFTER[".env"], 0o600, 0o755, True),
        Beside(str(folder / ".gitignore"), None, AFTER[".gitignore"], 0o644, 0o755, False),
        *(Beside(str(folder / name), None, data, 0o644, 0o700, True) for name, data in SECRETS.items()),
    ]
    replace_files(changes, beside)


def state(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by path; an empty folder counts, too."""
    found = {}
    for root, folders, names in os.walk(folder):
        if not folders and not names and Path(root) != folder:
            found[os.path.relpath(root, folder) + "/"] = b""
        for name in names:
            path = Path(root, name)
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def is_whole(folder: Path) -> str:
    """`before` or `after`; empty for anything else."""
    found = state(folder)
    return "before" if found == BEFORE else "after" if found == {**AFTER, **COPIES} else ""


class Boundaries:
    """Counts the steps that a process takes towards the system, and does something before one of them."""

    def __init__(self, folder: Path, at: int, act: Callable[[], None]) -> None:
        self.folder, self.at, self.act = str(folder), at, act
        self.count = 0
        self.active = True

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """For sys.addaudithook."""
        if event.startswith(_EVENTS) and not event.startswith(_SILENT):
            first = str(arguments[0]) if arguments else ""
            if event != "open" or first.startswith(self.folder):
                self.step()

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that is a step of its own, such as os.fsync, of which there is no audit event."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self.step()
            return function(*arguments, **named)

        return counted

    def step(self) -> None:
        """One more step."""
        if self.active:
            self.count += 1
            if self.count == self.at:
                self.active = False
                self.act()


def die() -> None:
    """As `kill -9` does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def no_space() -> None:
    """As a full disk does it."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def in_child(folder: Path, at: int, act: Callable[[], None], work: Callable[[Path], Any]) -> tuple[int, int]:
    """Do the work in a process of its own that acts before step `at`.

    Returns how it ended (a signal is negative, 1 is a WriteError) and the number of steps that it took, 255 at most.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 2
        try:
            boundaries = Boundaries(folder, at, act)
            for name in ("write", "fsync", "fchmod", "fchown", "ftruncate", "lseek", "pread"):
                setattr(os, name, boundaries.wrapped(getattr(os, name)))
            sys.addaudithook(boundaries.hook)
            try:
                work(folder)
                code = 0
            except WriteError:
                code = 1
            boundaries.active = False
            os.write(writing, bytes([min(boundaries.count, 255)]))
        finally:
            os._exit(code)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    counted = os.read(reading, 1)
    os.close(reading)
    return os.waitstatus_to_exitcode(status), counted[0] if counted else 0


def recovered(folder: Path) -> str:
    """What the next run says of the folder."""
    return recover(str(folder))
