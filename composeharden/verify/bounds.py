"""Bounds on what a container can take of the machine: the service's own where they are tighter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composeharden.verify.allowed import Allowed

_UNITS = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def bounded(body: Mapping[str, Any], allowed: Allowed) -> dict[str, Any]:
    """Keys that limit memory, processes and processors of a service in a canonical model."""
    limits = ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    memory = [size for size in (_bytes(body.get("mem_limit")), _bytes(limits.get("memory"))) if size]
    processes = [int(count) for count in (body.get("pids_limit"), limits.get("pids")) if count and int(count) > 0]
    cpus = [float(count) for count in (body.get("cpus"), limits.get("cpus")) if count and float(count) > 0]
    return {
        "mem_limit": str(min([*memory, allowed.most_memory])),
        "pids_limit": min([*processes, allowed.processes]),
        "cpus": min([*cpus, allowed.most_cpus]),
    }


def _bytes(value: Any) -> int:
    text = str(value or "").strip().lower().removesuffix("b") or "0"
    unit = _UNITS.get(text[-1], 1)
    number = text.rstrip("bkmgt")
    try:
        return int(float(number) * unit)
    except ValueError:
        return 0
