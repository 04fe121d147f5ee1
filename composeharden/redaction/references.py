"""The parts of a text that only refer to a value (`${NAME}`, `$NAME`, a mounted secret) and those that are literal.

Unlike interpolation this never fails: whatever cannot be understood counts as literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

FILLER = "\x00"
"""Stands for each character of a reference in a shadow: no blank, quote, separator or letter."""
MAX_NESTING = 8

Span = tuple[int, int]


class Reference(NamedTuple):
    """`${name-word}` from `start` up to `end`; `word` is what an unset or set variable gives way to, if literal."""

    start: int
    end: int
    name: str
    word: Span | None


def references(text: str) -> list[Reference]:
    """The outermost references of a text, in order."""
    if "$" not in text:
        return []
    found = []
    at = text.find("$")
    closings: dict[int, int] | None = None
    while at != -1:
        match = _pattern("reference").match(text, at)
        if match is None:
            at = text.find("$", at + (2 if text.startswith("$$", at) else 1))
            continue
        end, word = match.end(), None
        if match["braced"] is not None:
            closings = _closings(text) if closings is None else closings
            close = closings.get(at + 1, -1)
            if close == -1:
                at = text.find("$", at + 1)
                continue
            end, word = close + 1, _word(text, match.end(), close)
        found.append(Reference(at, end, match["braced"] or match["plain"] or "", word))
        at = text.find("$", end)
    return found


def shadow(text: str, found: list[Reference]) -> str:
    """The text with every reference blotted out, character for character, so that patterns see it as one lump."""
    if not found:
        return text
    parts: list[str] = []
    at = 0
    for reference in found:
        parts += (text[at : reference.start], FILLER * (reference.end - reference.start))
        at = reference.end
    parts.append(text[at:])
    return "".join(parts)


def literals(text: str, start: int, end: int, depth: int = 0) -> Iterator[Span]:
    """The literal parts of a secret that stands in text[start:end], the defaults of its variables included."""
    if is_shell_reference(text[start:end].strip("\"' \t")):
        return
    at = start
    for reference in _certain(text[start:end]):
        yield from _stretch(text, at, start + reference.start)
        at = start + reference.end
        if reference.word is not None:
            first, last = start + reference.word[0], start + reference.word[1]
            if depth < MAX_NESTING:
                yield from literals(text, first, last, depth + 1)
            else:
                yield first, last
    yield from _stretch(text, at, end)


def _certain(text: str) -> list[Reference]:
    """The references of a secret. `pa$word` may well be meant as it stands: there only `${...}` is one."""
    found = references(text)
    if any(not text.startswith("${", one.start) for one in found):
        rest = shadow(text, found).replace(FILLER, "")
        if any(char.isalnum() for char in rest):
            return [one for one in found if text.startswith("${", one.start)]
    return found


def is_shell_reference(text: str) -> bool:
    """True for `$$NAME` and `$$(cat /run/secrets/name)`: the container's shell fills these in."""
    return text.startswith("$$") and _pattern("shell").fullmatch(text) is not None


def _stretch(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without blanks and quotes around it, if anything but punctuation is left."""
    while start < end and text[start] in " \t\r\n\"'":
        start += 1
    while end > start and text[end - 1] in " \t\r\n\"'":
        end -= 1
    if any(char.isalnum() or ord(char) > 127 for char in text[start:end]) or end - start >= 4:
        yield start, end


def _word(text: str, start: int, close: int) -> Span | None:
    match = _pattern("operator").match(text, start, close)
    return None if match is None or match[0].endswith("?") else (match.end(), close)


def _closings(text: str) -> dict[int, int]:
    """Offset of every opening brace of a `${` to that of the brace that closes it."""
    found, opened = {}, []
    for match in _pattern("brace").finditer(text):
        if match[0] != "}":
            opened.append(match.end() - 1)
        elif opened:
            found[opened.pop()] = match.start()
    return found


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Compiled on first use: most runs need only some, and compiling costs more than searching."""
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    "reference": (
        r"\$(?:\{(?P<braced>[A-Za-z_]\w{0,255})(?=[}:?+-])|(?P<plain>[A-Za-z_]\w{0,255})"
        r"|\$?\((?:cat|<) {0,3}/run/secrets/[\w.-]{1,128}\))"
    ),
    "operator": r":?[-+?]",
    "brace": r"\$\{|\{|\}",
    "shell": r"\$\$(?:[A-Z_][A-Z0-9_]*|\{[A-Z_][A-Z0-9_]*\}|\((?:cat|<) ?/run/secrets/[\w.-]+\))",
}
