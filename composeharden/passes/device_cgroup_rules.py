"""Report rules that open whole classes of devices, also those that are plugged in later.

With a rule for every device, for block devices, or for the memory devices (major number 1) a container that can make
device nodes reads and writes the host's disks or memory. A rule for one major number of characters, such as that of
USB, is narrower, and reported for the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.18", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    device_cgroup_rules: ['a *:* rwm']\n",
    "services:\n  app:\n    image: example/app:1\n    device_cgroup_rules: ['b 8:* rw']\n",
    "services:\n  app:\n    image: example/app:1\n    device_cgroup_rules: ['c 189:* rmw']\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    device_cgroup_rules: []\n",
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    labels: ['rule=a *:* rwm']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each rule, by how much it opens."""
    for entry in entries(posture.service, "device_cgroup_rules"):
        rule = as_text(entry.value).strip()
        if not rule:
            continue
        wide = rule == "a" or bool(re.match(r"[ab]\s|c\s+(?:\*|1):", rule))
        yield Proposal(
            message="it may use disks or memory of the host through any device node"
            if wide
            else "it may use a class of devices, also ones plugged in later",
            key="device_cgroup_rules",
            item=entry.item,
            severity=Severity.HIGH if wide else None,
            advice="list the devices it uses under devices instead, or narrow the rule to one type and number",
        )
