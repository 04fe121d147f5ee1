"""Report system folders that SELinux would relabel: `z` or `Z` on them changes the labels of the host's own files.

Compose relabels everything below the folder when the container starts. On `/etc`, `/usr` or a home the host's
services may not be able to read their files afterwards, up to a host that nobody can log in to.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.binds import binds
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.3", "https://docs.docker.com/engine/storage/bind-mounts/#configure-the-selinux-label")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/etc:/host/etc:ro,z']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: bind, source: /home, target: /home, bind: {selinux: Z}}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['./conf:/etc/app:ro,Z']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/srv/app:/data:z']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/etc:/host/etc:ro']\n",
)

_SYSTEM = frozenset(
    (
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/lib64",
        "/opt",
        "/proc",
        "/root",
        "/run",
        "/sbin",
        "/sys",
        "/tmp",
        "/usr",
        "/var",
        "/var/lib",
        "/var/lib/docker",
        "/var/log",
        "~",
    )
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each system folder with z or Z."""
    for bind in binds(posture.service):
        if bind.selinux and bind.path in _SYSTEM:
            yield Proposal(
                message=f"its start changes the SELinux labels of the host's {bind.path}",
                key="volumes",
                item=bind.item,
                advice="take z or Z away and mount a folder of its own instead",
            )
