"""Report services that a program of the host provides instead of a container.

For `provider` Compose runs a plugin, or a program of that name on the PATH, on every up, down and stop, with the rights
of whoever runs Compose, and puts what it prints into the environment of other services. No setting of the file
confines it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.entries import mapping
from composeharden.compose.project import Project
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #13", "NIST SP 800-190 4.1.5", "https://docs.docker.com/compose/trust-model/")

REPORTED = ("services:\n  db:\n    provider:\n      type: cloud\n      options: {size: small}\n",)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n",
    "services:\n  provider:\n    image: example/provider:1\n",
)

_KNOWN = frozenset(("model",))
"""Docker's own: it runs models, and is used by Compose itself."""


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report each such service; it has no container and so no posture."""
    for name, service in project.services.items():
        if service.is_container:
            continue
        kind = as_text(mapping(service.get("provider")).get("type"))
        yield Proposal(
            message="a program on the host is run for it, unconfined",
            key="provider",
            item=kind,
            service=name,
            severity=Severity.MEDIUM if kind in _KNOWN else None,
            advice="make sure that the program of this name is the one you mean, on every host, before you run Compose",
        )
