"""Report tmpfs mounts that allow setuid programs or device nodes.

Docker mounts a tmpfs with nosuid and nodev. Both stop what an intruder puts there from becoming root or opening a disk;
nothing that only needs space for files is in need of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #8", "https://docs.docker.com/engine/storage/tmpfs/")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    tmpfs: ['/tmp:suid']\n",
    "services:\n  app:\n    image: example/app:1\n    tmpfs: /work:size=64m,dev\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    tmpfs: ['/tmp:exec,mode=1777,size=64m']\n",
    "services:\n  app:\n    image: example/app:1\n    tmpfs: [/run]\n",
    "services:\n  app:\n    image: example/app:1\n    tmpfs: ['/dev:nosuid,nodev']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the options suid and dev."""
    for mount in posture.service.mounts:
        loose = {"suid", "dev"}.intersection(mount.options.split(",")) if mount.key == "tmpfs" else ()
        if loose:
            yield Proposal(
                message=f"its tmpfs {mount.target} allows {' and '.join(sorted(loose, reverse=True))}",
                key="tmpfs",
                item=f"{mount.target}:{mount.options}",
                advice="remove these options",
            )
