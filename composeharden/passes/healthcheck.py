"""Add a health check that is known to fit the image, where neither the service nor the image has one.

Docker then knows whether the service works, not just that it exists, and others can wait for it. The probe only calls
programs that are in the image, talks to the service as its clients do, and carries no password. A job that ends by
itself gets none; nor does an image that brings a check of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.yaml.change import Set

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("CIS Docker 4.6", "CIS Docker 5.27")

EXAMPLE = Case(
    before="services:\n  cache:\n    image: memcached:1.6\n",
    after="services:\n  cache:\n    image: memcached:1.6\n    healthcheck:\n      test:\n        - CMD-SHELL\n"
    "        - timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211'\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n",
    "services:\n  db:\n    image: postgres:16\n    healthcheck: {disable: true}\n",
    "services:\n  job:\n    image: postgres:16\n    restart: 'no'\n",
    "services:\n  app:\n    image: python:3.13\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose the probe that the posture decided on."""
    if posture.probe is None:
        return
    yield Proposal(
        message="nothing checks its health",
        key="healthcheck",
        changes=(Set((0, "services", posture.service.name, "healthcheck"), posture.probe),),
        confidence=posture.confidence("healthcheck", posture.probe_confidence),
        held=posture.blocked("healthcheck"),
        why="\n".join(posture.why.get("healthcheck", ())),
        evidence=posture.evidence.get("healthcheck", ()),
    )
