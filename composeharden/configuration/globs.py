"""Patterns of paths and of names, matched in time that hostile patterns cannot stretch."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable

LONGEST = 1000
"""Characters of one pattern."""
_WILD = re.compile(r"[*?\[]")


class Names:
    """Patterns of names such as services: `*`, `?` and `[...]`. False when there are none."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        self._literal = frozenset(text for text in self.patterns if not is_wild(text))
        self._wild = tuple(_compiled(text) for text in self.patterns if is_wild(text))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __call__(self, name: str) -> bool:
        """Whether one of the patterns is about a name."""
        return name in self._literal or any(pattern.match(name) for pattern in self._wild)


class Globs:
    """Patterns of paths relative to one folder. False when there are none.

    `*` and `?` stop at a slash and `**` does not. A pattern that is about a folder is about all that lies below it.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        plain = [text.removeprefix("./").rstrip("/") for text in self.patterns]
        self._literal = frozenset(text for text in plain if not is_wild(text))
        self._wild = tuple(tuple(text.split("/")) for text in plain if is_wild(text))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __call__(self, path: str) -> bool:
        """Whether one of the patterns is about a path, written with slashes; one that leads out is matched by none."""
        if path.startswith(("../", "/")):
            return False
        parts = path.split("/")
        if "." in self._literal or any("/".join(parts[:end]) in self._literal for end in range(len(parts), 0, -1)):
            return True
        return any(_matches(pattern, parts) for pattern in self._wild)

    @property
    def literals(self) -> frozenset[str] | None:
        """The paths that are meant, where no pattern has a wildcard."""
        return None if self._wild else self._literal


def is_wild(pattern: str) -> bool:
    """Whether a pattern may be about several names."""
    return _WILD.search(pattern) is not None


def leads_out(pattern: str) -> bool:
    """Whether a path or pattern is about something outside the folder it is relative to."""
    return pattern.startswith(("/", "~", "\\")) or ".." in pattern.split("/") or pattern[1:2] == ":"


def _matches(pattern: tuple[str, ...], parts: list[str]) -> bool:
    """Whether a pattern is about a path or one of the folders it lies in, with one place to go back to.

    A later `**` makes every earlier one irrelevant, so the time is that of the product of both lengths at most.
    """
    at = part = again = 0
    wide = -1  # the place behind the last `**`
    while part < len(parts):
        if at == len(pattern):
            return True  # the rest lies below the folder that is meant
        if pattern[at] == "**":
            wide = at = at + 1
            again = part
        elif _compiled(pattern[at]).match(parts[part]):
            at, part = at + 1, part + 1
        elif wide >= 0:
            again += 1
            at, part = wide, again
        else:
            return False
    return all(one == "**" for one in pattern[at:])


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
