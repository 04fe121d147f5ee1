"""Locks between processes that test on the same engine."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def named(what: str) -> Path:
    """A file to lock, for all that this user runs on this machine."""
    return Path(tempfile.gettempdir()) / f"composeharden-{os.getuid()}-{what}.lock"


@contextmanager
def held(file: Path, shared: bool = False) -> Iterator[None]:
    """Wait for a lock and hold it: alone, or with all others that share it. It goes with the process at the latest."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextmanager
def in_turn(file: Path, alone: bool) -> Iterator[None]:
    """Hold a lock alone or with others. Who waits to be alone is overtaken by nobody, or would wait until the end."""
    with ExitStack() as stack:
        with held(file.with_suffix(".queue")):
            stack.enter_context(held(file, shared=not alone))
        yield
