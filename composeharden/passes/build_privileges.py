"""Report builds that may do more than build: run privileged, without a sandbox, or in the host's network.

What a Dockerfile runs comes from many places: base images, packages, install scripts. A privileged or insecure build
lets all of it act as root on the builder. An SSH agent lets it log in as you while it runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import build_settings, items
from composeharden.compose.values import as_bool, as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.5", "CIS Docker 5.10", "OWASP Docker #13", "NIST SP 800-190 4.1.2")

REPORTED = (
    "services:\n  app:\n    build: {context: ., privileged: true}\n",
    "services:\n  app:\n    build: {context: ., entitlements: [security.insecure]}\n",
    "services:\n  app:\n    build: {context: ., network: host}\n",
    "services:\n  app:\n    build: {context: ., ssh: [default]}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    network_mode: none\n",
    "services:\n  app:\n    build: .\n",
    "services:\n  app:\n    build: {context: ., network: none, privileged: false}\n",
    "services:\n  app:\n    build: {context: ., secrets: [npm]}\nsecrets: {npm: {file: ./npm}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each such setting of the build."""
    build = build_settings(posture.service)
    entitlements = {as_text(item) for item in items(build.get("entitlements"))}
    if as_bool(build.get("privileged")) is True or "security.insecure" in entitlements:
        yield Proposal(
            message="its build runs without a sandbox, as root on the builder",
            key="build",
            item="privileged" if "privileged" in build else "entitlements",
            advice="remove privileged and security.insecure; do what needs them outside of the build",
        )
    if build.get("network") == "host" or "network.host" in entitlements:
        yield Proposal(
            message="its build uses the builder's network and reaches what listens there",
            key="build",
            item="network" if "network" in build else "entitlements",
            severity=Severity.MEDIUM,
            advice="remove it: builds reach the internet without the host's network",
        )
    if build.get("ssh"):
        yield Proposal(
            message="its build can log in elsewhere with an SSH agent or key while it runs",
            key="build",
            item="ssh",
            severity=Severity.LOW,
            advice="use a deploy key that can only read what the build needs",
        )
