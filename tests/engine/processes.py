"""What runs in a container: users and capabilities of its processes, read from /proc inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Linux numbers; the list is append-only (include/uapi/linux/capability.h).
_LISTED = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
PERFMON BPF CHECKPOINT_RESTORE
"""
CAPABILITIES = tuple(_LISTED.split())

READ_ALL = 'for f in /proc/[0-9]*/status; do echo "== $f"; cat "$f" 2>/dev/null || :; done'


@dataclass(frozen=True)
class Process:
    """One process of a container, with numbers as seen inside it."""

    pid: int
    parent: int
    command: str
    uid: int
    gid: int
    bounding: frozenset[str]
    effective: frozenset[str]
    no_new_privileges: bool


def normal_capability(name: str) -> str:
    """CAP_CHOWN, cap_chown and chown all give CHOWN."""
    return name.upper().removeprefix("CAP_")


def parse_processes(text: str) -> list[Process]:
    """The service's own processes (process 1 and what it started) out of the output of READ_ALL.

    Leaves out what the engine put beside them, health checks and this very reading among them: the tree below
    any other process without a parent.
    """
    everything = {process.pid: process for process in _all(text)}

    def from_pid_1(process: Process) -> bool:
        while process.pid != 1:
            parent = everything.get(process.parent)
            if parent is None:
                return False
            process = parent
        return True

    return sorted(filter(from_pid_1, everything.values()), key=lambda process: process.pid)


def worker_uids(processes: Iterable[Process]) -> frozenset[int]:
    """The uids that do the work: of all processes below process 1, or of process 1 where it is alone."""
    listed = list(processes)
    below = [process.uid for process in listed if process.pid != 1]
    return frozenset(below or [process.uid for process in listed])


def _all(text: str) -> Iterator[Process]:
    for block in re.split(r"^== .*\n", text, flags=re.MULTILINE):
        fields = dict(line.split(":\t", 1) for line in block.splitlines() if ":\t" in line)
        # A zombie still has its status, but it runs nothing any more.
        if "Pid" not in fields or fields["State"].startswith("Z"):
            continue
        yield Process(
            pid=int(fields["Pid"]),
            parent=int(fields["PPid"]),
            command=fields["Name"],
            uid=int(fields["Uid"].split()[1]),
            gid=int(fields["Gid"].split()[1]),
            bounding=_names(fields["CapBnd"]),
            effective=_names(fields["CapEff"]),
            no_new_privileges=fields["NoNewPrivs"].strip() == "1",
        )


def _names(mask: str) -> frozenset[str]:
    bits = int(mask, 16)
    return frozenset(name for number, name in enumerate(CAPABILITIES) if bits >> number & 1)
