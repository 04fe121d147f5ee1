"""Where the content of scalars and the comments of a file stand in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from composeharden.redaction.known import SHORTEST
from composeharden.redaction.references import Span
from composeharden.yaml.nodes import Mapping, Node, Scalar, Sequence, resolved

_MODES = frozenset(("consistent", "cached", "delegated", "nocopy", "rprivate", "rshared", "rslave", "rwm"))
"""What may stand last in an entry, as far as it is long enough to be masked anywhere."""


def inner_span(text: str, node: Scalar) -> Span:
    """The span of a scalar without its quotes, or without the header of a block scalar."""
    if node.style in ('"', "'"):
        return node.start + 1, max(node.start + 1, node.end - 1)
    if node.style in ("|", ">"):
        line = text.find("\n", node.start, node.end)
        return (node.end if line == -1 else line + 1), node.end
    return node.start, node.end


def line_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """The part of a span on each of its lines, without blanks around it."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop == -1 else stop
        line = text[start:stop]
        body = line.strip()
        if body:
            first = start + line.index(body[0])
            yield first, first + len(body)
        start = stop + 1


def comment_spans(text: str, scalars: list[Span]) -> Iterator[Span]:
    """Every comment, from its `#` to the end of the line, given the spans of all scalars with a `#`."""
    spans = sorted(scalars)
    place, at = 0, text.find("#")
    while at != -1:
        while place < len(spans) and spans[place][1] <= at:
            place += 1
        if place < len(spans) and spans[place][0] <= at:
            at = text.find("#", spans[place][1])
            continue
        end = text.find("\n", at)
        end = len(text) if end == -1 else end
        yield at, end
        at = text.find("#", end)


def has_escapes(raw: str, style: str) -> bool:
    """True when the text of a quoted scalar differs from its value by more than line folding."""
    return ("\\" in raw) if style == '"' else ("''" in raw) if style == "'" else False


def scalars_below(node: Node) -> Iterator[Scalar]:
    """Every value scalar of a node, keys left out, aliases not followed."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Sequence):
            stack += node.items
        elif isinstance(node, Mapping):
            stack += [value for _, value in node.pairs]


def after_name(text: str, start: int, end: int) -> int:
    """Where the value begins in a line `name = value` or `name: value`; the start of any other line."""
    match = _name().match(text, start, end)
    return start if match is None else match.end()


def secret_fields(text: str, start: int, first: int, last: int) -> Iterator[str]:
    """The fields that colons cut a secret into, given where its entry starts and where the secret stands in the text.

    A path after the first colon is left out: it is where Compose mounts something. What of the first field is too short
    to be known by itself is told with what stands before it.
    """
    head, *rest = text[first:last].split(":")
    if rest:
        yield head if len(head) >= SHORTEST else text[max(start, text.rfind(":", start, first) + 1) : first] + head
        yield from (field for field in rest if not field.startswith("/") and field not in _MODES)


def short_target(node: Node) -> Node | None:
    """The node an alias stands for, unless it is so long that many aliases of it would cost time."""
    target = resolved(node)
    return None if target is not node and isinstance(target, Scalar) and len(target.text) > 1000 else target


def merged(spans: list[Span]) -> list[Span]:
    """The spans sorted, with those that overlap or touch joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            if end > result[-1][1]:
                result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"[\w.\-\"']{1,128}[ \t]*[=:][ \t]*")
