"""What a trial may use, and how much of it. Everything else is kept out."""

from __future__ import annotations

import os
from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Allowed:
    """What the user allows, and the bounds of every container."""

    network: bool = False
    """Reach other machines; otherwise nothing but each other."""
    host_access: bool = False
    """Run what cannot be isolated from this machine."""
    pull: bool = False
    build: bool = False
    copy_bytes: int = 64 * MEBIBYTE
    """How much of a mounted folder is copied."""
    copy_files: int = 20_000
    memory: int = 0
    """Bytes for each container at most; 0 for half of this machine's."""
    processes: int = 4096

    @property
    def most_memory(self) -> int:
        """Bytes for each container at most."""
        return self.memory or max(512 * MEBIBYTE, _memory_of_machine() // 2)

    @property
    def most_cpus(self) -> float:
        """Processors for each container at most."""
        return float(os.cpu_count() or 1)


@dataclass(frozen=True)
class Patience:
    """How long things are waited for, in seconds."""

    window: float = 10.0
    """How long a stack is watched after its first start."""
    start: float = 120.0
    """For a service to be up: longer where its health check allows longer."""
    interval: float = 5.0
    """Between two runs of a health check, where its own interval is longer."""
    calm: float = 2.0
    """How long nothing may change before a service counts as up, where nothing else tells."""
    probe: float = 20.0


def _memory_of_machine() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 4096 * MEBIBYTE
