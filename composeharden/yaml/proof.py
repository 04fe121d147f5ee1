"""The proof without which nothing is written: the new text means the old data with the declared changes, no more.

Equality here is strict about types and about order, and safe for NaN and for data that shares parts (aliases).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from composeharden.yaml.change import Change, Refused, apply
from composeharden.yaml.scalars import Tagged
from composeharden.yaml.source import Source, SourceError, all_data, load
from composeharden.yaml.splice import Edit, order, render, splice


class Proven:
    """An edited file whose meaning has been checked: the edits, and the new file read back from its own bytes."""

    def __init__(self, edits: list[Edit], source: Source) -> None:
        self.edits = edits
        self.source = source


def edit(source: Source, changes: Iterable[Change]) -> Proven:
    """Make `changes` in the text of `source` and prove the result.

    Raises:
        Refused: the changes cannot be rendered, or the new text does not mean exactly what they declare.
    """
    changes = list(changes)
    return prove(source, changes, render(changes, source))


def prove(source: Source, changes: Iterable[Change], edits: list[Edit]) -> Proven:
    """Prove that `edits` mean exactly `changes`. Raises Refused where they do not."""
    text = splice(source.text, edits)
    _unchanged_outside(source.text, text, edits)
    try:
        after = load(source.encode(text))
    except SourceError as error:
        raise Refused(f"the edited file would no longer be YAML: {error.message}") from None
    expected, actual = apply(changes, all_data(source)), all_data(after)
    if not same(expected, actual):
        raise Refused("the edited text would mean something else: " + _difference(expected, actual))
    return Proven(edits, after)


def same(left: Any, right: Any, ordered: bool = True) -> bool:
    """True when both are the same data, types included. `ordered` tells whether the order of keys counts."""
    seen: set[tuple[int, int]] = set()
    stack = [(left, right)]
    while stack:
        a, b = stack.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, (dict, list, Tagged)):
            if (id(a), id(b)) in seen:
                continue
            seen.add((id(a), id(b)))
            if len(a) != len(b):
                return False
            if isinstance(a, dict):
                if list(a) != list(b) if ordered else a.keys() != b.keys():
                    return False
                stack.extend((value, b[key]) for key, value in a.items())
            else:
                stack.extend(zip(a, b, strict=True))
        elif a != b and not (a != a and b != b):
            return False
    return True


def _unchanged_outside(before: str, after: str, edits: Iterable[Edit]) -> None:
    """Every character outside the edited spans must be where it was, read off the two texts themselves."""
    old = new = 0
    for change in sorted(edits, key=order):
        kept = change.start - old
        if before[old : change.start] != after[new : new + kept]:
            raise Refused("text outside the declared spans would change")
        old, new = change.end, new + kept + len(change.text)
    if before[old:] != after[new:]:
        raise Refused("text outside the declared spans would change")


def _difference(expected: Any, actual: Any) -> str:
    """The path of a smallest part that differs. Follows one difference down, so aliases cannot blow it up."""
    path: list[str] = []
    while type(expected) is type(actual):
        if isinstance(expected, dict) and list(expected) == list(actual):
            keys: Iterable[Any] = expected
        elif isinstance(expected, (list, Tagged)) and len(expected) == len(actual):
            keys = range(len(expected))
        else:
            break
        wrong = next((key for key in keys if not same(expected[key], actual[key])), None)
        if wrong is None:
            break
        path.append(str(wrong))
        expected, actual = expected[wrong], actual[wrong]
    return ".".join(path[1:]) or "the file as a whole"
