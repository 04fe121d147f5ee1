"""Where each value of the effective model is really written: through layers, `extends`, merge keys and aliases.

This does not repeat the merge: it looks for the value in whatever could have contributed it, the last first, and takes
the first place that holds it. Where a value is made of several (a list became a mapping), its place is that of the
part that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.compose.files import Layer
from composeharden.compose.merge import OVERRIDE, RESET
from composeharden.compose.places import member
from composeharden.compose.project import Project
from composeharden.yaml import nodes
from composeharden.yaml.scalars import Tagged
from composeharden.yaml.source import to_data

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where a value is written. Line and column count from 1."""

    file: str
    line: int
    column: int


class _Part(NamedTuple):
    """A node that may have contributed to a value; the key is where a value without any text of its own stands."""

    layer: Layer
    node: nodes.Node
    key: nodes.Node


class Origins:
    """Looks up values of one project."""

    def __init__(self, project: Project, model: Mapping[str, Any]) -> None:
        """`model` is the effective model of the project, or a part of it."""
        self.project = project
        self.model = model
        self._indices: dict[int, dict[str, nodes.Node]] = {}

    def walk(self) -> Iterator[tuple[Path, Place]]:
        """The path of every scalar and empty collection of the model, with its place."""
        roots = [_Part(layer, layer.root, layer.root) for layer in reversed(self.project.layers)]
        for section, value in self.model.items():
            parts = list(self._below(roots, section))
            if section != "services" or not isinstance(value, dict):
                yield from self._values((section,), value, parts or roots)
                continue
            for name, body in value.items():
                yield from self._values((section, name), body, list(self._bodies(name)) or parts)

    def _values(self, path: Path, value: Any, parts: list[_Part]) -> Iterator[tuple[Path, Place]]:
        value = value.value if isinstance(value, Tagged) else value
        if isinstance(value, dict) and value:
            for key, child in value.items():
                yield from self._values((*path, key), child, list(self._below(parts, key)) or parts[:1])
        elif isinstance(value, list) and value:
            for number, item in enumerate(value):
                yield from self._values((*path, number), item, list(self._items(parts, item)) or parts[:1])
        else:
            yield path, self._place(parts, value)

    @staticmethod
    def _place(parts: list[_Part], value: Any) -> Place:
        """The first part that says just this, else the first that says anything."""
        said = (part for part in parts if _says(part.node, value))
        told = (part for part in parts if value is None or not _is_empty(part.node))
        found = next(said, None) or next(told, parts[0])
        node = found.key if _is_empty(found.node) else nodes.resolved(found.node) or found.node
        return Place(found.layer.file, *found.layer.source.position(node.outer))

    # -- services --------------------------------------------------------------------------------------------------

    def _bodies(self, name: str) -> Iterator[_Part]:
        """The definitions of a service, the last first, then those that it extends, the nearest first."""
        for layer, node in (*reversed(self.project.bodies(name)), *self.project.bases.get(name, ())):
            yield _Part(layer, node, node)

    # -- one step down ---------------------------------------------------------------------------------------------

    def _below(self, parts: list[_Part], key: str) -> Iterator[_Part]:
        """What the parts have under a key; a tag of Compose hides what comes after it."""
        for part in parts:
            node = nodes.resolved(part.node)
            found = member(node, key)
            if found is not None:
                yield _Part(part.layer, found[1], found[0])
                if found[1].tag in (OVERRIDE, RESET):
                    return
            elif isinstance(node, nodes.Sequence):
                item = self._index(node).get(key)
                if item is not None:
                    yield _Part(part.layer, item, item)
            elif isinstance(node, nodes.Scalar) and node.text:
                yield part  # a short form: `build: .`, an item `db` of `depends_on`

    def _items(self, parts: list[_Part], item: Any) -> Iterator[_Part]:
        """What the parts have for an item of a list."""
        text = str(item) if not isinstance(item, (dict, list)) else repr(item)
        for part in parts:
            node = nodes.resolved(part.node)
            if isinstance(node, nodes.Sequence):
                found = self._index(node).get(text)
            elif isinstance(node, nodes.Mapping):
                pair = member(node, text.partition("=")[0])
                if pair is not None:
                    yield _Part(part.layer, pair[1], pair[0])
                continue
            else:
                found = node if isinstance(node, nodes.Scalar) and node.text == text else None
            if found is not None:
                yield _Part(part.layer, found, found)

    def _index(self, sequence: nodes.Sequence) -> dict[str, nodes.Node]:
        """Items by what they say, and by the name in front of a `=` or `:`; of two alike the last counts."""
        known = self._indices.get(id(sequence))
        if known is None:
            named, known = {}, {}
            for item in sequence.items:
                node = nodes.resolved(item)
                if isinstance(node, nodes.Scalar):
                    known[node.text] = item
                    named[node.text.partition("=")[0]] = item
                elif node is not None:
                    known[repr(to_data(node))] = item
            known = self._indices[id(sequence)] = {**named, **known}
        return known


def _says(node: nodes.Node, value: Any) -> bool:
    held = nodes.resolved(node)
    if not isinstance(held, nodes.Scalar) or value is None:
        return False
    return held.text == value if isinstance(value, str) else to_data(held) == value


def _is_empty(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Scalar) and node.is_empty
