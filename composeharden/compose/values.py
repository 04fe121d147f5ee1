"""Values as Compose coerces them, whatever way they were written.

Source: compose-go loader/interpolate.go (casts) and format/; go-shellwords for command strings.
"""

from __future__ import annotations

import re
from typing import Any

_TRUE = frozenset(("true", "y", "yes", "on", "1"))
_FALSE = frozenset(("false", "n", "no", "off", "0"))
_PIECE = re.compile(
    r"""(?P<gap>[ \t\r\n]++)|(?P<bare>[^ \t\r\n'"\\]++)|'(?P<single>[^']*+)'"""
    r"""|"(?P<double>(?>(?:[^"\\]++|\\.)*))"|\\(?P<escaped>.)""",
    re.DOTALL,
)
_ESCAPED_IN_QUOTES = re.compile(r'\\(["\\])')


def as_bool(value: Any) -> bool | None:
    """A boolean, also one written as a string; None for everything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        text = str(value).lower()
        return True if text in _TRUE else False if text in _FALSE else None
    return None


def as_text(value: Any) -> str:
    """A scalar as text; empty for null and for collections."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) else ""


def as_list(value: Any) -> list[str]:
    """A list of strings; a lone scalar counts as one item, a mapping as its keys."""
    if isinstance(value, (list, dict)):
        return [as_text(item) for item in value if not isinstance(item, (dict, list))]
    return [as_text(value)] if value is not None else []


def as_mapping(value: Any) -> dict[str, str | None]:
    """`environment`, `labels` and the like: list form `A=b` and mapping form alike. None for a name without value."""
    if isinstance(value, dict):
        return {name: None if item is None else as_text(item) for name, item in value.items()}
    found: dict[str, str | None] = {}
    for item in value if isinstance(value, list) else ():
        name, sign, text = as_text(item).partition("=")
        found[name] = text if sign else None
    return found


def words(value: Any) -> list[str]:
    """The words of a command: a list as it is, a string split like a shell does."""
    if isinstance(value, list):
        return [as_text(item) for item in value]
    text = as_text(value)
    found = _shell_words(text)
    return text.split() if found is None else found  # Compose refuses the latter, only the first word matters then


def _shell_words(text: str) -> list[str] | None:
    """What shlex.split gives, in time that grows with the length alone; None for a quote that is not closed."""
    found: list[str] = []
    pieces: list[str] = []
    inside = False
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            return None
        at = piece.end()
        if piece.lastgroup != "gap":
            inside = True
            part = piece[piece.lastgroup or 0]
            pieces.append(_ESCAPED_IN_QUOTES.sub(r"\1", part) if piece.lastgroup == "double" else part)
        elif inside:
            found.append("".join(pieces))
            pieces, inside = [], False
    return [*found, "".join(pieces)] if inside else found
