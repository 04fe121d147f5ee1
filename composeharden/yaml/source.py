"""Bytes to `Source`: the text of one file, how it writes things, and its node tree with true spans.

Positions come from ruamel.yaml's event stream. It marks the end of a block collection on the next token and an empty
value on the following line, so the spans are derived again here from the text.
"""

from __future__ import annotations

import bisect
import codecs
import re
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from composeharden.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence
from composeharden.yaml.scalars import Tagged, is_core_collection, value_of
from composeharden.yaml.scanner import events

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 128
MAX_EXPANDED = 2_000_000
"""Nodes after following every alias: what a merge or alias bomb blows up, far above any real stack."""
_STRAY_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


class Position(NamedTuple):
    """A place a person can go to. Both count from 1."""

    line: int
    column: int


class SourceError(Exception):
    """The file cannot be read as YAML. `position` is where, `message` what to do about it."""

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Source:
    """One file: its text and the root node of each of its documents (None for an empty document)."""

    def __init__(self, text: str, documents: list[Node | None], encoding: str = "utf-8") -> None:
        self.text = text
        self.documents = documents
        self.encoding = encoding

    @cached_property
    def newline(self) -> str:
        """The line break of the file's first line; a lone LF where there is none."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at != -1:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Line and column of a character offset."""
        line = bisect.bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1 - (line == 1 and self.text[:1] == "\ufeff"))

    def column(self, offset: int) -> int:
        """Characters before `offset` on its line (0-based; a byte order mark does not count)."""
        return self.position(offset).column - 1

    def line_start(self, offset: int) -> int:
        """Offset of the first character of the line that `offset` is on."""
        return self._lines[bisect.bisect_right(self._lines, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Offset of the line break (or end of file) that closes the line of `offset`."""
        end = self.text.find("\n", offset)
        if end == -1:
            return len(self.text)
        return end - 1 if end > offset and self.text[end - 1] == "\r" else end

    def encode(self, text: str) -> bytes:
        """The bytes of a changed text, in the encoding the file came in."""
        return text.encode(self.encoding)


def load(data: bytes) -> Source:
    """Read one YAML file.

    Raises:
        SourceError: too large, not UTF-8 (or UTF-16 with a byte order mark), not YAML, a line break other than LF and
            CRLF, a duplicate key, an unknown or recursive anchor, or nested or expanding beyond the limits above.
    """
    text, encoding = _decode(data)
    stray = _STRAY_BREAK.search(text)
    if stray is not None:  # YAML ends a line there, editors and diffs do not
        raise SourceError(
            f"U+{ord(stray.group()):04X} is a line break in YAML; replace it by LF or CRLF",
            Source(text, []).position(stray.start()),
        )
    return Source(text, _Builder(text).documents(), encoding)


def to_data(node: Node | None) -> Any:
    """The plain data of a node: dict, list and typed scalars. Merge keys stay keys; aliases share their object."""
    return _to_data(node, {})


def all_data(source: Source) -> list[Any]:
    """The data of every document of a file."""
    return [to_data(root) for root in source.documents]


def _to_data(node: Node | None, seen: dict[int, Any]) -> Any:
    if node is None:
        return None
    if isinstance(node, Alias):
        target = node.target  # not seen yet: the anchor of a key, or one outside the part that is asked for
        return seen[id(target)] if id(target) in seen else _to_data(target, seen)
    if isinstance(node, Scalar):
        value = value_of(node.text, node.style != "", node.tag)
    elif isinstance(node, Mapping):
        value = {key.text: _to_data(child, seen) for key, child in node.pairs}
    else:
        assert isinstance(node, Sequence)
        value = [_to_data(child, seen) for child in node.items]
    if not isinstance(node, Scalar) and not is_core_collection(node.tag):
        value = Tagged(str(node.tag), value)
    if node.anchor is not None:
        seen[id(node)] = value
    return value


def _decode(data: bytes) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        raise SourceError(f"the file is larger than {MAX_BYTES // 2**20} MiB; split it, or remove generated parts")
    encoding = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("the file is UTF-16; save it as UTF-8 (for instance: iconv -f UTF-16 -t UTF-8)")
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        before = data[: error.start]
        place = Position(before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        raise SourceError(f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8", place) from None


class _Extent(NamedTuple):
    """What a node holds once every alias is followed: the number of values, and how deep they are nested."""

    size: int
    height: int


_ONE = _Extent(1, 0)


class _Builder:
    """Turns the events of one file into nodes with true spans."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.anchors: dict[str, Node | None] = {}
        self.extents: dict[int, _Extent] = {}

    def documents(self) -> list[Node | None]:
        roots: list[Node | None] = []
        try:
            stream = events(self.text)
            for event in stream:
                if isinstance(event, DocumentStartEvent):
                    self.anchors = {}
                    first = next(stream)
                    root = self._node(first, stream, first.start_mark.index, 0)[0]
                    roots.append(None if isinstance(root, Scalar) and root.is_empty else root)
                elif isinstance(event, DocumentEndEvent):
                    continue
        except MarkedYAMLError as error:
            self._fail(str(error.problem or error.context or "not YAML"), self._mark(error))
        except YAMLError as error:
            self._fail(_reader_problem(error), getattr(error, "position", None))
        return roots

    @staticmethod
    def _mark(error: MarkedYAMLError) -> int | None:
        mark = error.problem_mark or error.context_mark
        return None if mark is None else int(mark.index)

    def _fail(self, message: str, offset: int | None) -> NoReturn:
        if offset is not None and self.text.startswith("\t", offset):
            before = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
            where = "where YAML takes none" if before.strip() else "for indentation, for which YAML takes spaces only"
            message = f"found a tab {where}: put spaces in its place"
        place = None if offset is None else Source(self.text, []).position(min(offset, len(self.text)))
        raise SourceError(message, place) from None

    def _node(self, event: Event, events: Any, empty_at: int, depth: int) -> tuple[Node, _Extent]:
        """The node that starts with `event`, and its extent."""
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        if isinstance(event, ScalarEvent):
            node = self._scalar(event, empty_at)
            self._remember(node, _ONE)
            return node, _ONE
        if depth >= MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels", event.start_mark.index)
        assert isinstance(event, (MappingStartEvent, SequenceStartEvent))
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # until it is complete, so that a recursive alias is seen
        if isinstance(event, MappingStartEvent):
            built, extent = self._mapping(event, events, depth)
        else:
            built, extent = self._sequence(event, events, depth)
        self._remember(built, extent)
        return built, extent

    def _remember(self, node: Node, extent: _Extent) -> None:
        if extent.size > MAX_EXPANDED:
            self._fail(f"aliases expand to more than {MAX_EXPANDED:,} values", node.outer)
        if node.anchor is not None:
            self.anchors[node.anchor] = node
            self.extents[id(node)] = extent

    def _alias(self, event: AliasEvent, depth: int) -> tuple[Node, _Extent]:
        at = event.start_mark.index
        if event.anchor not in self.anchors:
            self._fail(f"alias *{event.anchor} has no anchor &{event.anchor} before it", at)
        target = self.anchors[event.anchor]
        if target is None:
            self._fail(f"anchor &{event.anchor} contains itself", at)
        extent = self.extents[id(target)]
        if depth + extent.height > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels once aliases are followed", at)
        return Alias(at, event.end_mark.index, target), extent

    def _scalar(self, event: ScalarEvent, empty_at: int) -> Scalar:
        outer, end = self._outer(event), event.end_mark.index
        tag, style = _tag(event), event.style or ""
        if style in ("|", ">"):
            start = self._after_properties(outer, tag, event.anchor)
            return Scalar(outer, start, self._block_scalar_end(start, end), event.value, style, tag, event.anchor)
        if style == "" and event.value == "":
            if tag is None and event.anchor is None:
                return Scalar(empty_at, empty_at, empty_at, "", "")
            end = self._after_properties(outer, tag, event.anchor, blank=False)
            return Scalar(outer, end, end, "", "", tag, event.anchor)
        start = self._after_properties(outer, tag, event.anchor)
        return Scalar(outer, start, end, event.value, style, tag, event.anchor)

    def _outer(self, event: Any) -> int:
        """Where the value starts, its tag and anchor included; the event of `!tag &anchor` starts at the anchor."""
        at = int(event.start_mark.index)
        if event.tag is None or event.anchor is None or self.text[at] != "&":
            return at
        tag = end = len(self.text[max(at - 100, 0) : at].rstrip(" \t\r\n")) + max(at - 100, 0)
        stops = " \t\n" if self.text.startswith(">", end - 1) else " \t\n,[{"
        while tag and self.text[tag - 1] not in stops:
            tag -= 1
        return tag if self.text.startswith("!", tag) else at

    def _block_scalar_end(self, start: int, mark: int) -> int:
        """Where the content of a block scalar ends: trailing blank lines belong to it only under `+`."""
        header_end = self.text.find("\n", start)
        header = self.text[start:header_end] if header_end != -1 else self.text[start:]
        body_end = mark
        while body_end > start and self.text[body_end - 1] in " \t" and self.text[body_end - 1 : body_end] != "\n":
            body_end -= 1  # the indentation of the next token
        if "+" in header.split("#")[0]:
            if self.text[body_end - 1 : body_end] == "\n":
                body_end -= 1
                if self.text[body_end - 1 : body_end] == "\r":
                    body_end -= 1
            return max(body_end, start + 1)
        while body_end > start + 1 and self.text[body_end - 1] in " \t\r\n":
            body_end -= 1
        if self.text[body_end - 1] not in "\r\n" and mark >= len(self.text) and self.text[-1:] not in ("\n", ""):
            return len(self.text)
        return body_end

    def _after_properties(self, at: int, tag: str | None, anchor: str | None, blank: bool = True) -> int:
        """The offset behind an anchor and a tag, and (with `blank`) behind the blanks and comments that follow."""
        text, length = self.text, len(self.text)
        for _ in range((tag is not None) + (anchor is not None)):
            begin = skip_blank(text, at)
            if begin >= length or text[begin] not in "&!":
                break
            at = begin + 1
            stop = ">" if text.startswith("!<", begin) else " \t\r\n,[]{}"
            while at < length and text[at] not in stop:
                at += 1
            at += stop == ">"
        return skip_blank(text, at) if blank else at

    def _sequence(self, event: SequenceStartEvent, events: Any, depth: int) -> tuple[Node, _Extent]:
        outer, flow, tag = self._outer(event), bool(event.flow_style), _tag(event)
        start = event.end_mark.index - 1 if flow else self._after_properties(outer, tag, event.anchor)
        node = Sequence(outer, start, flow, tag, event.anchor)
        size, height, at = 1, 0, start + 1 if flow else start
        for item_event in events:
            if isinstance(item_event, SequenceEndEvent):
                node.end = item_event.end_mark.index if flow else at
                return node, _Extent(size, height + 1)
            if not flow:
                at = skip_blank(self.text, at)
                node.dashes.append(at)
                at += 1
            item, inner = self._node(item_event, events, at, depth + 1)
            node.items.append(item)
            size += inner.size
            height = max(height, inner.height)
            at = max(at, item.end)
        raise AssertionError("the event stream ends inside a sequence")

    def _mapping(self, event: MappingStartEvent, events: Any, depth: int) -> tuple[Node, _Extent]:
        outer, flow, tag = self._outer(event), bool(event.flow_style), _tag(event)
        start = self._after_properties(outer, tag, event.anchor)
        node = Mapping(outer, start, flow, tag, event.anchor)
        braces = flow and self.text[start] == "{"  # `[a: b]` holds a mapping without
        size, height, at = 1, 0, start + braces
        for key_event in events:
            if isinstance(key_event, MappingEndEvent):
                node.end = key_event.end_mark.index if braces else at
                return node, _Extent(size, height + 1)
            key = self._key(key_event, events, at, depth)
            colon = skip_blank(self.text, key.end)
            has_colon = self.text[colon : colon + 1] == ":"
            node.colons.append(colon if has_colon else -1)
            at = colon + 1 if has_colon else key.end
            value, inner = self._node(next(events), events, at, depth + 1)
            self._add(node, key, value)
            size += 1 + inner.size
            height = max(height, inner.height)
            at = max(at, value.end)
        raise AssertionError("the event stream ends inside a mapping")

    def _key(self, event: Event, events: Any, at: int, depth: int) -> Scalar:
        key, _ = self._node(event, events, at, depth + 1)
        if isinstance(key, Alias) and isinstance(key.target, Scalar):
            return Scalar(key.start, key.start, key.end, key.target.text, "*")
        if not isinstance(key, Scalar):
            self._fail("a key must be a plain name, not a list or a mapping", key.outer)
        return key

    def _add(self, node: Mapping, key: Scalar, value: Node) -> None:
        if key.text in node.index:
            first = Source(self.text, []).position(node.pairs[node.index[key.text]][0].start)
            self._fail(
                f"key {key.text!r} is already set on line {first.line}, column {first.column}; remove one of the two",
                key.start,
            )
        node.index[key.text] = len(node.pairs)
        node.pairs.append((key, value))


def skip_blank(text: str, at: int) -> int:
    """The offset of the next character from `at` on that is no blank, line break or comment."""
    length = len(text)
    while at < length:
        char = text[at]
        if char in " \t\r\n\ufeff":
            at += 1
        elif char == "#" and (at == 0 or text[at - 1] in " \t\r\n\ufeff"):
            at = text.find("\n", at)
            if at == -1:
                return length
        else:
            break
    return at


def _tag(event: Any) -> str | None:
    tag = event.tag
    return None if tag is None else str(tag)


def _reader_problem(error: YAMLError) -> str:
    character = getattr(error, "character", None)
    if character is None:
        return str(error).splitlines()[0]
    code = character if isinstance(character, int) else ord(character)
    return f"character U+{code:04X} is not allowed in YAML; remove it"
