"""Report services that are told to ask nobody for a password.

Every container on the same network, and with a published port everyone, then reads and writes their data. Such
settings are meant for tests.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import item_of
from composeharden.compose.ports import published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #12", "NIST SP 800-190 4.1.4")

REPORTED = (
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n",
    "services:\n  db:\n    image: mysql:8.4\n    environment: [MYSQL_ALLOW_EMPTY_PASSWORD=yes]\n",
    "services:\n  search:\n    image: example/search:1\n    environment:\n      - xpack.security.enabled=false\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_HOST_AUTH_METHOD: scram-sha-256}\n",
    "services:\n  db:\n    image: mysql:8.4\n    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: ''}\n",
    "services:\n  db:\n    image: mysql:8.4\n    environment: {MYSQL_RANDOM_ROOT_PASSWORD: 'yes'}\n",
    "services:\n  search:\n    image: example/search:1\n    environment: {xpack.security.enabled: 'true'}\n",
)

_ANY = frozenset(("1", "on", "true", "y", "yes"))
_OFF = frozenset(("0", "false", "no", "off"))
_OPEN = {
    "POSTGRES_HOST_AUTH_METHOD": frozenset(("trust",)),
    "NEO4J_AUTH": frozenset(("none",)),
    "xpack.security.enabled": _OFF,
    "DISABLE_SECURITY_PLUGIN": _ANY,
    "plugins.security.disabled": _ANY,
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": _ANY,
    **dict.fromkeys(("ALLOW_EMPTY_PASSWORD", "ALLOW_ANONYMOUS_LOGIN", "VALKEY_ALLOW_EMPTY_PASSWORD"), _ANY),
}
# These images take any value that is not empty for a yes.
_NOT_EMPTY = ("MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD")


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each such setting."""
    everyone = any(port.everywhere for port in published(posture.service))
    for name, value in posture.service.environment.items():
        is_open = (value or "").lower() in _OPEN.get(name, ()) or (name in _NOT_EMPTY and bool(value))
        if is_open:
            reach = ", and a port of it is published" if everyone else ""
            yield Proposal(
                message=f"{name} lets everyone in who reaches it{reach}",
                key="environment",
                item=item_of(posture.service.raw.get("environment"), name),
                severity=Severity.HIGH if everyone else None,
                advice=f"remove {name} and set a password from a secret",
            )
