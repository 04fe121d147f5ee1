"""Start as the image's own user right away, where its data belongs to that user anyway.

Many images start as root only to give their data directories to the user they then switch to. Where the data lies on
local volumes that belong to that user already, `user:` with its numbers makes root superfluous, and every capability
with it. Files of the host may belong to somebody else: a service that mounts them keeps its root start and the few
capabilities that takes. Nobody is added to a service that has a `user:` of its own.

A volume whose files were made by root by hand, outside the service, must be given to that user first.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.yaml.change import Set

SEVERITY = Severity.MEDIUM
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("CIS Docker 4.1", "OWASP Docker #2", "NIST SP 800-190 4.1.2")

EXAMPLE = Case(
    before="services:\n  cache:\n    image: redis:7\n    volumes:\n      - data:/data\nvolumes:\n  data:\n",
    after="services:\n  cache:\n    image: redis:7\n    volumes:\n      - data:/data\n    user: 999:999\n"
    "volumes:\n  data:\n",
)
UNCHANGED = (
    "services:\n  cache:\n    image: redis:7\n    user: redis\n",
    "services:\n  cache:\n    image: redis:7\n    volumes: ['./data:/data']\n",
    "services:\n  cache:\n    image: redis:7\n    network_mode: host\n",
    "services:\n  cache:\n    image: redis:7\n    volumes: ['data:/data']\nvolumes: {data: {external: true}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose the `user:` that the posture decided on."""
    if not posture.user:
        return
    yield Proposal(
        message="it starts as root, although it could start as the user it serves as",
        key="image",
        changes=(Set((0, "services", posture.service.name, "user"), posture.user),),
        confidence=posture.confidence("user", posture.user_confidence),
        why="\n".join(
            [f"{posture.user}: the user that serves in the end, and that owns its data", *posture.why.get("user", ())]
        ),
        evidence=posture.evidence.get("user", ()),
        needs=posture.asks["user"],
    )
