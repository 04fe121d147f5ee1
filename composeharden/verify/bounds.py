"""Bounds on what a container can take of the machine: the service's own where they are tighter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composeharden.compose.memory import as_bytes
from composeharden.verify.allowed import Allowed


def bounded(body: Mapping[str, Any], allowed: Allowed) -> dict[str, Any]:
    """Keys that limit memory, processes and processors of a service in a canonical model."""
    limits = ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    sizes = (as_bytes(str(size or "")) for size in (body.get("mem_limit"), limits.get("memory")))
    memory = [size for size in sizes if size]
    processes = [int(count) for count in (body.get("pids_limit"), limits.get("pids")) if count and int(count) > 0]
    cpus = [float(count) for count in (body.get("cpus"), limits.get("cpus")) if count and float(count) > 0]
    return {
        "mem_limit": str(min([*memory, allowed.most_memory])),
        "pids_limit": min([*processes, allowed.processes]),
        "cpus": min([*cpus, allowed.most_cpus]),
    }
