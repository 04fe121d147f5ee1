"""Report services in the host's network: every port they open is open on the host, whatever `ports` says.

Such a service reaches everything that listens on the host's loopback, databases and control interfaces among it, can
listen to the host's traffic where it may open raw sockets, and is not separated from other stacks.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries, mapping
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.10", "OWASP Docker #5", "NIST SP 800-190 4.4.2")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    network_mode: host\n",
    "services:\n  app:\n    image: example/app:1\n    networks: [outside]\n"
    "networks:\n  outside: {external: true, name: host}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    networks: [host]\nnetworks: {host: {}}\n",
    "services:\n  app:\n    image: example/app:1\n    network_mode: none\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['127.0.0.1:80:80']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the mode, or the network that is the host's under another name."""
    service = posture.service
    key = "network_mode" if as_text(service.get("network_mode")) == "host" else ""
    defined = service.project.top_level("networks")
    names = list(mapping(service.get("networks"))) or [as_text(entry.value) for entry in entries(service, "networks")]
    if any(_is_host(mapping(defined.get(name))) for name in names):
        key = "networks"
    if key:
        yield Proposal(
            message="it uses the host's network: all its ports are open on the host, and it reaches the host's own",
            key=key,
            advice="use a network of the stack and publish the ports that are needed, on 127.0.0.1 where only the "
            "host needs them",
        )


def _is_host(network: dict[str, object]) -> bool:
    external = network.get("external")
    name = network.get("name") or mapping(external).get("name")
    return (bool(external) and name == "host") or network.get("driver") == "host"
