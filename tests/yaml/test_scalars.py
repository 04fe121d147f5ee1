"""Scalars mean what they mean to Docker, checked against Docker Compose itself."""

from __future__ import annotations

import math
from typing import Any

import pytest

from composeharden.yaml.proof import same
from composeharden.yaml.scalars import Tagged, Timestamp, plain_value, value_of
from composeharden.yaml.source import all_data, load
from tests.compose.oracle import config

VALUES: dict[str, Any] = {
    "": None,
    "~": None,
    "Null": None,
    "nULL": "nULL",
    "True": True,
    "tRUE": "tRUE",
    "yes": "yes",
    "off": "off",
    "y": "y",
    "0440": 288,
    "-0440": -288,
    "0o17": 15,
    "0O17": 15,
    "08": 8.0,
    "0x1F": 31,
    "0X1f": 31,
    "0b11": 3,
    "0B11": 3,
    "0b2": "0b2",
    "+1": 1,
    "1_000": 1000,
    "_1": "_1",
    "1_": 1,
    "1e3": 1000.0,
    "1.": 1.0,
    ".5": 0.5,
    ".5_5": 0.55,
    "._5": "._5",
    ".5_": ".5_",
    "-._5": -0.5,
    "1e400": "1e400",
    "18446744073709551615": 18446744073709551615,
    "18446744073709551616": 18446744073709551616.0,
    "-9223372036854775809": -9223372036854775809.0,
    "0x1ffffffffffffffff": "0x1ffffffffffffffff",
    "07777777777777777777777": 7777777777777777777777.0,
    "22:22": "22:22",
    "190:20:30": "190:20:30",
    "1.2.3": "1.2.3",
    "...": "...",
    "+": "+",
    "٣": "٣",
    "2001-01-01": Timestamp("2001-01-01"),
    "2001-1-1": Timestamp("2001-1-1"),
    "2001-02-30": "2001-02-30",
    "2001-01-01T00:00:00": "2001-01-01T00:00:00",
    "2001-01-01T00:00:00+01:00": Timestamp("2001-01-01T00:00:00+01:00"),
    "2001-01-01 00:00:00": Timestamp("2001-01-01 00:00:00"),
    "2001-01-01 00:00:00 Z": "2001-01-01 00:00:00 Z",
    "2001-01-01T24:00:00Z": "2001-01-01T24:00:00Z",
    "٢001-01-01": "٢001-01-01",
}

_MORE = """
0 00 01 07 09 -0 +0 -1 0.0 -0.0 0e0 +0440 +0o17 -0o17 0o8 0O8 +0x1F -0x1f 0xg 0xABCDEF 0b 0b0 +0b11 -0b11 0x 0o
1__0 0x_1F 0_7 0b_1 -_1 +_1 0_ 1_.5 1_0.5_0 1_e1_0 -.5 +.5 .5e3 5. 5.e3 1E3 1e+3 1e-3 1e e3 .e3 1.5.2 -1e400
9223372036854775807 9223372036854775808 99999999999999999999999 0x7fffffffffffffff 0xffffffffffffffff
0777777777777777777777 01777777777777777777777 -0x8000000000000000 -0xffffffffffffffff 0o7777777777777777777777
true TRUE false False FALSE Yes no No on On n null NULL ~~ none None NaN nan inf Inf -inf .Nan Infinity
2001-01 2001-13-45 20010101 2001-01-01T 2001-01-01T00:00 201-01-01 10000-01-01 2001-001-01 2001-12-14t21:59:43Z
2001-12-14T21:59:43.10-05:00 2001-12-14T21:59:43.10+25:00 2001-01-01T23:60:00Z 2001-01-01T23:59:60Z 0:0 1:20
. .. -- +- 1-2 1+2 1,000 1k 10m 1e3m 0d10 1f 0x1p4 1p4 .1. 1..2 0b1_0 08_1 0_8 09.5 -09 -08.5 +1_0 0.5_5 1e5_ 00_7
-a .a 1a = https://x a#b a:b www/-x
"""


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=[name or "nothing" for name in VALUES])
def test_plain(text: str, value: Any) -> None:
    assert same(plain_value(text), value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    assert math.isnan(plain_value(text))


@pytest.mark.parametrize(("text", "value"), {".inf": math.inf, "+.Inf": math.inf, "-.INF": -math.inf}.items())
def test_infinite(text: str, value: float) -> None:
    assert plain_value(text) == value


@pytest.mark.parametrize(
    ("text", "quoted", "tag", "value"),
    [
        ("1", True, None, "1"),
        ("1", False, "!", "1"),
        ("1", False, "tag:yaml.org,2002:str", "1"),
        ("1", True, "tag:yaml.org,2002:int", 1),
        ("3", False, "tag:yaml.org,2002:float", 3.0),
        ("null", False, "!reset", Tagged("!reset", "null")),
        ("", False, "!reset", Tagged("!reset", "")),
        ("aGk=", False, "tag:yaml.org,2002:binary", Tagged("tag:yaml.org,2002:binary", "aGk=")),
    ],
)
def test_quoted_and_tagged(text: str, quoted: bool, tag: str | None, value: Any) -> None:
    assert same(value_of(text, quoted, tag), value)


def test_compose_agrees_on_plain_scalars() -> None:
    texts = [text for text in (*VALUES, *_MORE.split()) if text]
    found = config("".join(f"x-{number}: {text}\n" for number, text in enumerate(texts)))
    wrong = {text: found[f"x-{number}"] for number, text in enumerate(texts)
             if not _is_what_compose_prints(plain_value(text), found[f"x-{number}"])}  # fmt: skip
    assert wrong == {}


def _is_what_compose_prints(value: Any, printed: Any) -> bool:
    """JSON has one kind of number, and Compose prints a point in time in its own format."""
    if isinstance(value, Timestamp):
        return isinstance(printed, str) and "T" in printed and printed[:4] == value[:4]
    if isinstance(value, float):
        return isinstance(printed, (int, float)) and math.isclose(value, printed, rel_tol=1e-15)
    return type(value) is type(printed) and value == printed


SCALARS = [
    "'it''s'", '"\\x41\\e\\N\\_\\L\\P\\0\\a\\U0001F600"', '"a\\\n  b"', '"a\n\n  b"', "'a\n\n  b'", "! 5",
    "a\n\n  b\n  c", "a\tb", "a \t b\t# c", "a\n \t\n  b", "|\n  a\n   b\n\n", "|-\n  a\n\n", "|+\n  a\n\n",
    "|+ # c\n  a", ">\n  a\n  b\n\n  c\n   d\n  e\n", ">-\n\n  a", "|2\n   a\n  b\n", "|\t# c\n  a", "|\n", "|+\n\n",
    "!!str 5", "!!str", '!!int "3"', "!x 5", "!x", "!x\t# c", "!<!x> yes", "\xa0b", "b\xa0# c", "?b",
    ":b", "a, b]", "a{b}", "[a:, b]",
    "{a:, b: 1}", "{a::}", "{?a: b}", "[a?b, ?c, a ?]", "[:a, -, a:#b]", "{a:b}", '{"a":b}', "[a: b]", "[a,\t# c\n b]",
    "{a: 1,}", "[&k a, *k]", "&k a", "&k !x 1",
]  # fmt: skip


def test_compose_agrees_on_whole_values() -> None:
    text = "".join(f"x-{number}: {scalar}\n" for number, scalar in enumerate(SCALARS))
    [mine] = all_data(load(text.encode()))
    assert _untagged(mine) == {key: value for key, value in config(text).items() if key.startswith("x-")}


def _untagged(value: Any) -> Any:
    if isinstance(value, Tagged):
        return _untagged(value.value)
    if isinstance(value, dict):
        return {key: _untagged(child) for key, child in value.items()}
    return [_untagged(child) for child in value] if isinstance(value, list) else value
