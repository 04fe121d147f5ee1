"""Locks between processes that test on the same engine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(file: Path, shared: bool = False) -> Iterator[None]:
    """Wait for a lock and hold it: alone, or with all others that share it. It goes with the process at the latest."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
