"""A configuration as plain data in which every part knows its place: from YAML, or a table of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any, NamedTuple

from composeharden.configuration import TABLE
from composeharden.images.lines import line_of
from composeharden.outcome import Location, Problem
from composeharden.yaml import nodes
from composeharden.yaml.source import Source, SourceError, load, to_data

MAX_BYTES = 1024 * 1024
Path = tuple[str | int, ...]


class Document(NamedTuple):
    """The settings as written."""

    data: Any
    place: Callable[[Path, bool], Location]
    """Where a value is written, or with True the key that leads to it."""


class Unreadable(Exception):
    """It cannot be read at all; `problem` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def from_yaml(file: str, data: bytes) -> Document:
    """The settings of a YAML file; none where it holds comments only. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable(_too_large(file))
    try:
        source = load(data)
    except SourceError as error:
        raise Unreadable(Problem(error.message, Location(file, *(error.position or (1, 1))))) from None
    roots = [root for root in source.documents if root is not None]
    if len(roots) > 1:
        raise Unreadable(
            Problem("a configuration is one document; remove the others", _location(file, source, roots[1].outer))
        )
    root = roots[0] if roots else None
    for node in nodes.walk(root) if root is not None else ():
        if isinstance(node, nodes.Alias) or node.anchor is not None or node.tag is not None:
            raise Unreadable(
                Problem(
                    "anchors, aliases and tags have no place in a configuration; write the value itself",
                    _location(file, source, node.outer),
                )
            )

    def place(path: Path, at_key: bool) -> Location:
        return _location(file, source, _offset(root, path, at_key))

    return Document({} if root is None else to_data(root), place)


def from_toml(file: str, data: bytes) -> Document | None:
    """The settings in pyproject.toml; None where it has none. Raises Unreadable."""
    if TABLE[-1].encode() not in data:
        return None
    if len(data) > MAX_BYTES:
        raise Unreadable(_too_large(file))
    try:
        text = data.decode("utf-8")
        found: Any = tomllib.loads(text)
    except UnicodeDecodeError:
        raise Unreadable(Problem("is not UTF-8 text", Location(file))) from None
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(_syntax(error, file)) from None
    except RecursionError:
        raise Unreadable(Problem("is nested too deeply", Location(file))) from None
    for part in TABLE:
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]

    def place(path: Path, at_key: bool) -> Location:
        line = line_of(text, (*TABLE, *path))
        return Location(file, line, _column(text, line, path))

    return Document(found, place)


def _too_large(file: str) -> Problem:
    return Problem(f"a configuration has at most {MAX_BYTES // 2**20} MiB", Location(file))


def _location(file: str, source: Source, offset: int) -> Location:
    return Location(file, *source.position(offset))


def _offset(node: nodes.Node | None, path: Path, at_key: bool) -> int:
    """Where the node at a path starts, or the nearest one above it."""
    start = 0 if node is None else node.outer
    for place, part in enumerate(path):
        if isinstance(node, nodes.Mapping) and part in node.index:
            key, node = node.pairs[node.index[str(part)]]
            start = key.start if at_key and place == len(path) - 1 else node.outer
        elif isinstance(node, nodes.Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            start = node.outer
        else:
            break
    return start


def _column(text: str, line: int, path: Path) -> int:
    """The column of the last key of a path in its line; 1 where it does not stand there."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    shown = text.splitlines()[line - 1] if name else ""
    found = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", shown)
    return found.start() + 1 if found else 1


def _syntax(error: tomllib.TOMLDecodeError, file: str) -> Problem:
    """Before Python 3.14 the place of a syntax error is in its message only."""
    message, _, place = str(error).partition(" (at ")
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    line, column = numbers if len(numbers) == 2 else (1, 1)
    return Problem(f"is no TOML: {message[:1].lower()}{message[1:]}", Location(file, line, column))
