"""The table of traps fits the tree: each guard is there once, and each test is there."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.traps.table import ROOT, Trap, traps

TRAPS = traps()


@cache
def functions(file: str) -> frozenset[str]:
    """The tests of a file, as pytest names them; empty where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {f"{prefix}{one.name}" for one in inner if isinstance(one, ast.FunctionDef)}
    return frozenset(found)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_each_guard_is_there_once(trap: Trap) -> None:
    assert trap.guard
    assert [problem for edit in trap.guard if (problem := edit.problem(ROOT))] == []
    assert not any(edit.text == edit.becomes for edit in trap.guard)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_each_test_is_there(trap: Trap) -> None:
    assert trap.tests
    for test in trap.tests:
        file, _, function = test.partition("::")
        assert function.partition("[")[0] in functions(file), test


def test_no_two_traps_are_called_the_same() -> None:
    assert [name for name, number in Counter(trap.id for trap in TRAPS).items() if number > 1] == []


def test_enough_of_them_are_run_on_an_engine() -> None:
    assert sum(trap.on_engine for trap in TRAPS) >= 20


def test_every_trap_of_the_engine_tests_is_in_the_table() -> None:
    from tests.engine.trap_rows import TRAPS as rows

    named = {test.partition("[")[2].rstrip("]") for trap in TRAPS for test in trap.tests if "/test_traps.py" in test}
    assert named == {row.name for row in rows}
