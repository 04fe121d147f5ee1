"""Report services that share processes or memory with another container.

With `pid` or `ipc` of another service they can trace, signal and read each other, so the weaker of the two protects
both. It is meant for sidecars that watch one service.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.16", "CIS Docker 5.17", "NIST SP 800-190 4.3.3")

REPORTED = (
    "services:\n  probe:\n    image: example/probe:1\n    pid: 'service:app'\n  app:\n    image: example/app:1\n",
    "services:\n  probe:\n    image: example/probe:1\n    ipc: 'container:other'\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    ipc: shareable\n",
    "services:\n  app:\n    image: example/app:1\n    pid: host\n",
    "services:\n  app:\n    image: example/app:1\n    network_mode: 'service:app'\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report pid and ipc of another container."""
    for key, what in (("pid", "processes"), ("ipc", "shared memory")):
        if as_text(posture.service.get(key)).startswith(("service:", "container:")):
            yield Proposal(
                message=f"it shares its {what} with another container",
                key=key,
                advice=f"remove {key}, or keep it to a sidecar that is as well protected as the other",
            )
