"""What a service may take of memory: its limit, and the most that its tmpfs could hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.project import Service
from composeharden.compose.values import as_text

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)(?:i?b)?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def as_bytes(text: str) -> int | None:
    """A size such as `512m` or `1.5 GiB` in bytes, None where it is none. Source: docker/go-units size.go."""
    found = _SIZE.fullmatch(text.strip().lower())
    return int(float(found.group(1)) * 1024 ** _POWERS[found.group(2)]) if found else None


def limit_of(service: Service) -> int | None:
    """The memory limit of a service in bytes, in either form; None without one."""
    deploy = service.get("deploy")
    resources = deploy.get("resources") if isinstance(deploy, dict) else None
    limits = resources.get("limits") if isinstance(resources, dict) else None
    nested = limits.get("memory") if isinstance(limits, dict) else None
    return as_bytes(as_text(service.get("mem_limit") or nested)) or None


def exceeds(service: Service, sizes: Iterable[str]) -> bool:
    """Whether tmpfs of these sizes could fill the memory limit: their pages count against it."""
    limit = limit_of(service)
    return limit is not None and sum(as_bytes(size) or 0 for size in sizes) > limit
