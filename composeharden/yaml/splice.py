"""Changes rendered as text: the smallest spans to replace in the untouched original.

Nothing here looks at plain data; `proof.py` compares the result with what `change.apply` says it must mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from composeharden.yaml.change import Append, Change, Path, Refused, Remove, Rename, Replace, Reshape, Set
from composeharden.yaml.comments import comments
from composeharden.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved, walk
from composeharden.yaml.source import Source
from composeharden.yaml.style import (
    Style,
    block_lines,
    flow_pair,
    flow_text,
    item_lines,
    quotes_keys,
    replaced_text,
    style_of,
    value_lines,
)

_BLANK_LINE = re.compile(r"\r?\n\r?\n")


class Edit(NamedTuple):
    """Replace the characters from `start` up to `end` of the original text by `text`."""

    start: int
    end: int
    text: str
    depth: int = 0
    """How far to the right it writes lines: of two insertions at one place the deeper one comes first."""


def render(changes: Iterable[Change], source: Source) -> list[Edit]:
    """The edits that carry out `changes` on the text of `source`, in the file's own style.

    Raises Refused where the text cannot be changed without touching something else.
    """
    return Renderer(source).render(changes)


def order(edit: Edit) -> tuple[int, bool, bool, int]:
    """The sort key that puts edits in the order of the text: insertions first, the end of a line before new lines."""
    return edit.start, edit.end != edit.start, edit.text.startswith(("\n", "\r")), -edit.depth


def splice(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit made. Edits at one offset keep their order. Raises Refused when two overlap."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=order):
        if edit.start < at:
            raise Refused("two changes touch the same place of the file")
        pieces += (text[at : edit.start], edit.text)
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)


class Renderer:
    """Renders changes of one file, one set after the other, always against the original text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self._file_style: Style | None = None
        self._ends: dict[int, int] = {}

    def render(self, changes: Iterable[Change]) -> list[Edit]:
        """The edits for `changes`, none where the text is right already. Raises Refused like the function above."""
        edits = (edit for change in changes for edit in self._render_one(change))
        return [edit for edit in edits if self.text[edit.start : edit.end] != edit.text]

    def _render_one(self, change: Change) -> list[Edit]:
        if isinstance(change, Remove):
            return self._remove(change)
        if isinstance(change, Append):
            return self._keeping_comments(self._append(change))
        if isinstance(change, Replace):
            return self._keeping_comments(self._replace_item(change))
        if isinstance(change, Rename):
            return self._keeping_comments(self._rename(change))
        if isinstance(change, Reshape):
            return self._keeping_comments(self._reshape(change))
        return self._keeping_comments(self._set(change))

    def _keeping_comments(self, edits: list[Edit]) -> list[Edit]:
        for edit in edits:
            replaced = edit.end > edit.start and "#" in self.text[edit.start : edit.end]
            if replaced and any(start < edit.end and end > edit.start for start, end in self._comments):
                raise Refused("a comment stands in the text that would be replaced")
        return edits

    @cached_property
    def _comments(self) -> list[tuple[int, int]]:
        return comments(self.source)

    # -- finding the place ---------------------------------------------------------------------------------------

    def _find(self, path: Path) -> tuple[Node | None, Node]:
        """The node at `path` and the node that holds it."""
        parent: Node | None = None
        document = int(path[0])
        node = self.source.documents[document] if 0 <= document < len(self.source.documents) else None
        for part in path[1:]:
            parent = resolved(node)
            if isinstance(parent, Mapping) and isinstance(part, str):
                node = parent.get(part)
            elif isinstance(parent, Sequence) and isinstance(part, int) and 0 <= part < len(parent.items):
                node = parent.items[part]
            else:
                node = None
            if node is None:
                raise Refused(f"{'.'.join(map(str, path[1:]))} is not written in this file")
        if node is None:
            raise Refused("the document is empty")
        return parent, node

    @cached_property
    def _aliases(self) -> list[Alias]:
        roots = [root for root in self.source.documents if root is not None]
        return [node for root in roots for node in walk(root) if isinstance(node, Alias)]

    def _require_unshared(self, start: int, end: int, name: str) -> None:
        """Refuse where an anchor between the two offsets has an alias elsewhere."""
        for alias in self._aliases:
            if start <= alias.target.outer < end and not start <= alias.start < end:
                raise Refused(f"{name} holds the anchor &{alias.target.anchor}, which is used elsewhere")

    def _style(self, near: Mapping) -> Style:
        """The habits of the file, overruled by those of the very mapping that is written to."""
        if self._file_style is None:
            self._file_style = style_of(self.source)
        style, column = self._file_style, self.source.column(near.start)
        blocks = False
        for _, value in near.pairs if not near.flow else []:
            if isinstance(value, Sequence) and value.dashes:
                style = style._replace(dash=self.source.column(value.dashes[0]) - column, flow_lists=False)
                blocks = True
            elif isinstance(value, Sequence) and value.items and not blocks:
                style = style._replace(flow_lists=True)
            elif isinstance(value, Mapping) and not value.flow:
                style = style._replace(step=self.source.column(value.start) - column)
        return style._replace(quote_keys=quotes_keys(near))

    # -- set -----------------------------------------------------------------------------------------------------

    def _set(self, change: Set) -> list[Edit]:
        holder, found = self._find(change.path[:-1])
        parent, key = resolved(found), str(change.path[-1])
        if isinstance(parent, Scalar) and parent.is_empty and isinstance(holder, Mapping):
            return self._fill_empty(holder, parent, key, change.value)
        if not isinstance(parent, Mapping):
            raise Refused(f"{'.'.join(map(str, change.path[1:-1]))} is not written as a mapping")
        if key in parent.index:
            return self._replace(parent, key, change.value)
        if parent.flow:
            return self._insert_flow(parent, key, change.value)
        column = self.source.column(parent.start)
        lines = block_lines(key, change.value, column, self._style(parent))
        return self._lines_after(self._end_of_block(parent, column), lines)

    def _fill_empty(self, holder: Mapping, empty: Scalar, key: str, value: Any) -> list[Edit]:
        if holder.flow or empty.tag is not None:
            raise Refused("an empty value in flow style, or under a tag, has no place to write to")
        self._require_unshared(empty.outer, empty.end + 1, key)
        style = self._style(holder)
        column = self.source.column(holder.start) + style.step
        return self._lines_after(self.source.line_end(empty.end), block_lines(key, value, column, style))

    def _lines_after(self, offset: int, lines: list[str]) -> list[Edit]:
        if not lines:
            return []
        column = len(lines[0]) - len(lines[0].lstrip(" "))
        depth = 2 * column + lines[0].startswith("- ", column)  # an item under its key can share the key's column
        return [Edit(offset, offset, self._joined(lines), depth)]

    def _joined(self, lines: list[str]) -> str:
        return "".join(self.source.newline + line for line in lines)

    def _end_of_block(self, mapping: Mapping, column: int) -> int:
        """Where a new last key goes: behind the last line, its comment, and comment lines indented as deep."""
        known = self._ends.get(id(mapping))
        if known is not None:
            return known
        last = mapping.pairs[-1][1]
        offset = self.source.line_end(mapping.end)
        if self._ends_in_open_block_scalar(last, mapping.end):
            raise Refused("the file ends in a block scalar without a final line break; add one")
        end = self._past_comments(offset, column)
        self._ends[id(mapping)] = end
        return end

    def _past_comments(self, offset: int, column: int) -> int:
        end = offset
        while True:
            start = self.text.find("\n", offset)
            if start == -1:
                return end
            offset = self.source.line_end(start + 1)
            line = self.text[start + 1 : offset]
            body = line.lstrip(" ")
            if body.startswith("#") and len(line) - len(body) >= column:
                if column == 0 and len(line) == len(body):
                    return end
                end = offset
            elif body.strip():
                return end

    def _ends_in_open_block_scalar(self, node: Node, end: int) -> bool:
        if end != len(self.text):
            return False
        last = [inner for inner in walk(node) if isinstance(inner, Scalar)][-1:]
        return bool(last) and last[0].style in ("|", ">") and "-" not in self.text[last[0].start : last[0].start + 3]

    def _insert_flow(self, mapping: Mapping, key: str, value: Any) -> list[Edit]:
        if self.text[mapping.start] != "{":
            raise Refused("a pair inside a flow list has no braces")
        style = self._style(mapping)
        pair = flow_pair(key, value, style, quotes_keys(mapping))
        if not mapping.pairs:
            return [Edit(mapping.start + 1, mapping.start + 1, pair)]
        last_key, last = mapping.pairs[-1]
        at = max(last.end, last_key.end)
        line_end = self.source.line_end(at)
        if mapping.end - 1 <= line_end:
            return [Edit(at, at, ", " + pair)]
        rest = self.text[at:line_end].lstrip(" \t")
        indent = self.text[self.source.line_start(last_key.start) : last_key.start]
        if indent.strip() or not (rest == "" or rest[0] in ",#"):
            return [Edit(at, at, ", " + pair)]
        line = self.source.newline + indent + pair
        if rest.startswith(","):
            return [Edit(line_end, line_end, line + ",")]
        if rest == "":
            return [Edit(at, at, "," + line)]
        return [Edit(at, at, ","), Edit(line_end, line_end, line)]

    def _replace(self, mapping: Mapping, key: str, value: Any) -> list[Edit]:
        place = mapping.index[key]
        old, colon = mapping.pairs[place][1], mapping.colons[place]
        if colon < 0:
            raise Refused(f"{key} has no colon")
        self._require_unshared(colon, old.end + 1, key)
        start, end = colon + 1, max(old.end, colon + 1)
        before = self.text[start : old.outer]
        style = self._style(mapping)
        if mapping.flow:
            return [
                Edit(start + len(before), end, ("" if before else " ") + flow_text(value, style, quotes_keys(mapping)))
            ]
        first, *rest = value_lines(value, self.source.column(mapping.start), style)
        if before.strip(" \t") and not rest and not _is_block(old):
            return [Edit(old.outer, end, first[1:])]  # the value stays on the line below its key
        if old.outer > self.source.line_end(colon):
            return self._replace_below(colon, old, first, rest)
        if _is_block(old) or (isinstance(old, Scalar) and old.style in ("|", ">")):
            return [Edit(start, end, first + self._joined(rest))]
        return [Edit(start, end, first), *self._lines_after(self.source.line_end(end), rest)]

    def _replace_below(self, colon: int, old: Node, first: str, rest: list[str]) -> list[Edit]:
        """The value starts under its key, so a comment behind the key can stay."""
        line_end = self.source.line_end(colon)
        if not rest and "#" in self.text[colon:line_end] and "#" in self.text[old.end : self.source.line_end(old.end)]:
            raise Refused("two comments would become one")
        return [Edit(colon + 1, colon + 1, first), Edit(line_end, old.end, self._joined(rest))]

    def _rename(self, change: Rename) -> list[Edit]:
        _, found = self._find(change.path[:-1])
        parent, key = resolved(found), str(change.path[-1])
        if not isinstance(parent, Mapping) or key not in parent.index:
            raise Refused(f"{key} is not written in this file")
        node = parent.pairs[parent.index[key]][0]
        if node.outer != node.start or node.style in ("|", ">") or change.key in parent.index:
            raise Refused(f"the name {key} cannot be changed where it is written")
        quote = node.style if node.style in ("'", '"') else ""
        name = replaced_text(change.key, quote, self._style(parent), parent.flow)
        return [Edit(node.start, node.end, name), *self._replace(parent, key, change.value)]

    # -- append --------------------------------------------------------------------------------------------------

    def _append(self, change: Append) -> list[Edit]:
        parent, found = self._find(change.path)
        node = resolved(found)
        if not isinstance(node, Sequence):
            raise Refused(f"{'.'.join(map(str, change.path[1:]))} is not written as a list")
        style = self._style(parent) if isinstance(parent, Mapping) else style_of(self.source)
        if not change.items:
            return []
        if node.flow:
            items = ", ".join(flow_text(item, style) for item in change.items)
            if not node.items:
                return [Edit(node.start + 1, node.start + 1, items)]
            at = node.items[-1].end
            return [Edit(at, at, ", " + items)]
        if self._ends_in_open_block_scalar(node, node.end):
            raise Refused("the file ends in a block scalar without a final line break; add one")
        column, gap = self.source.column(node.dashes[-1]), self._dash_gap(node)
        lines = [line for item in change.items for line in item_lines(item, column, gap, style)]
        return self._lines_after(self.source.line_end(node.end), lines)

    def _dash_gap(self, node: Sequence) -> str:
        item, dash = node.items[-1], node.dashes[-1]
        between = self.text[dash + 1 : item.outer]
        return between if between and not between.strip(" ") else " "

    def _replace_item(self, change: Replace) -> list[Edit]:
        parent, found = self._find(change.path)
        node = resolved(found)
        if not isinstance(node, Sequence):
            raise Refused(f"{'.'.join(map(str, change.path[1:]))} is not written as a list")
        items = [item for item in node.items if isinstance(item, Scalar) and item.text == change.old]
        if len(items) != 1 or items[0].tag is not None or items[0].style in ("|", ">"):
            raise Refused(f"the entry of {change.path[-1]} is not written as one plain text")
        [item] = items
        self._require_unshared(item.outer, item.end, str(change.path[-1]))
        style = self._style(parent) if isinstance(parent, Mapping) else style_of(self.source)
        quote = item.style if item.style in ("'", '"') else ""
        return [Edit(item.start, item.end, replaced_text(change.value, quote, style, node.flow))]

    # -- remove --------------------------------------------------------------------------------------------------

    def _remove(self, change: Remove) -> list[Edit]:
        _, found = self._find(change.path[:-1])
        parent, key = resolved(found), str(change.path[-1])
        if not isinstance(parent, Mapping) or key not in parent.index:
            raise Refused(f"{key} is not written in this file")
        node, value = parent.pairs[parent.index[key]]
        if len(parent.pairs) == 1:
            raise Refused(f"{key} is the only key of its mapping")
        self._require_unshared(node.outer, max(value.end, node.end) + 1, key)
        if parent.flow:
            return self._keeping_comments([self._remove_flow(parent, parent.index[key])])
        return [self._remove_lines(node, max(value.end, node.end))]

    def _remove_lines(self, key: Scalar, end: int) -> Edit:
        """Whole lines, from the line break before them on: a new last key can so be put right behind."""
        start, end = self.source.line_start(key.start), self.source.line_end(end)
        if self.text[start : key.start].strip(" \ufeff"):
            raise Refused(f"{key.text} shares its line with something else")
        blank_follows = _BLANK_LINE.match(self.text, end) is not None
        if start == 0:
            end = self._next_line(self._next_line(end) if blank_follows else end)
            return Edit(int(self.text.startswith("\ufeff")), end, "")
        start = self._break_before(start)
        if blank_follows and self.text[:start].endswith("\n"):
            start = self._break_before(start)
        elif blank_follows and not self.text[:start].strip("\ufeff"):
            end = self._next_line(end)
        return Edit(start, end, "")

    def _break_before(self, line_start: int) -> int:
        return line_start - (2 if self.text.endswith("\r\n", 0, line_start) else 1)

    def _next_line(self, offset: int) -> int:
        return self.text.find("\n", offset) + 1 or len(self.text)

    def _remove_flow(self, mapping: Mapping, place: int) -> Edit:
        if place + 1 < len(mapping.pairs):
            return Edit(mapping.pairs[place][0].outer, mapping.pairs[place + 1][0].outer, "")
        return Edit(mapping.pairs[place - 1][1].end, mapping.pairs[place][1].end, "")

    # -- reshape -------------------------------------------------------------------------------------------------

    def _reshape(self, change: Reshape) -> list[Edit]:
        parent, node = self._find(change.path)
        if not isinstance(parent, Mapping) or not isinstance(node, Sequence):
            raise Refused(f"{change.path[-1]} is not a list written here")
        if not change.everywhere:
            self._require_unshared(node.outer, node.end, str(change.path[-1]))
        names = [item.text for item in node.items if isinstance(item, Scalar)]
        if (
            len(names) != len(node.items)
            or names != list(change.value)[: len(names)]
            or any(item.outer != item.start or "\n" in self.text[item.start : item.end] for item in node.items)
        ):
            raise Refused("the list holds something other than plain names")
        if node.flow:
            return self._reshape_flow(parent, node, change)
        return self._reshape_block(parent, node, change)

    def _reshape_flow(self, parent: Mapping, node: Sequence, change: Reshape) -> list[Edit]:
        style = self._style(parent)
        if parent.flow:
            return [Edit(node.start, node.end, flow_text(change.value, style, quotes_keys(parent)))]
        first, *rest = value_lines(change.value, self.source.column(parent.start), style)
        colon = parent.colons[parent.index[str(change.path[-1])]]
        start = colon + 1 if not self.text[colon + 1 : node.start].strip() else node.start
        return [Edit(start, node.end, first), *self._lines_after(self.source.line_end(node.end), rest)]

    def _reshape_block(self, parent: Mapping, node: Sequence, change: Reshape) -> list[Edit]:
        style = self._style(parent)
        column = self.source.column(node.dashes[0])
        shift = style.step if column <= self.source.column(parent.start) else 0
        edits = []
        for item, dash in zip(node.items, node.dashes, strict=True):
            assert isinstance(item, Scalar)
            first, *rest = value_lines(change.value[item.text], column + shift, style)
            edits += [Edit(dash, item.outer, ""), Edit(item.end, item.end, ":" + first)]
            edits += self._lines_after(self.source.line_end(item.end), rest)
        added = list(change.value.items())[len(node.items) :]
        lines = [line for name, value in added for line in block_lines(name, value, column + shift, style)]
        edits += self._lines_after(self.source.line_end(node.items[-1].end), lines)
        return edits + (self._shift_lines(node, shift) if shift else [])

    def _shift_lines(self, node: Sequence, shift: int) -> list[Edit]:
        """A list whose dashes stand under their key moves right when it becomes a mapping, comments included."""
        edits, start = [], self.source.line_start(node.dashes[0])
        while start <= node.end:
            end = self.source.line_end(start)
            if self.text[start:end].strip():
                edits.append(Edit(start, start, " " * shift))
            following = self.text.find("\n", end)
            if following == -1:
                break
            start = following + 1
        return edits


def _is_block(node: Node) -> bool:
    return isinstance(node, (Mapping, Sequence)) and not node.flow
