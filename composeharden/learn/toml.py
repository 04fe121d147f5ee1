"""Image facts as the text of a file: tables in the order of the schema, each on its own lines."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(document: Mapping[str, Any], head: str) -> str:
    """The TOML text of a document after a comment. What is parsed from it is the document again."""
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += ["", *_table((), document)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).rstrip("\n") + "\n")
    assert tomllib.loads(text) == document
    return text


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    tables = {key: value for key, value in table.items() if _is_table(value)}
    for key, value in table.items():
        if key not in tables:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        name = ".".join(map(_key, (*path, key)))
        if isinstance(value, Mapping):
            if any(not _is_table(item) for item in value.values()) or not value:
                yield from ("", f"[{name}]")
            yield from _table((*path, key), value)
        else:
            for item in value:
                yield from ("", f"[[{name}]]")
                yield from _table((*path, key), {inner: item[inner] for inner in item})


def _is_table(value: Any) -> bool:
    """A table of its own; `when` of a caveat, the only other one, is written on one line."""
    if isinstance(value, Mapping):
        return not isinstance(value, _Inline)
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


class _Inline(dict[str, Any]):
    """A table that is written on one line."""


def inline(**items: Any) -> dict[str, Any]:
    """A small table that is written on one line."""
    return _Inline(items)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    return "[" + ", ".join(map(_value, value)) + "]"


def _string(text: str) -> str:
    """A JSON string is a TOML string, too, but for one character that TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
