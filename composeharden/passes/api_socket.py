"""Report `use_api_socket`: it mounts the engine's socket and hands over the user's registry logins.

Compose binds the socket of the engine into the container, writable, and puts the registry credentials of whoever runs
`docker compose up` beside it. So the service controls the host and can push images in that user's name.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.CRITICAL
EFFECT = Effect.NONE
REFERENCES = (
    "CIS Docker 5.32",
    "OWASP Docker #1",
    "NIST SP 800-190 4.5.5",
    "https://docs.docker.com/reference/compose-file/services/#use_api_socket",
)

REPORTED = ("services:\n  ci:\n    image: example/ci:1\n    use_api_socket: true\n",)
UNCHANGED = (
    "services:\n  ci:\n    image: example/ci:1\n    use_api_socket: false\n",
    "services:\n  ci:\n    image: example/ci:1\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the key where it is true."""
    if posture.service.flag("use_api_socket"):
        yield Proposal(
            message="it gets the engine's socket and your registry logins, and so controls the host",
            key="use_api_socket",
            advice="remove use_api_socket; if it needs some requests of the engine, give them through a socket proxy "
            "that allows only those, on an internal network",
        )
