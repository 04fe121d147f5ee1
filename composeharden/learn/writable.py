"""Which paths may have to stay writable under a read-only root: from what a run wrote, and from what failed in another.

`docker diff` shows what is left of a run. It misses files that were created and removed again, so /tmp is always
offered where a shell or an interpreter is there, and a trial tells the rest in its log.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from composeharden.learn.contents import Contents
from composeharden.learn.setting import Path
from composeharden.verify.vanishing import is_below, may_vanish

_PASSING = re.compile(r"\.(pid|sock|socket|lock|lck|tmp|log)$|/\.[^/]*(lock|sock)$")
"""Files that may vanish, wherever they lie."""
_NEVER = ("/dev", "/proc", "/sys", "/.dockerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/mtab")
_TOO_BROAD = frozenset(
    (
        *("/", "/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/sbin", "/srv", "/usr"),
        *("/usr/local", "/var", "/var/lib"),
    )
)
_NAMED = re.compile(r"""(?:["'(\s:=]|^)(/[\w.+@~/-]+)""")
_SAYABLE = re.compile(r"/[^\s:,$\x00-\x1f\x7f]+")
"""Paths that a short form of Compose can hold, and facts can; an image may well have others."""
_REFUSED = re.compile(r"read-only file system|EROFS", re.IGNORECASE)


def candidates(
    written: Iterable[tuple[str, str]],
    contents: Contents,
    mounted: Iterable[str],
    service: str,
    sockets: Iterable[str] = (),
) -> tuple[Path, ...]:
    """The paths that the container wrote to and that no volume covers, and /tmp; widest first.

    Args:
        written: what `docker diff` says of the un-hardened run.
        contents: of its image.
        mounted: where volumes are.
        service: uid:gid of whoever serves in the end; empty for root.
        sockets: the paths that sockets were bound to; some are renamed after that.
    """
    bound = [contents.real(path) for path in sockets]
    volumes = [contents.real(path) for path in mounted]
    found = {"/tmp"} if contents.has_runtime or "/tmp" in contents.folders else set()
    listed = [(kind, path) for kind, path in written if not is_below(path, _NEVER)]
    for kind, path in listed:
        is_folder = path in contents.folders or any(other.startswith(path + "/") for _, other in listed)
        if (kind == "C" and is_folder) or is_below(path, volumes):
            continue
        if any(volume.startswith(path + "/") for volume in volumes):
            continue  # a mount point that the engine has made
        found.add(place(path, contents, is_folder))
    files = [path for _, path in listed if path not in contents.folders]
    return _rows(found, contents, service, files, bound)


def is_sayable(path: str) -> bool:
    """Whether facts can name a path."""
    return _SAYABLE.fullmatch(path) is not None


def place(path: str, contents: Contents, is_folder: bool = False) -> str:
    """The folder that has to be writable for `path` to be written: the nearest that the image has and may be hidden."""
    path = contents.real(path)
    folder = path if is_folder else posixpath.dirname(path)
    while folder not in contents.folders and folder != "/":
        parent = posixpath.dirname(folder)
        if parent in _TOO_BROAD or parent in contents.filled:
            break  # this one is made by the container itself: nothing of the image is hidden
        folder = parent
    return folder


def refused(log: Iterable[str], contents: Contents, known: Iterable[Path], service: str) -> tuple[Path, ...]:
    """The paths in messages about a read-only file system that are not writable yet."""
    have = [row.path for row in known]
    found = set()
    for line in log:
        for name in _NAMED.findall(line) if _REFUSED.search(line) else ():
            path = contents.real(posixpath.normpath(name.rstrip(".:,;")))
            if path != "/" and not is_below(path, _NEVER) and not is_below(path, have):
                found.add(place(path, contents, path in contents.folders))
    return _rows(found, contents, service)


def _rows(
    found: Iterable[str], contents: Contents, service: str, written: Iterable[str] = (), bound: Sequence[str] = ()
) -> tuple[Path, ...]:
    rows: list[Path] = []
    for path in sorted(found, key=lambda path: (path.count("/"), path)):
        if _SAYABLE.fullmatch(path) and not is_below(path, [row.path for row in rows]):
            files = [file for file in written if file.startswith(path + "/")]
            passing = all(_PASSING.search(file) or any(one.startswith(file) for one in bound) for file in files)
            rows.append(Path(path, _kind(path, contents, bool(files) and passing), _owner(path, contents, service)))
    return tuple(rows)


def _kind(path: str, contents: Contents, passing: bool) -> str:
    """A tmpfs hides what the image has there, and forgets: it is for what may vanish only."""
    if path in contents.filled and path != "/tmp":
        return "volume"
    return "tmpfs" if may_vanish(path) or passing else "volume"


def _owner(path: str, contents: Contents, service: str) -> str:
    """A tmpfs belongs to whom the folder belongs to that it hides."""
    folder = contents.folders.get(path)
    uid = service.partition(":")[0]
    return "service" if folder is not None and uid and str(folder.uid) == uid and folder.uid else "root"
