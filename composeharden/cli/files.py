"""One file written whole: under another name in its folder first, on the disk, and only then by its own name."""

from __future__ import annotations

import contextlib
import os
import stat

JOURNAL = ".composeharden-journal"
"""What a run that writes several files leaves in the folder of the first one as long as it is at work."""


class WriteError(Exception):
    """The file was not written and is as it was; the message says why and what to do."""


def replace_one(path: str, data: bytes, like: str | None = None, mode: int = 0o644) -> None:
    """Write a file, with the attributes of another or a mode of its own. Raises OSError."""
    import tempfile  # most runs write nothing

    handle, temporary = tempfile.mkstemp(prefix=".composeharden-", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if like is None:
                os.fchmod(file.fileno(), mode)
            else:
                copy_attributes(like, file.fileno())
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path)


def copy_attributes(source: str, target: int) -> None:
    """Give an open file the owner, mode and extended attributes of another. Raises OSError."""
    info = os.stat(source)
    own = os.fstat(target)
    if (info.st_uid, info.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(target, info.st_uid, info.st_gid)
    os.fchmod(target, stat.S_IMODE(info.st_mode))
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):  # a file system without extended attributes has none to copy
            for name in os.listxattr(source):
                os.setxattr(target, name, os.getxattr(source, name))


def sync_folder(path: str) -> None:
    """Have the names in the folder of a file on the disk."""
    with contextlib.suppress(OSError):
        handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
