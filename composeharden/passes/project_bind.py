"""Report services that mount the whole project folder, with its .env, its Git history and the Compose file itself.

That is for development: in production the code belongs in the image, so that what runs is what was built and scanned.
Writable it also lets an intruder change the code that runs next, and the Compose file that the next `up` obeys.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.binds import binds
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #8", "NIST SP 800-190 4.5.5")

REPORTED = (
    "services:\n  app:\n    build: .\n    volumes: ['.:/app']\n",
    "services:\n  app:\n    build: .\n    volumes: ['./:/app:ro']\n",
    "services:\n  app:\n    build: .\n    volumes:\n      - {type: bind, source: .., target: /app}\n",
    "services:\n  app:\n    build: .\n    volumes: ['${PWD}:/app']\n",
)
UNCHANGED = (
    "services:\n  app:\n    build: .\n    volumes: ['./src:/app/src']\n",
    "services:\n  app:\n    build: .\n    volumes: ['../data:/data']\n",
    "services:\n  app:\n    build: .\n    volumes: ['.env:/app/.env:ro']\n",
    "services:\n  app:\n    build: .\n    develop: {watch: [{action: sync, path: ., target: /app}]}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the mounts of the project folder and of those above it."""
    for bind in binds(posture.service):
        if bind.path in (".", "..") or (bind.path.strip("./") == "" and bind.path.startswith("..")):
            yield Proposal(
                message="it has the whole project folder" + ("" if bind.read_only else ", and can change it"),
                key="volumes",
                item=bind.item,
                severity=Severity.INFO if bind.read_only else None,
                advice="copy the code into the image and mount only the data; for development keep the mount in an "
                "override file, or use develop.watch",
            )
