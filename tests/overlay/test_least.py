"""The least an overlay has to say, for every key of a service, with Docker Compose itself as the judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from composeharden.compose.written import as_meant
from composeharden.overlay.file import Overlay
from composeharden.overlay.text import rewrite
from composeharden.overlay.values import NOTHING, Faces
from composeharden.overlay.values import least as least_of
from composeharden.yaml.change import Change, Refused, Set
from composeharden.yaml.scalars import Tagged
from tests.compose.test_merge import KEYS, compose, project

_SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
_UNLIKE_IN_TWO_FORMS = ("extra_hosts",)
"""Of these Compose keeps each form that an entry is written in, so that what is wanted depends on how it is merged."""


def least(below: Any, wanted: Any, key: str, variables: dict[str, str]) -> Any:
    old, new = (Faces(body, as_meant(body, variables)) for body in (below, wanted))
    return least_of(old, new, key, lambda value: as_meant(value, variables))


@pytest.mark.parametrize(
    ("key", "old", "new", "said"),
    [
        # nothing to say
        ("cap_drop", ["ALL"], ["ALL"], NOTHING),
        ("depends_on", ["db"], {"db": {"condition": "service_started"}}, NOTHING),
        ("tmpfs", "/run", ["/run"], NOTHING),
        # what was not there
        ("cap_drop", None, ["ALL"], ["ALL"]),
        ("read_only", False, True, True),
        ("user", "root", "1000:1000", "1000:1000"),
        # additions
        ("cap_drop", ["NET_RAW"], ["NET_RAW", "ALL"], ["ALL"]),
        ("security_opt", ["a:b"], ["a:b", "no-new-privileges:true"], ["no-new-privileges:true"]),
        ("tmpfs", "/run", ["/run", "/tmp"], ["/tmp"]),
        ("tmpfs", ["${RUN}"], ["${RUN}", "/tmp"], ["/tmp"]),
        (
            "depends_on",
            ["db", "cache"],
            {"db": {"condition": "service_healthy"}, "cache": {"condition": "service_started"}},
            {"db": {"condition": "service_healthy"}},
        ),
        (
            "healthcheck",
            {"test": ["CMD", "a"], "retries": 3},
            {"test": ["CMD", "a"], "retries": 5, "interval": "5s"},
            {"retries": 5, "interval": "5s"},
        ),
        ("healthcheck", {"test": "a", "retries": 3}, {"test": "a"}, {"retries": Tagged("!reset", "null")}),
        # what merging alone cannot do
        ("cap_add", ["CHOWN", "ALL"], ["CHOWN"], Tagged("!override", ["CHOWN"])),
        ("cap_add", ["CHOWN", "KILL"], ["KILL", "CHOWN"], Tagged("!override", ["KILL", "CHOWN"])),
        ("tmpfs", ["/tmp"], ["/tmp:size=1m"], Tagged("!override", ["/tmp:size=1m"])),
    ],
)
def test_it_says_as_little_as_possible(key: str, old: Any, new: Any, said: Any) -> None:
    below = {"image": "a"} if old is None else {"image": "a", key: old}
    assert least(below, {"image": "a", key: new}, key, {"RUN": "/run"}) == said


def test_a_key_is_taken_away_with_reset_and_one_that_is_not_there_with_nothing() -> None:
    assert least({"user": "a"}, {}, "user", {}) == Tagged("!reset", "null")
    assert least({}, {}, "user", {}) is NOTHING


def test_entries_that_only_the_variables_make_the_same_are_told_apart() -> None:
    """Merging `/tmp` over `${T}` would keep one of both where the fix in place, too, leaves one."""
    said = least({"tmpfs": ["${T}"]}, {"tmpfs": ["${T}", "/tmp"]}, "tmpfs", {"T": "/tmp"})
    assert said in (["/tmp"], NOTHING)


@_SETTINGS
@given(st.data())
def test_compose_makes_of_it_what_is_wanted(data: st.DataObject) -> None:
    """Any value of any key turned into any other, all in one stack for each example."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    changes: list[Change] = []
    for key, values in KEYS.items():
        if key in _UNLIKE_IN_TWO_FORMS:
            continue
        name = f"{key}-service"
        before, after = data.draw(values), data.draw(values)
        below, wanted = {"image": "x", key: before}, {"image": "x", key: after}
        how = data.draw(st.sampled_from(("change", "change", "change", "add", "remove")))
        if key in ("build", "image"):
            how = "change"
        if how == "add":
            del below[key]
        elif how == "remove":
            del wanted[key]
        try:
            said = least(below, wanted, key, {})
        except Refused:
            continue
        old[name], new[name] = below, wanted
        if said is not NOTHING:
            changes.append(Set((0, "services", name, key), said))
    assert len(old) > len(KEYS) - 4, "too little can be said"
    overlay = rewrite(Overlay("overlay.yaml"), changes, ())[1].text if changes else {}
    expected = compose(project(new))["services"]
    found = compose(project(old), overlay)["services"]
    wrong = {name: (old[name], new[name]) for name in old if found.get(name) != expected.get(name)}
    assert wrong == {}
