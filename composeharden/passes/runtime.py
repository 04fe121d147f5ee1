"""Report services that ask for a runtime other than the engine's own.

A runtime decides how a container is confined. Some confine more (gVisor, Kata, Sysbox) and are not reported; of others
only whoever installed them knows what they do.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.3", "https://docs.docker.com/engine/daemon/alternative-runtimes/")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    runtime: nvidia\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    runtime: runc\n",
    "services:\n  app:\n    image: example/app:1\n    runtime: runsc\n",
    "services:\n  app:\n    image: example/app:1\n    runtime: io.containerd.kata.v2\n",
)

_KNOWN = ("runc", "crun", "youki", "runsc", "kata", "sysbox")


def check(posture: Posture) -> Iterable[Proposal]:
    """Report a runtime that is not known to confine at least as much."""
    name = as_text(posture.service.get("runtime"))
    if name and not any(known in name for known in _KNOWN):
        yield Proposal(
            message=f"it asks for the runtime {name}, which is not the engine's own",
            key="runtime",
            advice="check what the runtime adds to the container; for GPUs use gpus or reserved devices instead",
        )
