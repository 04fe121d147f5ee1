"""Why data is not what the Compose Spec's schema allows, in the words of somebody who writes Compose files.

Only keys and types are named, never the value of a scalar: it could be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from composeharden.compose.evaluator import Evaluator, Schema, Unordered, is_type, is_unique
from composeharden.compose.problems import Failure, Fault, Path, did_you_mean, either, place, shown

REPLACED = {
    "dockerfile": "write `build: {context: ., dockerfile: ...}` instead",
    "log_driver": "write `logging: {driver: ...}` instead",
    "log_opt": "write `logging: {options: ...}` instead",
    "net": "write `network_mode` instead, or use `networks`",
    "volume_driver": "set `driver` on the volume under the top-level `volumes`",
}
"""Keys of a service that version 1 of the format knew, and what stands in their place today."""

_PAIRS = frozenset(("additional_contexts", "annotations", "args", "environment", "labels", "sysctls"))
"""Lists of `KEY=value` that may also be mappings."""

_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def explain(evaluator: Evaluator, data: Any) -> Iterator[Failure]:
    """Every reason why `data` is refused, right after `evaluator.accepts(data)` said no; at least one."""
    yield from _Explainer(evaluator).failures(evaluator.document, data, ())


class _Explainer:
    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    def failures(self, schema: Schema, data: Any, path: Path) -> Iterator[Failure]:
        schema = self.evaluator.resolve(schema)
        if self.evaluator.holds(schema, data):
            return
        if isinstance(schema, bool):
            yield Failure(path, f"{place(path)} is not allowed")
        elif "type" in schema and not self.fits(schema, data):
            yield self.wrong_type([schema], data, path)
        else:
            yield from self.inside(schema, data, path)

    def inside(self, schema: dict[str, Any], data: Any, path: Path) -> Iterator[Failure]:
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema and not self.evaluator.satisfies(keyword, schema[keyword], data):
                yield from self.branches(schema[keyword], data, path)
        for part in schema.get("allOf", ()):
            yield from self.failures(part, data, path)
        if isinstance(data, dict):
            yield from self.members(schema, data, path)
        elif isinstance(data, list):
            yield from self.items(schema, data, path)
        else:
            yield from self.scalar(schema, data, path)

    def branches(self, branches: list[Schema], data: Any, path: Path) -> Iterator[Failure]:
        """Go on in the alternative that data of this type can only have meant."""
        resolved = [self.evaluator.resolve(branch) for branch in branches]
        meant = [branch for branch in resolved if isinstance(branch, dict) and self.fits(branch, data)]
        if len(meant) == 1:
            yield from self.failures(meant[0], data, path)
        elif meant and all(set(branch) == {"required"} for branch in meant):
            names = [name for branch in meant for name in branch["required"]]
            yield Failure(path, f"{place(path)} needs {either(f'`{name}`' for name in names)}")
        else:
            yield self.wrong_type(meant or resolved, data, path)

    def fits(self, schema: dict[str, Any], data: Any) -> bool:
        wanted = schema.get("type", [])
        names = [wanted] if isinstance(wanted, str) else wanted
        return not names or any(is_type(data, name) for name in names)

    def members(self, schema: dict[str, Any], data: dict[str, Any], path: Path) -> Iterator[Failure]:
        for name in schema.get("required", ()):
            if name not in data:
                yield Failure(path, f"{place(path)} needs the key `{name}`", f"a mapping with `{name}`")
        for key in self.evaluator.unknown_keys(schema, data):
            yield self.unknown_key(schema, data, (*path, key))
        known = schema.get("properties", {})
        for key, child in data.items():
            if key in known:
                yield from self.failures(known[key], child, (*path, key))
            for one in self.evaluator.by_pattern(schema, key):
                yield from self.failures(one, child, (*path, key))

    def items(self, schema: dict[str, Any], data: list[Any], path: Path) -> Iterator[Failure]:
        for number, item in enumerate(data):
            yield from self.failures(schema.get("items", True), item, (*path, number))
        if schema.get("uniqueItems") and not isinstance(data, Unordered) and not is_unique(data):
            yield Failure(
                path, f"{place(path)} has the same item twice", "a list without duplicates", "remove one of the two"
            )

    def scalar(self, schema: dict[str, Any], data: Any, path: Path) -> Iterator[Failure]:
        if "enum" in schema and not self.evaluator.satisfies("enum", schema["enum"], data):
            expected = either(f"`{allowed}`" for allowed in schema["enum"])
            yield Failure(path, f"{place(path)} must be {expected}", expected)
        if "pattern" in schema and not self.evaluator.satisfies("pattern", schema["pattern"], data):
            expected = _PATTERNS.get(str(path[-1]), f"text that matches {schema['pattern']}")
            yield Failure(path, f"{place(path)} must be {expected}", expected)
        limits = {name: schema[name] for name in ("minimum", "maximum") if name in schema}
        if not all(self.evaluator.satisfies(name, limit, data) for name, limit in limits.items()):
            words = {"minimum": "at least", "maximum": "at most"}
            expected = "a number of " + " and ".join(f"{words[name]} {limit}" for name, limit in limits.items())
            yield Failure(path, f"{place(path)} must be {expected}", expected)

    def wrong_type(self, schemas: Iterable[Schema], data: Any, path: Path) -> Failure:
        phrases = [words for schema in schemas for words in self.describe(schema)]
        expected = either([words for words in phrases if words != _TYPES["null"]] or phrases)
        suggestion = ""
        if data is None:
            suggestion = "give it a value, or remove the key"
        elif "a string" in expected and isinstance(data, (bool, int, float)):
            suggestion = "put it in quotes"
        elif "a list" in expected and isinstance(data, str):
            suggestion = "write it as a list, even when it has one item"
        elif isinstance(data, dict) and len(path) > 1 and path[-2] in _PAIRS:
            suggestion = "write `KEY=value`, or leave out the dashes of the list"
        return Failure(path, f"{place(path)} must be {expected}, found {found(data)}", expected, suggestion)

    def describe(self, schema: Schema) -> Iterator[str]:
        """What a schema wants, one phrase for each type it takes."""
        schema = self.evaluator.resolve(schema)
        if isinstance(schema, bool):
            return
        if "enum" in schema:
            yield from (f"`{allowed}`" for allowed in schema["enum"])
            return
        for keyword in ("oneOf", "anyOf"):
            for branch in schema.get(keyword, ()):
                yield from self.describe(branch)
        wanted = schema.get("type", [])
        for name in [wanted] if isinstance(wanted, str) else wanted:
            yield _TYPES[name] if name != "array" else self.describe_list(schema)

    def describe_list(self, schema: dict[str, Any]) -> str:
        items = self.evaluator.resolve(schema.get("items", True))
        kinds = list(dict.fromkeys(self.describe(items)))
        return "a list of strings" if kinds == ["a string"] else "a list"

    def unknown_key(self, schema: dict[str, Any], data: dict[str, Any], path: Path) -> Failure:
        key = str(path[-1])
        names, patterns = self.evaluator.known(schema)
        inside = f"in {place(path[:-1])}" if len(path) > 1 else "at the top level"
        if not names and set(patterns) - {"^x-"}:
            return Failure(
                path,
                f"the name `{shown(key)}` is not allowed {inside}",
                "a name of letters, digits, `.`, `_` and `-`",
                at_key=True,
            )
        if key in REPLACED and len(path) == 3 and path[0] == "services":
            message = f"`{key}` {inside} is gone from the Compose format"
            return Failure(path, message, "", REPLACED[key], Fault.LEGACY, True)
        if len(path) == 1 and _is_service(data[key]):
            message = f"`{shown(key)}` stands at the top level and looks like a service"
            return Failure(path, message, "a name under `services`", "move it under `services:`", Fault.LEGACY, True)
        message = f"there is no key `{shown(key)}` {inside}"
        return Failure(path, message, suggestion=did_you_mean(key, names), at_key=True)


_PATTERNS = {
    "container_name": "a name of at least two letters, digits, `_`, `.` or `-`",
    "pull_policy": "`always`, `never`, `build`, `missing`, `if_not_present`, `daily`, `weekly` or `every_12h`",
}


def found(data: Any) -> str:
    """The type of some data, in words."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return "a boolean"
    return next(words for name, words in _TYPES.items() if is_type(data, name))


def _is_service(data: Any) -> bool:
    return isinstance(data, dict) and ("image" in data or "build" in data)
