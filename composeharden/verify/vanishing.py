"""What may be forgotten with each start, so that a tmpfs may hold it: by where it lies, and nothing else is."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

_PLACES = ("/tmp", "/var/tmp", "/run", "/var/run", "/var/cache", "/var/lock", "/var/log", "/dev/shm")
_FOLDERS = frozenset(("log", "logs", "run", "tmp", "temp", "cache", ".cache"))


def may_vanish(folder: str) -> bool:
    """Whether a folder holds caches, locks, sockets or logs. Queues (/var/spool) and sessions are somebody's data."""
    return is_below(folder, _PLACES) or posixpath.basename(folder) in _FOLDERS


def is_below(path: str, places: Iterable[str]) -> bool:
    """Whether a path is one of the places, or lies in one."""
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)
