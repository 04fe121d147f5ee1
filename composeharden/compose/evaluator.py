"""Yes or no: does data satisfy the Compose Spec's JSON Schema?

A general validator costs more to import than this whole program takes to run, so here are just the keywords that this
one schema uses; a test fails when a new schema uses another, and the answers are compared with those of jsonschema.
Source: JSON Schema draft 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from typing import Any

Schema = dict[str, Any] | bool


class Variable(str):
    """A string whose value is not known before interpolation: any pattern or enumeration may hold."""

    __slots__ = ()


class Unordered(list[Any]):
    """A list that Compose rids of duplicates before it validates, so that `uniqueItems` always holds."""


class Evaluator:
    """Answers for one schema document. Work on shared parts of the data is done once per call of `accepts`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._known: dict[int, tuple[dict[str, Schema], dict[str, Schema]]] = {}
        self._seen: dict[tuple[int, int], bool] = {}

    def accepts(self, data: Any) -> bool:
        """True when `data` (dict, list and scalars; no YAML tags, no merge keys) is valid."""
        self._seen.clear()  # by id(): only good while the same data is alive
        return self.holds(self.document, data)

    def holds(self, schema: Schema, data: Any) -> bool:
        """True when `data` satisfies one part of the document."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(data, (dict, list)):
            return self._all_keywords(schema, data)
        key = (id(schema), id(data))
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._all_keywords(schema, data)
        return found

    def satisfies(self, keyword: str, value: Any, data: Any) -> bool:
        """True when `data` satisfies one keyword of a schema."""
        return _CHECKS[keyword](self, value, data)

    def resolve(self, schema: Schema) -> Schema:
        """The schema that a `$ref` stands for, or the schema itself."""
        while isinstance(schema, dict) and "$ref" in schema:
            target: Any = self.document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            schema = target
        return schema

    def known(self, schema: dict[str, Any]) -> tuple[dict[str, Schema], dict[str, Schema]]:
        """Properties by name and by pattern that a schema knows, itself or through `$ref` and `allOf`."""
        found = self._known.get(id(schema))
        if found is None:
            names, patterns = dict(schema.get("properties", {})), dict(schema.get("patternProperties", {}))
            inner = [self.resolve(part) for part in schema.get("allOf", ())]
            for part in inner + ([self.resolve(schema)] if "$ref" in schema else []):
                if isinstance(part, dict):
                    for mine, theirs in zip((names, patterns), self.known(part), strict=True):
                        mine.update({name: child for name, child in theirs.items() if name not in mine})
            found = self._known[id(schema)] = (names, patterns)
        return found

    def unknown_keys(self, schema: dict[str, Any], data: dict[str, Any]) -> Iterator[str]:
        """Keys of `data` that a schema which takes no others has no place for."""
        if schema.get("unevaluatedProperties") is False:
            names, patterns = self.known(schema)
        elif schema.get("additionalProperties") is False:
            names, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        else:
            return
        for key in data:
            if key not in names and not any(matches(pattern, key) for pattern in patterns):
                yield key

    def by_pattern(self, schema: dict[str, Any], key: str) -> Iterator[Schema]:
        """What a schema says about a key through `patternProperties`."""
        for pattern, child in schema.get("patternProperties", {}).items():
            if matches(pattern, key):
                yield child

    def _all_keywords(self, schema: dict[str, Any], data: Any) -> bool:
        for keyword, value in schema.items():
            if keyword in _CHECKS and not _CHECKS[keyword](self, value, data):
                return False
        if isinstance(data, dict):
            return next(self.unknown_keys(schema, data), None) is None
        return True

    # -- one method per keyword: its value, then the data ----------------------------------------------------------

    def _ref(self, value: str, data: Any) -> bool:
        return self.holds(self.resolve({"$ref": value}), data)

    def _type(self, value: str | list[str], data: Any) -> bool:
        if isinstance(value, str):
            return is_type(data, value)
        return any(is_type(data, name) for name in value)

    def _properties(self, value: dict[str, Schema], data: Any) -> bool:
        if not isinstance(data, dict):
            return True
        return all(self.holds(value[key], child) for key, child in data.items() if key in value)

    def _pattern_properties(self, value: dict[str, Schema], data: Any) -> bool:
        if not isinstance(data, dict):
            return True
        return all(
            self.holds(child, data[key]) for pattern, child in value.items() for key in data if matches(pattern, key)
        )

    def _items(self, value: Schema, data: Any) -> bool:
        return not isinstance(data, list) or all(self.holds(value, item) for item in data)

    def _unique_items(self, value: bool, data: Any) -> bool:
        return not value or not isinstance(data, list) or isinstance(data, Unordered) or is_unique(data)

    def _required(self, value: list[str], data: Any) -> bool:
        return not isinstance(data, dict) or all(name in data for name in value)

    def _one_of(self, value: list[Schema], data: Any) -> bool:
        return sum(self.holds(branch, data) for branch in value) == 1

    def _any_of(self, value: list[Schema], data: Any) -> bool:
        return any(self.holds(branch, data) for branch in value)

    def _all_of(self, value: list[Schema], data: Any) -> bool:
        return all(self.holds(branch, data) for branch in value)

    def _enum(self, value: list[Any], data: Any) -> bool:
        return isinstance(data, Variable) or any(_identity(data) == _identity(allowed) for allowed in value)

    def _minimum(self, value: float, data: Any) -> bool:
        return not is_type(data, "number") or data >= value

    def _maximum(self, value: float, data: Any) -> bool:
        return not is_type(data, "number") or data <= value

    def _pattern(self, value: str, data: Any) -> bool:
        return isinstance(data, Variable) or not isinstance(data, str) or matches(value, data)


_CHECKS: dict[str, Callable[[Evaluator, Any, Any], bool]] = {
    "$ref": Evaluator._ref,
    "type": Evaluator._type,
    "properties": Evaluator._properties,
    "patternProperties": Evaluator._pattern_properties,
    "items": Evaluator._items,
    "uniqueItems": Evaluator._unique_items,
    "required": Evaluator._required,
    "oneOf": Evaluator._one_of,
    "anyOf": Evaluator._any_of,
    "allOf": Evaluator._all_of,
    "enum": Evaluator._enum,
    "minimum": Evaluator._minimum,
    "maximum": Evaluator._maximum,
    "pattern": Evaluator._pattern,
}
KEYWORDS = frozenset(_CHECKS) | {"additionalProperties", "unevaluatedProperties", "$schema", "$id", "$defs", "$comment"}
"""All that a schema may use; the last four say nothing about data. The first two may only be `false`."""


def is_type(data: Any, name: str) -> bool:
    """True when `data` is of a JSON Schema type: `true` is no integer, 1.0 is one."""
    if name == "string":
        return isinstance(data, str)
    if name == "object":
        return isinstance(data, dict)
    if name == "array":
        return isinstance(data, list)
    if name == "null":
        return data is None
    if isinstance(data, bool):
        return name == "boolean"
    if name == "number":
        return isinstance(data, (int, float))
    return name == "integer" and (isinstance(data, int) or (isinstance(data, float) and data.is_integer()))


def is_unique(items: list[Any]) -> bool:
    """True when no two items mean the same in JSON."""
    return len({_identity(item) for item in items}) == len(items)


def matches(pattern: str, text: str) -> bool:
    """True when `pattern` is found anywhere in `text`."""
    return _compiled(pattern).search(text) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    # "$" is the end of the text to JSON Schema, and to Python also the place before a last line break
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _identity(value: Any, depth: int = 4) -> Hashable:
    """Something that is equal for two values exactly when JSON calls them equal; deep down only when they are one."""
    if isinstance(value, (dict, list)) and not depth:
        return ("shared", id(value))
    if isinstance(value, dict):
        return ("object", frozenset((key, _identity(child, depth - 1)) for key, child in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_identity(item, depth - 1) for item in value))
    return ("boolean", value) if isinstance(value, bool) else ("", value)
