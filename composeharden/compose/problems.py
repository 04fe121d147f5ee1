"""What is wrong with a Compose file: the records, and how places and types are named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from composeharden.yaml.nodes import Node

Path = tuple[str | int, ...]
"""Keys, and positions in lists."""


class Fault(Enum):
    """What sort of problem it is."""

    SCHEMA = "schema"
    """A key, type or value that Compose does not take."""
    LEGACY = "legacy"
    """Something that only older versions of the format had."""
    REFERENCE = "reference"
    """A name that nothing in the project defines; in an override file that is as it should be."""
    INCOMPLETE = "incomplete"
    """A service without anything to run; in an override file that is as it should be."""
    CONFLICT = "conflict"
    """Settings that exclude each other, or a circle of dependencies."""

    def __str__(self) -> str:
        return self.value


class Failure(NamedTuple):
    """A problem of data, before anybody asked where it is written."""

    path: Path
    message: str
    """One sentence: the place, what belongs there, what was found. Never the value of a scalar, only names."""
    expected: str = ""
    """What belongs there, in words; empty where the message says it all."""
    suggestion: str = ""
    """What to do about it, or empty."""
    fault: Fault = Fault.SCHEMA
    at_key: bool = False
    """The last key of the path is at fault, not its value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why Docker Compose would reject the file. It never tells the value of a scalar."""

    message: str
    node: Node | None
    """Where it is written: the nearest place when the faulty thing itself is missing. None for an empty document."""
    path: Path = ()
    fault: Fault = Fault.SCHEMA
    expected: str = ""
    suggestion: str = ""

    @property
    def start(self) -> int:
        """Offset in the file's text."""
        return 0 if self.node is None else self.node.start


def place(path: Path) -> str:
    """A path as a person writes it, in backquotes: `services.web.ports[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown(part)}" if text else shown(part)
    return f"`{text}`" if text else "the file"


_NAME = re.compile(r"[\w./@<-][\w./@<:*$ -]{0,99}\Z")


def shown(name: str) -> str:
    """A name as it may stand in a message; `...` for what is no name but may be a value that got there by mistake."""
    return name if _NAME.match(name) else "..."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name that somebody may have meant, or None."""
    import difflib  # costs more than a whole successful validation

    names = list(known)
    plain = name.lower().replace("-", "_")
    if plain != name and plain in names:
        return plain
    return next(iter(difflib.get_close_matches(plain, names, 1, 0.75)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion for a name that is not known; empty when nothing is near."""
    near = nearest(name, known)
    return f"did you mean `{near}`?" if near else ""


def either(phrases: Iterable[str]) -> str:
    """Phrases as alternatives: "a, b or c"."""
    *most, last = dict.fromkeys(phrases)
    return f"{', '.join(most)} or {last}" if most else last
