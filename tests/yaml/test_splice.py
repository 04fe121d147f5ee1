"""Edits as pairs of texts, each with every line break, with and without a byte order mark and a final line break."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from composeharden.yaml.change import Change, Refused
from composeharden.yaml.proof import edit
from composeharden.yaml.source import load
from composeharden.yaml.splice import Edit, splice
from tests.yaml.cases import changed, new
from tests.yaml.cases.case import Case
from tests.yaml.cases.refused import REFUSALS

GROUPS = {
    "nothing": new.NOTHING,
    "new key": new.NEW_KEYS,
    "block scalar": new.BLOCK_SCALARS,
    "new list": new.NEW_LISTS,
    "flow": changed.FLOW,
    "value": changed.VALUES,
    "items": changed.ITEMS,
    "removed": changed.REMOVED,
    "reshaped": changed.RESHAPED,
    "several": changed.SEVERAL,
}
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "no final line break": lambda text: text.removesuffix("\n"),
    "all three": lambda text: "\ufeff" + text.replace("\n", "\r\n").removesuffix("\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{group}: {case.name}") for group, cases in GROUPS.items() for case in cases]
)
def test_edit(case: Case, form: str) -> None:
    before, after = (FORMS[form](dedent(text)) for text in (case.before, case.after))
    if case.needs_final_break and not before.endswith("\n"):
        with pytest.raises(Refused, match="block scalar without a final line break"):
            edit(load(before.encode()), case.changes)
        return
    proven = edit(load(before.encode()), case.changes)
    assert proven.source.text == after
    assert splice(before, proven.edits) == after


@pytest.mark.parametrize(("changes", "before", "reason"), [pytest.param(*rest, id=name) for name, *rest in REFUSALS])
def test_refused(changes: list[Change], before: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        edit(load(before.encode()), changes)
    assert reason in refused.value.reason


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in new.NOTHING])
def test_what_is_right_already_is_not_touched(case: Case) -> None:
    assert edit(load(dedent(case.before).encode()), case.changes).edits == []


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(Refused, match="the same place"):
        splice("abcdef", [Edit(1, 4, "x"), Edit(3, 5, "y")])


def test_insertions_at_one_place_stand_before_what_is_replaced_there() -> None:
    assert splice("abc", [Edit(1, 2, "x"), Edit(1, 1, "\n1", 1), Edit(1, 1, "\n2", 2), Edit(1, 1, ":")]) == "a:\n2\n1xc"
