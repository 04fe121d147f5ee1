"""Report services without limits for memory, processor time or processes.

One service that leaks or is attacked then takes the whole host with it: without a memory limit the kernel picks a
victim of its own choice, without a limit of processes a fork bomb ends every login. Right figures depend on the load,
so none are written here.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import mapping, nested
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture
from composeharden.words import series

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.11", "CIS Docker 5.12", "CIS Docker 5.29", "OWASP Docker #7")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 512m\n",
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 512m\n    cpus: 1\n    pids_limit: -1\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 512m\n    cpus: 1.5\n    pids_limit: 200\n",
    "services:\n  app:\n    image: example/app:1\n"
    "    deploy: {resources: {limits: {memory: 1g, cpus: '1', pids: 200}}}\n",
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 1g\n    cpu_shares: 512\n    pids_limit: 100\n",
)

_LIMITS = (
    ("memory", ("mem_limit",), "memory"),
    ("processor time", ("cpus", "cpu_shares", "cpu_quota", "cpu_count", "cpu_percent", "cpuset"), "cpus"),
    ("processes", ("pids_limit",), "pids"),
)
_UNLIMITED = frozenset(("", "0", "0.0", "-1"))


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the limits that are missing, in one finding."""
    service = posture.service
    limits = mapping(nested(service, "deploy", "resources", "limits"))
    missing = [
        what
        for what, keys, name in _LIMITS
        if {as_text(limits.get(name)), *(as_text(service.get(key)) for key in keys)} <= _UNLIMITED
    ]
    if missing:
        # A limit of memory is the one whose absence takes the whole host down in ordinary operation.
        yield Proposal(
            message=f"nothing limits its {series(missing)}",
            key="deploy" if limits else None,
            severity=None if "memory" in missing else Severity.INFO,
            advice="measure it under load (docker stats) and set limits with room to spare under "
            "deploy.resources.limits: memory, cpus and pids",
        )
