"""Finds secrets that are known by value in any text, also where they are quoted, escaped or encoded."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable
from functools import cache

from composeharden.redaction.references import Span

SHORTEST = 4
"""Shorter values are only masked where they stand: elsewhere they would mask half of any text."""
_WORD_BELOW = 8
"""Letters or digits only and shorter than this: found as a whole word, not inside others."""
_MAX_LENGTHS = 64
_OPENING = 4


class KnownValues:
    """An index of values by their first four characters; a search takes time in proportion to the text."""

    def __init__(self, values: Iterable[str], public: frozenset[str] = frozenset()) -> None:
        self._by_opening: dict[str, dict[int, set[str]]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._words: set[str] = set()
        for value in values:
            if len(value) >= SHORTEST and value not in public and not _is_no_secret(value):
                if len(value) < _WORD_BELOW and (value.isalpha() or value.isdigit()):
                    self._words.add(value)
                for form in forms(value):
                    by_length = self._by_opening.setdefault(form[:_OPENING], {})
                    by_length.setdefault(len(form), set()).add(form)
        for opening, by_length in self._by_opening.items():
            self._lengths[opening] = tuple(sorted(by_length, reverse=True))

    def spans(self, text: str) -> list[Span]:
        """Where any form of any value stands in `text`, from left to right, apart from each other."""
        lengths = self._lengths
        if not lengths:
            return []
        found = []
        at, last = 0, len(text) - SHORTEST
        while at <= last:
            opening = text[at : at + _OPENING]
            if opening in lengths:
                end = self._match(text, at, opening)
                if end > at:
                    found.append((at, end))
                    at = end
                    continue
            at += 1
        return found

    def _match(self, text: str, at: int, opening: str) -> int:
        """The end of the longest value that stands at an offset, or the offset itself."""
        lengths = self._lengths[opening]
        if len(lengths) > _MAX_LENGTHS:  # made to be slow: give the whole line up
            end = text.find("\n", at)
            return len(text) if end == -1 else end
        by_length = self._by_opening[opening]
        for length in lengths:
            found = text[at : at + length]
            if found in by_length[length] and (found not in self._words or _stands_alone(text, at, at + length)):
                return at + length
        return at


def forms(value: str) -> set[str]:
    """The value as JSON, YAML, shells, URLs, HTML, Python and base64 write it, and its longer lines."""
    found = {value}
    if not (value.isalnum() and value.isascii()):
        found |= _escaped(value)
    if len(value) >= 6:
        found |= _base64(value)
    if "\n" in value:
        found.update(line.strip() for line in value.split("\n") if len(line.strip()) >= 8)
    if "//" in value:  # as part of a path it is shown with one slash
        found.add(re.sub("//+", "/", value))
    return {form for form in found if len(form) >= SHORTEST}


def _escaped(value: str) -> set[str]:
    import json  # not needed before there is a secret with special characters

    doubled = value.replace("\\", "\\\\")
    found = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        doubled,
        doubled.replace("'", "\\'"),
        doubled.replace('"', '\\"'),
        value.replace('"', '\\"'),
        value.replace("'", "''"),
        value.replace("'", "'\"'\"'"),
        value.replace("'", "'\\''"),
        value.replace("$", "$$"),
        value.replace("$$", "$"),
        value.replace("$", "\\$"),
        "".join(char if char.isalnum() or char in "_-./" else "\\" + char for char in value),
        "".join(char if char.isalnum() else "\\" + char for char in value),
    }
    html = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    found |= {html, html.replace('"', "&quot;").replace("'", "&#x27;")}
    found.add(html.replace('"', "&#34;").replace("'", "&#39;"))
    for safe in ("-._~", "-._~/", "-._~!$&'()*+,;="):
        encoded = _percent(value, safe)
        found |= {encoded, encoded.replace("%20", "+"), _percent(value, safe, "%%%02x")}
    return found


def _percent(value: str, safe: str, form: str = "%%%02X") -> str:
    return "".join(
        chr(byte) if chr(byte) in safe or (byte < 128 and chr(byte).isalnum()) else form % byte
        for byte in value.encode("utf-8", "replace")
    )


def _base64(value: str) -> set[str]:
    """What stays the same of the value's base64 wherever it starts in the encoded text."""
    data = value.encode("utf-8", "replace")
    found = set()
    for shift in range(3):
        encoded = b2a_base64(b"\0" * shift + data, newline=False).rstrip(b"=")
        whole = (len(data) + shift) * 8 // 6
        part = encoded[(shift * 8 + 5) // 6 : whole].decode()
        if len(part) >= 6:
            found |= {part, part.replace("+", "-").replace("/", "_")}
    return found


def _is_no_secret(value: str) -> bool:
    return value.isspace() or _address().fullmatch(value) is not None


@cache
def _address() -> re.Pattern[str]:
    """A host and port, with a scheme or without: no secret by itself, even below a key that looks like one."""
    return re.compile(r"(?:[a-z+]{2,12}://)?(?:[a-z][a-z0-9._-]{0,128})?:[0-9]{1,5}/?|[a-z+]{2,12}://|\$\$?\{?\w+\}?")


def _stands_alone(text: str, start: int, end: int) -> bool:
    if text[end : end + 1].isalnum() or text[end : end + 1] == "_":
        return False
    before = text[start - 1 : start]
    if not (before.isalnum() or before == "_"):
        return True
    return text[max(0, start - 2) : start] in ("\\n", "\\t", "\\r") or text[max(0, start - 3) : start - 2] == "%"
