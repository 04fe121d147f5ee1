"""Report kernel settings of a container that weaken its own network.

Docker only lets settings through that belong to the container's namespaces, so none of them changes the host. Some
make the container accept forged or redirected packets, or let others reach its loopback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.entries import item_of
from composeharden.compose.values import as_mapping
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.3", "https://docs.kernel.org/networking/ip-sysctl.html")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    sysctls: {net.ipv4.conf.all.route_localnet: 1}\n",
    "services:\n  app:\n    image: example/app:1\n    sysctls: [net.ipv4.tcp_syncookies=0]\n",
    "services:\n  app:\n    image: example/app:1\n    sysctls: [net.ipv4.conf.all.rp_filter=0]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    sysctls: {net.core.somaxconn: 1024}\n",
    "services:\n  vpn:\n    image: example/vpn:1\n"
    "    sysctls: [net.ipv4.ip_forward=1, net.ipv4.conf.all.src_valid_mark=1]\n",
    "services:\n  app:\n    image: example/app:1\n    sysctls: {net.ipv4.conf.all.accept_redirects: 0}\n",
    "services:\n  app:\n    image: example/app:1\n    sysctls: [net.ipv6.conf.all.disable_ipv6=1]\n",
)

_WEAK = (
    (r"net\.ipv4\.conf\.\w+\.route_localnet", ("1",)),
    (r"net\.ipv[46]\.conf\.\w+\.accept_(?:redirects|source_route)", ("1",)),
    (r"net\.ipv4\.conf\.\w+\.rp_filter", ("0",)),
    (r"net\.ipv4\.tcp_syncookies", ("0",)),
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each weakening setting."""
    for name, value in as_mapping(posture.service.get("sysctls")).items():
        if any(value in values and re.fullmatch(pattern, name) for pattern, values in _WEAK):
            yield Proposal(
                message=f"{name} weakens its network",
                key="sysctls",
                item=item_of(posture.service.raw.get("sysctls"), name),
                advice=f"remove {name} unless the service routes packets and needs it",
            )
