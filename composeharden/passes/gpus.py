"""Report services that use GPUs of the host: a driver in the kernel stands between them and all that shares the card.

Nothing is wrong with it where the service computes on them. The memory of a card is not always cleared between its
users, and its driver is a large way into the kernel, so a card should not be given to a service that does not need it.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import items, nested
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.18",)

REPORTED = (
    "services:\n  model:\n    image: example/model:1\n    gpus: all\n",
    "services:\n  model:\n    image: example/model:1\n    deploy:\n      resources:\n        reservations:\n"
    "          devices:\n            - {driver: nvidia, count: 1, capabilities: [gpu]}\n",
)
UNCHANGED = (
    "services:\n  model:\n    image: example/model:1\n    deploy: {resources: {reservations: {memory: 1g}}}\n",
    "services:\n  model:\n    image: example/model:1\n    environment: {GPUS: all}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report `gpus` and reserved devices."""
    service = posture.service
    reserved = items(nested(service, "deploy", "resources", "reservations", "devices"))
    if service.get("gpus") or reserved:
        yield Proposal(
            message="it uses GPUs or reserved devices of the host",
            key="gpus" if "gpus" in service else "deploy",
            advice="name the cards it needs with device_ids instead of all of them",
        )
