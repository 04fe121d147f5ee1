"""Report ports that are published on every interface of the host, the public ones too.

Without an address in front, Docker listens everywhere and opens the port past the host's own firewall. That is right
for a web server's 80 and 443 and for what clients out there connect to. What only the host, or a reverse proxy on it,
uses belongs on 127.0.0.1. Databases and admin pages are reported by passes of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.ports import Port, published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.port_uses import made_for
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.14", "OWASP Docker #5a", "NIST SP 800-190 4.4.2")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    ports: ['3000:3000']\n",
    "services:\n  app:\n    image: example/app:1\n    ports:\n      - {target: 80, published: 8080}\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['[::]:8000-8002:8000-8002']\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    ports: ['127.0.0.1:3000:3000']\n",
    "services:\n  web:\n    image: nginx:1.28\n    ports: ['80:80', '443:443', '443:443/udp']\n",
    "services:\n  web:\n    image: example/web:1\n    ports: ['80:3000']\n",
    "services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n",
    "services:\n  app:\n    image: example/app:1\n    network_mode: host\n    ports: ['3000:3000']\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['10.0.0.4:3000:3000']\n",
)

_WEB = frozenset((80, 443))


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each port that nothing says is meant for everyone."""
    for port in published(posture.service):
        if port.everywhere and not _is_meant(port) and not _is_other_pass(posture, port):
            yield Proposal(
                message=f"port {port} is open on every interface of the host",
                key="ports",
                item=port.item,
                advice="if only this host needs it, publish it on 127.0.0.1; clients elsewhere lose access then",
            )


def _is_meant(port: Port) -> bool:
    return bool(port.published) and _WEB.issuperset(port.published)


def _is_other_pass(posture: Posture, port: Port) -> bool:
    return any(made_for(posture, port, use) is not None for use in ("never", "loopback"))
