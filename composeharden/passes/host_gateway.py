"""Report services that are given a name for the host.

With `host-gateway` a service reaches what listens on the host, past the separation of the stack. It is harmless where
one program of the host is wanted, and worth knowing when something listens there that is not meant for containers.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_mapping, as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #5", "NIST SP 800-190 4.4.2")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    extra_hosts: ['host.docker.internal:host-gateway']\n",
    "services:\n  app:\n    image: example/app:1\n    extra_hosts: {host: host-gateway}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    extra_hosts: ['peer:10.0.0.4']\n",
    "services:\n  app:\n    image: example/app:1\n    hostname: host-gateway\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the entry."""
    service = posture.service
    value = service.get("extra_hosts")
    names = (
        {name: name for name, address in as_mapping(value).items() if address == "host-gateway"}
        if isinstance(value, dict)
        else {
            as_text(entry.value): entry.item
            for entry in entries(service, "extra_hosts")
            if as_text(entry.value).endswith(("host-gateway", "[host-gateway]"))
        }
    )
    for item in list(names.values())[:1]:
        yield Proposal(
            message="it can reach what listens on the host",
            key="extra_hosts",
            item=item,
            advice="let the host's firewall admit the stack's network only to the ports it needs",
        )
