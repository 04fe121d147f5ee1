"""Hardening-like edits of every service of a corpus of real Compose files, checked without the editor's own proof.

COMPOSEHARDEN_CORPUS names a folder; every YAML file below it that can be read is edited in memory.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from composeharden.yaml import nodes
from composeharden.yaml.change import Append, Change, Refused, Reshape, Set
from composeharden.yaml.proof import Proven, edit
from composeharden.yaml.source import Source, SourceError, all_data, load
from composeharden.yaml.splice import Renderer
from tests.yaml.changes import applied
from tests.yaml.untyped import documents

CORPUS = os.environ.get("COMPOSEHARDEN_CORPUS", "")
MOST_REFUSED = 0.01
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)

pytestmark = pytest.mark.skipif(not CORPUS, reason="COMPOSEHARDEN_CORPUS names no folder of Compose files")


@dataclass
class Figures:
    """What happened over the whole corpus."""

    files: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        parts = (("not read", self.unreadable), ("made", self.made), ("refused", self.refused))
        lines = [f"{count:7} {name}: {what}" for name, counts in parts for what, count in counts.most_common()]
        return "\n".join(["", f"{self.files} files", *lines])


def test_every_service_can_be_edited() -> None:
    figures = Figures()
    for path in _files():
        try:
            source = load(path.read_bytes())
        except SourceError as error:
            figures.unreadable[re.sub(r"'.*'|U\+.*|\d+", "…", error.message)] += 1
            continue
        figures.files += 1
        possible = _possible(source, _wanted(source), figures)
        if possible:
            _check(path, source, possible)
            figures.made.update(type(change).__name__ + " " + str(change.path[-1]) for change in possible)
    print(figures)
    assert figures.files
    assert figures.refused.total() <= MOST_REFUSED * figures.made.total(), str(figures)


def test_data_is_what_another_reader_reads() -> None:
    """Except for the types of scalars, which are Docker's here."""
    for path in _files():
        try:
            source = load(path.read_bytes())
        except SourceError:
            continue
        assert _shape(all_data(source)) == _shape(documents(source.text)), path
        assert [_texts(root) for root in source.documents] == documents(source.text), path


def _files() -> list[Path]:
    return sorted(path for path in Path(CORPUS).rglob("*") if path.suffix in (".yml", ".yaml") and path.is_file())


def _wanted(source: Source) -> Iterator[Change]:
    for number, root in enumerate(source.documents):
        services = nodes.resolved(root.get("services")) if isinstance(root, nodes.Mapping) else None
        for key, value in services.pairs if isinstance(services, nodes.Mapping) else ():
            if isinstance(value, nodes.Mapping):
                yield from _for_service(value, (number, "services", key.text))


def _for_service(service: nodes.Mapping, path: tuple[str | int, ...]) -> Iterator[Change]:
    yield Set((*path, "read_only"), True)
    if isinstance(service.get("cap_drop"), nodes.Sequence):
        yield Append((*path, "cap_drop"), ("NET_RAW",))
    else:
        yield Set((*path, "cap_drop"), ["ALL"])
    names = service.get("depends_on")
    if isinstance(names, nodes.Sequence) and all(isinstance(item, nodes.Scalar) for item in names.items):
        texts = [item.text for item in names.items if isinstance(item, nodes.Scalar)]
        yield Reshape((*path, "depends_on"), {name: {"condition": "service_healthy"} for name in texts})


def _possible(source: Source, wanted: Iterator[Change], figures: Figures) -> list[Change]:
    """The changes that can be made together; the others are counted with their reason."""
    renderer, possible = Renderer(source), []
    for change in wanted:
        try:
            renderer.render([change])
            possible.append(change)
        except Refused as refused:
            figures.refused[f"{type(change).__name__} {change.path[-1]}: {refused.reason}"] += 1
    if _is_possible(source, possible):
        return possible
    kept: list[Change] = []
    for change in possible:
        if _is_possible(source, [*kept, change]):
            kept.append(change)
        else:
            figures.refused[f"{type(change).__name__} {change.path[-1]}: not proven"] += 1
    return kept


def _is_possible(source: Source, changes: list[Change]) -> bool:
    try:
        edit(source, changes)
    except Refused:
        return False
    return True


def _check(path: Path, source: Source, changes: list[Change]) -> None:
    proven = edit(source, changes)
    before, after = source.text, proven.source.text
    assert documents(after) == applied(changes, documents(before)), path
    assert Counter(_COMMENT.findall(before)) == Counter(_COMMENT.findall(after)), path
    lines = before.split("\n")
    vanished = Counter(lines) - Counter(after.split("\n"))
    assert vanished <= Counter(lines[number] for number in _rewritten(source, proven)), f"{path}: noise"


def _rewritten(source: Source, proven: Proven) -> set[int]:
    """The lines (from 0) that an edit had to change, as opposed to those it only added lines behind."""
    found: set[int] = set()
    for one in proven.edits:
        if one.start < one.end or not one.text.startswith(("\n", "\r\n")):
            found.update(range(source.position(one.start).line - 1, source.position(one.end).line))
    return found


def _texts(node: nodes.Node | None) -> Any:
    node = nodes.resolved(node)
    if isinstance(node, nodes.Mapping):
        return {key.text: _texts(value) for key, value in node.pairs}
    if isinstance(node, nodes.Sequence):
        return [_texts(item) for item in node.items]
    return node.text if isinstance(node, nodes.Scalar) else ""


def _shape(value: Any) -> Any:
    """Only what holds what."""
    if isinstance(value, dict):
        return {key: _shape(child) for key, child in value.items()}
    if isinstance(value, tuple):  # a tag and what it stands before
        return _shape(value[1])
    return [_shape(child) for child in value] if isinstance(value, list) else None
