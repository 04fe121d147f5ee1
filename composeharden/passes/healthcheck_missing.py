"""Report services whose health nobody checks.

Without a health check Docker only knows that a process exists, not that it works: others cannot wait for it, and
nothing notices when it hangs. An image may bring a check of its own; of images that nothing is known of this is only
a reminder. Jobs that run once need none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from composeharden.compose.entries import items, mapping
from composeharden.compose.project import Project
from composeharden.compose.values import as_bool, as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, is_job

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.6", "CIS Docker 5.27")

REPORTED = (
    "services:\n  proxy:\n    image: haproxy:3.0\n",
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    healthcheck: {disable: true}\n",
    "services:\n  app:\n    image: example/app:1\n    healthcheck: {test: [NONE]}\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n",
    "services:\n  job:\n    image: example/job:1\n    restart: 'no'\n",
    "services:\n  app:\n    image: example/app:1\n    healthcheck: {test: 'true'}\n"
    "    depends_on: {job: {condition: service_completed_successfully}}\n  job:\n    image: example/job:1\n",
    "services:\n  app:\n    image: example/app:1\n    healthcheck: {interval: 1m, test: [CMD, check]}\n",
)

_ADVICE = "add a healthcheck that asks the service itself, with a program that is in its image"


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report each long-running service without a check."""
    for posture in postures.values():
        found = _judge(posture)
        if found is not None:
            yield found


def _judge(posture: Posture) -> Proposal | None:
    service, facts = posture.service, posture.facts
    check = mapping(service.get("healthcheck"))
    if _is_off(check):
        return Proposal(
            message="its health check is switched off", key="healthcheck", advice=_ADVICE, service=service.name
        )
    if check.get("test") or is_job(service):
        return None
    if posture.probe is not None or "healthcheck" in posture.told:
        return None  # healthcheck says it, and mends it
    known = facts is not None and not facts.is_runtime
    if posture.built is not None and (posture.built.healthcheck is not None or not known):
        return None  # dockerfile-no-healthcheck says it where it is to be mended
    if facts is not None and known and any(row.get("image") for row in facts.rows("healthcheck")):
        return None
    return Proposal(
        message="nothing checks its health" if known else "nothing here checks its health; its image may",
        key="healthcheck",
        severity=None if known else Severity.INFO,
        advice=_ADVICE,
        service=service.name,
    )


def _is_off(check: Mapping[str, Any]) -> bool:
    return as_bool(check.get("disable")) is True or [as_text(word) for word in items(check.get("test"))] == ["NONE"]
