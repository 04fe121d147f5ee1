"""Report capabilities that a service adds beyond Docker's default, by what they can do to the host.

Some make root in the container root on the host (all of them, SYS_ADMIN, loading kernel modules); some read its memory
or files; some reconfigure its network or clock. A capability of the default set that is given back after
`cap_drop: [ALL]` is not reported.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import DEFAULT_CAPABILITIES, Posture, capability

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.4", "OWASP Docker #3", "https://man7.org/linux/man-pages/man7/capabilities.7.html")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    cap_add: [ALL]\n",
    "services:\n  app:\n    image: example/app:1\n    cap_add:\n      - CAP_SYS_ADMIN\n",
    "services:\n  vpn:\n    image: example/vpn:1\n    cap_add: [net_admin]\n",
    "services:\n  db:\n    image: example/db:1\n    cap_add: [SYS_NICE]\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    cap_drop: [ALL]\n"
    "    cap_add: [CHOWN, DAC_OVERRIDE, SETUID, SETGID]\n",
    "services:\n  web:\n    image: caddy:2\n    cap_add: [CAP_NET_BIND_SERVICE]\n",
    "services:\n  app:\n    image: example/app:1\n    cap_drop: [SYS_ADMIN]\n",
    "services:\n  app:\n    image: example/app:1\n    cap_add: []\n",
)

_LOW, _MEDIUM, _HIGH, _CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
_CAN = {
    "ALL": (_CRITICAL, "do everything root on the host can"),
    "SYS_ADMIN": (_CRITICAL, "mount file systems and do most of what root on the host can"),
    "SYS_MODULE": (_CRITICAL, "load code into the host's kernel"),
    "SYS_RAWIO": (_HIGH, "reach the host's memory and disks directly"),
    "BPF": (_HIGH, "run programs in the host's kernel"),
    "DAC_READ_SEARCH": (_HIGH, "read files of the host that are not mounted at all"),
    "MAC_ADMIN": (_HIGH, "change the host's AppArmor and SELinux policy"),
    "MAC_OVERRIDE": (_HIGH, "ignore the host's access policy"),
    "SYS_BOOT": (_HIGH, "restart the host or load another kernel"),
    "SYS_PTRACE": (_MEDIUM, "read and change the memory of processes it sees"),
    "NET_ADMIN": (_MEDIUM, "change its network's addresses, routes and firewall"),
    "SYS_TIME": (_MEDIUM, "set the host's clock"),
    "SYSLOG": (_MEDIUM, "read the host's kernel log and addresses"),
    "PERFMON": (_MEDIUM, "watch what the host's processors do"),
    "CHECKPOINT_RESTORE": (_MEDIUM, "restore processes with chosen ids"),
    "AUDIT_CONTROL": (_MEDIUM, "switch off the host's audit log"),
    "AUDIT_READ": (_MEDIUM, "read the host's audit log"),
    "IPC_OWNER": (_MEDIUM, "use shared memory of other users"),
    "SYS_NICE": (_LOW, "take processor time from everything else on the host"),
    "SYS_RESOURCE": (_LOW, "exceed limits that are set for it"),
    "SYS_PACCT": (_LOW, "switch the host's process accounting"),
    "SYS_TTY_CONFIG": (_LOW, "hang up terminals"),
    "IPC_LOCK": (_LOW, "keep memory from being swapped out, beyond its share"),
    "LEASE": (_LOW, "delay others that open its files"),
    "LINUX_IMMUTABLE": (_LOW, "make files unchangeable, also for the host"),
    "BLOCK_SUSPEND": (_LOW, "keep the host from sleeping"),
    "WAKE_ALARM": (_LOW, "wake the host up"),
}


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each capability outside the default set."""
    for entry in entries(posture.service, "cap_add"):
        name = capability(as_text(entry.value))
        if not name or name in DEFAULT_CAPABILITIES:
            continue
        severity, ability = _CAN.get(name, (None, "do more than a container usually may"))
        if name in _IN_HOST_NAMESPACE and as_text(posture.service.get(_IN_HOST_NAMESPACE[name])) == "host":
            severity, ability = _HIGH, f"{ability}, which are the host's own here"
        yield Proposal(
            message=f"with {name} it can {ability}",
            key="cap_add",
            item=entry.item,
            severity=severity,
            advice=f"remove {name} unless something fails without it, and say in a comment what that is",
        )


_IN_HOST_NAMESPACE = {"NET_ADMIN": "network_mode", "SYS_PTRACE": "pid"}
"""Capabilities that reach as far as a namespace does."""
