"""Where the comments of a file are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from composeharden.yaml.nodes import Alias, Scalar, walk
from composeharden.yaml.source import Source

_ANCHOR_TAG_OR_COMMENT = re.compile(r"[&!][^\s,\[\]{}]*|(#[^\r\n]*)")


def comments(source: Source) -> list[tuple[int, int]]:
    """Start and end of every comment of `source`, in order, without the line break."""
    found = []
    for start, end in _outside_scalars(source):
        found += [match.span(1) for match in _ANCHOR_TAG_OR_COMMENT.finditer(source.text, start, end) if match[1]]
    return found


def _outside_scalars(source: Source) -> Iterator[tuple[int, int]]:
    at = 0
    for root in source.documents:
        for node in walk(root) if root is not None else ():
            if isinstance(node, (Alias, Scalar)) and node.end > node.start:
                yield at, node.start
                at = node.end
                if isinstance(node, Scalar) and node.style in ("|", ">"):
                    yield node.start + 1, min(source.line_end(node.start), node.end)
    yield at, len(source.text)
