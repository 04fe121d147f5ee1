"""Report services whose output is thrown away.

With the driver `none` nothing shows afterwards what a service did, neither a failure nor an intruder.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import nested
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.3", "https://docs.docker.com/engine/logging/configure/")

REPORTED = ("services:\n  app:\n    image: example/app:1\n    logging: {driver: none}\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    logging: {driver: json-file, options: {max-size: 10m}}\n",
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    logging: {driver: local}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the driver."""
    if nested(posture.service, "logging", "driver") == "none":
        yield Proposal(
            message="its output is thrown away",
            key="logging",
            advice="use the driver local, which limits the size of logs by itself",
        )
