"""Command strings are split as a shell does it, however long they are."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composeharden.compose.values import words


@given(st.text(alphabet="ab \t\n\r'\"\\\\#é", max_size=20))
def test_a_string_is_split_as_by_the_standard_library(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError:
        expected = text.split()
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("''", [""]),
        ("redis-server --save ''", ["redis-server", "--save", ""]),
        ('sh -c "a \\"b\\" \\n"', ["sh", "-c", 'a "b" \\n']),
        ("a\\ b", ["a b"]),
        ("it's", ["it's"]),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_long_word_takes_no_more_than_its_length() -> None:
    assert words("x" * 5_000_000 + " y") == ["x" * 5_000_000, "y"]
