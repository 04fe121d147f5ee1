"""Writing a patched file so that nothing is lost: atomically, with its mode, owner and attributes, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import stat
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from composeharden.cli.files import WriteError, replace_one, sync_folder
from composeharden.cli.git import NOTHING_REMOTE, UNCONFIGURED
from composeharden.cli.inputs import lies_in, read

if TYPE_CHECKING:
    from composeharden.beside import Beside
    from composeharden.cli.transaction import Target


__all__ = ["WriteError", "Written", "create_file", "replace_file", "replace_files", "write_new"]


class Written(NamedTuple):
    """A file that was replaced, and how to go back."""

    path: str
    undo: str


def replace_file(path: str, before: bytes, after: bytes) -> Written:
    """Replace the content of `path`, which must still be `before`, by `after`: see `replace_files`."""
    return replace_files([(path, before, after)])[0]


def replace_files(
    changes: Sequence[tuple[str, bytes, bytes]], beside: Sequence[Beside] = (), folder: str | None = None
) -> list[Written]:
    """Replace the content of files, given as path, content before and content after, and write the files beside them.

    All of them are written or none. A file that git does not hold as it is, committed or staged, is kept as
    `<path>.orig` first. A symbolic link is written through when its target lies in the folder of the link or below.
    `folder` is that of the project, where the next run looks for what this one could not finish; None for that of the
    first file.

    Raises:
        WriteError: one of them changed meanwhile, is read-only, leads out of the project, or the disk is full.
    """
    try:
        targets = [_checked(path, before, len(changes) > 1) for path, before, _ in changes]
        if not beside and len(changes) < 2:
            undo = [
                _undo(path, target, before, None) for target, (path, before, _) in zip(targets, changes, strict=True)
            ]
            for target, (_, _, after) in zip(targets, changes, strict=True):
                replace_one(target, after, like=target)
            return undo
        return _together(targets, changes, beside, os.path.dirname(changes[0][0]) if folder is None else folder)
    except OSError as error:
        raise WriteError(f"cannot be written: {error.strerror or error}") from None


def _together(
    targets: Sequence[str], changes: Sequence[tuple[str, bytes, bytes]], beside: Sequence[Beside], folder: str
) -> list[Written]:
    from composeharden.cli.transaction import Target, write_together  # most runs change one file

    copies: list[tuple[str, str, bytes]] = []
    undo = [_undo(path, target, before, copies) for target, (path, before, _) in zip(targets, changes, strict=True)]
    main = os.stat(targets[0])
    owner = (main.st_uid, main.st_gid) if os.geteuid() == 0 else None
    files = [_beside(one, owner, folder, main.st_mode) for one in beside]
    for backup, target, before in copies:
        info = os.stat(target)
        own = (info.st_uid, info.st_gid) if os.geteuid() == 0 else None
        files.append(Target(backup, before, True, stat.S_IMODE(info.st_mode), own))
    files += [Target(target, after, False) for target, (_, _, after) in zip(targets, changes, strict=True)]
    write_together(folder, files)
    return [*undo, *(_undo_beside(one) for one in beside)]


def _beside(one: Beside, owner: tuple[int, int] | None, folder: str, readers: int) -> Target:
    """A file beside the Compose files, checked to be what it was when it was decided on. Raises WriteError."""
    from composeharden.cli.transaction import Target

    target, parent = _target(one.path), os.path.dirname(one.path)
    if not lies_in(parent or ".", os.path.realpath(folder or ".")):
        raise WriteError(f"{parent} is a link that leads out of the project")
    if one.before is None:
        if os.path.lexists(target):
            raise WriteError(f"{one.path} is there by now; run again")
        if one.is_private and one.mode & 0o044 and os.path.isdir(parent):
            _require_closed(parent, readers)
        return Target(target, one.after, True, one.mode, owner, one.folder_mode)
    if read(target) != one.before:
        raise WriteError(f"{one.path} was changed by someone else meanwhile; run again")
    mode = stat.S_IMODE(os.stat(target).st_mode)
    is_open = one.is_private and bool(mode & 0o007)
    return Target(target, one.after, False, one.mode if is_open else None)


def _require_closed(folder: str, readers: int) -> None:
    """Raise WriteError where somebody can enter a folder who cannot read the Compose file, which has the value now."""
    mode = os.stat(folder).st_mode
    for enter, may_read in ((0o010, 0o040), (0o001, 0o004)):
        if mode & enter and not readers & may_read:
            raise WriteError(f"{folder} can be entered by more than can read the Compose file; chmod 700 it first")


def _undo_beside(one: Beside) -> Written:
    if one.before is None:
        return Written(one.path, f"rm -- {shlex.quote(one.path)}")
    if not one.after.startswith(one.before):
        return Written(one.path, f"# {shlex.quote(one.path)} has more in it now, which does no harm")
    added = len(one.after.splitlines()) - len(one.before.splitlines())
    lines = f"the last {added} lines" if added > 1 else "the last line"
    return Written(one.path, f"# take {lines} out of {shlex.quote(one.path)} again")


def _checked(path: str, before: bytes, is_one_of_several: bool) -> str:
    """The file that is written for a path. Raises WriteError where it must not be."""
    prefix = f"{path}: " if is_one_of_several else ""
    try:
        target = _target(path)
        if read(target) != before:
            raise WriteError("it was changed by someone else meanwhile; run again")
        if not os.stat(target).st_mode & 0o222:
            raise WriteError("it is read-only; make it writable (chmod u+w) to have it patched")
    except WriteError as error:
        raise WriteError(f"{prefix}{error}") from None
    return target


def _undo(path: str, target: str, before: bytes, copies: list[tuple[str, str, bytes]] | None) -> Written:
    """Keep the old content where git does not have it, and tell how to go back to it.

    With `copies`, a copy that is needed is only added there: its path, the file it is of, and the content.
    """
    in_git = _is_clean_in_git(target, before)
    return Written(path, f"git restore -- {shlex.quote(path)}" if in_git else _keep(path, target, before, copies))


def write_new(path: str, data: bytes, mode: int) -> None:
    """Write a file of our own (`-o`, `--patch`), atomically. Raises WriteError."""
    try:
        replace_one(path, data, mode=mode)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror or error}") from None


def create_file(path: str, data: bytes) -> Written:
    """Write a file that is not there yet, whole or not at all, with the mode that new files have.

    Raises:
        WriteError: something has that name by now, be it a link to nothing, or the folder takes no file.
    """
    folder = os.path.dirname(path) or "."
    temporary = os.path.join(folder, f".composeharden-{os.getpid()}-{os.urandom(8).hex()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _name_new(temporary, path)
    except FileExistsError:
        raise WriteError(f"{path} is there already; it is left as it is") from None
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    sync_folder(path)
    return Written(path, f"rm -- {shlex.quote(path)}")


def _name_new(temporary: str, path: str) -> None:
    """Give a file its name, unless something has that name. Raises FileExistsError."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        os.rename(temporary, path)


def _target(path: str) -> str:
    if not os.path.islink(path):
        return path
    target, folder = os.path.realpath(path), os.path.realpath(os.path.dirname(path) or ".")
    if os.path.commonpath((target, folder)) != folder:
        raise WriteError("it is a link that leads out of its folder; name the file itself")
    return target


def _keep(path: str, target: str, before: bytes, copies: list[tuple[str, str, bytes]] | None) -> str:
    """Keep the old content beside the file; whatever has such a name already is left alone."""
    for number in range(1, 1000):
        backup = f"{target}.orig" + ("" if number == 1 else f".{number}")
        if os.path.lexists(backup):
            if not _holds(backup, before):
                continue
        elif copies is None:
            replace_one(backup, before, like=target)
        else:
            copies.append((backup, target, before))
        return f"mv -- {shlex.quote(backup)} {shlex.quote(target if target != path else path)}"
    raise WriteError("there are a thousand copies beside it already; remove some of the .orig files")


def _holds(path: str, data: bytes) -> bool:
    """True for a regular file with this content. A link is none, and a pipe or device is never read."""
    try:
        info = os.lstat(path)
        return stat.S_ISREG(info.st_mode) and info.st_size == len(data) and read(path) == data
    except OSError:
        return False


def _is_clean_in_git(path: str, data: bytes) -> bool:
    """True when git has `data` as this file in its index, from which it is restored; committed or, for a hook, staged.

    Only the name of the blob is asked for, so that no filter is run that the repository configures, and only of a
    repository in a folder `.git`: a folder that is laid out as a bare repository can come with any commit.
    """
    environment = {**os.environ, **NOTHING_REMOTE}
    # `git commit -a` runs its hooks with an index that is gone when they fail.
    environment.pop("GIT_INDEX_FILE", None)
    try:
        done = subprocess.run(
            ["git", *UNCONFIGURED, "rev-parse", "--verify", ":0:./" + os.path.basename(path)],
            cwd=os.path.dirname(path) or ".",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            env=environment,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    found = done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else ""
    return found == _blob(data, len(found))


def _blob(data: bytes, length: int) -> str:
    """The name of a blob in a repository whose names have that length."""
    name = hashlib.sha256 if length == 64 else hashlib.sha1  # the repository's choice, not a matter of security
    return name(b"blob %d\0" % len(data) + data).hexdigest()
