"""Report services on Docker's default bridge: there every container of the host can reach every other.

`network_mode: bridge` puts a service beside the containers of all other stacks that did the same, without names to
find its own peers by. A network of the stack keeps it among its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.30", "OWASP Docker #5", "NIST SP 800-190 4.3.3")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    network_mode: bridge\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    networks: [bridge]\nnetworks: {bridge: {}}\n",
    "services:\n  app:\n    image: example/app:1\n    network_mode: none\n",
    "services:\n  app:\n    image: example/app:1\nnetworks: {default: {driver: bridge}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the mode."""
    if as_text(posture.service.get("network_mode")) == "bridge":
        yield Proposal(
            message="it is on Docker's default bridge, together with containers of other stacks",
            key="network_mode",
            advice="remove network_mode: Compose then gives the stack a network of its own",
        )
