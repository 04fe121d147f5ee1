"""Which trials are made, and that nothing comes out that was not run whole."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.learn.search import Start
from composeharden.learn.setting import Path, Setting
from composeharden.posture import DEFAULT_CAPABILITIES
from tests.learn.lives import TMP, Runs, needs, seen


def held(start: Start | None) -> frozenset[str]:
    assert start is not None
    assert start.setting is not None
    assert start.setting.capabilities is not None
    return start.setting.capabilities


def test_what_needs_nothing_gets_nothing_in_few_trials() -> None:
    runs = Runs(seen(service=""), needs())
    assert held(runs.found.own) == frozenset()
    assert runs.found.user is None
    assert len(runs.tried) == 3


def test_an_image_that_starts_as_its_user_is_tried_without_any_capability() -> None:
    runs = Runs(seen(root=False, service=""), needs())
    assert [setting.capabilities for setting, _, _ in runs.tried] == [frozenset(), frozenset()]
    assert runs.found.user is None


@pytest.mark.parametrize("traced", [None, ("CHOWN", "FOWNER", "SETGID", "SETUID", "DAC_OVERRIDE")])
def test_the_smallest_set_is_found_with_a_trace_and_without(traced: tuple[str, ...] | None) -> None:
    runs = Runs(seen(traced), needs("CHOWN", "SETGID", "SETUID"))
    assert held(runs.found.own) == {"CHOWN", "SETGID", "SETUID"}
    assert held(runs.found.user) == frozenset()
    assert runs.found.own.reasons.keys() == {"CHOWN", "SETGID", "SETUID"}


def test_a_trace_saves_trials() -> None:
    works = needs("SETGID", "SETUID")
    assert len(Runs(seen(("SETGID", "SETUID")), works).tried) < len(Runs(seen(), works).tried) / 2


def test_what_was_traced_and_not_in_the_default_is_never_added() -> None:
    runs = Runs(seen(("SYS_ADMIN", "DAC_READ_SEARCH", "SETUID")), needs("SETUID"))
    for setting, _, _ in runs.tried:
        assert (setting.capabilities or frozenset()) <= DEFAULT_CAPABILITIES


def test_a_file_capability_leaves_no_trace_and_is_read_from_the_image() -> None:
    """Caddy: execve fails without it, and no check is made that could be traced."""

    def works(setting: Setting) -> str:
        return "" if "NET_BIND_SERVICE" in (setting.capabilities or ()) else "exec: operation not permitted"

    runs = Runs(seen((), service="", file_capabilities=("NET_BIND_SERVICE",)), works)
    assert held(runs.found.own) == {"NET_BIND_SERVICE"}
    runs = Runs(seen((), file_capabilities=("NET_BIND_SERVICE",)), works)
    assert held(runs.found.user) == {"NET_BIND_SERVICE"}


def test_a_trace_that_misses_something_is_only_a_beginning() -> None:
    assert held(Runs(seen(("SETUID",)), needs("SETUID", "NET_RAW")).found.own) == {"NET_RAW", "SETUID"}


def test_a_bigger_set_that_fails_says_nothing_of_a_smaller_one() -> None:
    """PostgreSQL: with CHOWN and FOWNER it may close a folder that `find` then cannot enter."""

    def works(setting: Setting) -> str:
        have = setting.capabilities or frozenset()
        if not {"SETGID", "SETUID"} <= have and not setting.user:
            return "cannot step down"
        return "find: permission denied" if "FOWNER" in have and "DAC_OVERRIDE" not in have else ""

    runs = Runs(seen(("DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")), works)
    assert held(runs.found.own) == {"SETGID", "SETUID"}
    assert runs.found.own.setting in runs.proven


def test_a_path_that_only_the_log_tells_of_is_made_writable() -> None:
    def refuses(setting: Setting) -> tuple[str, ...]:
        have = {row.path for row in setting.writable}
        return tuple(path for path in ("/run", "/srv/spool") if path not in have)[:1]

    runs = Runs(seen(()), needs(), refuses)
    assert runs.found.own.setting is not None
    assert [row.path for row in runs.found.own.setting.writable] == ["/run", "/srv/spool", "/tmp"]
    assert runs.found.own.paths.keys() == {"/run", "/srv/spool"}


def test_a_path_that_can_be_done_without_goes_and_tmp_stays() -> None:
    rows = (TMP, Path("/var/cache/app"), Path("/etc/app", "volume"), Path("/srv/data", "volume"))
    runs = Runs(seen((), writable=rows, optional=("/etc/app",)), needs())
    assert runs.found.own.setting is not None
    assert [row.path for row in runs.found.own.setting.writable] == ["/srv/data", "/tmp"]


def test_what_cannot_be_read_only_keeps_its_capabilities_few() -> None:
    runs = Runs(seen(("SETUID",)), lambda one: "rewrites itself" if one.read_only else needs("SETUID")(one))
    assert runs.found.own.setting is not None
    assert not runs.found.own.setting.read_only
    assert held(runs.found.own) == {"SETUID"}
    assert runs.found.own.against["read_only"].what == "rewrites itself"


def test_what_cannot_live_with_no_new_privileges_keeps_the_rest() -> None:
    runs = Runs(seen((), service=""), lambda one: "sudo: cannot" if one.no_new_privileges else "")
    assert runs.found.own.setting is not None
    assert not runs.found.own.setting.no_new_privileges
    assert runs.found.own.setting.read_only
    assert runs.found.own.against["no_new_privileges"].what == "sudo: cannot"


def test_nothing_is_said_of_what_never_works() -> None:
    runs = Runs(seen(("SETUID",)), lambda one: "fails")
    assert runs.found.own.setting is None
    assert runs.found.user is not None
    assert runs.found.user.setting is None


def test_both_starts_get_the_same_writable_paths_and_are_run_with_them() -> None:
    def refuses(setting: Setting) -> tuple[str, ...]:
        wanted = "/run" if setting.user else "/var/cache/app"
        return () if wanted in {row.path for row in setting.writable} else (wanted,)

    runs = Runs(seen(()), needs(), refuses)
    assert runs.found.user is not None
    own, user = runs.found.own.setting, runs.found.user.setting
    assert own is not None
    assert user is not None
    assert own.writable == user.writable == (Path("/run"), TMP, Path("/var/cache/app"))
    assert {own, user} <= runs.proven


@pytest.mark.parametrize(("bad", "found"), [({1}, True), ({1, 2}, False), ({1, 3}, False)])
def test_one_bad_life_at_the_end_takes_nothing_back_where_two_good_ones_follow(bad: set[int], found: bool) -> None:
    lives: Counter[Setting] = Counter()

    def works(setting: Setting) -> str:
        lives[setting] += 1
        return "tired" if lives[setting] - 1 in bad else ""

    start = Runs(seen(("SETUID",), service=""), works).found.own
    assert (start.setting is not None) == found
    assert found or start.against["start"].words == "first start: tired"


_SOME = ("CHOWN", "FOWNER", "KILL", "SETGID", "SETUID")
_SETS = [frozenset(names) for size in range(6) for names in itertools.combinations(_SOME, size)]


@settings(max_examples=150, deadline=None)
@given(good=st.sets(st.sampled_from(_SETS)), traced=st.none() | st.sets(st.sampled_from(_SOME)), root=st.booleans())
def test_whatever_the_predicate_is_what_comes_out_was_run_whole(
    good: Iterable[frozenset[str]], traced: Iterable[str] | None, root: bool
) -> None:
    good = set(good)

    def works(setting: Setting) -> str:
        have = setting.capabilities if setting.capabilities is not None else DEFAULT_CAPABILITIES
        return "" if have & set(_SOME) in good else "fails"

    runs = Runs(seen(traced, root=root), works)
    for start in (runs.found.own, runs.found.user):
        if start is None or start.setting is None:
            continue
        assert start.setting in runs.proven
        assert held(start) <= DEFAULT_CAPABILITIES
        failed = {setting.capabilities for setting, _, worked in runs.tried if not worked}
        if root and not start.setting.user:
            # Each one of it was taken away in a trial of its own, which failed.
            assert all(held(start) - {name} in failed for name in held(start))
