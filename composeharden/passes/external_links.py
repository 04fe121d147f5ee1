"""Report links to containers that this file does not define.

`external_links` reaches over the default bridge into other stacks, without their owners seeing it. A shared network
that both name is visible on either side and can be closed.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #5", "NIST SP 800-190 4.3.3")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    external_links: ['other_db:db']\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    links: [db]\n  db:\n    image: postgres:16\n",
    "services:\n  app:\n    image: example/app:1\n    external_links: []\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the first link."""
    found = entries(posture.service, "external_links")
    if found:
        yield Proposal(
            message="it is linked to containers that this file does not define",
            key="external_links",
            item=found[0].item,
            advice="connect both to an external network that they name, and use the service's name",
        )
