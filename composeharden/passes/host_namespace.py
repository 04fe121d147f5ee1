"""Report namespaces of the host that a service joins: pid, ipc, uts, userns and cgroup.

With the host's processes (`pid`) it sees their command lines and environments and can signal or trace them; with `ipc`
it reads their shared memory; with `uts` it can rename the host; `userns_mode: host` undoes the mapping of root to a
harmless user; `cgroup: host` shows it the control groups of everyone. The network has a pass of its own:
`host-network`.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #3", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    pid: host\n",
    "services:\n  app:\n    image: example/app:1\n    ipc: host\n",
    "services:\n  app:\n    image: example/app:1\n    uts: host\n",
    "services:\n  app:\n    image: example/app:1\n    userns_mode: host\n",
    "services:\n  app:\n    image: example/app:1\n    cgroup: host\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    ipc: private\n    cgroup: private\n",
    "services:\n  app:\n    image: example/app:1\n    ipc: shareable\n",
    "services:\n  app:\n    image: example/app:1\n    hostname: host\n",
    "services:\n  app:\n    image: example/app:1\n    userns_mode: keep-id\n",
    "services:\n  host:\n    image: example/app:1\n",
)

_NAMESPACES = (
    (
        "pid",
        Severity.HIGH,
        "CIS Docker 5.16",
        "it sees and can signal every process of the host",
        "remove pid: host; to watch one other service, use pid: service:NAME",
    ),
    (
        "ipc",
        Severity.HIGH,
        "CIS Docker 5.17",
        "it shares memory with the host's processes",
        "remove ipc: host; for more shared memory set shm_size, to share it with one service use ipc: service:NAME",
    ),
    ("uts", Severity.MEDIUM, "CIS Docker 5.21", "it shares the host's name and can change it", "set hostname instead"),
    (
        "userns_mode",
        Severity.MEDIUM,
        "CIS Docker 5.31",
        "its root is the host's root, even where users are remapped",
        "remove userns_mode: host",
    ),
    (
        "cgroup",
        Severity.MEDIUM,
        "CIS Docker 5.25",
        "it sees the control groups of the whole host",
        "remove cgroup: host",
    ),
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each namespace that is the host's."""
    for key, severity, reference, message, advice in _NAMESPACES:
        if as_text(posture.service.get(key)) == "host":
            yield Proposal(message=message, key=key, severity=severity, references=(reference,), advice=advice)
