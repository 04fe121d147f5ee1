"""The evaluator gives the answers of jsonschema, and every no is explained."""

from __future__ import annotations

import copy
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from composeharden.compose.evaluator import KEYWORDS, Evaluator, Variable
from composeharden.compose.explain import explain
from composeharden.compose.prepared import prepare
from composeharden.compose.schema import specification
from composeharden.yaml.source import SourceError, load, to_data
from tests.compose.samples import PROJECT
from tests.corpus.differential_config import compose_files

CORPUS = os.environ.get("COMPOSEHARDEN_CORPUS")


@cache
def evaluator() -> Evaluator:
    return Evaluator(specification())


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(specification())


def schemas(schema: Any) -> list[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, bool):
        return []
    inner: list[Any] = [
        child for name in ("properties", "patternProperties", "$defs") for child in schema.get(name, {}).values()
    ]
    inner += [child for name in ("oneOf", "anyOf", "allOf") for child in schema.get(name, ())]
    inner += [schema["items"]] if "items" in schema else []
    return [schema, *(one for child in inner for one in schemas(child))]


def test_the_schema_uses_no_other_keyword() -> None:
    assert {keyword for schema in schemas(specification()) for keyword in schema} <= KEYWORDS


def test_the_shortcuts_taken_are_right_for_this_schema() -> None:
    for schema in schemas(specification()):
        assert "$ref" not in schema or set(schema) == {"$ref"}
        assert schema.get("$ref", "#/").startswith("#/")
        assert {schema.get(name, False) for name in ("additionalProperties", "unevaluatedProperties")} <= {False}
        if "unevaluatedProperties" in schema:
            parts = [evaluator().resolve(part) for part in schema["allOf"]]
            assert not [
                part for part in [schema, *parts] if isinstance(part, dict) and {"oneOf", "anyOf"} & part.keys()
            ]


def containers(data: Any) -> list[Any]:
    """Every dict and list in some data, itself first."""
    if not isinstance(data, (dict, list)):
        return []
    children = data.values() if isinstance(data, dict) else data
    return [data, *(one for child in children for one in containers(child))]


@cache
def vocabulary() -> list[str]:
    """Every key that the schema has a name for, and some that it has none for."""
    known = {name for schema in schemas(specification()) for name in schema.get("properties", {})}
    return [*sorted(known), "x-note", "", "a b", "nofile", "NOFILE"]


VALUES = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 1.0, 1.5, 2**70, "", "a", "all", "host", "every_5m", "10s", "no"]),
    st.sampled_from(
        [
            [],
            {},
            ["a"],
            ["a", "a"],
            [1, 1.0],
            [1, True],
            [{}, {}],
            {"a": None},
            {"condition": "service_started"},
            [{"type": "bind"}],
            {"manual": True},
            {"soft": 1, "hard": 2},
            {"external": {"name": "a"}},
        ]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The sample project with a few keys and items replaced, added or taken away."""
    data = copy.deepcopy(PROJECT)
    for _ in range(draw(st.integers(1, 4))):
        where = draw(st.sampled_from(containers(data)))
        value = copy.deepcopy(draw(VALUES))
        if isinstance(where, dict):
            key = draw(st.sampled_from([*where, *vocabulary()]))
            where.pop(key, None) if draw(st.booleans()) and key in where else where.update({key: value})
        else:
            where.insert(draw(st.integers(0, len(where))), value)
    return data


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_the_answers_are_those_of_jsonschema(data: Any) -> None:
    assert evaluator().accepts(data) == validator().is_valid(data)


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_every_no_is_explained_where_jsonschema_sees_it(data: Any) -> None:
    accepted = evaluator().accepts(data)
    failures = [] if accepted else list(explain(evaluator(), data))
    assert accepted == (not failures)
    seen = {tuple(part) for error in validator().iter_errors(data) for part in places(error)}
    for failure in failures:
        path = failure.path[:-1] if failure.at_key else failure.path
        assert path in seen, failure


def places(error: Any) -> list[tuple[str | int, ...]]:
    """Where an error lies, and where those lie that explain it."""
    return [tuple(error.absolute_path), *(place for inner in error.context for place in places(inner))]


@pytest.mark.parametrize(
    ("schema", "data", "expected"),
    [
        ({"type": "integer"}, True, False),
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, 1.5, False),
        ({"type": "number"}, False, False),
        ({"type": ["null", "boolean"]}, None, True),
        ({"enum": ["a"]}, "b", False),
        ({"enum": ["a"]}, Variable("${B}"), True),
        ({"pattern": "^a+$"}, "aa", True),
        ({"pattern": "^a+$"}, "aa\n", False),
        ({"pattern": "^a+$"}, Variable("${B}"), True),
        ({"uniqueItems": True}, [1, True, "1"], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"uniqueItems": True}, [{"a": [1]}, {"a": [1]}], False),
        ({"uniqueItems": False}, [1, 1], True),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1, False),
        ({"minimum": 0, "maximum": 5}, 6, False),
        ({"minimum": 0}, "text", True),
        ({"properties": {"a": False}}, {"a": 1}, False),
        ({"properties": {"a": False}}, {"b": 1}, True),
    ],
)
def test_keywords(schema: dict[str, Any], data: Any, expected: bool) -> None:
    assert Evaluator(schema).accepts(data) is expected


@pytest.mark.skipif(not CORPUS, reason="COMPOSEHARDEN_CORPUS is not set")
def test_the_answers_on_real_files_are_those_of_jsonschema() -> None:
    assert CORPUS
    compared = 0
    for path in compose_files(Path(CORPUS))[::4]:
        try:
            documents = load(path.read_bytes()).documents
        except SourceError:
            continue
        for root in documents:
            data = known(prepare(to_data(root)).data)
            assert evaluator().accepts(data) == validator().is_valid(data), path
            compared += 1
    assert compared


def known(data: Any) -> Any:
    """Data in which every variable has become ordinary text, and every list an ordinary list."""
    if isinstance(data, dict):
        return {key: known(child) for key, child in data.items()}
    if isinstance(data, list):
        return [known(child) for child in data]
    return str(data) if isinstance(data, Variable) else data
