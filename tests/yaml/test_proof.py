"""The proof finds every rendering that says something else than the declared change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from composeharden.yaml import proof
from composeharden.yaml.change import Append, Change, Refused, Remove, Replace, Reshape, Set, apply
from composeharden.yaml.proof import edit, prove, same
from composeharden.yaml.scalars import Tagged, Timestamp
from composeharden.yaml.source import Source, all_data, load
from composeharden.yaml.splice import Edit

TEXT = b"""\
x-base: &base {image: x}
services:
  a:
    <<: *base
    ports:
      - "80:80"
    command: |
      text
  b:
    image: y
"""
SERVICE = (0, "services", "b")
RIGHT = Set((*SERVICE, "read_only"), True)
LAST = TEXT.decode().rindex("\n")


def _insert(text: str) -> list[Edit]:
    return [Edit(LAST, LAST, text)]


def _replace(old: str, new: str) -> list[Edit]:
    start = TEXT.decode().index(old)
    return [*_insert("\n    read_only: true"), Edit(start, start + len(old), new)]


WRONG = {
    "nothing at all": [],
    "a number for a truth value": _insert("\n    read_only: 1"),
    "a text for a truth value": _insert('\n    read_only: "true"'),
    "a word YAML takes for a text": _insert("\n    read_only: yes"),
    "in another mapping": _insert("\n  read_only: true"),
    "twice": _insert("\n    read_only: true\n    read_only: true"),
    "with one key more": _insert("\n    read_only: true\n    x: null"),
    "in another place": [Edit(LAST - len("\n    image: y"), LAST - len("\n    image: y"), "\n    read_only: true")],
    "not YAML": _insert("\n   read_only: true"),
    "a quote lost": _replace('"80:80"', "80"),
    "a blank line more in a text": _replace("text\n", "text\n\n      "),
    "a text less": _replace("      text\n", ""),
    "an anchor that is gone": _replace("&base ", ""),
    "another anchor": _replace("*base", "{image: z}"),
    "another order": _replace("image: x", "x: 1, image: x"),
    "a tag more": _replace("{image: x}", "!override {image: x}"),
    "a second document": _insert("\n    read_only: true\n---\nname: x"),
    "overlapping": [Edit(0, 5, ""), Edit(4, 6, "")],
}


@pytest.mark.parametrize("edits", WRONG.values(), ids=WRONG)
def test_a_wrong_rendering_is_refused(edits: list[Edit], monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(changes: Iterable[Change], source: Source) -> list[Edit]:
        return edits

    monkeypatch.setattr(proof, "render", wrong)
    with pytest.raises(Refused):
        edit(load(TEXT), [RIGHT])


def test_the_right_rendering_is_proven() -> None:
    source = load(TEXT)
    proven = prove(source, [RIGHT], _insert("\n    read_only: true"))
    assert proven.source.text == TEXT.decode() + "    read_only: true\n"
    assert edit(source, [RIGHT]).source.text == proven.source.text


def test_text_outside_the_edits_must_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(text: str, edits: Iterable[Edit]) -> str:
        return "# new\n" + text[:LAST] + "\n    read_only: true\n"

    monkeypatch.setattr(proof, "splice", careless)
    with pytest.raises(Refused, match="outside the declared spans"):
        edit(load(TEXT), [RIGHT])


def test_the_reason_names_the_first_value_that_differs() -> None:
    with pytest.raises(Refused) as refused:
        prove(load(TEXT), [RIGHT], _insert("\n    read_only: 1"))
    assert refused.value.reason == "the edited text would mean something else: services.b.read_only"


def test_a_change_of_an_anchor_must_reach_every_alias() -> None:
    source = load(b"a: &a {x: 1}\nb: *a\n")
    assert all_data(edit(source, [Set((0, "b", "y"), 2)]).source) == [{"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}}]
    with pytest.raises(Refused, match="something else"):  # only one of the two places
        prove(
            source,
            [Set((0, "b", "y"), 2)],
            [Edit(len("a: &a {x: 1}\nb: "), len("a: &a {x: 1}\nb: *a"), "{x: 1, y: 2}")],
        )


NAN = float("nan")
SHARED: dict[str, Any] = {"k": [1]}
EQUAL: dict[str, tuple[Any, Any]] = {
    "nothing": (None, None),
    "NaN, one object": (NAN, NAN),
    "NaN, two objects": ({"x": NAN}, {"x": float("nan")}),
    "tagged": (Tagged("!a", [1]), Tagged("!a", [1])),
    "nested": ({"a": [{"b": None}]}, {"a": [{"b": None}]}),
    "shared and not shared": ([SHARED, SHARED], [{"k": [1]}, {"k": [1]}]),
}
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "true and 1": (True, 1),
    "1 and 1.0": (1, 1.0),
    "false and 0 in a list": ([False], [0]),
    "nothing and an empty text": (None, ""),
    "text and time": ("2001-01-01", Timestamp("2001-01-01")),
    "list and mapping": ([], {}),
    "order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "order of items": ([1, 2], [2, 1]),
    "NaN and a number": (NAN, 1.0),
    "tag": (Tagged("!a", 1), Tagged("!b", 1)),
    "tagged and plain": (Tagged("!a", 1), 1),
    "tagged and list": (Tagged("!a", 1), ["!a", 1]),
    "one key more": ({"a": 1}, {"a": 1, "b": None}),
    "deep inside shared parts": ([SHARED, SHARED], [{"k": [1]}, {"k": [True]}]),
}


@pytest.mark.parametrize(("left", "right"), EQUAL.values(), ids=EQUAL)
def test_same(left: Any, right: Any) -> None:
    assert same(left, right)
    assert same(right, left)


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=DIFFERENT)
def test_not_same(left: Any, right: Any) -> None:
    assert not same(left, right)
    assert not same(right, left)


def test_order_can_be_left_out() -> None:
    assert same({"a": 1, "b": [2]}, {"b": [2], "a": 1}, ordered=False)
    assert not same({"a": [1, 2]}, {"a": [2, 1]}, ordered=False)


def test_same_is_quick_on_what_aliases_blow_up() -> None:
    bombs: list[Any] = [[], []]
    for _ in range(60):
        bombs = [[bomb, bomb] for bomb in bombs]
    assert same(*bombs)
    assert not same([*bombs, 1], [*bombs, True])


APPLIED: dict[str, tuple[Change, Any, Any]] = {
    "set": (Set((0, "a"), 1), {}, {"a": 1}),
    "set where nothing is": (Set((0, "a", "b"), 1), {"a": None}, {"a": {"b": 1}}),
    "set under a tag": (Set((0, "a", "b"), 1), {"a": Tagged("!t", {})}, {"a": Tagged("!t", {"b": 1})}),
    "append": (Append((0, "a"), (1, [2])), {"a": []}, {"a": [1, [2]]}),
    "replace": (Replace((0, "a"), "x", "z"), {"a": ["x", "y"]}, {"a": ["z", "y"]}),
    "remove": (Remove((0, "a")), {"a": 1, "b": 2}, {"b": 2}),
    "reshape": (Reshape((0, "a"), {"x": {}, "y": None}), {"a": ["x", "y"]}, {"a": {"x": {}, "y": None}}),
    "reshape with a new name": (Reshape((0, "a"), {"x": {}, "y": {}}), {"a": ["x"]}, {"a": {"x": {}, "y": {}}}),
    "reshape under a tag": (Reshape((0, "a"), {"x": {}}), {"a": Tagged("!t", ["x"])}, {"a": Tagged("!t", {"x": {}})}),
}


@pytest.mark.parametrize(("change", "before", "after"), APPLIED.values(), ids=APPLIED)
def test_apply(change: Change, before: Any, after: Any) -> None:
    assert same(apply([change], [before]), [after])


@pytest.mark.parametrize(
    "change",
    [Set((1, "a"), 1), Set((0, "word", "a"), 1), Set((0, "list", "a"), 1), Append((0, "word"), (1,)),
     Append((0, "x"), (1,)), Remove((0, "x")), Remove((0, "word", "x")), Reshape((0, "x"), {}),
     Reshape((0, "list"), {"x": 1}), Reshape((0, "word"), {"x": 1}), Set((0, "list", 1, "a"), 1),
     Replace((0, "list"), "x", "y"), Replace((0, "word"), "x", "y")],
)  # fmt: skip
def test_apply_refuses(change: Change) -> None:
    with pytest.raises(Refused):
        apply([change], [{"word": "x", "list": [1]}])


def test_applied_values_are_copies() -> None:
    value: dict[str, Any] = {"a": [1]}
    [data] = apply([Set((0, "x"), value), Append((0, "y"), (value,))], [{"y": []}])
    value["a"].append(2)
    assert data == {"y": [{"a": [1]}], "x": {"a": [1]}}
