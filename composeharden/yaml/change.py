"""What an edit means, without any offset: operations at a path, and their effect on plain data.

`splice.py` renders the same operations as text, by code that shares nothing with `apply` here; `proof.py` demands that
both agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from composeharden.yaml.scalars import Tagged

Path = tuple[str | int, ...]
"""The index of the document in its file, then mapping keys (str) and list positions (int)."""


class Refused(Exception):
    """An edit that cannot be made safely. `reason` tells a person why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Set:
    """Write `value` under the last key of `path`: replaces what is there, otherwise adds it as the last key.

    A tuple is a list that is written on one line, such as the words of a command, whatever the habits of the file.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Append:
    """Add `items` at the end of the list at `path`."""

    path: Path
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Remove:
    """Take away the last key of `path` and its value."""

    path: Path


@dataclass(frozen=True, slots=True)
class Reshape:
    """Turn the list of names at `path` into a mapping with the same names in the same order, new ones after them."""

    path: Path
    value: Mapping[str, Any]
    everywhere: bool = False
    """Also wherever else in the document the list is used, by alias; without it a list that is must not change."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Write `value` in place of `old`, the one item of the list at `path` that reads so."""

    path: Path
    old: str
    value: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Write `key` and `value` in place of the last key of `path` and its value; the order of the keys stays."""

    path: Path
    key: str
    value: Any


Change = Set | Append | Remove | Replace | Reshape | Rename


def apply(changes: Iterable[Change], documents: list[Any]) -> list[Any]:
    """Carry out `changes` on plain data (as `source.all_data` gives it), in place.

    Returns the same list. Raises Refused where a path does not exist or has another type.
    """
    for change in changes:
        _apply_one(change, documents)
    return documents


def _apply_one(change: Change, documents: list[Any]) -> None:
    if isinstance(change, Append):
        items = _at(documents, change.path)
        if not isinstance(items, list):
            raise Refused(f"{_name(change.path)} is not a list")
        items.extend(copied(item) for item in change.items)
        return
    if isinstance(change, Replace):
        items = _at(documents, change.path)
        if not isinstance(items, list) or items.count(change.old) != 1:
            raise Refused(f"{_name(change.path)} is not a list with the item that was expected")
        items[items.index(change.old)] = change.value
        return
    parent = _mapping_at(documents, change.path[:-1])
    key = str(change.path[-1])
    if isinstance(change, Set):
        parent[key] = copied(change.value)
    elif key not in parent or (isinstance(change, Rename) and change.key in parent):
        raise Refused(f"{_name(change.path)} is not there")
    elif isinstance(change, Remove):
        del parent[key]
    elif isinstance(change, Rename):
        renamed = [(change.key, copied(change.value)) if name == key else (name, old) for name, old in parent.items()]
        parent.clear()
        parent.update(renamed)
    else:
        tag = parent[key].tag if isinstance(parent[key], Tagged) else None
        names = _untagged(parent[key])
        if not isinstance(names, list) or names != list(change.value)[: len(names)]:
            raise Refused(f"{_name(change.path)} is not the list of names that was expected")
        named = {name: copied(value) for name, value in change.value.items()}
        old, parent[key] = parent[key], named if tag is None else Tagged(tag, named)
        if change.everywhere:
            _exchange(documents[int(change.path[0])], old, parent[key])


def _exchange(root: Any, old: Any, new: Any) -> None:
    """Put `new` wherever the very object `old` is used below `root`."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        value = _untagged(stack.pop())
        if id(value) in seen or not isinstance(value, (dict, list)):
            continue
        seen.add(id(value))
        for place, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if child is old:
                value[place] = new
            else:
                stack.append(child)


def _at(documents: list[Any], path: Path) -> Any:
    value: Any = documents
    for part in path:
        value = _untagged(value)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            raise Refused(f"{_name(path)} is not there") from None
    return _untagged(value)


def _mapping_at(documents: list[Any], path: Path) -> dict[str, Any]:
    value = _at(documents, path)
    if value is None and path:
        value = {}
        holder = _at(documents, path[:-1])
        holder[path[-1]] = value
    if not isinstance(value, dict):
        raise Refused(f"{_name(path)} is not a mapping")
    return value


def _untagged(value: Any) -> Any:
    return value.value if isinstance(value, Tagged) else value


def copied(value: Any) -> Any:
    """A value of a change as the plain data that a reader of the file gets: lists for tuples, copies throughout."""
    if isinstance(value, Tagged):
        return Tagged(value.tag, copied(value.value))
    if isinstance(value, Mapping):
        return {key: copied(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(child) for child in value]
    return str(value) if isinstance(value, str) else value


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path[1:])
