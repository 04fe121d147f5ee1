"""How much of a host a container gets with one of its files, folders or devices.

Every judgement is a row of a table. Sources: CIS Docker Benchmark 5.6 and 5.18, proc(5), sysfs(5), hier(7).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from composeharden.outcome import Severity

_NONE: Severity | None = None
_INFO, _LOW, _MEDIUM, _HIGH, _CRITICAL = Severity


class Hazard(NamedTuple):
    """What can be done with a path: how bad it is, and what it is, as the object of a sentence."""

    severity: Severity
    what: str


class _Row(NamedTuple):
    writable: Severity | None
    read_only: Severity | None
    what: str


_ENGINE_DATA = _Row(_HIGH, _MEDIUM, "the container engine's own data, with the files and secrets of every container")
_PROGRAMS = _Row(_HIGH, _LOW, "the host's programs and libraries")
_HOME = _Row(_HIGH, _MEDIUM, "a whole home, with its keys and shell start-up files")
_SYSTEM_BUS = _Row(_MEDIUM, _MEDIUM, "the host's system bus, over which services of the host are controlled")
_KEYS = _Row(_HIGH, _HIGH, "the host's keys and password hashes")
_START_UP = _Row(_HIGH, _NONE, "files from which the host runs programs as root")
_MACHINES = _Row(_HIGH, _HIGH, "a service of the host that starts machines and containers as root")
_ACCOUNTS = _Row(_HIGH, _NONE, "the host's list of users and groups")
_CLOCK = _Row(_INFO, _NONE, "the host's time zone")

_EXACT: dict[str, _Row] = {
    "/": _Row(_CRITICAL, _HIGH, "the whole file system of the host"),
    "/boot": _Row(_HIGH, _MEDIUM, "the host's kernel and boot loader"),
    "/dev": _Row(_HIGH, _HIGH, "every device of the host"),
    "/dev/disk": _Row(_LOW, _LOW, "the names of the host's disks"),
    "/dev/shm": _Row(_LOW, _NONE, "the shared memory of the host's programs"),
    "/etc": _Row(_HIGH, _HIGH, "the host's configuration, with its keys and password hashes"),
    "/etc/localtime": _CLOCK,
    "/etc/timezone": _CLOCK,
    "/etc/ssl": _Row(_MEDIUM, _LOW, "the host's certificates and their keys"),
    "/etc/pki": _Row(_MEDIUM, _LOW, "the host's certificates and their keys"),
    "/home": _Row(_HIGH, _MEDIUM, "the homes of all users"),
    "/lib/modules": _Row(_MEDIUM, _INFO, "the host's kernel modules"),
    "/proc": _Row(_HIGH, _LOW, "the host's processes and kernel settings"),
    "/root": _Row(_HIGH, _HIGH, "the home of the host's root user"),
    "/sys": _Row(_HIGH, _LOW, "the host's devices and kernel settings"),
    "/sys/fs/cgroup": _Row(_MEDIUM, _LOW, "the control groups of every process of the host"),
    "/tmp": _Row(_LOW, _LOW, "the temporary files and sockets of the host's programs"),
    "/tmp/.X11-unix": _Row(_LOW, _LOW, "the host's display: every key press and window"),
    "/var": _Row(_HIGH, _MEDIUM, "all data of the host"),
    "/var/lib": _Row(_HIGH, _MEDIUM, "the data of every program of the host"),
    "/var/log": _Row(_MEDIUM, _LOW, "the host's logs"),
    "~": _HOME,
    **dict.fromkeys(("/bin", "/lib", "/lib32", "/lib64", "/sbin", "/usr"), _PROGRAMS),
    **dict.fromkeys(
        ("/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin", "/usr/sbin"),
        _PROGRAMS._replace(read_only=_NONE),
    ),
    **dict.fromkeys(
        (
            "/var/lib/containerd",
            "/var/lib/containers",
            "/var/lib/docker",
            "/var/lib/docker/containers",
            "/var/lib/docker/overlay2",
            "/var/lib/docker/volumes",
            "/var/lib/kubelet",
        ),
        _ENGINE_DATA,
    ),
}

_BELOW: tuple[tuple[str, _Row], ...] = (
    *(
        (f"/etc/{name}", _KEYS)
        for name in ("gshadow", "kubernetes", "shadow", "ssh", "ssl/private", "sudoers", "sudoers.d")
    ),
    *(
        (f"/etc/{name}", _START_UP)
        for name in (
            "cron.d",
            "cron.daily",
            "cron.hourly",
            "cron.monthly",
            "cron.weekly",
            "crontab",
            "docker",
            "init.d",
            "ld.so.conf",
            "ld.so.conf.d",
            "ld.so.preload",
            "modprobe.d",
            "pam.d",
            "profile",
            "profile.d",
            "rc.local",
            "systemd",
            "udev",
        )
    ),
    ("/etc/group", _ACCOUNTS),
    ("/etc/passwd", _ACCOUNTS),
    ("/etc", _Row(_LOW, _NONE, "a part of the host's configuration")),
    ("/boot", _EXACT["/boot"]._replace(read_only=_LOW)),
    ("/lib", _PROGRAMS._replace(read_only=_NONE)),
    ("/bin", _PROGRAMS._replace(read_only=_NONE)),
    ("/sbin", _PROGRAMS._replace(read_only=_NONE)),
    ("/proc/1", _Row(_HIGH, _HIGH, "the host's first process, and through it all of the host")),
    ("/proc", _Row(_HIGH, _NONE, "kernel settings of the host")),
    ("/sys/firmware", _Row(_HIGH, _LOW, "the host's firmware settings")),
    ("/sys/fs/cgroup", _EXACT["/sys/fs/cgroup"]),
    ("/sys/kernel", _Row(_HIGH, _LOW, "the host's kernel, with its tracing and debugging")),
    ("/sys", _Row(_MEDIUM, _NONE, "devices and kernel settings of the host")),
    ("/run/dbus", _SYSTEM_BUS),
    ("/run/systemd", _SYSTEM_BUS),
    *(
        (folder, _MACHINES)
        for folder in ("/run/incus", "/run/libvirt", "/var/lib/incus", "/var/lib/libvirt", "/var/lib/lxd")
    ),
    ("/run/user", _Row(_MEDIUM, _MEDIUM, "the sockets of a user of the host")),
    ("/var/lib/docker/volumes", _Row(_NONE, _NONE, "")),
    ("/var/lib/docker", _ENGINE_DATA),
    ("/var/spool/cron", _START_UP),
)

_KEY_FOLDERS = frozenset((".ssh", ".gnupg", ".netrc", ".git-credentials", ".password-store", ".vault-token"))
_LOGIN_FOLDERS = frozenset((".aws", ".azure", ".docker", ".kube"))
"""In a home these hold logins; below a project, tools of the same names keep their configuration there."""
_LOGINS = _Row(_HIGH, _MEDIUM, "keys and logins of a user of the host")
_DRIVE = re.compile(r"[A-Za-z]:/?\Z|[A-Za-z]:/(?:Windows|Users|Program Files)(?:/|\Z)", re.IGNORECASE)
_ONE_HOME = re.compile(r"/(?:home|Users)/[^/]+\Z|~[^/]*\Z")
_DISKS = re.compile(
    r"/dev/(?:sd[a-z]|hd[a-z]|vd[a-z]|xvd|nvme\d|mmcblk|md\d|dm-|loop\d|nbd|rbd|zd\d|mapper|disk|sg\d|bsg)"
)
_DEVICES: tuple[tuple[str, Severity, str], ...] = (
    ("/dev/mem", _HIGH, "the host's memory"),
    ("/dev/kmem", _HIGH, "the host's memory"),
    ("/dev/port", _HIGH, "the host's input and output ports"),
    ("/dev/vfio", _HIGH, "devices that can read and write the host's memory"),
    ("/dev/input", _MEDIUM, "the host's keyboards and mice"),
    ("/dev/uinput", _MEDIUM, "a way to type and click on the host"),
)
_HARMLESS_DEVICES = frozenset(("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"))


def of_bind(path: str, read_only: bool) -> Hazard | None:
    """What a bind mount of a host path (as `compose.binds` spells it) gives away, or None.

    The sockets of container engines are no matter of this table: they have a pass of their own.
    """
    if path.startswith("/dev/") and path not in _EXACT:
        found = of_device(path)
        return found if found is None or not read_only else Hazard(min(found.severity, _MEDIUM), found.what)
    row = _row(path)
    severity = None if row is None else row.read_only if read_only else row.writable
    return None if row is None or severity is None else Hazard(severity, row.what)


def _row(path: str) -> _Row | None:
    if path in _EXACT:
        return _EXACT[path]
    if _DRIVE.match(path):
        return _EXACT["/"]._replace(writable=_HIGH)
    if _ONE_HOME.match(path):
        return _HOME
    if _holds_logins(path):
        return _LOGINS
    return next((row for folder, row in _BELOW if path == folder or path.startswith(folder + "/")), None)


def _holds_logins(path: str) -> bool:
    parts = set(path.split("/"))
    if not parts.isdisjoint(_KEY_FOLDERS) or "/.config/gcloud" in path:
        return True
    return path.startswith(("/", "~")) and not parts.isdisjoint(_LOGIN_FOLDERS)


def of_device(path: str) -> Hazard | None:
    """What a device of the host gives away; None for those that every container has anyway."""
    if path in _HARMLESS_DEVICES:
        return None
    if path == "/dev":
        return Hazard(_HIGH, "every device of the host")
    for name, severity, what in _DEVICES:
        if path == name or path.startswith(name + "/"):
            return Hazard(severity, what)
    if _DISKS.match(path):
        return Hazard(_HIGH, "a disk of the host, below all file permissions")
    return Hazard(_LOW, "a device of the host")
