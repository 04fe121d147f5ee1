"""Files that a fix writes beside the Compose files: new ones, and lines at the end of those that are there.

What is there is never overwritten: a new file that is there already must hold the same, and lines are only added.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file of its own. Its folder is made where it is missing."""

    path: str
    """As the reader of the project understands it."""
    content: bytes = field(repr=False)
    mode: int = 0o644
    folder_mode: int = 0o755
    """Of a folder that is made for it."""
    is_private: bool = False
    """No output tells the content, not even a patch."""


@dataclass(frozen=True, slots=True)
class NewLines:
    """Lines at the end of a file, which is made where it is missing; those that it has already are not repeated."""

    path: str
    lines: tuple[str, ...] = field(repr=False)
    mode: int = 0o644
    """Of the file where it is made."""
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Assembled:
    """A file that several findings each have lines in, between a beginning and an end that are always the same.

    One that is there may have lines of an earlier run; they stay, and come first.
    """

    path: str
    head: str
    lines: tuple[str, ...]
    tail: str
    mode: int = 0o644

    def within(self, there: bytes | None) -> NewFile:
        """The whole file, with what is there as its beginning. Raises Taken where that is something else."""
        held: list[str] = []
        if there is not None:
            text = there.decode("utf-8", "replace")
            end = len(text) - len(self.tail)
            if not (text.startswith(self.head) and text.endswith(self.tail) and end >= len(self.head)):
                raise Taken(f"{self.path} is there already with other content, and is never overwritten")
            held = text[len(self.head) : end].splitlines()
        lines = [*held, *(line for line in self.lines if line not in held)]
        return _Whole(self.path, (self.head + "".join(f"{line}\n" for line in lines) + self.tail).encode(), self.mode)


class _Whole(NewFile):
    """A file that was assembled: what is there is part of it."""


SideFile = NewFile | NewLines | Assembled


@dataclass(frozen=True, slots=True)
class Beside:
    """A side file as it is to be written."""

    path: str
    before: bytes | None = field(repr=False)
    """None where it is not there yet."""
    after: bytes = field(repr=False)
    mode: int
    """Of a file that is made; one that is there keeps its own, less what is not wanted of a private one."""
    folder_mode: int
    is_private: bool


class Taken(Exception):
    """A side file that cannot be written. The message never tells a value."""


class SideFiles:
    """The side files of several findings, together."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self.read = read
        self._there: dict[str, bytes | None] = {}
        self._new: dict[str, NewFile] = {}
        self._lines: dict[str, list[NewLines]] = {}

    def add(self, files: Iterable[SideFile]) -> None:
        """Take the side files of one finding in. Raises Taken, and takes none of them, where one cannot be written."""
        whole = [one.within(self.text_after(one.path)) if isinstance(one, Assembled) else one for one in files]
        for one in whole:
            self._check(one)
        for one in whole:
            if isinstance(one, NewFile):
                self._new[posixpath.normpath(one.path)] = one
            else:
                self._lines.setdefault(posixpath.normpath(one.path), []).append(one)

    def _check(self, one: NewFile | NewLines) -> None:
        path = posixpath.normpath(one.path)
        there = self._content(path)
        if isinstance(one, (NewLines, _Whole)):
            return
        known = self._new.get(path)
        if known is not None and known.content != one.content:
            raise Taken(f"two changes would write different content to {path}")
        if there is not None and there != one.content:
            raise Taken(f"{path} is there already with other content, and is never overwritten")

    def _content(self, path: str) -> bytes | None:
        if path not in self._there:
            try:
                self._there[path] = self.read(path)
            except (FileNotFoundError, NotADirectoryError):
                self._there[path] = None
            except OSError as error:
                raise Taken(f"{path} cannot be looked at: {error.strerror or error}") from None
        return self._there[path]

    def text_after(self, path: str) -> bytes | None:
        """The content of a file once everything is written; None where it is not there even then."""
        path = posixpath.normpath(path)
        if path in self._new:
            return self._new[path].content
        there = self._content(path)
        return _appended(there, self._lines[path]) if path in self._lines else there

    def result(self) -> list[Beside]:
        """What is to be written, in the order of paths; nothing for a file that is as it should be."""
        found = []
        for path in sorted({*self._new, *self._lines}):
            before, after = self._content(path), self.text_after(path)
            assert after is not None
            if before == after:
                continue
            one = self._new.get(path)
            lines = self._lines.get(path, [])
            mode = one.mode if one is not None else min(line.mode for line in lines)
            private = one.is_private if one is not None else any(line.is_private for line in lines)
            found.append(Beside(path, before, after, mode, one.folder_mode if one is not None else 0o755, private))
        return found


def _appended(there: bytes | None, wanted: Iterable[NewLines]) -> bytes:
    """The bytes that are there, untouched, and the lines that they do not have yet."""
    held = there or b""
    newline = b"\r\n" if b"\r\n" in held else b"\n"
    known = {line.rstrip(b"\r") for line in held.split(b"\n")}
    added = b""
    for one in wanted:
        for line in one.lines:
            data = line.encode("utf-8")
            if data not in known:
                known.add(data)
                added += data + newline
    gap = newline if added and held and not held.endswith(b"\n") else b""
    return held + gap + added
