"""Report services that share the network of a container which this file does not define.

Both see all of each other's ports, also those on the loopback. What the other container is, and whether its ports are
published, cannot be seen here.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #5", "NIST SP 800-190 4.3.3")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    network_mode: 'container:gateway'\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    network_mode: 'service:gateway'\n"
    "  gateway:\n    image: example/gateway:1\n",
    "services:\n  app:\n    image: example/app:1\n    network_mode: none\n",
    "services:\n  app:\n    image: example/app:1\n    container_name: gateway\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the mode."""
    if as_text(posture.service.get("network_mode")).startswith("container:"):
        yield Proposal(
            message="it shares the network of a container that this file does not define",
            key="network_mode",
            advice="define the other container here and use network_mode: service:NAME, or join a network they share",
        )
