"""What a scalar means to Docker: the rules of Go's yaml.v4, which Compose reads its files with.

They differ from YAML 1.1 (`yes` and `22:22` are strings) and from YAML 1.2 (`0440` is octal).
Source: go.yaml.in/yaml, resolve.go.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import Any, NamedTuple

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|[1-9][0-9]*|0)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_FLOAT_FROM_POINT = re.compile(r"\.[0-9](_?[0-9])*([eE][-+]?[0-9](_?[0-9])*)?\Z")
_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)
_LONGEST_INT = 100
"""Characters; no number in range is longer, even in binary, and `int` refuses thousands of digits."""
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(Z|[-+]\d{2}:\d{2})?)?\Z",
    re.ASCII,
)
_STRING_TAGS = frozenset(("!", "!!str", "tag:yaml.org,2002:str"))
_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_CORE + name for name in ("int", "bool", "null", "timestamp", "merge"))


class Timestamp(str):
    """A plain scalar that YAML takes for a point in time."""

    __slots__ = ()


class Tagged(NamedTuple):
    """A value under a tag that YAML itself does not define, such as Compose's `!reset` and `!override`.

    A scalar is its text there, whatever it looks like: `!reset null` holds the string "null".
    """

    tag: str
    value: Any


def plain_value(text: str) -> Any:
    """The typed value of an unquoted scalar: str, int, float, bool, None or Timestamp."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _is_timestamp(text):
        return Timestamp(text)
    value = _number_from_point(text) if text[0] == "." else _number(text.replace("_", ""))
    return text if value is None else value


def _number_from_point(text: str) -> float | None:
    return _float(text) if _FLOAT_FROM_POINT.match(text) else None


def _number(digits: str) -> int | float | None:
    value: int | float | None = None
    if _INT.match(digits) and len(digits) <= _LONGEST_INT:
        value = _integer(digits)
    if value is None and _FLOAT.match(digits):
        value = _float(digits)
    return value


def _integer(digits: str) -> int | None:
    """The number, or None beyond 64 bits."""
    body = digits.lstrip("+-")
    octal = len(body) > 1 and body[0] == "0" and body[1].isdigit()
    value = int(body, 8 if octal else 0) * (-1 if digits[0] == "-" else 1)
    return value if _SMALLEST <= value <= _LARGEST else None


def _float(digits: str) -> float | None:
    """The number, or None where it is too large."""
    value = float(digits)
    return None if math.isinf(value) else value


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.match(text)
    if match is None:
        return False
    separator, zone = match[4], match[8]
    if separator is not None and (separator == " ") != (zone is None):
        return False  # with a T the zone must be there, with a blank it must not
    try:
        datetime.datetime(*(int(part or 0) for part in match.group(1, 2, 3, 5, 6, 7)))  # type: ignore[arg-type]
    except ValueError:
        return False
    return zone is None or zone == "Z" or (int(zone[1:3]) < 24 and int(zone[4:]) < 60)


def value_of(text: str, quoted: bool, tag: str | None) -> Any:
    """The typed value of any scalar, quoted or tagged."""
    if tag is None:
        return text if quoted else plain_value(text)
    if tag in _STRING_TAGS:
        return text
    if tag in _PLAIN_TAGS:
        return plain_value(text)
    if tag == _CORE + "float":
        value = plain_value(text)
        return float(value) if type(value) is int else value
    return Tagged(tag, text)


def is_core_collection(tag: str | None) -> bool:
    """True for no tag and for the tags that only repeat what a collection is anyway."""
    return tag is None or tag in ("!", _CORE + "map", _CORE + "seq")
