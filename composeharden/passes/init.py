"""Put an init in front of a program whose image asks for one, and report one that an image cannot live with.

PID 1 gets no default signal handlers and inherits every orphan: a program that was not made for that ignores the stop
signal until it is killed, and leaves zombies behind. `init: true` runs Docker's own small init as PID 1. An image whose
own supervisor must be PID 1 does not start behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Confidence, Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.yaml.change import Set

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = (
    "https://docs.docker.com/reference/compose-file/services/#init",
    "https://docs.docker.com/engine/containers/multi-service_container/",
)

EXAMPLE = Case(
    before="services:\n  app:\n    image: node:22\n",
    after="services:\n  app:\n    image: node:22\n    init: true\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: node:22\n    init: false\n",
    "services:\n  app:\n    image: node:22\n    entrypoint: [tini, --, node]\n",
    "services:\n  cache:\n    image: redis:7\n",
    "services:\n  cache:\n    image: redis:7\n    init: true\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose the init that the posture decided on; report one that cannot work."""
    service, facts = posture.service, posture.facts
    if posture.init:
        yield Proposal(
            message="its program is PID 1, which its image advises against",
            key="image",
            changes=(Set((0, "services", service.name, "init"), True),),
            confidence=posture.confidence("init", Confidence.ASSUMED),
            held=posture.blocked("init"),
            doubt="whether its program copes as PID 1 is not known",
            why="\n".join(posture.why.get("init", ())),
            evidence=posture.evidence.get("init", ()),
        )
    table = facts.table("init") if facts is not None else {}
    if service.flag("init") and table.get("compatible") is False:
        yield Proposal(
            message="its image must be PID 1 itself, and init takes that place",
            key="init",
            severity=Severity.MEDIUM,
            advice="remove init; the image has its own",
        )
