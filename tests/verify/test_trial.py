"""Finding what is to blame: whatever a stack lives with, what is offered was run as a whole. No engine is needed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden import Options, Outcome, harden
from composeharden.verify import Plan, Planned
from composeharden.verify.seen import PHASES, Complaint, Life, Seen
from composeharden.verify.trial import MOST_LIVES, Result, Trial
from composeharden.yaml.change import Change

from .test_evidence import Contents

STACK = (
    "services:\n  a: {image: example/a}\n  b: {image: example/b}\n  c: {image: example/c, depends_on: [a]}\n"
    "networks: {}\n"
)
KEYS = ("cap_drop", "read_only", "security_opt")
UP = Seen("running", processes=frozenset({("app", 0)}))
Setting = Mapping[str, Any]
"""The keys that hardening gives a service."""
Says = Callable[[str, Setting], str]
"""What a service says when it does not live with a setting; nothing where it does."""


_DECIDED: dict[str, Outcome] = {}
"""What was decided before, by what it depends on: the same plans come up again and again."""


class Simulated(Trial):
    """A trial whose engine is a predicate; all that decides and searches is real."""

    def __init__(self, says: Says, services: Sequence[str]) -> None:
        self.options = Options(assume=True, services=frozenset(services))
        self.look = self._look
        self.tell = lambda text: None
        self.says = says
        self.model = {"services": {"a": {}, "b": {}, "c": {"depends_on": {"a": {}}}}}
        isolation: Any = SimpleNamespace(services=list(services), left_out={}, images={})
        isolation.images = {name: {"Id": name} for name in services}
        self.isolation = isolation
        self.files = Contents()
        self.result = Result(isolation)
        self.is_written = False
        self.runs: list[tuple[list[Change], bool]] = []
        """What was run, and whether all of it lived from the first start to the last stop."""
        engine: Any = SimpleNamespace(live=self._live, lives=0, starts=0)
        self.run = engine

    def _look(self, options: Options) -> Outcome:
        key = repr((sorted(options.services), options.assume, sorted(options.tried.items()), options.additions))
        if key not in _DECIDED:
            _DECIDED[key] = harden("compose.yaml", _read, options)
        return _DECIDED[key]

    def _canonical(self, changes: Sequence[Any]) -> dict[str, Any]:
        return {"changes": list(changes)}

    def _live(self, model: dict[str, Any], title: str, *_: object) -> Life:
        self.run.lives += 1
        changes = model.get("changes", [])
        given_to: dict[str, dict[str, Any]] = {name: {} for name in self.isolation.services}
        for change in changes:
            given_to[change.path[2]][change.path[3]] = change.value
        said = {name: self.says(name, given_to[name]) for name in given_to}
        if "c" in said and "a" in said and said["a"]:
            said["c"] = said["c"] or "it waits for a"
        seen = {name: _ended(line) if line else UP for name, line in said.items()}
        self.runs.append((changes, not any(said.values())))
        return Life([seen for _ in PHASES])


def _read(path: str) -> bytes:
    if path != "compose.yaml":
        raise FileNotFoundError(path)
    return STACK.encode()


def _ended(line: str) -> Seen:
    return Seen("exited", 1, complaints=(Complaint(line, False),), log=(line,))


def tried(says: Says, *services: str) -> tuple[Result, Simulated]:
    """The result of a trial of these services, and the trial."""
    simulated = Simulated(says, services)
    return simulated.verify(Planned(Plan(), simulated._look(simulated.options))), simulated


def test_a_stack_that_lives_is_run_once_as_it_is_and_once_hardened() -> None:
    result, simulated = tried(lambda name, setting: "", "a", "b", "c")
    assert (len(simulated.runs), result.found, result.blamed, result.repaired) == (2, [], [], None)
    assert result.survived is result.first


@pytest.mark.parametrize("key", KEYS)
def test_the_one_change_that_is_too_much_is_named_and_all_others_stay(key: str) -> None:
    result, _ = tried(lambda name, setting: "no" if name == "a" and key in setting else "", "a", "b", "c")
    rule = {"cap_drop": "cap-drop", "read_only": "read-only", "security_opt": "no-new-privileges"}[key]
    assert [(one.service, one.rules, one.addition) for one in result.blamed] == [("a", (rule,), None)]
    assert result.repaired is not None
    kept = {(fix.service, fix.rule) for fix in result.repaired.fixes}
    assert result.first is not None
    assert {(fix.service, fix.rule) for fix in result.first.fixes} - kept == {("a", rule)}


def test_two_services_that_lack_different_things_get_both() -> None:
    def says(name: str, setting: Setting) -> str:
        added = setting.get("cap_add", ())
        if name == "a" and "cap_drop" in setting and "MKNOD" not in added:
            return "mknod: /dev/x: Operation not permitted"
        mounts = " ".join(map(str, setting.get("tmpfs", ())))
        if name == "b" and "read_only" in setting and "/var/cache/app" not in mounts:
            return "open /var/cache/app/x.db: read-only file system"
        return ""

    result, _ = tried(says, "a", "b", "c")
    assert {(one.service, one.words) for one in result.blamed} == {
        ("a", "it needs MKNOD"),
        ("b", "it writes to /var/cache/app"),
    }
    assert result.survived is result.repaired is not None


def test_what_was_worse_only_once_is_told_and_blames_nothing() -> None:
    turns = itertools.count()
    result, simulated = tried(lambda name, setting: "tired" if setting and next(turns) == 0 else "", "a")
    assert (result.found, result.blamed, result.survived) == ([], [], result.first)
    assert {one.service for one in result.once} == {"a"}
    assert [lived for _, lived in simulated.runs] == [True, False, True, True]


@pytest.mark.parametrize("bad", [{0, 1}, {0, 2}])
def test_what_was_worse_in_two_of_three_lives_is_not_called_the_same(bad: set[int]) -> None:
    turns = itertools.count()
    result, _ = tried(lambda name, setting: "tired" if setting and next(turns) in bad else "", "a")
    assert {one.service for one in result.found} == {"a"}
    assert result.blamed
    assert result.once == []


_SETTINGS = [frozenset(keys) for size in range(1, 4) for keys in itertools.combinations(KEYS, size)]
_BAD = st.dictionaries(st.sampled_from(("a", "b", "c")), st.sets(st.sampled_from(_SETTINGS)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(bad=_BAD)
def test_whatever_it_lives_with_what_is_offered_was_run_whole(bad: Mapping[str, set[frozenset[str]]]) -> None:
    """Not monotone: a part of what works may fail, and a part of what fails may, too."""
    result, simulated = tried(
        lambda name, setting: "no" if frozenset(setting) & set(KEYS) in bad.get(name, ()) else "", "a", "b", "c"
    )
    survived = result.survived
    if survived is None:
        assert result.unfinished
    else:
        assert (survived.changes, True) in simulated.runs
    assert len(simulated.runs) <= MOST_LIVES + 3


@settings(max_examples=40, deadline=None)
@given(bad=st.sets(st.sampled_from(_SETTINGS)))
def test_for_one_service_there_is_always_an_answer(bad: set[frozenset[str]]) -> None:
    """At the worst none of the changes stays."""
    result, _ = tried(lambda name, setting: "no" if frozenset(setting) & set(KEYS) in bad else "", "b")
    assert result.survived is not None
