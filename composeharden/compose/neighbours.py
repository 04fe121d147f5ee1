"""Files that a stack names and that lie in its own folder: environment files and mounted configuration.

They are read through the project's reader, never outside the folder of the Compose file, and only looked at: no value
of an environment file leaves this module.
"""

from __future__ import annotations

import functools
import posixpath
from typing import TYPE_CHECKING, Any

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
