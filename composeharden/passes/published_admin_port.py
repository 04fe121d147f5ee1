"""Report pages and ports made for administrators that are published on every interface.

A dashboard, a database client or a debugger is a way to control what is behind it, and many have no password or a
well-known one. A port of a container engine or a debugger lets everyone who reaches it run programs.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.ports import published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.port_uses import made_for
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.9", "CIS Docker 5.14", "OWASP Docker #5a", "NIST SP 800-190 4.4.2")

REPORTED = (
    "services:\n  ui:\n    image: adminer:5\n    ports: ['8080:8080']\n",
    "services:\n  build:\n    image: docker:28-dind\n    ports: ['2375:2375']\n",
    "services:\n  app:\n    image: example/app:1\n    ports: [9229]\n",
    "services:\n  proxy:\n    image: traefik:v3.5\n    ports: ['80:80', '8080:8080']\n",
)
UNCHANGED = (
    "services:\n  ui:\n    image: adminer:5\n    ports: ['127.0.0.1:8080:8080']\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['8080:8080']\n",
    "services:\n  proxy:\n    image: traefik:v3.5\n    ports: ['80:80', '443:443']\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['9229:80']\n",
)

_CRITICAL_PORTS = frozenset((2375,))


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each such port that every interface has."""
    for port in published(posture.service):
        what = made_for(posture, port, "loopback")
        if what is not None and port.everywhere:
            severe = not _CRITICAL_PORTS.isdisjoint(port.target)
            yield Proposal(
                message=f"port {port} ({what}) is open on every interface of the host",
                key="ports",
                item=port.item,
                severity=Severity.CRITICAL if severe else None,
                advice="publish it on 127.0.0.1, or put it behind a reverse proxy that asks for a login",
            )
