"""Report SSH servers in containers.

A container is looked into with `docker compose exec`; an SSH server adds keys, users and a port to look after, and
keeps people changing running containers. A Git server that offers SSH to its users is a fair exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.ports import published
from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.7", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    command: /usr/sbin/sshd -D\n",
    "services:\n  app:\n    image: example/app:1\n    entrypoint: [sh, -c, 'service ssh start && exec app']\n",
    "services:\n  git:\n    image: example/git:1\n    ports: ['2222:22']\n",
    "services:\n  jump:\n    image: example/openssh-server:1\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    command: [ssh, host, 'true']\n",
    "services:\n  app:\n    image: example/app:1\n    ports: ['22:8080']\n",
    "services:\n  app:\n    image: example/ssh-client:1\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['./sshd_config:/x:ro']\n",
)

_SERVER = re.compile(r"(?:^|[\s/;&|])(?:sshd|dropbear)(?=$|[\s;&|])|\bservice\s+sshd?\s+(?:re)?start\b")
_IMAGE = re.compile(r"(?:^|[-_/])(?:sshd|openssh-server|ssh-server)(?:$|[-_])")


def check(posture: Posture) -> Iterable[Proposal]:
    """Report a server in the command or image name, else a published port 22."""
    service = posture.service
    for key, words in (("command", service.command), ("entrypoint", service.entrypoint)):
        if _SERVER.search(" ".join(words)):
            yield _server(key)
            return
    if _IMAGE.search(parse(service.image).repository):
        yield _server("image")
        return
    for port in published(service):
        if 22 in port.target:
            yield Proposal(
                message=f"its port 22 is published ({port}): an SSH server runs in it",
                key="ports",
                item=port.item,
                advice="use docker compose exec instead, unless SSH is what the service is for",
            )


def _server(key: str) -> Proposal:
    return Proposal(
        message="it runs an SSH server",
        key=key,
        severity=Severity.MEDIUM,
        advice="use docker compose exec instead; transfer files through a volume",
    )
