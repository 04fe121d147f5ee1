"""Report mounts that propagate into the host: with `shared` a mount made in the container appears on the host.

An intruder can mount something over a folder of the host. `slave` is enough to see what the host mounts later.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.binds import binds
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.20", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/mnt/disks:/disks:rw,rshared']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: bind, source: /mnt, target: /mnt, bind: {propagation: shared}}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/mnt/disks:/disks:ro,rslave']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: bind, source: /mnt, target: /mnt, bind: {propagation: rprivate}}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['shared:/shared']\nvolumes: {shared: {}}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each shared mount."""
    for bind in binds(posture.service):
        if bind.propagation in ("shared", "rshared"):
            yield Proposal(
                message=f"what it mounts below {bind.target} appears on the host",
                key="volumes",
                item=bind.item,
                advice="use rslave if it must see later mounts of the host, otherwise leave propagation out",
            )
