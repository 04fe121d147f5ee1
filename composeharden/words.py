"""Words for messages."""

from __future__ import annotations

from collections.abc import Iterable


def series(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`. There is at least one word."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
