"""Which paths and names a pattern is about, against a slow matcher written from its definition."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.configuration.globs import Globs, Names, leads_out

PARTS = st.sampled_from(("a", "b", "ab", "a.b", "*", "?", "a*", "*b", "[ab]", "**"))
PATHS = st.lists(st.sampled_from(("a", "b", "ab", "aab", "a.b", "c")), min_size=1, max_size=5)


def slow(pattern: list[str], path: list[str]) -> bool:
    """The definition: part by part, `**` for any number of parts, and what is about a folder is about all below it."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(slow(pattern[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and part(pattern[0], path[0]) and slow(pattern[1:], path[1:])


def part(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern.startswith("["):
        inside, _, rest = pattern[1:].partition("]")
        return bool(text) and text[0] in inside and part(rest, text[1:])
    if pattern[0] == "*":
        return any(part(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and part(pattern[1:], text[1:])


@given(st.lists(PARTS, min_size=1, max_size=5), PATHS)
@settings(max_examples=500, deadline=None)
def test_a_pattern_is_about_what_its_definition_says(pattern: list[str], path: list[str]) -> None:
    assert Globs(["/".join(pattern)])("/".join(path)) == slow(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("compose.yaml", "compose.yaml", True),
        ("compose.yaml", "app/compose.yaml", False),
        ("**/compose.yaml", "compose.yaml", True),
        ("app", "app/deep/compose.yaml", True),
        ("app/", "app/compose.yaml", True),
        ("./app", "app/compose.yaml", True),
        ("app", "apple/compose.yaml", False),
        ("*", "../compose.yaml", False),
        ("**", "/etc/passwd", False),
        (".", "app/compose.yaml", True),
        ("A", "a/compose.yaml", False),
        ("a\nb", "a\nb", True),
    ],
)
def test_a_pattern_is_about_a_path(pattern: str, path: str, meant: bool) -> None:
    assert Globs([pattern])(path) is meant


def test_no_pattern_is_about_nothing() -> None:
    assert not Globs()
    assert not Globs()("a")
    assert not Names()
    assert not Names()("a")


def test_names_are_matched_whole_and_as_they_are_written() -> None:
    names = Names(["db", "web-*"])
    assert [name for name in ("db", "DB", "db2", "web-", "web-a/b", "a-web-a") if names(name)] == [
        "db",
        "web-",
        "web-a/b",
    ]


def test_a_hostile_pattern_takes_no_time() -> None:
    start = time.process_time()
    assert not Globs(["/".join(["**", "a*" * 100 + "b"] * 4)])("/".join(["a" * 200] * 200))
    assert not Names(["*a" * 300 + "b"])("a" * 5000)
    assert time.process_time() - start < 20  # exponential would never end


@pytest.mark.parametrize("text", ["/etc", "..", "a/../..", "~/x", "C:/x", "\\\\host", "a/.."])
def test_what_leads_out_is_known(text: str) -> None:
    assert leads_out(text)


@pytest.mark.parametrize("text", ["a..b", "...", "a/.b", "./a", "**/a~"])
def test_what_stays_inside_is_known(text: str) -> None:
    assert not leads_out(text)
