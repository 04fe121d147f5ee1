"""Files that a stack names and that lie in its own folder: environment files and mounted configuration.

They are read through the project's reader, never outside the folder of the Compose file, and only looked at: what an
environment file sets leaves this module as text to be judged, never as part of the stack.
"""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.dotenv import DotenvError, parse
from composeharden.compose.values import as_text

if TYPE_CHECKING:
    from composeharden.compose.project import Project

_MOST_BYTES = 1024 * 1024
_MOST_FILES = 200


def text_of(project: Project, path: str) -> str | None:
    """The text of a file, or of all files of a folder, by its path relative to the Compose file.

    None where it lies elsewhere or cannot be read.
    """
    place = _inside(project, path)
    if place is None or project.read is None:
        return None
    try:
        data = project.read(place)
    except IsADirectoryError:
        return _folder(project, place)
    except OSError:
        return None
    return data.decode("utf-8", "replace") if len(data) <= _MOST_BYTES else None  # a part of it could mislead


def _folder(project: Project, place: str) -> str | None:
    assert project.read is not None
    try:
        listed = project.read(place + "/").decode("utf-8", "surrogateescape")
        names = listed.split("\n") if listed else []
        texts: list[str] = []
        room = _MOST_BYTES
        for name in names if len(names) <= _MOST_FILES else ():
            texts.append(project.read(posixpath.join(place, name)).decode("utf-8", "replace"))
            room -= len(texts[-1])
            if room < 0:
                return None
    except OSError:
        return None
    return "\n".join(texts) if len(names) <= _MOST_FILES else None


def _inside(project: Project, path: str) -> str | None:
    relative = posixpath.normpath(path) if path else ""
    if not relative or relative.startswith(("/", "~", "..")) or "$" in relative or "\0" in relative:
        return None
    return posixpath.join(project.directory, relative)


def environment_names(project: Project, env_file: Any) -> tuple[set[str], bool]:
    """The variables that environment files set, by name, and whether every one of the files could be read."""
    names: set[str] = set()
    complete = True
    for item in env_file if isinstance(env_file, list) else [env_file] if env_file is not None else []:
        required = not isinstance(item, dict) or item.get("required", True) is not False
        text = text_of(project, as_text(item.get("path") if isinstance(item, dict) else item))
        found = _names(text, frozenset(project.variables.items())) if text is not None else None
        if found is None:
            complete = complete and (not required and text is None)
            continue
        names |= found
    return names, complete


class Line(NamedTuple):
    """One line of an environment file that gives a variable a value."""

    file: str
    number: int
    name: str
    raw: str
    """The value before variables are filled in, without its quotes."""


def environment_lines(project: Project, env_file: Any) -> Iterator[Line]:
    """The lines of the environment files that can be read and that Compose takes; of a value only its first line."""
    for item in env_file if isinstance(env_file, list) else [env_file] if env_file is not None else []:
        path = as_text(item.get("path") if isinstance(item, dict) else item)
        text = text_of(project, path)
        names = _names(text, frozenset(project.variables.items())) if text is not None else None
        for number, line in enumerate(text.split("\n") if text is not None and names else (), 1):
            match = _assignment().match(line)
            if match is not None and match["name"] in (names or ()):
                place = _inside(project, path)
                assert place is not None  # it was read
                yield Line(place, number, match["name"], _unquoted(match["value"].strip()))


@functools.cache
def _assignment() -> re.Pattern[str]:
    return re.compile(r"\s{0,80}(?:export\s{1,80})?(?P<name>[\w.-]{1,200})\s{0,80}[=:](?P<value>.*)")


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in ("'", '"') and quote:
        value = value[1:].partition(quote)[0]
        return value.replace("$", "$$") if quote == "'" else value
    return value.partition(" #")[0].rstrip()


def is_ignored(project: Project, path: str) -> bool:
    """Whether a `.gitignore` beside the Compose file keeps a file below it out of the repository."""
    place = posixpath.relpath(path, project.directory or ".")
    ignored = False
    for line in (text_of(project, ".gitignore") or "").splitlines()[:_MOST_LINES]:
        pattern = line.rstrip()
        if pattern and not pattern.startswith("#") and _covers(pattern.lstrip("!"), place):
            ignored = not pattern.startswith("!")
    return ignored


_MOST_LINES = 5_000


def _covers(pattern: str, place: str) -> bool:
    parts = place.split("/")
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    places = folders if pattern.endswith("/") else [*folders, place]
    pattern = pattern.rstrip("/")
    if "/" in pattern:
        return any(fnmatch.fnmatchcase(one, pattern.lstrip("/").replace("**/", "*")) for one in places)
    return any(fnmatch.fnmatchcase(posixpath.basename(one), pattern) for one in places)


class _Outside(dict[str, str]):
    """Variables of a shell nobody has seen: any that a file takes from outside may be set."""

    def __contains__(self, name: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return ""


@functools.lru_cache(maxsize=8)  # many services can name the same large file
def _names(text: str, variables: frozenset[tuple[str, str]]) -> frozenset[str] | None:
    """The names that the text of an environment file sets; None for one that Compose refuses."""
    try:
        return frozenset(parse(text, _Outside(variables)))
    except DotenvError:
        return None
