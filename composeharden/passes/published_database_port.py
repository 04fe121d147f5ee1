"""Report ports that are made for other services of the stack and are published on the host.

Databases, caches, brokers and metrics endpoints speak protocols that are probed all over the internet, often without a
password. Docker opens a published port in front of the host's own firewall (ufw and firewalld do not see it), so it is
open to everyone who reaches the host. Other services of the stack reach the port without publishing it.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.ports import Port, published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.port_uses import holds_data, made_for
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.9", "CIS Docker 5.14", "OWASP Docker #5a", "NIST SP 800-190 4.4.2")

REPORTED = (
    "services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n",
    "services:\n  db:\n    image: example/db:1\n    ports:\n      - {target: 27017, published: 27018}\n",
    "services:\n  cache:\n    image: redis:8\n    ports: ['0.0.0.0:6379:6379']\n",
    "services:\n  db:\n    image: mysql:8.4\n    ports: ['3306']\n",
    "services:\n  db:\n    image: postgres:16\n    ports: ['192.168.1.5:5432:5432']\n",
    "services:\n  db:\n    image: example/db:1\n    ports: ['${BIND_ADDRESS}:5432:5432']\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    ports: ['127.0.0.1:5432:5432']\n",
    "services:\n  db:\n    image: postgres:16\n    ports: ['[::1]:5432:5432']\n",
    "services:\n  db:\n    image: postgres:16\n    expose: [5432]\n",
    "services:\n  web:\n    image: nginx:1.28\n    ports: ['80:80', '443:443']\n",
    "services:\n  web:\n    image: example/web:1\n    ports: ['5432:8080']\n",
    "services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n    networks: [back]\n"
    "networks: {back: {internal: true}}\n",
    "services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\nnetworks:\n  default:\n    driver_opts: "
    "{com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each internal port that is published wider than the host itself."""
    for port in published(posture.service):
        what = made_for(posture, port, "never")
        if what is not None and not port.loopback:
            yield Proposal(
                message=f"port {port} ({what}) is {_reach(port)}",
                key="ports",
                item=port.item,
                severity=None if port.everywhere and holds_data(posture, port) else Severity.MEDIUM,
                advice="remove it from ports: services of the stack reach it anyway; for tools on the host publish it "
                "on 127.0.0.1, from elsewhere use an SSH tunnel or a VPN",
            )


def _reach(port: Port) -> str:
    if port.host_ip is None:
        return "open on every interface wherever the variable of its address is not set"
    return "open on every interface of the host" if port.everywhere else "open beyond the host"
