"""From a path in the data back to where it is written, through merge keys and aliases."""

from __future__ import annotations

from collections.abc import Iterator

from composeharden.compose.merge import RESET
from composeharden.yaml.nodes import Mapping, Node, Sequence, resolved

Path = tuple[str | int, ...]


def locate(root: Node | None, path: Path, at_key: bool = False) -> Node | None:
    """The node of a path, or the nearest one above it that is written; None only for an empty document.

    Args:
        root: the document.
        path: keys, and positions in lists counted without items under `!reset`.
        at_key: give the key node of the last part instead of its value.
    """
    node = resolved(root)
    for number, part in enumerate(path):
        step = member(node, part) if isinstance(part, str) else _item(node, part)
        if step is None:
            return node
        if at_key and number == len(path) - 1:
            return step[0]
        node = resolved(step[1])
    return node


def reaches(root: Node | None, path: Path) -> bool:
    """True when every part of the path is written in this document."""
    node = resolved(root)
    for part in path:
        step = member(node, part) if isinstance(part, str) else _item(node, part)
        if step is None:
            return False
        node = resolved(step[1])
    return True


def _item(node: Node | None, position: int) -> tuple[Node, Node] | None:
    if not isinstance(node, Sequence):
        return None
    kept = [item for item in node.items if item.tag != RESET]
    return (kept[position], kept[position]) if position < len(kept) else None


def member(node: Node | None, key: str) -> tuple[Node, Node] | None:
    """The key node and the value of `key`, of the mapping itself or of the first merged one that has it."""
    seen: set[int] = set()
    queue = [node]
    while queue:
        mapping = queue.pop(0)
        if not isinstance(mapping, Mapping) or id(mapping) in seen:
            continue
        seen.add(id(mapping))
        if key in mapping.index and mapping.pairs[mapping.index[key]][1].tag != RESET:
            return mapping.pairs[mapping.index[key]]
        queue[:0] = _merged(mapping)
    return None


def _merged(mapping: Mapping) -> Iterator[Node | None]:
    source = resolved(mapping.get("<<"))
    yield from map(resolved, source.items) if isinstance(source, Sequence) else [source]
