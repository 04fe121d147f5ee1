"""Report volumes made from an image that is not pinned: their content changes with the next pull.

A volume of type `image` mounts files of an image, programs included, into a service. It deserves the same care as the
service's own image.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries, mapping
from composeharden.compose.values import as_text
from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.28", "OWASP Docker #13", "NIST SP 800-190 4.1.5")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: image, source: example/plugins, target: /plugins}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: image, source: 'example/plugins:2', target: /plugins}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    volumes:\n      - {type: image, target: /plugins, source: "
    "'example/plugins@sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: volume, source: plugins, target: /plugins}\n"
    "volumes: {plugins: {}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each such volume without a digest."""
    for entry in entries(posture.service, "volumes", "source"):
        row = mapping(entry.value)
        if row.get("type") != "image":
            continue
        reference = parse(as_text(row.get("source")))
        if not reference.digest:
            yield Proposal(
                message="a volume of it is made from an image that is not pinned to a digest",
                key="volumes",
                item=entry.item,
                severity=None if reference.floats else Severity.INFO,
                advice="name a version and its digest (name:version@sha256:...)",
            )
