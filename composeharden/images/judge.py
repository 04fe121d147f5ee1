"""Whether a document is fit to be facts: schemas/image.schema.json, and what a schema cannot say."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from composeharden.images.lines import line_of
from composeharden.outcome import Location, Problem

MOST = 20
"""Problems told per file."""
_PLACES = (Path(__file__).parents[1] / "schemas", Path(__file__).parents[2] / "schemas")
_TYPES = {"string": "text", "object": "a table", "array": "a list", "boolean": "true or false", "integer": "a number"}
_Path = tuple[str | int, ...]
_Fault = tuple[_Path, str]


def judge(document: Mapping[str, Any], name: str, file: str, text: str) -> list[Problem]:
    """The reasons why a document cannot be used, at most MOST; empty when it can.

    Args:
        document: the parsed facts.
        name: the file's name without .toml, which the family must have as well.
        file, text: path and text of the file, to say where a problem is.
    """
    errors = sorted(_validator().iter_errors(document), key=lambda error: [str(part) for part in error.absolute_path])
    # Of several missing keys each is an error of its own, and told with the others.
    faults = list(dict.fromkeys(map(_said, errors))) or list(_faults(document, name))
    return [
        Problem(f"`{_shown(path)}` {message}" if path else message, Location(file, line_of(text, path)))
        for path, message in faults[:MOST]
    ]


@functools.cache
def _validator() -> Draft202012Validator:
    folder = next(place for place in _PLACES if place.is_dir())
    schema = json.loads((folder / "image.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _said(error: ValidationError) -> _Fault:
    """Our own words, which never repeat a value of the file; `path` is the key that is to be mended."""
    path, rule = tuple(error.absolute_path), str(error.validator)
    wanted: Any = error.validator_value
    found: Any = error.instance
    if rule == "required":
        return path, "lacks " + ", ".join(f"`{key}`" for key in wanted if key not in found)
    if rule == "additionalProperties" and isinstance(error.schema, Mapping):
        unknown = next((key for key in found if key not in error.schema.get("properties", {})), "")
        return (*path, unknown), "is no key of image facts"
    said = {
        "type": f"must be {_TYPES.get(str(wanted), wanted)}",
        "enum": "must be one of " + ", ".join(map(str, wanted if isinstance(wanted, list) else ())),
        "pattern": f"does not match {wanted}",
        "format": "must be a day, such as 2026-01-31" if wanted == "date" else f"must be a {wanted}",
        "minItems": "is too short",
        "minLength": "is too short",
        "minProperties": "is empty",
        "uniqueItems": "says something twice",
    }
    return path, said.get(rule, f"breaks the rule `{rule}` of the schema")


def _faults(document: Mapping[str, Any], name: str) -> Iterator[_Fault]:
    if document["family"] != name:
        yield ("family",), f"must be the file's name, `{name}`"
    for path, table in tables(document):
        for number, identifier in enumerate(table.get("evidence", ())):
            if identifier not in document["evidence"]:
                yield (*path, "evidence", number), f"names evidence that is not there: `{identifier}`"
    for path, expression in expressions(document):
        try:
            groups = re.compile(expression).groups
        except (re.error, OverflowError, RecursionError):
            yield path, "is no regular expression"
            continue
        if path[-1] == "writes" and not groups:
            yield path, "needs a group that holds the path"


def tables(document: Mapping[str, Any]) -> Iterator[tuple[_Path, Mapping[str, Any]]]:
    """Every table of facts with its path, variants included."""
    for path, table in _with_variants(document):
        for key, value in table.items():
            rows = value if isinstance(value, list) else [value]
            for number, row in enumerate(rows):
                if isinstance(row, Mapping) and key not in ("evidence", "variant", "when"):
                    yield (*path, key, *((number,) if isinstance(value, list) else ())), row


def expressions(document: Mapping[str, Any]) -> Iterator[tuple[_Path, str]]:
    """Every regular expression with its path."""
    for path, table in _with_variants(document):
        if "flavor" in table.get("when", {}):
            yield (*path, "when", "flavor"), table["when"]["flavor"]
    for path, table in tables(document):
        if "writes" in table:
            yield (*path, "writes"), table["writes"]
        if "caveat" in path:
            for key in table["when"].keys() & {"environment", "command", "probe"}:
                yield (*path, "when", key), table["when"][key]


def _with_variants(document: Mapping[str, Any]) -> Iterator[tuple[_Path, Mapping[str, Any]]]:
    yield (), document
    for number, variant in enumerate(document.get("variant", ())):
        yield ("variant", number), variant


def _shown(path: _Path) -> str:
    """`writable[2].path`, counted from 1 as people do."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
