"""Report groups of the host that are as good as root.

`group_add` lets a service use what belongs to a group: with `docker` that is the engine's socket, with `disk` every
disk, with group 0 whatever root's group may read.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.1", "OWASP Docker #2")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    group_add: [docker]\n",
    "services:\n  app:\n    image: example/app:1\n    group_add: [0]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    group_add: [audio, '1000']\n",
    "services:\n  app:\n    image: example/app:1\n    user: '1000:1000'\n",
)

_GROUPS = frozenset(("0", "adm", "disk", "docker", "kmem", "root", "shadow", "sudo", "wheel"))


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each such group."""
    for entry in entries(posture.service, "group_add"):
        name = as_text(entry.value)
        if name in _GROUPS:
            yield Proposal(
                message=f"it is in the group {name}, which can do nearly what root can",
                key="group_add",
                item=entry.item,
                advice="remove the group, or give it a group made for the files it needs",
            )
