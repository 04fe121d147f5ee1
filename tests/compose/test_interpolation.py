from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.compose.interpolation import (
    MAX_GROWTH,
    MAX_NESTING,
    Interpolated,
    InvalidTemplate,
    interpolate,
    interpolate_tree,
)
from composeharden.yaml.scalars import Tagged, Timestamp
from tests.compose import oracle

VARIABLES = {"A": "", "B": "b$x", "C": "c"}
PIECES = (
    "$",
    "${",
    "{",
    "}",
    "}",
    ":-",
    "-",
    ":+",
    "+",
    "A",
    "B",
    "C",
    "D",
    " ",
    "\n",
    "x",
    "$$",
    "${B:-",
    "${D-",
    "${A:+",
)
SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

templates = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)


def compose(values: list[str], variables: dict[str, str]) -> list[Any]:
    service = {"image": "x", "environment": {f"K{number}": value for number, value in enumerate(values)}}
    found = oracle.config({"services": {"s": service}}, variables=variables)["services"]["s"]["environment"]
    return [found[f"K{number}"] for number in range(len(values))]


def is_invalid(template: str) -> bool:
    try:
        interpolate(template, VARIABLES)
    except InvalidTemplate:
        return True
    return False


@pytest.mark.parametrize(
    ("template", "value", "unset"),
    [
        ("plain", "plain", ()),
        ("$C-${C}", "c-c", ()),
        ("$D-${D}", "-", ("D",)),
        ("$$C $$$C $$$$", "$C $c $$", ()),
        ("$1 $ 5$", "$1 $ 5$", ()),
        ("${A:-x}${A-x}${D:-x}${D-x}", "xxx", ()),
        ("${A:+x}${A+x}${C:+x}${C+x}${D+x}", "xxx", ()),
        ("${C:?m}${C?m}${A?m}", "cc", ()),
        ("${A:?m}", "", ("A",)),
        ("${D?m}", "", ("D",)),
        ("${D:-${E:-${C}}}", "c", ()),
        ("${D:-${E}}", "", ("E",)),
        ("${C:-${E}}", "c", ()),
        ("${C:-${}}", "c", ()),
        ('${D:-{"a": {"b": 1}}}', '{"a": {"b": 1}}', ()),
        ("${D:-{}}", "{}", ()),
        ("${D-a:-b?c+d}", "a:-b?c+d", ()),
        ("$a_1é", "é", ("a_1",)),
    ],
)
def test_values(template: str, value: str, unset: tuple[str, ...]) -> None:
    assert interpolate(template, VARIABLES) == Interpolated(value, frozenset(unset))


@pytest.mark.parametrize(
    ("template", "position"),
    [
        ("${", 0),
        ("ab ${}", 3),
        ("${1}", 0),
        ("${A B}", 0),
        ("${A", 0),
        ("x ${A:-b", 2),
        ("${D:-two\nlines}", 0),
        ("${D:-x ${-}}", 7),
    ],
)
def test_invalid(template: str, position: int) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        interpolate(template, VARIABLES)
    assert caught.value.position == position


def test_compose_agrees_on_the_cases_above() -> None:
    parameters: Any = test_values.pytestmark[0].args[1]  # type: ignore[attr-defined]
    cases = [(template, value) for template, value, _ in parameters if "?" not in template]
    assert compose([template for template, _ in cases], VARIABLES) == [value for _, value in cases]


@SETTINGS
@given(st.lists(templates, min_size=20, max_size=60))
def test_compose_gives_the_same_values(candidates: list[str]) -> None:
    valid = [template for template in candidates if not is_invalid(template)]
    assert compose(valid, VARIABLES) == [interpolate(template, VARIABLES).value for template in valid]


@SETTINGS
@given(templates.filter(is_invalid))
def test_compose_refuses_the_same_templates(template: str) -> None:
    with pytest.raises(oracle.Refused, match="invalid interpolation format"):
        compose([template], VARIABLES)


@pytest.mark.parametrize("template", ["${A:?m}", "${D?m}", "${C:-x}${D:?}", "x${D:?${C}}"])
def test_compose_stops_at_a_required_variable_that_only_counts_as_unset_here(template: str) -> None:
    with pytest.raises(oracle.Refused, match="required variable"):
        compose([template], VARIABLES)
    assert interpolate(template, VARIABLES).unset


def test_nesting_is_bounded() -> None:
    deep = "${D:-" * MAX_NESTING + "x" + "}" * MAX_NESTING
    assert interpolate(deep, {}).value == "x"
    with pytest.raises(InvalidTemplate, match="nested"):
        interpolate("${D:-" + deep + "}", {})


def test_growth_is_bounded() -> None:
    with pytest.raises(InvalidTemplate, match="too long"):
        interpolate("$A" * 2000, {"A": "x" * (MAX_GROWTH // 1000)})
    with pytest.raises(InvalidTemplate, match="too long"):
        interpolate_tree(["$A" * 500] * 500, {"A": "x" * (MAX_GROWTH // 1000)})


@pytest.mark.parametrize(
    "template",
    [
        "${D:-x}" * 50_000,
        "${D:-{" * 50_000 + "}",
        "${D" * 100_000,
        "${D:-" * 60 + "}" * 100_000,
        "${C:-${D}}" * 50_000 + "x" * 500_000,
        "$" * 500_001,
    ],
)
def test_time_is_linear(template: str) -> None:
    start = time.perf_counter()
    with contextlib.suppress(InvalidTemplate):
        interpolate(template, VARIABLES)
    assert time.perf_counter() - start < 5


def test_tree() -> None:
    shared = ["$C", "$D"]
    data = {
        "$C": 1,
        "a": shared,
        "b": {"c": shared},
        "t": Tagged("!override", ["${E}$F"]),
        "when": Timestamp("2024-01-01"),
    }
    tree = interpolate_tree(data, VARIABLES)
    assert tree.data == {
        "$C": 1,
        "a": ["c", ""],
        "b": {"c": ["c", ""]},
        "t": Tagged("!override", [""]),
        "when": "2024-01-01",
    }
    assert tree.data["a"] is tree.data["b"]["c"]
    assert type(tree.data["when"]) is Timestamp
    assert tree.unset == {("a", 1): {"D"}, ("b", "c", 1): {"D"}, ("t", 0): {"E", "F"}}


def test_tree_names_the_place_of_an_invalid_template() -> None:
    with pytest.raises(InvalidTemplate) as caught:
        interpolate_tree({"services": {"a": {"ports": ["80", "a${"]}}}, {})
    assert (caught.value.path, caught.value.position) == (("services", "a", "ports", 1), 1)
