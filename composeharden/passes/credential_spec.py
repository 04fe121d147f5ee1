"""Report Windows services that run under a managed account of the domain.

A credential spec lets the container act as a group-managed service account. That is what it is for; whoever takes the
service over acts as that account too, so it should be allowed little.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.1.4", "https://docs.docker.com/reference/compose-file/services/#credential_spec")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    credential_spec: {file: app.json}\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    secrets: [app]\nsecrets: {app: {file: ./app}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the key."""
    if posture.service.get("credential_spec"):
        yield Proposal(
            message="it acts as a managed account of the domain",
            key="credential_spec",
            advice="use an account of its own that is allowed only what this service does",
        )
