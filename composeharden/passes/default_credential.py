"""Report services that start with a login everyone knows, or with none.

Some images come with admin/admin, guest/guest or no password at all unless they are told otherwise. Inside the stack
that concerns its other services; with a published port, everyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.ports import published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #12", "NIST SP 800-190 4.1.4")

REPORTED = (
    "services:\n  charts:\n    image: grafana/grafana:12.1.0\n",
    "services:\n  queue:\n    image: rabbitmq:4\n    ports: ['5672:5672']\n",
    "services:\n  cache:\n    image: redis:8\n",
)
UNCHANGED = (
    "services:\n  charts:\n    image: grafana/grafana:12.1.0\n"
    "    environment: {GF_SECURITY_ADMIN_PASSWORD: '${GRAFANA_PASSWORD:?}'}\n",
    "services:\n  db:\n    image: mongo:8\n    environment: {MONGO_INITDB_ROOT_USERNAME: admin,"
    " MONGO_INITDB_ROOT_PASSWORD_FILE: /run/secrets/db}\n",
    "services:\n  cache:\n    image: redis:8\n    command: [redis-server, --requirepass, '${REDIS_PASSWORD:?}']\n",
    "services:\n  cache:\n    image: redis:8\n    command: [redis-server, /etc/redis.conf]\n"
    "    volumes: ['./redis.conf:/etc/redis.conf:ro']\n",
    "services:\n  app:\n    image: example/app:1\n",
)

_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_ACCESS = re.compile(r"pass|auth|acl|\.conf\b|\.cnf\b", re.IGNORECASE)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report what the facts of the image say, unless a setting may have changed it."""
    facts, service = posture.facts, posture.service
    for row in facts.rows("default_credential") if facts is not None else ():
        what = facts.clause(row["what"]) if facts is not None else ""
        variables = _VARIABLE.findall(what)
        if "command" in what and service.command:
            continue
        if _is_set(posture, variables) or _ACCESS.search(" ".join([*service.command, *service.entrypoint])):
            continue
        everyone = any(port.everywhere for port in published(service))
        elsewhere = " (unless its env_file does)" if variables and "env_file" in service else ""
        yield Proposal(
            message=f"it keeps the login its image comes with{elsewhere}: {what}",
            key="environment" if "environment" in service else "image",
            severity=_severity(bool(variables), everyone, bool(elsewhere)),
            advice=f"set {' and '.join(variables)} from a secret"
            if variables
            else "set a password, or keep it on an internal network with only the services that use it",
        )


def _is_set(posture: Posture, variables: list[str]) -> bool:
    names = posture.service.environment
    return any(form in names for name in variables for form in (name, f"{name}_FILE", f"{name}__FILE"))


def _severity(replaceable: bool, everyone: bool, unsure: bool) -> Severity | None:
    if unsure:
        return Severity.INFO
    if everyone:
        return Severity.MEDIUM
    # Without a login of its own a cache relies on its network; that is how most stacks use one.
    return None if replaceable else Severity.INFO
