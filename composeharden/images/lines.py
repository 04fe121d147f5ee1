"""Where something stands in a TOML file: the parser of the standard library does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*(["']?)([^\s"'=]+)\1\s*=""")

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int:
    """The line of the header or key that `path` leads to, or of the nearest above it; 1 where nothing is found."""
    known = _lines(text)
    return next((known[path[:end]] for end in range(len(path), 0, -1) if path[:end] in known), 1)


def _lines(text: str) -> Mapping[Path, int]:
    """Good enough to lead a person there: what looks like a key within a text of several lines is taken for one."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _table(header[2], header[1] == "[[", counts)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[2]), number)
    return lines


def _table(name: str, repeats: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for place, part in enumerate(parts, 1):
        path = (*path, part)
        if repeats and place == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
