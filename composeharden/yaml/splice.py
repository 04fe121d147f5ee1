"""Changes rendered as text: the smallest spans to replace in the untouched original.

Nothing here looks at plain data; `proof.py` compares the result with what `change.apply` says it must mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from composeharden.yaml.change import Append, Change, Path, Refused, Remove, Reshape, Set
from composeharden.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved, walk
from composeharden.yaml.source import Source
from composeharden.yaml.style import Style, block_lines, flow_pair, flow_text, quotes_keys, scalar_text, style_of


class Edit(NamedTuple):
    """Replace the characters from `start` up to `end` of the original text by `text`."""

    start: int
    end: int
    text: str
    depth: int = 0
    """How deep in the tree it writes: of two insertions at one place the deeper one comes first."""


def render(changes: Iterable[Change], source: Source) -> list[Edit]:
    """The edits that carry out `changes` on the text of `source`, in the file's own style.

    Raises Refused where the text cannot be changed without touching something else.
    """
    return Renderer(source).render(changes)


def order(edit: Edit) -> tuple[int, bool, int]:
    """The sort key that puts edits in the order of the text."""
    return edit.start, edit.end != edit.start, -edit.depth


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
        self._shared: set[int] | None = None
        self._file_style: Style | None = None
        self._ends: dict[int, int] = {}

    def render(self, changes: Iterable[Change]) -> list[Edit]:
        """The edits for `changes`. Raises Refused like the function of the same name."""
        return [
            edit._replace(depth=len(change.path) + (not isinstance(change, Set) or edit.depth > 0))
            for change in changes
            for edit in self._render_one(change)
        ]

    def _render_one(self, change: Change) -> list[Edit]:
        if isinstance(change, Append):
            return self._append(change)
        if isinstance(change, Remove):
            return self._remove(change)
        if isinstance(change, Reshape):
            return self._reshape(change)
        return self._set(change)

    # -- finding the place ---------------------------------------------------------------------------------------

    def _find(self, path: Path) -> tuple[Node | None, Node]:
        """The node at `path` and the node that holds it."""
        parent: Node | None = None
        node: Node | None = self.source.documents[int(path[0])]
        for part in path[1:]:
            parent = resolved(node)
            if isinstance(parent, Mapping) and isinstance(part, str):
                node = parent.get(part)
            elif isinstance(parent, Sequence) and isinstance(part, int) and part < len(parent.items):
                node = parent.items[part]
            else:
                node = None
            if node is None:
                raise Refused(f"{'.'.join(map(str, path[1:]))} is not written in this file")
        if node is None:
            raise Refused("the document is empty")
        return parent, node

    def _is_shared(self, node: Node) -> bool:
        if node.anchor is None:
            return False
        if self._shared is None:
            self._shared = {
                id(inner.target)
                for root in self.source.documents
                if root is not None
                for inner in walk(root)
                if isinstance(inner, Alias)
            }
        return id(node) in self._shared

    def _style(self, near: Mapping) -> Style:
        if self._file_style is None:
            self._file_style = style_of(self.source)
        for _, value in near.pairs:
            if isinstance(value, Sequence) and value.dashes:
                offset = self.source.column(value.dashes[0]) - self.source.column(near.start)
                return self._file_style._replace(dash=offset, flow_lists=False)
        return self._file_style

    # -- set -----------------------------------------------------------------------------------------------------

    def _set(self, change: Set) -> list[Edit]:
        holder, found = self._find(change.path[:-1])
        parent, key = resolved(found), str(change.path[-1])
        if isinstance(parent, Scalar) and parent.is_empty and isinstance(holder, Mapping):
            return self._fill_empty(holder, parent, key, change.value)
        if not isinstance(parent, Mapping):
            raise Refused(f"{'.'.join(map(str, change.path[1:-1]))} is not written as a mapping")
        if key in parent.index:
            return [edit._replace(depth=1) for edit in self._replace(parent, key, change.value)]
        if parent.flow:
            return self._insert_flow(parent, key, change.value)
        column = self.source.column(parent.pairs[0][0].start)
        lines = block_lines(key, change.value, column, self._style(parent))
        return [self._lines_after(self._end_of_block(parent, column), lines)]

    def _fill_empty(self, holder: Mapping, empty: Scalar, key: str, value: Any) -> list[Edit]:
        if holder.flow or empty.tag is not None:
            raise Refused("an empty value in flow style, or under a tag, has no place to write to")
        if self._is_shared(empty):
            raise Refused(f"anchor &{empty.anchor} is used elsewhere")
        style = self._style(holder)
        column = self.source.column(holder.pairs[0][0].start) + style.step
        return [self._lines_after(self.source.line_end(empty.end), block_lines(key, value, column, style))]

    def _lines_after(self, offset: int, lines: list[str]) -> Edit:
        newline = self.source.newline
        return Edit(offset, offset, "".join(newline + line for line in lines))

    def _end_of_block(self, mapping: Mapping, column: int) -> int:
        """Where a new last key goes: behind the last line, its comment, and comment lines indented as deep."""
        known = self._ends.get(id(mapping))
        if known is not None:
            return known
        self._require_line_of_its_own(mapping)
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

    def _require_line_of_its_own(self, mapping: Mapping) -> None:
        key = mapping.pairs[0][0]
        if self.text[key.start] == "?" or any(colon < 0 for colon in mapping.colons):
            raise Refused("a key is written in the long form (? key)")

    def _insert_flow(self, mapping: Mapping, key: str, value: Any) -> list[Edit]:
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
        if self._is_shared(old):
            raise Refused(f"{key} is anchored as &{old.anchor} and used elsewhere")
        if colon < 0:
            raise Refused(f"{key} has no colon")
        style = self._style(mapping)
        if mapping.flow:
            return [
                Edit(
                    max(old.outer, colon + 1),
                    old.end,
                    ("" if self.text[colon + 1 : old.outer].strip(" ") != self.text[colon + 1 : old.outer] else " ")
                    + flow_text(value, style, quotes_keys(mapping)),
                )
            ]
        column = self.source.column(mapping.pairs[place][0].start)
        lines = block_lines(key, value, column, style)
        head = lines[0].split(":", 1)[1]
        if isinstance(old, (Mapping, Sequence)) and not old.flow:
            return self._replace_block(colon, old, head, lines[1:])
        if isinstance(old, Scalar) and old.style in ("|", ">"):
            return [Edit(colon + 1, old.end, head + "".join(self.source.newline + line for line in lines[1:]))]
        edits = [Edit(colon + 1, max(old.end, colon + 1), head)]
        if lines[1:]:
            edits.append(self._lines_after(self.source.line_end(old.end), lines[1:]))
        return edits

    def _replace_block(self, colon: int, old: Node, head: str, lines: list[str]) -> list[Edit]:
        if "#" in self.text[colon + 1 : old.end]:
            raise Refused("a list with comments would have to be rewritten")
        return [Edit(colon + 1, old.end, head + "".join(self.source.newline + line for line in lines))]

    # -- append --------------------------------------------------------------------------------------------------

    def _append(self, change: Append) -> list[Edit]:
        parent, found = self._find(change.path)
        node = resolved(found)
        if not isinstance(node, Sequence):
            raise Refused(f"{'.'.join(map(str, change.path[1:]))} is not written as a list")
        style = self._style(parent) if isinstance(parent, Mapping) else style_of(self.source)
        if node.flow:
            items = ", ".join(flow_text(item, style) for item in change.items)
            if not node.items:
                return [Edit(node.start + 1, node.start + 1, items)]
            at = node.items[-1].end
            return [Edit(at, at, ", " + items)]
        if isinstance(found, Alias) or self._ends_in_open_block_scalar(node, node.end):
            raise Refused("the list ends in a way that nothing can be added to")
        column = self.source.column(node.dashes[-1])
        gap = self._dash_gap(node)
        lines = [" " * column + "-" + gap + scalar_text(item, style) for item in change.items]
        return [self._lines_after(self.source.line_end(node.end), lines)]

    def _dash_gap(self, node: Sequence) -> str:
        item, dash = node.items[-1], node.dashes[-1]
        between = self.text[dash + 1 : item.outer]
        return between if between and not between.strip(" ") else " "

    # -- remove --------------------------------------------------------------------------------------------------

    def _remove(self, change: Remove) -> list[Edit]:
        _, found = self._find(change.path[:-1])
        parent, key = resolved(found), str(change.path[-1])
        if not isinstance(parent, Mapping) or key not in parent.index:
            raise Refused(f"{key} is not written in this file")
        node, value = parent.pairs[parent.index[key]]
        if len(parent.pairs) == 1:
            raise Refused(f"{key} is the only key of its mapping")
        if any(self._is_shared(inner) for inner in walk(value)):
            raise Refused(f"{key} holds an anchor that is used elsewhere")
        return [self._remove_flow(parent, parent.index[key]) if parent.flow else self._remove_lines(node, value)]

    def _remove_lines(self, key: Scalar, value: Node) -> Edit:
        start = self.source.line_start(key.start)
        if self.text[start : key.start].strip(" \ufeff"):
            raise Refused(f"{key.text} shares its line with something else")
        start += self.text.startswith("\ufeff", start)
        end = self.text.find("\n", self.source.line_end(max(value.end, key.end)))
        end = len(self.text) if end == -1 else end + 1
        if end == len(self.text) and not self.text.endswith("\n") and start > 0:
            newline = self.source.newline
            return Edit(start - len(newline), end, "")
        if start == 0 or self.text[:start].isspace() or self.text[:start].endswith(("\n\n", "\n\r\n")):
            end = self._past_blank_line(end)
        return Edit(start, end, "")

    def _past_blank_line(self, end: int) -> int:
        for blank in ("\n", "\r\n"):
            if self.text.startswith(blank, end):
                return end + len(blank)
        return end

    def _remove_flow(self, mapping: Mapping, place: int) -> Edit:
        if "#" in self.text[mapping.start : mapping.end]:
            raise Refused("a flow mapping with comments would have to be rewritten")
        if place + 1 < len(mapping.pairs):
            return Edit(mapping.pairs[place][0].outer, mapping.pairs[place + 1][0].outer, "")
        return Edit(mapping.pairs[place - 1][1].end, mapping.pairs[place][1].end, "")

    # -- reshape -------------------------------------------------------------------------------------------------

    def _reshape(self, change: Reshape) -> list[Edit]:
        parent, node = self._find(change.path)
        if not isinstance(parent, Mapping) or not isinstance(node, Sequence):
            raise Refused(f"{change.path[-1]} is not a list written here")
        if self._is_shared(node):
            raise Refused(f"the list is anchored as &{node.anchor} and used elsewhere")
        names = [item.text for item in node.items if isinstance(item, Scalar)]
        if (
            len(names) != len(node.items)
            or names != list(change.value)
            or any(item.outer != item.start or "\n" in self.text[item.start : item.end] for item in node.items)
        ):
            raise Refused("the list holds something other than plain names")
        if node.flow:
            return self._reshape_flow(parent, node, change)
        return self._reshape_block(parent, node, change)

    def _reshape_flow(self, parent: Mapping, node: Sequence, change: Reshape) -> list[Edit]:
        if "#" in self.text[node.start : node.end]:
            raise Refused("a flow list with comments would have to be rewritten")
        style = self._style(parent)
        if parent.flow:
            return [Edit(node.start, node.end, flow_text(change.value, style, quotes_keys(parent)))]
        column = self.source.column(parent.pairs[0][0].start)
        lines = block_lines(str(change.path[-1]), change.value, column, style)[1:]
        colon = parent.colons[parent.index[str(change.path[-1])]]
        start = node.start
        while self.text[start - 1] in " \t" and start - 1 > colon:
            start -= 1
        return [Edit(start, node.end, ""), self._lines_after(self.source.line_end(node.end), lines)]

    def _reshape_block(self, parent: Mapping, node: Sequence, change: Reshape) -> list[Edit]:
        style = self._style(parent)
        key_column = self.source.column(parent.pairs[0][0].start)
        column = self.source.column(node.dashes[0])
        shift = style.step if column <= key_column else 0
        edits = []
        for item, dash in zip(node.items, node.dashes, strict=True):
            assert isinstance(item, Scalar)
            edits += [Edit(dash, item.outer, ""), Edit(item.end, item.end, ":")]
            lines = [
                line
                for name, value in change.value[item.text].items()
                for line in block_lines(name, value, column + shift + style.step, style)
            ]
            edits.append(self._lines_after(self.source.line_end(item.end), lines))
        if shift:
            edits += self._shift_lines(node, shift)
        return edits

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
