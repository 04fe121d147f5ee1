"""Report services that take over every mount of another container.

`volumes_from` brings in all of them, with secrets, sockets and whatever is added later, and writable unless it says
otherwise. A named volume that both mount shows what they share.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #8", "NIST SP 800-190 4.3.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    volumes_from: ['container:other']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes_from: [data]\n  data:\n    image: example/data:1\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['data:/data']\nvolumes: {data: {}}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes_from: []\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each source; one outside of this file matters more."""
    for entry in entries(posture.service, "volumes_from"):
        outside = as_text(entry.value).startswith("container:")
        yield Proposal(
            message="it takes over every mount of a container that this file does not define"
            if outside
            else "it takes over every mount of another service",
            key="volumes_from",
            item=entry.item,
            severity=Severity.MEDIUM if outside else None,
            advice="share a named volume, read-only where only one of them writes",
        )
