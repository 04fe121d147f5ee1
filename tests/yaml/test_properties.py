"""Whatever the file and whatever the change: the edit is refused, or nothing but the declared change happened.

COMPOSEHARDEN_THOROUGH=1 tries 20,000 files instead of a few hundred.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.yaml.change import Append, Change, Refused, Remove, Set
from composeharden.yaml.proof import Proven, edit
from composeharden.yaml.source import Source, load
from tests.yaml.changes import applied, changes
from tests.yaml.documents import files
from tests.yaml.untyped import documents

_COMMENT = re.compile(r"# c\d+\b")
_RIGHTLY_REFUSED = (
    "a comment stands in the text that would be replaced",
    "an empty value in flow style, or under a tag, has no place to write to",
    "holds something other than plain names",
    "is not the list of names that was expected",
    "is not written as a mapping",
    "is not written as one plain text",
    "is used elsewhere",
    "shares its line with something else",
)
"""Edits at random places are often ones that must not be made: these are the reasons that say so before any try."""
_THOROUGH = os.environ.get("COMPOSEHARDEN_THOROUGH") == "1"
_MOST_OTHERS = 0.01 if _THOROUGH else 0.05
"""Refused only by the proof: nothing is written then, but the renderer should have known.

A few hundred examples come in clusters of much the same case, so their share says less.
"""
_PROFILE = settings(
    max_examples=20_000 if _THOROUGH else 400,
    deadline=None,
    derandomize=not _THOROUGH,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_an_edit_does_what_was_declared_or_is_refused() -> None:
    outcomes: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()

    @_PROFILE
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        source = load(data.draw(files()))
        wanted = data.draw(changes(source))
        if not wanted or (source.text, repr(wanted)) in seen:  # the same case comes again and again
            return
        seen.add((source.text, repr(wanted)))
        kind = type(wanted[0]).__name__ if len(wanted) == 1 else "several"
        try:
            proven = edit(source, wanted)
        except Refused as refused:
            outcomes[f"{kind} refused: {_shortened(refused.reason)}"] += 1
            return
        outcomes[f"{kind} made"] += 1
        _check(source, wanted, proven)

    holds()
    total, refused = outcomes.total(), sum(count for name, count in outcomes.items() if "refused" in name)
    print(f"\n{total} edits, {refused} refused", *(f"\n{count:7} {name}" for name, count in outcomes.most_common()))
    others = sum(
        count
        for name, count in outcomes.items()
        if "refused" in name and name.partition("refused: ")[2].strip() not in _RIGHTLY_REFUSED
    )
    assert others <= _MOST_OTHERS * total


def _check(source: Source, wanted: list[Change], proven: Proven) -> None:
    before, after = source.text, proven.source.text
    assert documents(after) == applied(wanted, documents(before))
    _check_outside(before, after, proven)
    _check_comments(before, after, wanted, proven)
    if all(isinstance(change, Append) or (isinstance(change, Set) and _is_new(source, change)) for change in wanted):
        assert all(change.start == change.end for change in proven.edits)
    if len(wanted) == 1 and isinstance(wanted[0], Set):
        again = edit(proven.source, wanted)  # may choose another quote, the file's habits being counted anew
        assert edit(again.source, wanted).source.text == again.source.text, "making the same change again is not stable"


def _is_new(source: Source, change: Set) -> bool:
    holder: Any = documents(source.text)
    for part in change.path[:-1]:
        holder = holder[part]
    return change.path[-1] not in holder


def _check_outside(before: str, after: str, proven: Proven) -> None:
    """Every character outside the edited spans is there, in its place."""
    old = new = 0
    for one in sorted(proven.edits, key=lambda one: (one.start, one.end)):
        piece = before[old : one.start]
        assert after[new : new + len(piece)] == piece
        old, new = one.end, new + len(piece) + len(one.text)
    assert before[old:] == after[new:]


def _check_comments(before: str, after: str, wanted: list[Change], proven: Proven) -> None:
    lost = Counter(_COMMENT.findall(before))
    lost.subtract(_COMMENT.findall(after))
    lost = +lost
    removed: Counter[str] = Counter()
    if any(isinstance(change, Remove) for change in wanted):
        for one in proven.edits:
            removed.update(_COMMENT.findall(before[one.start : one.end]))
    assert lost == removed


def _shortened(reason: str) -> str:
    return re.sub(r": .*|&\S+|^.* (?=holds |is |shares )", "", reason)
