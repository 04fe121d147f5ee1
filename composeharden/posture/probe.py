"""The health check that a service gets from the facts of its image, where it has none and is no job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from composeharden.compose.project import Service
from composeharden.posture.jobs import is_job
from composeharden.posture.record import Posture

_TIMES = ("interval", "timeout", "retries", "start_period")


def decide_probe(posture: Posture) -> None:
    """Take over the first probe that the facts have, unless the service or its image brings one."""
    service, facts = posture.service, posture.facts
    if facts is None or facts.is_runtime or "build" in service or "healthcheck" in service or is_job(service):
        return
    rows = facts.rows("healthcheck")
    if not rows or any(row.get("image") for row in rows) or "healthcheck" in posture.without:
        return
    posture.probe = healthcheck(rows[0])
    if _goes_through_a_proxy(service, rows[0]):
        posture.hold(("healthcheck",), "its environment sends the requests of such a probe to a proxy")
    posture.probe_confidence = facts.confidence(rows[0], posture.starts_as_root)
    posture.evidence["healthcheck"] = facts.sources(rows[0])
    if rows[0].get("note"):
        posture.why.setdefault("healthcheck", []).append(str(rows[0]["note"]))
    posture.asks["healthcheck"] = ()


_PROXY = re.compile(r"(?:https?|all)_proxy", re.IGNORECASE)
_OBEY_PROXIES = frozenset(("curl", "wget"))


def _goes_through_a_proxy(service: Service, row: Mapping[str, Any]) -> bool:
    """Whether a request to the service itself would leave it: `NO_PROXY` seldom names 127.0.0.1."""
    environment = service.environment
    if _OBEY_PROXIES.isdisjoint(row["needs"]) or not any(_PROXY.fullmatch(name) for name in environment):
        return False
    spared = ",".join(str(value) for name, value in environment.items() if name.lower() == "no_proxy")
    return "127.0.0.1" not in spared.split(",")


def healthcheck(row: Mapping[str, Any]) -> dict[str, Any]:
    """A probe of the facts as a `healthcheck` of a Compose file."""
    return {"test": tuple(row["test"]), **{key: row[key] for key in _TIMES if key in row}}
