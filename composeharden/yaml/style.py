"""How a file writes things, by vote over what is already there, and new values written the same way."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping as AnyMapping
from typing import Any, NamedTuple

from composeharden.yaml.nodes import Mapping, Node, Scalar, Sequence, resolved, walk
from composeharden.yaml.scalars import Tagged, Timestamp, plain_value
from composeharden.yaml.source import Source

_PLAIN = re.compile(r"(?:-{1,2}[A-Za-z]|[A-Za-z0-9_/.$])[A-Za-z0-9_/.${}()=+@%,;~^*&!?|<>\[\]:'\"# -]*\Z")
_PLAIN_IN_FLOW = re.compile(r"(?:-{1,2}[A-Za-z]|[A-Za-z0-9_/.$])[A-Za-z0-9_/.$=+@%;~^ -]*\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


class Style(NamedTuple):
    """The habits of a file, or of one part of it."""

    step: int
    """Columns that a nested mapping is indented by."""
    dash: int
    """Columns between a key and the dashes of the list under it; 0 where lists are not indented."""
    quote: str
    """The quote for strings that need one."""
    flow_lists: bool
    """True where every list is written as [a, b]."""
    quote_keys: bool = False
    """True where every key is in double quotes, as in JSON."""


def style_of(source: Source, near: Mapping | None = None) -> Style:
    """The votes of `near` first (the service at hand), completed by those of the whole file."""
    votes = _Votes(source)
    if near is not None:
        votes.count(near)
    local = votes.copy() if near is not None else None
    for root in source.documents:
        if root is not None:
            votes.count(root)
    dashes = local.dashes if local is not None and local.dashes else votes.dashes
    flows = votes.flow_lists > 0 and not votes.dashes
    return Style(
        step=_winner(votes.steps, 2),
        dash=_winner(dashes, 2 if not votes.steps else _winner(votes.steps, 2)),
        quote=_winner(votes.quotes, '"'),
        flow_lists=flows,
    )


class _Votes:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.steps: Counter[int] = Counter()
        self.dashes: Counter[int] = Counter()
        self.quotes: Counter[str] = Counter()
        self.flow_lists = 0

    def copy(self) -> _Votes:
        other = _Votes(self.source)
        other.dashes = self.dashes.copy()
        return other

    def count(self, node: Node) -> None:
        for inner in walk(node):
            if isinstance(inner, Mapping) and not inner.flow and inner.pairs:
                self._count_mapping(inner)
            elif isinstance(inner, Scalar) and inner.style in ("'", '"') and inner.end - inner.start > 2:
                self.quotes[inner.style] += 1
            elif isinstance(inner, Sequence) and inner.flow and inner.items:
                self.flow_lists += 1

    def _count_mapping(self, mapping: Mapping) -> None:
        column = self.source.column(mapping.start)
        for _, value in mapping.pairs:
            if isinstance(value, Mapping) and not value.flow and value.pairs:
                self.steps[self.source.column(value.start) - column] += 1
            elif isinstance(value, Sequence) and value.dashes:
                self.dashes[self.source.column(value.dashes[0]) - column] += 1


def _winner(votes: Counter[Any], default: Any) -> Any:
    return votes.most_common(1)[0][0] if votes else default


def block_lines(key: str, value: Any, column: int, style: Style) -> list[str]:
    """`key: value` as lines of block YAML whose key stands in `column`."""
    first, *rest = value_lines(value, column, style)
    return [" " * column + scalar_text(key, style, quote=style.quote_keys) + ":" + first, *rest]


def value_lines(value: Any, column: int, style: Style) -> list[str]:
    """What follows the colon of a key in `column`: the rest of its line (with a leading blank) and the lines below."""
    if isinstance(value, Tagged):
        if isinstance(value.value, str):
            return [f" {_tag_text(value)} {_tagged_text(value.value, style)}"]
        first, *rest = value_lines(value.value, column, style)
        return [f" {_tag_text(value)}{first}", *rest]
    if isinstance(value, AnyMapping) and value:
        inner = (block_lines(name, child, column + style.step, style) for name, child in value.items())
        return ["", *(line for lines in inner for line in lines)]
    if isinstance(value, list) and value and not style.flow_lists:
        inner = (item_lines(item, column + style.dash, " ", style) for item in value)
        return ["", *(line for lines in inner for line in lines)]
    return [" " + (flow_text(value, style) if is_collection(value) else scalar_text(value, style))]


def item_lines(item: Any, column: int, gap: str, style: Style) -> list[str]:
    """One list item as lines of block YAML whose dash, followed by `gap`, stands in `column`."""
    head = " " * column + "-" + gap
    if isinstance(item, AnyMapping) and item:
        lines = [line for name, child in item.items() for line in block_lines(name, child, len(head), style)]
        return [head + lines[0][len(head) :], *lines[1:]]
    return [head + (flow_text(item, style) if is_collection(item) else scalar_text(item, style))]


def is_collection(value: Any) -> bool:
    """True for what is not written as a single scalar."""
    return isinstance(value, (AnyMapping, list, tuple))


def flow_text(value: Any, style: Style, quote_keys: bool = False) -> str:
    """Any value as flow YAML on one line."""
    if isinstance(value, Tagged):
        return f"{_tag_text(value)} {flow_text(value.value, style, quote_keys)}"
    if isinstance(value, AnyMapping):
        return "{" + ", ".join(flow_pair(key, child, style, quote_keys) for key, child in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow_text(child, style, quote_keys) for child in value) + "]"
    return scalar_text(value, style, in_flow=True, quote=quote_keys)


def flow_pair(key: str, value: Any, style: Style, quote_keys: bool = False) -> str:
    """`key: value` as it stands inside a flow mapping."""
    return f"{scalar_text(key, style, in_flow=True, quote=quote_keys)}: {flow_text(value, style, quote_keys)}"


def scalar_text(value: Any, style: Style, in_flow: bool = False, quote: bool = False) -> str:
    """A scalar as it is written: plain where Docker reads it back as the same string, quoted otherwise."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, (int, float, Timestamp)):
        return str(value)
    text = str(value)
    if not quote and _is_plain(text, in_flow):
        return text
    return _quoted(text, '"' if quote else _without_escapes(text, style.quote))


def _without_escapes(text: str, quote: str) -> str:
    """The quotes that `text` reads best in: the habit of the file, unless it would take needless escapes."""
    return "'" if quote == '"' and '"' in text and "'" not in text else quote


def replaced_text(text: str, quote: str, style: Style, in_flow: bool) -> str:
    """A string in place of another one that stands in `quote` quotes (empty: in none)."""
    return _quoted(text, quote) if quote else scalar_text(text, style, in_flow)


def _tag_text(value: Tagged) -> str:
    return value.tag if value.tag.startswith("!") else f"!<{value.tag}>"


def _tagged_text(text: str, style: Style) -> str:
    """A scalar under a tag, which is its text whatever that looks like."""
    return text if _fits_plain(text, in_flow=False) else _quoted(text, style.quote)


def _fits_plain(text: str, in_flow: bool) -> bool:
    """Whether YAML reads a text back as one scalar when it is written without quotes."""
    pattern = _PLAIN_IN_FLOW if in_flow else _PLAIN
    return bool(pattern.match(text)) and not text.endswith((" ", ":")) and ": " not in text and " #" not in text


def _is_plain(text: str, in_flow: bool) -> bool:
    if not _fits_plain(text, in_flow):
        return False
    return type(plain_value(text)) is str and text.lower() not in ("y", "n", "yes", "no", "on", "off")


def _quoted(text: str, quote: str) -> str:
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return (
        '"'
        + "".join(
            _ESCAPES.get(char, char) if char.isprintable() or char in _ESCAPES else f"\\U{ord(char):08x}"
            for char in text
        )
        + '"'
    )


def quotes_keys(mapping: Mapping) -> bool:
    """True where every key of a mapping is in double quotes, as in JSON."""
    return bool(mapping.pairs) and all(key.style == '"' for key, _ in mapping.pairs)


__all__ = [
    "Style",
    "block_lines",
    "flow_pair",
    "flow_text",
    "is_collection",
    "item_lines",
    "quotes_keys",
    "replaced_text",
    "resolved",
    "scalar_text",
    "style_of",
    "value_lines",
]
