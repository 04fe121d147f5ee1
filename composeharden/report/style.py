"""How text looks: symbols with an ASCII fallback, ANSI colours, wrapping, lists of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from composeharden.outcome import Severity

_SYMBOLS = {"fix": "✔+", "warn": "⚠!", "held": "○o", "report": "●*", "refused": "✘x", "suppressed": "·-", "then": "→>"}
_COLOURS = {
    "fix": "32",
    "warn": "33",
    "held": "36",
    "report": "1",
    "refused": "31",
    "suppressed": "2",
    "then": "2",
    "dim": "2",
    "bold": "1",
    "error": "1;31",
    "name": "1",
}
_SEVERITIES = {
    Severity.INFO: "2",
    Severity.LOW: "36",
    Severity.MEDIUM: "33",
    Severity.HIGH: "31",
    Severity.CRITICAL: "1;31",
}


def can_show_symbols(encoding: str | None) -> bool:
    """True when a stream of this encoding can print every symbol."""
    try:
        "".join(symbol[0] for symbol in _SYMBOLS.values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Word(NamedTuple):
    """A word as it is printed, and the columns it takes."""

    width: int
    text: str


class Style:
    """Colours and symbols as the terminal at hand takes them. It only ever sees text that is already clean."""

    def __init__(self, color: bool = False, symbols: bool = True, width: int = 100) -> None:
        self.color = color
        self.symbols = symbols
        self.width = max(40, width)

    def paint(self, kind: str, text: str) -> str:
        """Text in the colour of a kind of line."""
        return self._ansi(_COLOURS[kind], text)

    def symbol(self, kind: str) -> str:
        """The sign of a kind of line."""
        return self.paint(kind, self.sign(kind))

    def sign(self, kind: str) -> str:
        """The sign of a kind of line, without colour."""
        return _SYMBOLS[kind][0 if self.symbols else 1]

    def finish(self, text: str) -> str:
        """The whole text as it goes out: pure ASCII where symbols cannot be shown."""
        return text if self.symbols else text.encode("ascii", "backslashreplace").decode("ascii")

    def words(self, text: str, kind: str = "", severity: Severity | None = None) -> list[Word]:
        """The words of a text, each painted by itself so that lines can break anywhere."""
        code = _SEVERITIES[severity] if severity is not None else _COLOURS.get(kind, "")
        return [Word(len(word), self._ansi(code, word)) for word in text.split(" ")]

    def wrapped(self, words: Iterable[Word], column: int) -> str:
        """Words that start in a column, broken into lines that all start there."""
        room, used = max(24, self.width - column), 0
        parts: list[str] = []
        for word in words:
            if used and used + 1 + word.width > room:
                parts += ("\n" + " " * column, word.text)
                used = word.width
            else:
                parts += (" " if used else "", word.text)
                used += word.width + bool(used)
        return "".join(parts)

    def _ansi(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text and code else text


def named(path: str) -> str:
    """A file as people call it: standard input has no name of its own."""
    return "<stdin>" if path == "-" else path


def listed(names: Sequence[str], most: int = 8) -> str:
    """`a, b, c and 5 more`"""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 fix`, `3 fixes`"""
    return f"{count} {one if count == 1 else many or one + 's'}"


def joined(parts: Iterable[str], separator: str = ", ") -> str:
    """The parts that are not empty."""
    return separator.join(part for part in parts if part)
