"""Secrets in comments: commented-out settings above all, and what people note beside the setting itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from composeharden.redaction.names import is_credential
from composeharden.redaction.references import Span
from composeharden.redaction.strings import named_parts


def comment_secrets(text: str, start: int, end: int) -> Iterator[Span]:
    """Spans of secrets in the comment text[start:end], which begins with its `#`."""
    first = start
    while first < end and text[first] in "#-? \t":
        first += 1
    body = text[first:end]
    for low, high in (*named_parts(body), *_told(body), *(_noted(body) if _is_beside_credential(text, start) else ())):
        yield first + low, first + high


def _told(body: str) -> Iterator[Span]:
    """`the password is x`, `log in as admin / x`"""
    for match in _pattern("told").finditer(body):
        if not match[1].strip(".,;:!").isalpha():
            yield match.start(1), match.end(1) - (match[1][-1] in ".,;:")
    for match in _pattern("pair").finditer(body):
        yield match.span(1)


def _is_beside_credential(text: str, start: int) -> bool:
    """True where the comment follows a credential on its line."""
    line = text.rfind("\n", max(0, start - 1000), start) + 1
    match = _pattern("setting").match(text, line, start)
    return match is not None and is_credential(match[1])


def _noted(body: str) -> Iterator[Span]:
    """What is, by its looks or its place, another value of the setting: `# was hunter2`, `# hunter2`."""
    words = list(_pattern("word").finditer(body))
    for place, match in enumerate(words):
        word = match[0]
        if not word.isascii() or "://" in word or word.lower() in _HARMLESS:
            continue
        mixed = len(word) >= 6 and any(map(str.isdigit, word)) and any(map(str.isalpha, word))
        announced = place > 0 and words[place - 1][0].lower().rstrip(":=") in _ANNOUNCE
        if mixed or announced or (len(words) == 1 and len(word) >= 4):
            yield match.span()


_ANNOUNCE = frozenset(("was", "old", "formerly", "previously", "prev", "before", "real", "prod", "dev", "staging"))
_HARMLESS = frozenset(
    ("optional", "required", "changeme", "change", "default", "secret", "password", "username", "todo")
)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    "told": r"(?i:\b(?:pass(?:word|wd|phrase|code)?|pwd?|secret|token|key|credentials?)) (?:is|was|are|were|now|->|=>)"
    r" {1,3}[\"'`]?([^\s\"'`]{3,256})",
    "pair": r"(?<![\w/.-])(?i:admin|root|guest|demo) ?/ ?([^\s\"'`,/]{3,256})",
    "setting": r"[ \t]*(?:-[ \t]+)?[\"']?([\w.-]{1,128})[\"']?[ \t]*[:=]",
    "word": r"[^\s\"'`,;()]+",
}
