"""Report published ports below 1024 other than 80 and 443.

These numbers belong to the host's own services (mail, DNS, file sharing); only root may open them on a Unix host, and
Docker does it for everyone who may start a container. Where the service is made to stand there, suppress the finding.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.ports import published
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.8",)

REPORTED = (
    "services:\n  dns:\n    image: example/dns:1\n    ports: ['53:53/udp']\n",
    "services:\n  mail:\n    image: example/mail:1\n    ports:\n      - {target: 25, published: '25'}\n",
)
UNCHANGED = (
    "services:\n  web:\n    image: nginx:1.28\n    ports: ['80:80', '443:443']\n",
    "services:\n  web:\n    image: nginx:1.28\n    ports: ['8080:80']\n",
    "services:\n  dns:\n    image: example/dns:1\n    ports: ['127.0.0.1:53:53/udp']\n",
    "services:\n  web:\n    image: nginx:1.28\n    ports: ['80']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each low port that is not published on the loopback."""
    for port in published(posture.service):
        low = [number for number in port.published[:1024] if number < 1024 and number not in (80, 443)]
        if low and not port.loopback:
            yield Proposal(
                message=f"it takes port {low[0]} of the host, one of those kept for the host's own services",
                key="ports",
                item=port.item,
                advice="publish a port from 1024 on unless clients expect this one",
            )
