"""Files become text, positions and nodes whose spans hold exactly what is written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from composeharden.yaml import source as module
from composeharden.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved, walk
from composeharden.yaml.scalars import Tagged
from composeharden.yaml.source import Position, Source, SourceError, all_data, load, to_data
from tests.compose.oracle import Refused, config


def _at(source: Source, *path: str | int, document: int = 0) -> Node:
    node = source.documents[document]
    for part in path:
        node = resolved(node)
        if isinstance(node, Mapping):
            node = node.get(str(part))
        else:
            assert isinstance(node, Sequence)
            node = node.items[int(part)]
    assert node is not None
    return node


SPANS: dict[str, tuple[str, tuple[str | int, ...], str]] = {
    "plain": ("a: b c # d\n", ("a",), "b c"),
    "plain, over lines": ("a: b\n\n  c\nd: e\n", ("a",), "b\n\n  c"),
    "single quotes": ("a: 'b''#c' \n", ("a",), "'b''#c'"),
    "double quotes, over lines": ('a: "b\\\n  c"\n', ("a",), '"b\\\n  c"'),
    "emoji before it": ('"🦊": "🐳" # 🦊\nb: c\n', ("b",), "c"),
    "nothing": ("a:  # b\nc: d\n", ("a",), ""),
    "anchor and tag left out": ("a: &b !c d\n", ("a",), "d"),
    "tag and anchor left out": ("a: !c &b d\n", ("a",), "d"),
    "verbatim tag left out": ("a: !<tag:x,2000:b> d\n", ("a",), "d"),
    "a tag with nothing behind it": ("a: !c # d\n", ("a",), ""),
    "an anchor with nothing behind it": ("a: {b: &c , d: e}\n", ("a", "b"), ""),
    "a value on its own line": ("a: # b\n  # c\n  d # e\n", ("a",), "d"),
    "alias": ("a: &b c\nd: [*b , e]\n", ("d", 0), "*b"),
    "clipped block scalar": ("a: | # b\n  c\n  # d\n\n# e\nf: g\n", ("a",), "| # b\n  c\n  # d"),
    "stripped block scalar": ("a: >-\n  c\n\n\nf: g\n", ("a",), ">-\n  c"),
    "kept block scalar": ("a: |+\n  c\n\n\nf: g\n", ("a",), "|+\n  c\n\n"),
    "kept block scalar, CRLF": ("a: |+\r\n  c\r\n\r\nf: g\r\n", ("a",), "|+\r\n  c\r\n"),
    "kept block scalar at the end": ("a: |+\n  c\n\n", ("a",), "|+\n  c\n"),
    "block scalar without a final line break": ("a: |\n  c", ("a",), "|\n  c"),
    "empty block scalar": ("a: |-\nb: c\n", ("a",), "|-"),
    "flow list": ("a: [b, # c\n  d] # e\n", ("a",), "[b, # c\n  d]"),
    "flow mapping in a flow list": ("a: [{b: c}, d]\n", ("a", 0), "{b: c}"),
    "a pair in a flow list": ("a: [b: c , d]\n", ("a", 0), "b: c"),
    "block list, indented": ("a:\n  # b\n  - c # d\n\n  - e # f\n# g\nh: i\n", ("a",), "- c # d\n\n  - e"),
    "block list under its key": ("a:\n- b\n- c\nd: e\n", ("a",), "- b\n- c"),
    "block list with a tag": ("a: !override # b\n- c\n", ("a",), "- c"),
    "block list of nothing": ("a:\n  -\n  - # b\n", ("a",), "-\n  -"),
    "block mapping": ("a: # b\n  c: d # e\n  # f\n\n  g:\n# h\n", ("a",), "c: d # e\n  # f\n\n  g:"),
    "block mapping with an anchor": ("a: &b\n  c: d\n", ("a",), "c: d"),
    "block mapping that starts with an anchor": ("a:\n  &b c: *b\n", ("a",), "&b c: *b"),
    "block mapping behind a dash": ("-   a: b\n    c: d\n", (0,), "a: b\n    c: d"),
    "a key in its long form": ("a:\n  ? b\n  : c\n  d: e\n", ("a",), "? b\n  : c\n  d: e"),
    "the value of such a key": ("? a\n  # b\n: c\n", ("a",), "c"),
    "the whole file": ("\ufeff# a\nb: c # d\n", (), "b: c"),
}


@pytest.mark.parametrize(("text", "path", "written"), SPANS.values(), ids=SPANS)
def test_span(text: str, path: tuple[str | int, ...], written: str) -> None:
    node = _at(load(text.encode()), *path)
    assert text[node.start : node.end] == written


@pytest.mark.parametrize(
    ("text", "written"),
    {
        "a: &b !c d\n": "&b !c d",
        "a: !c &b d\n": "!c &b d",
        "a: [ !c &b d ]\n": "!c &b d",
        "a: !<c,d> &b\n  d: e\n": "!<c,d> &b\n  d: e",
        "a: !c # e\n  &b\n  - d\n": "!c # e\n  &b\n  - d",
        "a: {b: !c &d }\n": "!c &d",
    }.items(),
)
def test_outer_span_begins_at_the_tag_or_anchor(text: str, written: str) -> None:
    node = next(node for node in walk(_at(load(text.encode()))) if node.anchor or node.tag)
    if "# e" in text:  # a comment between tag and anchor: only the anchor is found
        written = written[written.index("&") :]
    assert text[node.outer : node.end] == written


def test_every_span_lies_in_its_parent_and_after_its_neighbour() -> None:
    text = "a: {b: [c, &d e], 'f': *d}\ng:\n- h: |\n    i\n  j: &k\n- !l\n- m\n"
    root = _at(load(text.encode()))
    last = 0
    for node in walk(root):
        assert root.start <= node.outer <= node.start <= node.end <= root.end
        if isinstance(node, (Scalar, Alias)):
            assert node.outer >= last
            last = node.end


def test_colons_and_dashes() -> None:
    text = "a : [b, c]\n'd: e':\n- f\n-   g\n? i\n: j\n"
    root = _at(load(text.encode()))
    assert isinstance(root, Mapping)
    assert [text[:colon].rsplit("\n", 1)[-1] for colon in root.colons] == ["a ", "'d: e'", ""]
    items = _at(load(text.encode()), "d: e")
    assert isinstance(items, Sequence)
    assert [text[dash : dash + 3] for dash in items.dashes] == ["- f", "-  "]


@pytest.mark.parametrize(
    ("data", "newline"),
    {b"a: 1\n": "\n", b"a: 1\r\nb: 2\n": "\r\n", b"a: 1\nb: 2\r\n": "\n", b"a: 1": "\n", b"": "\n"}.items(),
)
def test_newline(data: bytes, newline: str) -> None:
    assert load(data).newline == newline


@pytest.mark.parametrize("data", [b"a: 1\r\n", b"\xef\xbb\xbfa: 1", b"", "a: 🦊\n".encode()])
def test_bytes_come_back(data: bytes) -> None:
    source = load(data)
    assert source.encode(source.text) == data


def test_positions_count_characters_from_one() -> None:
    text = "\ufeffa: '🦊' # é\r\n  # b\r\n"
    source = load(text.encode())
    assert source.position(text.index("a")) == Position(1, 1)
    assert source.position(text.index("#")) == Position(1, 8)
    assert source.position(text.index("b")) == Position(2, 5)
    assert source.column(text.index("b")) == 4
    assert source.position(len(text)) == Position(3, 1)
    assert text[source.line_start(text.index("b")) :] == "  # b\r\n"
    assert source.line_end(0) == text.index("\r")


DATA: dict[str, tuple[str, Any]] = {
    "empty file": ("", []),
    "only comments": ("# a\n", []),
    "empty documents": ("---\n---\na: 1\n---\n# b\n", [None, {"a": 1}, None]),
    "several documents": ("a: &x 1\n---\nb: &x 2\nc: *x\n...\n", [{"a": 1}, {"b": 2, "c": 2}]),
    "merge keys stay": ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", [{"a": {"b": 1}, "c": {"<<": {"b": 1}, "d": 2}}]),
    "the anchor of a key": ("a:\n  &x b: 1\n  c: *x\n", [{"a": {"b": 1, "c": "b"}}]),
    "an alias as a key": ("a: &x b\n*x : 1\n", [{"a": "b", "b": 1}]),
    "an anchor twice": ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", [{"a": 1, "b": 1, "c": 2, "d": 2}]),
    "tags": ("a: !reset null\nb: !override [1]\nc: !!map {}\n", [{"a": Tagged("!reset", "null"),
             "b": Tagged("!override", [1]), "c": {}}]),
    "keys are texts": ("1: a\ntrue: b\n~: c\n", [{"1": "a", "true": "b", "~": "c"}]),
    "a byte order mark and a document mark": ("\ufeff---\na: 1\n", [{"a": 1}]),
    "a directive": ("%YAML 1.1\n---\na: yes\n", [{"a": "yes"}]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DATA.values(), ids=DATA)
def test_data(text: str, expected: Any) -> None:
    assert all_data(load(text.encode())) == expected


def test_aliases_share_their_object() -> None:
    [data] = all_data(load(b"a: &x [1]\nb: *x\nc: [1]\n"))
    assert data["a"] is data["b"]
    assert data["a"] is not data["c"]


def test_data_of_a_part_whose_anchors_are_elsewhere() -> None:
    source = load(b"a: &x [1]\nb: {c: *x, d: *x}\n")
    part = to_data(_at(source, "b"))
    assert part == {"c": [1], "d": [1]}
    assert part["c"] is part["d"]


TABS = {
    "behind a value": "a: 1\t# b\nc: 'd' \t# e\n",
    "behind a key": "a:\t# b\n  c:\t1\n",
    "behind an item": "a:\n  - b\t# c\n  - 'd'\t# e\n",
    "behind a list and a mapping": "a: [1]\t# b\nc: {d: 1}\t# e\n",
    "behind an alias, an anchor and a tag": "a: &x\t# b\n  c: d\ne: *x\t# f\ng: !x\t# h\n",
    "behind the head of a block scalar": "a: |\t# b\n  c\nd: >-\t\n  e\n",
    "behind a document mark": "---\t# a\nb: 1\n",
    "at the end of a line": "a: 1\t\nb: c \t \nd: 'e'\t\n",
    "between words": "a: b\tc \t d\n",
    "inside a flow list": "a: [\tb,\t# c\n\td\t]\n",
    "on an empty line behind a plain value": "a: b\n \t\nc: d\n",
}
NO_TABS = {
    "before a key": "a:\n\tb: 1\n",
    "before a comment on its own line": "a:\n  b: 1\n\t# c\n",
    "behind a dash": "a:\n  -\tb\n",
    "on an empty line behind a quoted value": "a: 'b'\n \t\nc: d\n",
}


@pytest.mark.parametrize("text", TABS.values(), ids=TABS)
def test_tabs_are_taken_where_compose_takes_them(text: str) -> None:
    assert load(text.encode()).documents


@pytest.mark.parametrize("text", NO_TABS.values(), ids=NO_TABS)
def test_tabs_are_refused_where_compose_refuses_them(text: str) -> None:
    with pytest.raises(SourceError, match=r"found a tab .* put spaces in its place"):
        load(text.encode())


@pytest.mark.parametrize("text", TABS.values(), ids=TABS)
def test_compose_takes_these_tabs(text: str) -> None:
    config(re.sub(r"^(\w)", r"x-\1", text, flags=re.MULTILINE))


@pytest.mark.parametrize("text", NO_TABS.values(), ids=NO_TABS)
def test_compose_refuses_these_tabs(text: str) -> None:
    with pytest.raises(Refused, match=r"cannot start any token|tab"):
        config("x-" + text)


ERRORS: dict[str, tuple[bytes, str, Position | None]] = {
    "a key twice": (b"a: 1\nb: 2\n'a': 3\n", "'a' is already set on line 1, column 1", Position(3, 1)),
    "a key twice, deeper": (b"x:\n  - a: 1\n    a: 2\n", "'a' is already set on line 2, column 5", Position(3, 5)),
    "a key twice in braces": (b"x: {a: 1, a: 2}\n", "'a' is already set on line 1, column 5", Position(1, 11)),
    "two merge keys": (b"a: &a {}\nb:\n  <<: *a\n  <<: *a\n", "'<<' is already set on line 3", Position(4, 3)),
    "no such anchor": (b"a: *b\n", "alias *b has no anchor", Position(1, 4)),
    "an anchor of another document": (b"a: &b 1\n---\nc: *b\n", "alias *b has no anchor", Position(3, 4)),
    "an anchor inside itself": (b"a: &b [*b]\n", "anchor &b contains itself", Position(1, 8)),
    "a list as a key": (b"[a]: b\n", "a key must be a plain name", Position(1, 1)),
    "UTF-16": ("a: 1\n".encode("utf-16"), "the file is UTF-16; save it as UTF-8", None),
    "UTF-16, big": ("\ufeffa: 1\n".encode("utf-16-be"), "the file is UTF-16; save it as UTF-8", None),
    "UTF-16 without a mark": ("a: 1\n".encode("utf-16-le"), "character U+0000 is not allowed", Position(1, 2)),
    "Latin-1": ("a: 1\nb: é\n".encode("latin-1"), "byte 0xe9 is not UTF-8", Position(2, 4)),
    "a surrogate in UTF-8": (b"a: \xed\xa0\x80\n", "byte 0xed is not UTF-8", Position(1, 4)),
    "NUL": (b"a: 1\nb: \0\n", "character U+0000 is not allowed", Position(2, 4)),
    "a control character": (b"a: \x1b[0m\n", "character U+001B is not allowed", Position(1, 4)),
    "old line breaks": (b"a: 1\rb: 2\r", "U+000D is a line break", Position(1, 5)),
    "a Unicode line break": ("a: b\u2028\n".encode(), "U+2028 is a line break", Position(1, 5)),
    "half a character": (b'a: "\\ud83d\\ude00"\n', "an escape stands for no character", Position(1, 4)),
    "an escape beyond Unicode": (b'a: "\\U00110000"\n', "an escape stands for no character", Position(1, 4)),
    "an escape only JSON has": (b'a: "\\/"\n', "found unknown escape character '/'", Position(1, 6)),
    "no YAML": (b"a: 1\n  b: 2\n", "mapping values are not allowed here", Position(2, 4)),
    "a quote left open": (b"a: 'b\n", "found unexpected end of stream", Position(2, 1)),
    "no colon": (b"a: 1\nb\nc: 2\n", "could not find expected ':'", Position(3, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message", "position"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_and_where(data: bytes, message: str, position: Position | None) -> None:
    with pytest.raises(SourceError) as error:
        load(data)
    assert message in error.value.message
    assert error.value.position == position


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 2**20)
    with pytest.raises(SourceError, match="larger than 1 MiB"):
        load(b"a" * (2**20 + 1))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("services:\n\ta:\n", (2, 1), "for indentation"),
        ("services:\n  a:\n  \tb: c\n", (3, 3), "for indentation"),
        ("services:\n  a:\n    - \t\t- b\n      - c\n\tx\n", None, "tab"),
    ],
)
def test_a_tab_for_indentation_is_called_by_its_name(text: str, place: tuple[int, int] | None, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        load(text.encode())
    assert place is None or raised.value.position == place


@pytest.mark.parametrize("text", ["a: b\t# c\n", "a:\tb\n", "a: |\n  \tb\n", "a: {\tb: c}\n", 'a: "\tb"\n'])
def test_a_tab_elsewhere_is_no_matter(text: str) -> None:
    assert load(text.encode()).documents
