"""The tree of a YAML file with true character spans.

`start` and `end` are offsets into the decoded text: the value itself, without its anchor and tag, trailing blanks,
comments or line breaks. `outer` is where the value's anchor or tag begins (equal to `start` without them).
"""

from __future__ import annotations

from collections.abc import Iterator


class Node:
    """One value of the file. Compared by identity: an alias site and its anchor are two nodes."""

    __slots__ = ("anchor", "end", "outer", "start", "tag")

    def __init__(self, outer: int, start: int, end: int, tag: str | None = None, anchor: str | None = None) -> None:
        self.outer = outer
        self.start = start
        self.end = end
        self.tag = tag
        self.anchor = anchor


class Scalar(Node):
    """A scalar: `text` is its YAML value, `style` one of '' (plain), "'", '"', '|' and '>'."""

    __slots__ = ("style", "text")

    def __init__(
        self, outer: int, start: int, end: int, text: str, style: str, tag: str | None = None, anchor: str | None = None
    ) -> None:
        super().__init__(outer, start, end, tag, anchor)
        self.text = text
        self.style = style

    @property
    def is_empty(self) -> bool:
        """True where nothing is written at all (`key:` and no value)."""
        return self.start == self.end and not self.style


class Alias(Node):
    """`*name`: a second place of the anchored node `target`."""

    __slots__ = ("target",)

    def __init__(self, start: int, end: int, target: Node) -> None:
        super().__init__(start, start, end)
        self.target = target


class Sequence(Node):
    """A list. `dashes` holds the offset of each item's dash in block style and is empty in flow style."""

    __slots__ = ("dashes", "flow", "items")

    def __init__(self, outer: int, start: int, flow: bool, tag: str | None = None, anchor: str | None = None) -> None:
        super().__init__(outer, start, start, tag, anchor)
        self.flow = flow
        self.items: list[Node] = []
        self.dashes: list[int] = []


class Mapping(Node):
    """A mapping. `pairs` keeps the order of the file; merge keys (`<<`) are ordinary pairs here."""

    __slots__ = ("colons", "flow", "index", "pairs")

    def __init__(self, outer: int, start: int, flow: bool, tag: str | None = None, anchor: str | None = None) -> None:
        super().__init__(outer, start, start, tag, anchor)
        self.flow = flow
        self.pairs: list[tuple[Scalar, Node]] = []
        self.colons: list[int] = []
        self.index: dict[str, int] = {}

    def get(self, key: str) -> Node | None:
        """The value written under `key` in this very mapping, or None."""
        place = self.index.get(key)
        return None if place is None else self.pairs[place][1]

    def key(self, key: str) -> Scalar | None:
        """The key node of `key`, or None."""
        place = self.index.get(key)
        return None if place is None else self.pairs[place][0]


def resolved(node: Node | None) -> Node | None:
    """The node itself, or the one an alias stands for."""
    return node.target if isinstance(node, Alias) else node


def children(node: Node) -> Iterator[Node]:
    """Direct children in the order of the file (keys before their values), aliases not followed."""
    if isinstance(node, Mapping):
        for key, value in node.pairs:
            yield key
            yield value
    elif isinstance(node, Sequence):
        yield from node.items


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it as written, aliases not followed, in the order of the file."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(children(node))))
