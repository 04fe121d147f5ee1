"""Report images whose name can mean another image tomorrow: no tag, `latest`, or a tag that only names a branch.

The next pull can bring another major version or, once, somebody else's build, and nobody can tell afterwards what ran.
Pin a version, and better its digest too; an update bot keeps both current.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.28", "CIS Docker 4.4", "OWASP Docker #13", "NIST SP 800-190 4.1.5")

REPORTED = (
    "services:\n  web:\n    image: nginx\n",
    "services:\n  web:\n    image: registry.example:5000/web:latest\n",
    "services:\n  web:\n    image: nginx:${VERSION:-latest}\n",
    "services:\n  web:\n    image: nginx:stable-alpine\n",
    "services:\n  web:\n    image: example/web:main\n",
)
UNCHANGED = (
    "services:\n  web:\n    image: nginx:1.28\n",
    "services:\n  web:\n    image: nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "services:\n  web:\n    image: example/web:${VERSION}\n",
    "services:\n  web:\n    build: .\n    image: example/web\n",
    "services:\n  web:\n    image: example/web:bookworm-2025.1\n",
)

_BRANCHES = frozenset(
    (
        "alpha",
        "beta",
        "canary",
        "current",
        "dev",
        "develop",
        "edge",
        "head",
        "lts",
        "main",
        "mainline",
        "master",
        "next",
        "nightly",
        "preview",
        "rolling",
        "snapshot",
        "stable",
        "staging",
        "test",
        "testing",
        "trunk",
        "unstable",
    )
)
_FLAVORS = frozenset(
    ("alpine", "apache", "bookworm", "bullseye", "debian", "fpm", "management", "slim", "trixie", "ubuntu")
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the image, unless it is built here or its tag is not known."""
    service = posture.service
    if not service.image or "build" in service or service.unset("image"):
        return
    reference = parse(service.image)
    words = reference.tag.lower().split("-")
    branch = not any(char.isdigit() for char in reference.tag) and (words[0] in _BRANCHES or set(words) <= _FLAVORS)
    if reference.floats or (branch and not reference.digest):
        what = f"its image tag {reference.tag} moves" if reference.tag else "its image has no tag"
        yield Proposal(
            message=f"{what}: the next pull may bring another version",
            key="image",
            severity=None if reference.floats else Severity.LOW,
            advice="name a version, such as the one that runs now, and pin its digest (name:version@sha256:...)",
        )
