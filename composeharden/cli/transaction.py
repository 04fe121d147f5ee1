"""Writing several files as one: all of them or none, also where the disk is full or the process is killed.

A journal beside the Compose file says what is about to be written, before anything is. Every file is then prepared
under another name in its own folder, the journal is marked as committed, and the files get their names. The next run
completes what was committed, and takes back what was not. The files are named such that those that others rest on come
first: a new secret is there before the Compose file that mounts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from composeharden.cli.files import JOURNAL, WriteError, copy_attributes, sync_folder

_COMMITTED, _UNDONE = "committed", "undone"
_MOST_BYTES = 1024 * 1024
_FOREIGN = "it was not left here by an interrupted run; look at it, and remove it"


class Target(NamedTuple):
    """One file to write."""

    path: str
    data: bytes
    is_new: bool
    """Nothing has the name yet; otherwise the attributes of what is there are kept."""
    mode: int | None = None
    """None to keep that of the file that is there."""
    owner: tuple[int, int] | None = None
    folder_mode: int = 0o755
    """Of a folder that has to be made for it."""


class _File(NamedTuple):
    """One file as the journal has it; paths are as seen from the journal's folder."""

    target: str
    temporary: str
    old: str
    """A second name of what is there, to go back to it; empty for a new file."""


def write_together(folder: str, targets: Sequence[Target]) -> None:
    """Write all targets, or none.

    Raises:
        WriteError: one of them cannot be written; everything is as it was.
    """
    with _Journal(folder) as journal:
        if journal.finish():
            journal.open()
        mark = os.urandom(8).hex()
        files = []
        for number, one in enumerate(targets):
            name = f".composeharden-{mark}-{number}"
            target = os.path.relpath(one.path, folder or ".")
            beside = os.path.join(os.path.dirname(target), name)
            files.append(_File(target, beside + ".new", "" if one.is_new else beside + ".old"))
        folders = list(dict.fromkeys(path for one in targets for path in _missing_folders(one.path, folder)))
        try:
            journal.begin(files, folders)
            _prepare(journal, files, folders, targets)
            journal.commit()
            journal.name_all()
        except BaseException as error:
            try:
                journal.give_up()
            except OSError:
                raise WriteError("the disk takes no more in the midst of it; make room, and run again") from None
            if isinstance(error, OSError):
                raise WriteError(f"cannot be written: {error.strerror or error}") from None
            raise
        with contextlib.suppress(OSError):  # all is written: what is left over is left to the next run
            journal.remove_leftovers()


def recover(folder: str) -> str:
    """Bring to an end what an interrupted run left in a folder: "" for nothing, else what was done, as a sentence.

    Raises:
        WriteError: it cannot be told what to do.
    """
    if not os.path.lexists(os.path.join(folder, JOURNAL)):
        return ""
    with _Journal(folder) as journal:
        done = journal.finish()
        if not done:
            os.unlink(journal.name)
        return done


def _missing_folders(path: str, folder: str) -> Iterator[str]:
    """Folders to be made for a file, the uppermost first."""
    missing = []
    parent = os.path.dirname(path)
    while parent and not os.path.lexists(parent):
        missing.append(os.path.relpath(parent, folder or "."))
        parent = os.path.dirname(parent)
    yield from reversed(missing)


def _prepare(journal: _Journal, files: list[_File], folders: list[str], targets: Sequence[Target]) -> None:
    for name in folders:
        path = journal.path(name)
        below = next(one for one, file in zip(targets, files, strict=True) if file.target.startswith(name + os.sep))
        os.mkdir(path, below.folder_mode)
        if below.owner is not None:
            os.chown(path, *below.owner)
        sync_folder(path)
    for one, file in zip(targets, files, strict=True):
        if not one.is_new:
            _second_name(journal.path(file.target), journal.path(file.old))
        handle = os.open(journal.path(file.temporary), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(one.data)
            stream.flush()
            if not one.is_new:
                copy_attributes(one.path, handle)
            elif one.owner is not None:
                os.fchown(handle, *one.owner)
            if one.mode is not None:
                os.fchmod(handle, one.mode)
            os.fsync(handle)
    for name in {os.path.dirname(file.target) for file in files}:
        sync_folder(journal.path(name, "x"))


def _second_name(path: str, other: str) -> None:
    """Keep what a file holds under another name, by a link or, where there are none, by a copy."""
    try:
        os.link(path, other)
    except FileExistsError:
        raise
    except OSError:
        with open(path, "rb") as source:
            handle = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(source.read())
                stream.flush()
                copy_attributes(path, handle)
                os.fsync(handle)


class _Journal:
    """The journal of a folder, locked while it is open: another run waits for this one."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.name = os.path.join(folder, JOURNAL)
        self.files: list[_File] = []
        self.folders: list[str] = []
        self.state = ""
        self.inodes: list[int] = []
        self.handle = -1

    def path(self, *names: str) -> str:
        """A path of the journal, as seen from here."""
        return os.path.normpath(os.path.join(self.folder, *names))

    def __enter__(self) -> _Journal:
        try:
            self.open()
        except OSError as error:
            raise WriteError(f"{self.name} cannot be written: {error.strerror or error}") from None
        return self

    def open(self) -> None:
        """Open it and wait for whoever has it locked. Raises OSError."""
        import fcntl

        if self.handle >= 0:
            os.close(self.handle)

        while True:
            handle = os.open(self.name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.lstat(self.name)):
                    self.handle = handle
                    return
            os.close(handle)  # another run was done with it, and has removed it

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)

    # -- what it says ------------------------------------------------------------------------------------------------

    def begin(self, files: list[_File], folders: list[str]) -> None:
        """Say what is about to be written."""
        self.files, self.folders, self.state = files, folders, ""
        data = {"version": 1, "inode": os.fstat(self.handle).st_ino, "files": files, "folders": folders}
        self._append(json.dumps(data))
        sync_folder(self.name)

    def commit(self) -> None:
        """Say that everything is prepared, and by which inodes it is known."""
        self.inodes = [os.lstat(self.path(file.temporary)).st_ino for file in self.files]
        self._append(" ".join((_COMMITTED, *map(str, self.inodes))))
        self.state = _COMMITTED

    def _append(self, line: str) -> None:
        os.lseek(self.handle, 0, os.SEEK_END)
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self.handle, data) :]
        os.fsync(self.handle)

    def _read(self) -> bool:
        """Take in what it says; False where that is nothing that was finished."""
        info = os.fstat(self.handle)
        if not stat.S_ISREG(info.st_mode) or info.st_size > _MOST_BYTES:
            raise WriteError(f"{self.name}: {_FOREIGN}")
        head, *states = os.pread(self.handle, _MOST_BYTES, 0).split(b"\n")
        if not states:
            return False
        try:
            data = json.loads(head)
            self.files = [_File(*map(str, one)) for one in data["files"]]
            self.folders = [str(name) for name in data["folders"]]
            is_own = data["version"] == 1 and data["inode"] == info.st_ino
        except (ValueError, TypeError, KeyError):
            is_own = False
        if not is_own or not all(map(_is_well_named, self.files)):
            raise WriteError(f"{self.name}: {_FOREIGN}")  # it may have come with a repository
        whole = [line.decode("ascii", "replace").split() for line in states[:-1]]
        self.state = whole[-1][0] if whole and whole[-1] else ""
        committed = next((line for line in whole if line[:1] == [_COMMITTED]), [])
        self.inodes = [int(word) for word in committed[1:] if word.isdecimal()]
        if committed and len(self.inodes) != len(self.files):
            raise WriteError(f"{self.name}: {_FOREIGN}")
        return True

    # -- what is done ------------------------------------------------------------------------------------------------

    def finish(self) -> str:
        """Complete or take back what an interrupted run left, as a sentence; empty where it left nothing."""
        try:
            if not self._read():
                os.ftruncate(self.handle, 0)
                return ""
            if self.state == _COMMITTED:
                self._require_unchanged()
                self.complete()
                return "an interrupted run was completed: " + ", ".join(file.target for file in self.files)
            if self.state == _UNDONE:
                self.undo()
                return "an interrupted run was undone"
            self.take_back()
            return "an interrupted run was taken back: it had changed nothing yet"
        except OSError as error:
            raise WriteError(f"what an interrupted run left cannot be finished: {error.strerror or error}") from None

    def _require_unchanged(self) -> None:
        for file in self.files:
            target, temporary = self.path(file.target), self.path(file.temporary)
            if os.path.lexists(temporary) and _is_changed(target, self.path(file.old) if file.old else ""):
                raise WriteError(
                    f"a run was interrupted before it wrote {target}, which has changed since. To give that run up, "
                    f"remove {self.name} and the files .composeharden-* beside those that it names"
                )

    def complete(self) -> None:
        """Bring what was committed to its end."""
        self.name_all()
        self.remove_leftovers()

    def name_all(self) -> None:
        """Give the prepared files their names."""
        for file in self.files:
            if os.path.lexists(self.path(file.temporary)):
                _give_name(self.path(file.temporary), self.path(file.target), is_new=not file.old)
        self._sync()

    def give_up(self) -> None:
        """Go back to what was there."""
        if self.state == _COMMITTED:
            self.undo()
        else:
            self.take_back()

    def take_back(self) -> None:
        """Remove what was prepared; nothing has its name yet."""
        for file in self.files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(file.temporary))
        self.remove_leftovers(folders=True)

    def undo(self) -> None:
        """Bring back what was there, also where some files have their names already."""
        if self.state != _UNDONE:
            self._append(_UNDONE)  # if even that fails, the next run completes it
            self.state = _UNDONE
        for file, inode in reversed(list(zip(self.files, self.inodes, strict=True))):
            target, temporary, old = self.path(file.target), self.path(file.temporary), self.path(file.old)
            if os.path.lexists(temporary):
                os.unlink(temporary)
            elif file.old and os.path.lexists(old):
                os.replace(old, target)
            elif not file.old:
                with contextlib.suppress(FileNotFoundError):
                    if os.lstat(target).st_ino == inode:  # else it is somebody else's
                        os.unlink(target)
        self._sync()
        self.remove_leftovers(folders=True)

    def _sync(self) -> None:
        for name in {os.path.dirname(file.target) for file in self.files}:
            sync_folder(self.path(name, "x"))

    def remove_leftovers(self, folders: bool = False) -> None:
        """Remove second names, folders that nothing came of, and the journal."""
        for file in self.files:
            if file.old:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path(file.old))
        for name in reversed(self.folders) if folders else ():
            with contextlib.suppress(OSError):  # it is not there yet, or somebody else uses it
                os.rmdir(self.path(name))
        self._sync()
        os.unlink(self.name)
        sync_folder(self.name)


def _is_well_named(file: _File) -> bool:
    """Whether the other names of a file are of this module, and beside it."""
    folder, start = os.path.dirname(file.target), ".composeharden-"
    names = [os.path.split(name) for name in (file.temporary, file.old) if name]
    return all(where == folder and name.startswith(start) and name.endswith((".new", ".old")) for where, name in names)


def _is_changed(target: str, old: str) -> bool:
    """Whether a file is not what it was when it was prepared."""
    if not old:
        return os.path.lexists(target)
    try:
        with open(target, "rb") as now, open(old, "rb") as then:
            return os.path.islink(target) or now.read() != then.read()
    except OSError:
        return True


def _give_name(temporary: str, target: str, is_new: bool) -> None:
    """Rename a prepared file. A new one takes no name that somebody else gave away meanwhile."""
    if is_new and os.path.lexists(target):
        raise FileExistsError(17, f"{target} is there by now")
    os.replace(temporary, target)


__all__ = ["JOURNAL", "Target", "recover", "write_together"]
