"""Changes of an overlay as text: what somebody added to it stays, and each new setting names its pass."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from composeharden.overlay.file import SKELETON, Overlay
from composeharden.yaml import nodes
from composeharden.yaml.change import Append, Change, Path, Refused, Set
from composeharden.yaml.proof import edit, same
from composeharden.yaml.source import Source, all_data, load
from composeharden.yaml.splice import Edit, splice

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_LINES = 2_000
"""Of two texts that are longer only the parts before and after all changes are told apart."""


class Note(NamedTuple):
    """The passes that a change comes from."""

    change: Change
    rules: str


def rewrite(overlay: Overlay, changes: Sequence[Change], notes: Iterable[Note]) -> tuple[list[Edit], Source]:
    """The edits that make `changes` (paths in document 0) in the text of the overlay, and the new file.

    Raises:
        Refused: the text cannot be changed so that it means just that.
    """
    start = overlay.source
    if start is None or overlay.root is None:
        start = load((SKELETON if start is None else start.text.rstrip("\n") + "\nservices:\n").encode())
    after = edit(start, list(_grouped(overlay, changes))).source
    after = _with_notes(after, notes)
    return _edits(overlay.source.text if overlay.source is not None else "", after.text), after


def _grouped(overlay: Overlay, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, those of a service that the overlay does not have yet as one."""
    new: dict[str, dict[str, Any]] = {}
    for change in changes:
        name, key = str(change.path[2]), str(change.path[3])
        if isinstance(change, Set) and name not in overlay.services:
            new.setdefault(name, {})[key] = change.value
        else:
            yield change
    root = overlay.root
    if new and root is not None and "services" not in root.index:
        yield Set((0, "services"), new)
        return
    for name, body in new.items():
        yield Set((0, "services", name), body)


def _with_notes(source: Source, notes: Iterable[Note]) -> Source:
    """The file with the passes behind what is new, wherever a comment can stand."""
    edits: dict[int, Edit] = {}
    for note in notes:
        for start, node in _places(source, note.change):
            end = source.line_end(start)
            fits = node is None or node.end <= end or isinstance(node, (nodes.Mapping, nodes.Sequence))
            if fits and "#" not in source.text[start:end]:
                edits[end] = Edit(end, end, f"  # {note.rules}")
    after = load(source.encode(splice(source.text, edits.values())))
    if not same(all_data(source), all_data(after)):
        raise Refused("a comment would change what the overlay means")
    return after


def _places(source: Source, change: Change) -> Iterator[tuple[int, nodes.Node | None]]:
    """Where something new begins, and what has to end on that line or be written in lines of its own."""
    parent = _at(source.documents[0], change.path[:-1])
    if not isinstance(parent, nodes.Mapping) or parent.flow:
        return
    place = parent.index[str(change.path[-1])]
    key, value = parent.pairs[place]
    if not isinstance(change, Append):
        flow = isinstance(value, (nodes.Mapping, nodes.Sequence)) and value.flow
        yield key.start, nodes.Scalar(0, value.start, value.end, "", "") if flow else value
        return
    items = nodes.resolved(value)
    if isinstance(items, nodes.Sequence) and not items.flow:
        for item in items.items[-len(change.items) :]:
            yield item.start, item


def _at(node: nodes.Node | None, path: Path) -> nodes.Node | None:
    for part in path[1:]:
        node = nodes.resolved(node)
        node = node.get(str(part)) if isinstance(node, nodes.Mapping) else None
    return nodes.resolved(node)


def _edits(before: str, after: str) -> list[Edit]:
    """The lines that differ, as edits of `before`."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    return [Edit(starts[a], starts[b], "".join(new[c:d])) for a, b, c, d in _blocks(old, new)]


def _blocks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    if len(old) + len(new) <= _MOST_LINES:
        for kind, *block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                yield block[0], block[1], block[2], block[3]
        return
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    yield head, len(old) - tail, head, len(new) - tail
