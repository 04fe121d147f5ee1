"""Which files a command works on, and how they are read: regular files only, bounded, never a device or a pipe."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from composeharden.compose.files import Files
from composeharden.compose.load import DEFAULTS
from composeharden.yaml.source import MAX_BYTES

STDIN = "-"
_SKIPPED = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        "vendor",
        ".venv",
        "venv",
        "__pycache__",
        ".tox",
        ".mypy_cache",
        ".terraform",
    )
)
_NAMES = re.compile(
    r"((docker|podman)[-_.]?)?(compose|stack)([-_.].*)?\.ya?ml|.*[-_.](compose|stack)\.ya?ml", re.IGNORECASE
)


class InputError(Exception):
    """An argument that names nothing to work on; the message says what to do."""


class OutwardLink(str):
    """A file that a search found and that is a link to somewhere outside of the folder searched: not read."""

    __slots__ = ()


class Selection(NamedTuple):
    """What a configuration says about a search, for the files and folders below its own."""

    takes: Callable[[str], bool]
    leaves_out: Callable[[str], bool]


SelectionOf = Callable[[str], Selection | None]
"""The selection that counts in a folder; None where the names alone decide."""


def expand(arguments: Iterable[str], recursive: bool, selection_of: SelectionOf = lambda folder: None) -> list[str]:
    """The files for the arguments of a command line, each once, in order.

    Without arguments: the file Compose itself would take, in this folder or the nearest one above. A folder stands for
    the same file in it, or with `recursive` for every Compose file below it, as `selection_of` has them.

    Raises:
        InputError: nothing is there.
    """
    found: dict[str, str] = {}
    for argument in list(arguments) or [""]:
        if argument == "" and not recursive:
            nearest = _nearest()
            found[nearest] = nearest
        elif argument != STDIN and os.path.isdir(argument or "."):
            for path in _in_folder(argument or ".", recursive, selection_of):
                found.setdefault(path, path)
        else:
            found[argument] = argument  # also where a search found it as a link
    return list(found.values())


def _nearest() -> str:
    folder = os.getcwd()
    while True:
        for name in DEFAULTS:
            if os.path.isfile(os.path.join(folder, name)):
                return os.path.relpath(os.path.join(folder, name))
        parent = os.path.dirname(folder)
        if parent == folder:
            raise InputError("no compose.yaml here or in a folder above; name a file, or use -r to search below")
        folder = parent


def _in_folder(folder: str, recursive: bool, selection_of: SelectionOf) -> Iterator[str]:
    if recursive:
        files = list(search(folder, selection_of))
        if not files:
            raise InputError(f"no Compose file in {folder} or below")
        yield from files
        return
    for name in DEFAULTS:
        if os.path.isfile(os.path.join(folder, name)):
            yield os.path.normpath(os.path.join(folder, name))
            return
    raise InputError(f"no compose.yaml in {folder}; use -r to search below it")


def search(folder: str, selection_of: SelectionOf) -> Iterator[str]:
    """Every Compose file in a folder and below, less what belongs to tools."""
    top = os.path.realpath(folder)
    for root, folders, names in os.walk(folder):
        own = selection_of(root)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and (own is None or not own.leaves_out(os.path.join(root, name)))
        )
        for name in sorted(names):
            path = os.path.normpath(os.path.join(root, name))
            if looks_like_compose(path) if own is None else own.takes(path):
                yield OutwardLink(path) if os.path.islink(path) and not lies_in(path, top) else path


def looks_like_compose(path: str) -> bool:
    """Whether a file has a name as Compose files have it."""
    return _NAMES.fullmatch(os.path.basename(path)) is not None


def lies_in(path: str, folder: str) -> bool:
    """Whether a path leads into a folder once links are followed; `folder` has none."""
    target = os.path.realpath(path)
    return target == folder or target.startswith(folder.rstrip(os.sep) + os.sep)


def reader(main: str) -> Callable[[str], bytes]:
    """A reader for one file: the file itself, and whatever lies in its folder once links are followed."""
    folder = os.path.dirname(main) if main != STDIN else None
    beside = _reader(folder, {main})

    def read_beside(path: str) -> bytes:
        if path == main and isinstance(main, OutwardLink):
            raise PermissionError(errno.EACCES, "it is a link out of the folder searched; name it to use it", path)
        return beside(path)

    return read_beside


def project_reader(
    files: Files, allow_outside: bool = False, named: Container[str] | None = None
) -> Callable[[str], bytes]:
    """A reader for a project: the files that were `named`, and whatever lies in its directory once links are followed.

    With `allow_outside` it reads any regular file. None for `named` stands for all that the project starts with.
    """
    first = files.paths[0]
    folder = files.directory if files.directory is not None else os.path.dirname(first) if first != STDIN else None
    started = {*files.paths, *(files.env_files or ())}
    return _reader(folder, started if named is None else named, allow_outside)


def _reader(folder: str | None, named: Container[str], allow_outside: bool = False) -> Callable[[str], bytes]:
    root = None if folder is None else os.path.realpath(folder or ".")

    def read_inside(path: str) -> bytes:
        if path in named:
            return read(path)
        if not allow_outside and (root is None or not lies_in(path, root)):
            if not os.path.lexists(path):
                raise FileNotFoundError(errno.ENOENT, "is not there", path)
            raise PermissionError(errno.EACCES, "lies outside the project", path)
        if path.endswith("/"):
            return b"\n".join(os.fsencode(entry.name) for entry in os.scandir(path) if entry.is_file())
        return read(path)

    return read_inside


def read(path: str) -> bytes:
    """The bytes of a regular file (or of standard input for `-`), at most one byte more than is accepted.

    Raises OSError for everything else: a folder, a pipe, a device, a missing file.
    """
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    _must_be_regular(os.stat(path), path)  # opening some devices has effects of its own
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    try:
        _must_be_regular(os.fstat(handle), path)  # it may have been replaced meanwhile
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(handle)


def _must_be_regular(info: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder", path)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", path)
