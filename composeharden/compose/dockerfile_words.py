"""Words of a Dockerfile's instruction: split like a shell does, with variables filled in.

Source: the Dockerfile reference ("Environment replacement"), and frontend/dockerfile/shell of BuildKit.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

Values = Mapping[str, str | None]
"""Variables by name; None for one that has a value which is not known."""

_DEEPEST = 8
_LONGEST = 512
"""Of a word with variables: no name, uid or image reference is longer, and values that double in each line end here."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_MODIFIER = re.compile(r":?[-+?]")


@functools.cache
def _words(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    single, double = r"'[^']*(?:'|\Z)", rf'"(?:[^"{mark}]|{mark}(?:.|\Z))*(?:"|\Z)'
    return re.compile(rf"(?:[^\s\"'{mark}]|{mark}(?:.|\Z)|{single}|{double})+", re.DOTALL)


@functools.cache
def _tokens(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(rf"[^\"'${mark}]+|{mark}.?|\$[A-Za-z_]\w*|\$\{{|.", re.DOTALL)


def split(text: str, escape: str) -> list[str]:
    """The words of a text, with their quotes. A quote without an end reaches to the end."""
    return _words(escape).findall(text)


def unquoted(word: str, escape: str) -> str:
    """A word without quotes and escapes; `$` stands for itself."""
    return _Expansion(escape, None).of(word) or ""


def expand(word: str, values: Values, escape: str) -> str | None:
    """A word without quotes and with its variables filled in.

    None where that is not known: a variable without a value, or a way to write it that is not understood.
    """
    if not any(char in word for char in ("$", '"', "'", escape)):
        return word
    return _Expansion(escape, values).of(word)


class _Expansion:
    def __init__(self, escape: str, values: Values | None) -> None:
        self._escape = escape
        self._values = values

    def of(self, word: str, depth: int = 0) -> str | None:
        if depth > _DEEPEST:
            return None
        parts: list[str] = []
        at, length, quote = 0, 0, ""
        token = _tokens(self._escape)
        longest = _LONGEST if "$" in word and self._values is not None else len(word)
        while at < len(word):
            found = token.match(word, at)
            assert found is not None
            text, at = found.group(), found.end()
            if text in ("'", '"') and quote in ("", text):
                quote = "" if quote else text
                continue
            part: str | None = text
            if quote != "'":
                part, at = self._part(word, text, at, quote, depth)
            if part is None:
                return None
            parts.append(part)
            length += len(part)
            if length > longest:
                return None
        return "".join(parts)

    def _part(self, word: str, text: str, at: int, quote: str, depth: int) -> tuple[str | None, int]:
        if text[0] == self._escape:
            kept = quote and text[1:] not in ('"', "$", self._escape)
            return (text if kept else text[1:]), at
        if text[0] != "$" or self._values is None or len(text) == 1:
            return text, at
        return self._braced(word, at, depth) if text == "${" else (self._values.get(text[1:]), at)

    def _braced(self, word: str, at: int, depth: int) -> tuple[str | None, int]:
        """`${name}` and `${name:-word}`; the patterns of `${name#...}` and `${name/...}` are not followed."""
        name = _NAME.match(word, at)
        end = _closing(word, at, self._escape)
        if name is None or end < 0:
            return None, len(word)
        assert self._values is not None
        has, value = name.group() in self._values, self._values.get(name.group())
        if name.end() == end:
            return value, end + 1
        modifier = _MODIFIER.match(word, name.end())
        if modifier is None or (has and value is None):
            return None, len(word)
        is_set = has and (bool(value) or modifier.group()[0] != ":")
        if modifier.group()[-1] == "+":
            return (self.of(word[modifier.end() : end], depth + 1) if is_set else ""), end + 1
        if is_set:
            return value, end + 1
        return (self.of(word[modifier.end() : end], depth + 1) if modifier.group()[-1] == "-" else None), end + 1


def _closing(word: str, at: int, escape: str) -> int:
    """Where the brace is closed that was opened before `at`; -1 where it is not."""
    depth = 1
    for found in re.compile(rf"{re.escape(escape)}.|[{{}}]", re.DOTALL).finditer(word, at):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if not depth:
            return found.start()
    return -1


def json_words(text: str) -> list[str] | None:
    """The words of the JSON form `["a", "b"]`, None for everything else: that is the shell form then."""
    if not text.startswith("["):
        return None
    import json  # nothing else of a run needs it

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else None
