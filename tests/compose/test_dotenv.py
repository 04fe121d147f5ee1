from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.compose.dotenv import DotenvError, parse
from tests.compose import oracle

OUTSIDE = {"B": "b$x", "OUT": "out"}
NAMES = ("A", "B", "C", "D", "OUT", "x", "AB")
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

PIECES = (
    "A",
    "B",
    " ",
    "\t",
    "'",
    '"',
    "\\",
    "\\n",
    "\\'",
    '\\"',
    "\\$",
    "\\0",
    "\\0101",
    "\\07",
    "\\c",
    "\\\\",
    "$A",
    "${B}",
    "${C:-x}",
    "$$",
    "$",
    "#",
    " #",
    "1",
    ".",
    "-",
    "é",
    "\u00a0",
    "\v",
    "=",
    ":",
    "\r",
)
plain = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
double = st.lists(st.sampled_from([piece for piece in (*PIECES, "\n") if piece not in ('"', "\\")]), max_size=6).map(
    lambda parts: '"' + "".join(parts) + '"'
)
single = st.lists(st.sampled_from([piece for piece in (*PIECES, "\n") if piece not in ("'", "\\")]), max_size=6).map(
    lambda parts: "'" + "".join(parts) + "'"
)
assignments = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(("", "", "export ", "  ", "export\t")),
        st.sampled_from(NAMES),
        st.sampled_from(("=", " = ", ":", ": ")),
        plain | double | single,
        st.sampled_from(("\n", "\n", "\r\n", " # c\n", "\n\n")),
    ),
)
lines = assignments | st.sampled_from(("# c\n", "\n", "OUT\n", "x\n", "export OUT\n"))
wild = st.lists(st.sampled_from((*PIECES, "\n", "export ")), max_size=8).map("".join)
files = st.builds(lambda rows, tail: "".join(rows) + tail, st.lists(lines, max_size=6), st.just("") | wild)


def compose(text: str | bytes) -> dict[str, str]:
    """What Compose has for NAMES once it has read the text as its `.env`; those without a value are left out."""
    service = {"image": "x", "environment": {name: f"${{{name}-<unset>}}" for name in NAMES}}
    found = oracle.config({"services": {"s": service}}, variables=OUTSIDE, dotenv=text)["services"]["s"]["environment"]
    return {name: value for name, value in found.items() if value != "<unset>"}


def ours(text: str) -> dict[str, str]:
    known = {**parse(text, OUTSIDE), **OUTSIDE}
    return {name: known[name] for name in NAMES if name in known}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ("\ufeffA=1\r\nB = 2 \r\n", {"A": "1", "B": "2"}),
        ("A: 1\nB:2\n", {"A": "1", "B": "2"}),
        ("export A=1\nexport  B=2\nexported=3\n", {"A": "1", "B": "2", "exported": "3"}),
        ("# c\n  # c\nA=1 # c\nB=1#c\nC=#c\nD='x' # c\n", {"A": "1", "B": "1#c", "C": "#c", "D": "x"}),
        ("A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
        ("A='$x\\n\\'q\\''\n", {"A": "$x\\n'q'"}),
        ('A="a\\tb\\"c\\\\d\\$e\\101\\0101\\q"\n', {"A": 'a\tb"c\\d$e\\101A\\q'}),
        ("A='two\nlines'\nB=\"two\nlines\"\n", {"A": "two\nlines", "B": "two\nlines"}),
        ("A=1\nB=$A${C:-c}$$A\nC=${A}x\n", {"A": "1", "B": "1c$A", "C": "1x"}),
        ("OUT\nGONE\nA=$OUT\n", {"OUT": "out", "A": "out"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("A.b-c[0]=1\né=2\n", {"A.b-c[0]": "1", "é": "2"}),
        ("A=a b  c\n", {"A": "a b  c"}),
        ("A=it's\n", {"A": "it's"}),
        ("A=x\0y\n", {"A": "x\0y"}),
    ],
)
def test_values(text: str, values: dict[str, str]) -> None:
    assert parse(text, {"OUT": "out"}) == values


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nB C=2\n", 2),
        ("A=1\n\n'B'=2\n", 3),
        ("A='\n\nsecret", 1),
        ('X=1\nA="sec\\"ret\n', 2),
        ("A=1\nB=${secret\n", 2),
        ("export ", 1),
        ("\0\1\2=x\n", 1),
        ("!secret\n", 1),
    ],
)
def test_errors_name_the_line_and_no_value(text: str, line: int) -> None:
    with pytest.raises(DotenvError) as caught:
        parse(text)
    assert caught.value.line == line
    assert "sec" not in str(caught.value)


@SETTINGS
@given(files)
def test_compose_reads_the_same(text: str) -> None:
    try:
        expected = ours(text)
    except DotenvError:
        with pytest.raises(oracle.Refused):
            compose(text)
    else:
        assert compose(text) == expected


@SETTINGS
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    found: Any = None
    try:
        found = parse(text)
    except DotenvError as error:
        found = {str(error.line): ""} if error.line in range(1, text.count("\n") + 2) else None
    assert isinstance(found, dict)
    assert "" not in found


def test_growth_is_bounded() -> None:
    rows = ["A0=xxxxxxxxxx"] + [f"A{number + 1}={f'$A{number}' * 10}" for number in range(20)]
    with pytest.raises(DotenvError, match="too long") as caught:
        parse("\n".join(rows))
    assert caught.value.line < 10
    many = "A=" + "x" * 1000 + "\n" + "\n".join(f"B{number}={'$A' * 900}" for number in range(200)) + "\n"
    with pytest.raises(DotenvError, match="too long"):
        parse(many)


@pytest.mark.parametrize(
    "text",
    [
        "A=1\n" * 100_000,
        "A" * 1_000_000,
        "'" * 300_000,
        "A='" + "\\'" * 300_000,
        "#\n" * 300_000,
        "A=$B\n" * 50_000,
        "\n" * 500_000,
    ],
)
def test_time_is_linear(text: str) -> None:
    start = time.perf_counter()
    with contextlib.suppress(DotenvError):
        parse(text)
    assert time.perf_counter() - start < 5
