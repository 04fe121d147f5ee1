"""Files of the host that a stack mounts: what each is, and how a container gets a copy of it or nothing.

A copy of a folder is a volume: the engine writes it, so that owners and modes stay whoever runs this, and what a
service does to it goes with the volume.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import tarfile
from dataclasses import dataclass

from composeharden.engine import Docker, Throwaway, remove
from composeharden.verify.allowed import MEBIBYTE, Allowed

_MOST_FOLDERS = 50_000
_INSIDE = "composeharden-copy"
_SYSTEM = frozenset(
    (
        "/",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/media",
        "/mnt",
        "/opt",
        "/proc",
        "/root",
        "/run",
        "/srv",
        "/sys",
        "/tmp",
        "/usr",
        "/var",
        "/var/lib",
        "/var/log",
        "/var/run",
    )
)
_SYSTEM_BELOW = ("/dev/", "/proc/", "/sys/", "/run/", "/var/run/", "/var/lib/docker/", "/var/lib/containerd/", "/boot/")


@dataclass(frozen=True)
class HostFile:
    """One mounted path of the host, and what becomes of it: `copy`, `file`, `empty`, `as-it-is` or `host`."""

    source: str
    treatment: str
    note: str = ""
    """What a person should know of it."""

    @property
    def is_refused(self) -> bool:
        """Whether it is only mounted, read-only, when the user allows it."""
        return self.treatment == "host"


def look_at(source: str, is_read_only: bool, project_directory: str, allowed: Allowed) -> HostFile:
    """Decide what becomes of a mounted path."""
    real = os.path.realpath(source)
    if real in _SYSTEM or (real + "/").startswith(_SYSTEM_BELOW):
        return HostFile(source, "host", f"{source} is part of this machine")
    try:
        info = os.stat(real)
    except FileNotFoundError:
        return HostFile(source, "empty", f"{source} is not there: it starts as an empty folder")
    except OSError as error:
        return HostFile(
            source, "empty", f"{source} cannot be looked at ({error.strerror}): it starts as an empty folder"
        )
    if stat.S_ISREG(info.st_mode):
        if not os.access(real, os.R_OK):
            return HostFile(source, "host", f"{source} cannot be read by you")
        if info.st_size > allowed.copy_bytes:
            return HostFile(source, "host", f"{source} is larger than {_size(allowed.copy_bytes)}")
        return HostFile(source, "file")
    if not stat.S_ISDIR(info.st_mode):
        kind = "socket" if stat.S_ISSOCK(info.st_mode) else "device"
        return HostFile(source, "host", f"{source} is a {kind} of this machine")
    problem = _against_copy(real, allowed)
    if not problem:
        return HostFile(source, "copy")
    if is_read_only and _lies_in(real, project_directory) and problem != _UNREADABLE and _has_only_files(real):
        return HostFile(source, "as-it-is", f"{source} is mounted as it is, read-only: {problem}")
    return HostFile(source, "empty", f"{source} starts empty: {problem}")


_UNREADABLE = "you may not read all of it"


def _against_copy(folder: str, allowed: Allowed) -> str:
    """Why a folder is not copied, or empty."""
    size = count = 0
    denied: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=denied.append):
        count += len(folders) + len(names)
        if denied:
            return _UNREADABLE
        if count > allowed.copy_files:
            return f"it has more than {allowed.copy_files} files"
        for name in names:
            path = os.path.join(root, name)
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode):
                size += info.st_size
                if not os.access(path, os.R_OK):
                    return _UNREADABLE
            if size > allowed.copy_bytes:
                return f"it holds more than {_size(allowed.copy_bytes)} (--copy-limit)"
    return _UNREADABLE if denied else ""


def _has_only_files(folder: str) -> bool:
    """Whether a folder that is mounted as it is leads nowhere else.

    A socket answers through a read-only mount, too, and what is mounted below stays writable on older engines.
    """
    if any(place.startswith(folder.rstrip("/") + "/") for place in _mount_points()):
        return False
    left = [folder]
    for _ in range(_MOST_FOLDERS):
        if not left:
            return True
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    elif not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
                        return False
        except OSError:
            return False
    return False


def _mount_points() -> list[str]:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            words = [line.split() for line in file]
    except OSError:
        return []
    return [re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), row[4]) for row in words if len(row) > 4]


def fill(docker: Docker, own: Throwaway, host_file: HostFile, volume: str, image: str) -> None:
    """Put a copy of a folder, or an empty one with its owner and mode, into a volume. Raises EngineError."""
    labels = own.label_arguments
    helper = f"{volume}-copy"
    mount = f"type=volume,source={volume},target=/{_INSIDE},volume-nocopy"
    docker.run("container", "create", *labels, "--name", helper, "--network", "none", "--mount", mount, image, "true")
    try:
        docker.run("cp", "-", f"{helper}:/", stdin=_archive(host_file), timeout=120)
    finally:
        remove(docker, "container", helper)


def copy_file(host_file: HostFile, target: str) -> None:
    """A copy of one file, with its mode, and its owner as far as we may. Raises OSError."""
    real = os.path.realpath(host_file.source)
    shutil.copyfile(real, target)
    info = os.stat(real)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(target, info.st_uid, info.st_gid)
    os.chmod(target, stat.S_IMODE(info.st_mode))


def _archive(host_file: HostFile) -> bytes:
    out = io.BytesIO()
    folder = os.path.realpath(host_file.source)
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        if not os.path.isdir(folder):
            top = tarfile.TarInfo(_INSIDE)
            top.type, top.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(top)
        else:
            archive.add(folder, _INSIDE, recursive=host_file.treatment == "copy", filter=_portable)
    return out.getvalue()


def _portable(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Numbers instead of names of owners; no sockets, pipes and devices."""
    info.uname = info.gname = ""
    return info if info.isreg() or info.isdir() or info.issym() or info.islnk() else None


def _lies_in(path: str, folder: str) -> bool:
    top = os.path.realpath(folder)
    return path == top or path.startswith(top.rstrip("/") + "/")


def _size(count: int) -> str:
    return f"{count // MEBIBYTE} MiB"
