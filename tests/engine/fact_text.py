"""Puts evidence of runs into the text of a facts file, and takes it out, without touching anything else.

The text is edited rather than written anew, so that comments, order and layout stay. What comes out is parsed again
and must be the facts that were meant.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from composeharden.images.lines import line_of

from .claims import Place

PREFIX = "stand-in-"
"""Names of evidence that belong to this module; nobody writes one of these by hand."""

_OWN_TABLE = re.compile(rf'^\[evidence\.{PREFIX}[\w-]+\]\n(?:[\w-]+ = ".*"\n)+\n', re.MULTILINE)
_OWN_NAME = re.compile(rf', "{PREFIX}[\w-]+"')
_HEADER = re.compile(r"^\[\[?([\w.-]+)\]", re.MULTILINE)
_LIST = re.compile(r"(evidence = \[.*)\]")


class FactTextError(Exception):
    """The text of a facts file is not laid out as this module knows it."""


def without_runs(text: str) -> str:
    """The text without any evidence of this module's."""
    before = tomllib.loads(text)
    lines = _OWN_TABLE.sub("", text).splitlines(keepends=True)
    bare = "".join(_OWN_NAME.sub("", line) if line.startswith("evidence = [") else line for line in lines)
    return _proven(bare, _document_without(before))


def with_runs(text: str, tables: Mapping[str, Mapping[str, str]], places: Mapping[str, Sequence[Place]]) -> str:
    """The text with this evidence in the place of all that this module wrote before.

    In: tables of evidence by name (without the prefix), and by the same name the facts that it is evidence of. Raises
    FactTextError when a fact is not to be found.
    """
    bare = without_runs(text)
    wanted = tomllib.loads(bare)
    lines = bare.splitlines(keepends=True)
    for name, found in places.items():
        for place in found:
            number = line_of(bare, (*place, "evidence")) - 1
            if not _LIST.match(lines[number]):
                raise FactTextError(f"line {number + 1} is not the evidence of {place}")
            lines[number] = _LIST.sub(rf'\g<1>, "{PREFIX}{name}"]', lines[number])
            _table(wanted, place)["evidence"].append(PREFIX + name)
    wanted["evidence"].update({PREFIX + name: dict(table) for name, table in tables.items()})
    return _proven(_inserted("".join(lines), tables), wanted)


def _inserted(text: str, tables: Mapping[str, Mapping[str, str]]) -> str:
    """The text with the tables before the first header that is not about evidence, and before its comments."""
    header = next(match for match in _HEADER.finditer(text) if not match[1].startswith("evidence."))
    head, tail = text[: header.start()], text[header.start() :]
    while (last := head.splitlines(keepends=True)[-1]).startswith("#"):
        head, tail = head.removesuffix(last), last + tail
    return head + "".join(_block(name, table) for name, table in tables.items()) + tail


def _block(name: str, table: Mapping[str, str]) -> str:
    # A JSON string is a TOML string, too.
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
    return f"[evidence.{PREFIX}{name}]\n{''.join(lines)}\n"


def _document_without(document: dict[str, Any]) -> dict[str, Any]:
    bare = copy.deepcopy(document)
    for table in _all_tables(bare):
        if isinstance(table.get("evidence"), list):
            table["evidence"] = [name for name in table["evidence"] if not name.startswith(PREFIX)]
    bare["evidence"] = {name: item for name, item in bare["evidence"].items() if not name.startswith(PREFIX)}
    return bare


def _all_tables(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all_tables(item)


def _table(document: dict[str, Any], place: Place) -> dict[str, Any]:
    found: Any = document
    for step in place:
        found = found[step]
    assert isinstance(found, dict)
    return found


def _proven(text: str, wanted: Mapping[str, Any]) -> str:
    if tomllib.loads(text) != wanted:
        raise FactTextError("the text would say something else than was meant")
    return text
