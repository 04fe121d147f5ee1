"""Which capabilities a container really used: the kernel's own event, read through bpftrace.

The event `capability:cap_capable` (Linux 6.14 and newer) tells of each check. Counted are those that were granted, to a
process in the container's cgroup, with its own credentials (overlayfs checks with those of whoever mounted it), and not
by the program that sets the container up. What was checked is not always needed, and a file capability is looked at on
execve without a check: so a trace is where trials begin, never where they end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from types import TracebackType
from typing import IO, Self

NAMES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"),
    *("LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"),
    *("SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"),
    *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"),
    *("MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"),
    "CHECKPOINT_RESTORE",
)
"""By number (include/uapi/linux/capability.h; the list only ever grows at its end)."""

_PROGRAM = """\
BEGIN { printf("ready\\n"); }
tracepoint:capability:cap_capable
/args->ret == 0 && args->cred == ((struct task_struct *)curtask)->real_cred && strncmp(comm, "runc", 4) != 0/
{
  $t = (struct task_struct *)curtask;
  @used[str($t->cgroups->CGROUP->kn->name), args->cap, comm] = count();
}
"""
_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_EVENT = "events/capability/cap_capable"
_READY_SECONDS = 30
_PR_SET_PDEATHSIG = 1
_KEY = re.compile(r"(?P<group>[^,]*),(?P<number>\d+),(?P<command>.*)", re.DOTALL)
_COMPARED = 40
"""Characters of a container's id: the names of cgroups are cut after 63."""


class Tracer:
    """A trace of the whole machine while the context is open; `used` then tells of one container."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._out: IO[bytes] | None = None
        self._used: dict[tuple[str, str], set[str]] = {}

    def __enter__(self) -> Self:
        self._out = tempfile.TemporaryFile()
        group = "dfl_cgrp" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "subsys[0]->cgroup"
        self._process = subprocess.Popen(
            _command(_PROGRAM.replace("CGROUP", group)),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_us,
        )
        end = time.monotonic() + _READY_SECONDS
        while self.works and b"ready" not in self._said() and time.monotonic() < end:
            time.sleep(0.1)
        if b"ready" not in self._said():
            self._end(signal.SIGKILL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        assert self._out is not None
        self._out.close()

    @property
    def works(self) -> bool:
        """Whether the trace runs."""
        return self._process is not None and self._process.poll() is None

    def finish(self) -> bool:
        """End the trace; False where it was of no use."""
        if self._process is None:
            return bool(self._used)
        told = self.works
        self._end(signal.SIGINT)
        self._used = parse(self._said().decode("utf-8", "replace")) if told else {}
        return told

    def used(self, container: str) -> dict[str, frozenset[str]]:
        """Each capability that the container used, with the names of the programs that did. After `finish`."""
        found: dict[str, set[str]] = {}
        for (group, name), commands in self._used.items():
            if container[:_COMPARED] in group:
                found.setdefault(name, set()).update(commands)
        return {name: frozenset(commands) for name, commands in found.items()}

    def _said(self) -> bytes:
        assert self._out is not None
        self._out.seek(0)
        return self._out.read()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def unavailable() -> str:
    """Why nothing can be traced here; empty where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may trace"
    if shutil.which("bpftrace") is None:
        return "bpftrace is not installed"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "the kernel does not describe its types (BTF)"
    if _place() and not os.path.exists(os.path.join(_place(), _EVENT)):
        return "the kernel has no event for capabilities (Linux 6.14 has)"
    if not _place() and shutil.which("unshare") is None:
        return "tracefs is not mounted"
    return ""


def parse(said: str) -> dict[tuple[str, str], set[str]]:
    """The programs that used a capability, by cgroup and name, out of what bpftrace prints as JSON."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in said.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if not isinstance(item, dict) or item.get("type") != "map":
            continue
        for key in item["data"].get("@used", {}):
            parts = _KEY.fullmatch(key)
            if parts is not None and int(parts["number"]) < len(NAMES):
                found.setdefault((parts["group"], NAMES[int(parts["number"])]), set()).add(parts["command"])
    return found


def _command(program: str) -> list[str]:
    argv = ["bpftrace", "-f", "json", "-e", program]
    if _place():
        return argv
    # In a mount namespace of its own: the machine's mounts stay as they are.
    mounted = 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, "sh", *argv]


def _die_with_us() -> None:
    """Ask the kernel to kill this process when the one that started it ends, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _place() -> str:
    return next((place for place in _PLACES if os.path.isdir(os.path.join(place, "events"))), "")
