"""Report images that are no longer maintained under their name: they get no security updates.

What is known of an image says where it went.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.4", "CIS Docker 5.28", "NIST SP 800-190 4.1.5")

REPORTED = ("services:\n  charts:\n    image: grafana/grafana-oss:12.3.0\n",)
UNCHANGED = (
    "services:\n  charts:\n    image: grafana/grafana:12.3.0\n",
    "services:\n  web:\n    image: example/web:1\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report what the facts of the image say about its repository."""
    facts = posture.facts
    retired = facts.document.get("retired") if facts is not None else None
    reason = retired.get(facts.reference.repository) if isinstance(retired, dict) and facts is not None else None
    if reason:
        yield Proposal(
            message=f"its {'base ' if posture.built is not None else ''}image is retired: {reason}",
            key="image",
            location=place(posture, posture.built.base.line) if posture.built is not None else None,
            advice="move to the image that is maintained; read its notes on upgrading first",
        )
