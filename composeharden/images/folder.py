"""A folder of facts that a user wrote. All its files are judged on the first use: a broken one is never passed over."""

from __future__ import annotations

import functools
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.outcome import Location, Problem

MAX_BYTES = 1_000_000
"""Fifty times the longest file that the package brings."""


class FactsError(Exception):
    """Facts that cannot be used; `problems` say in which file, where, and what is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "; ".join(f"{item.location.file}:{item.location.line}: {item.message}" for item in self.problems)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return FactsError, (self.problems,)


class _Loaded(NamedTuple):
    documents: Mapping[str, Mapping[str, Any]]
    families: Mapping[str, str]
    """By repository."""


class Folder:
    """The facts files of one folder.

    Args:
        path: the folder, as the reader understands it; it is also shown in messages.
        read: path to bytes, and the path of a folder with a slash at its end to the names in it, one a line. This class
            opens nothing itself.
    """

    def __init__(self, path: str, read: Callable[[str], bytes]) -> None:
        self._path = path
        self._read = read

    def families(self) -> Iterator[str]:
        """The name of every family, sorted. Raises FactsError for a file that cannot be used."""
        yield from self._loaded.documents

    def family_of(self, repository: str) -> str | None:
        """The family that names a repository, or None. Raises FactsError for a file that cannot be used."""
        return self._loaded.families.get(repository)

    def document(self, family: str) -> Mapping[str, Any]:
        """The document of one family. Raises FactsError for a file that cannot be used."""
        return self._loaded.documents[family]

    def file(self, family: str) -> str:
        """The path of a family's file."""
        return posixpath.join(self._path, f"{family}.toml")

    @functools.cached_property
    def _loaded(self) -> _Loaded:
        documents: dict[str, Mapping[str, Any]] = {}
        families: dict[str, str] = {}
        problems: list[Problem] = []
        for name in self._names():
            file = self.file(name)
            document, found = _judged(name, file, self._read)
            problems += found
            for repository in document.get("repositories", ()) if not found else ():
                if repository in families:
                    other = self.file(families[repository])
                    problems.append(Problem(f"`{repository}` has facts in {other} too", Location(file)))
                families[repository] = name
            documents[name] = document
        if problems:
            raise FactsError(problems)
        return _Loaded(documents, families)

    def _names(self) -> list[str]:
        try:
            names = self._read(self._path + "/").decode("utf-8", "replace").splitlines()
        except OSError as error:
            raise FactsError([_unreadable(error, self._path)]) from None
        return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml") and name[0] != ".")


def _judged(name: str, file: str, read: Callable[[str], bytes]) -> tuple[Mapping[str, Any], list[Problem]]:
    try:
        data = read(file)
    except OSError as error:
        return {}, [_unreadable(error, file)]
    if len(data) > MAX_BYTES:
        return {}, [Problem(f"is larger than {MAX_BYTES} bytes", Location(file))]
    try:
        text = data.decode("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError:
        return {}, [Problem("is not UTF-8 text", Location(file))]
    except tomllib.TOMLDecodeError as error:
        return {}, [_syntax(error, file)]
    except RecursionError:
        return {}, [Problem("is nested too deeply", Location(file))]
    from composeharden.images.judge import judge  # brings jsonschema, which only facts of one's own need

    return document, judge(document, name, file, text)


def _unreadable(error: OSError, path: str) -> Problem:
    return Problem(f"cannot be read: {error.strerror or type(error).__name__}", Location(path), about_file=True)


def _syntax(error: tomllib.TOMLDecodeError, file: str) -> Problem:
    """Before Python 3.14 the place of a syntax error is in its message only."""
    message, _, place = str(error).partition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    line, column = numbers if len(numbers) == 2 else (1, 1)
    return Problem(f"is no TOML: {message[:1].lower()}{message[1:]}", Location(file, line, column))
