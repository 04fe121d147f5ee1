"""The changed lines of a patch with their surroundings, worked out from its edits.

The cost grows with the size of the file and the number of edits, unlike that of comparing two texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from composeharden.outcome import Patch
from composeharden.yaml.splice import Edit


class Block(NamedTuple):
    """Lines `old_start` up to `old_end` of the old text become `new_start` up to `new_end` of the new one (from 0)."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


class Hunk(NamedTuple):
    """Blocks that are shown together, and the lines around them, as a `Block` of all that is shown."""

    extent: Block
    blocks: tuple[Block, ...]

    @property
    def header(self) -> str:
        """The `@@` line of a unified diff, without a section name."""
        old_start, old_end, new_start, new_end = self.extent
        return f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@"


class Row(NamedTuple):
    """One line to show: its sign (' ', '-' or '+') and its number from 0, in the old text unless it is added."""

    sign: str
    line: int


def lines_of(text: str) -> list[str]:
    """The lines of a text with their line breaks. Only LF breaks lines, as for git."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def hunks(patch: Patch, context: int = 3) -> list[Hunk]:
    """The hunks of a patch, with up to `context` unchanged lines around each change."""
    old_lines = patch.before.text.count("\n") + (not patch.before.text.endswith("\n") and patch.before.text != "")
    result: list[list[Block]] = []
    for block in blocks(patch):
        if result and block.old_start - result[-1][-1].old_end <= 2 * context:
            result[-1].append(block)
        else:
            result.append([block])
    return [_hunk(group, context, old_lines) for group in result]


def rows(hunk: Hunk) -> Iterator[Row]:
    """The lines of a hunk in the order of a unified diff."""
    at = hunk.extent.old_start
    for block in hunk.blocks:
        yield from (Row(" ", line) for line in range(at, block.old_start))
        yield from (Row("-", line) for line in range(block.old_start, block.old_end))
        yield from (Row("+", line) for line in range(block.new_start, block.new_end))
        at = block.old_end
    yield from (Row(" ", line) for line in range(at, hunk.extent.old_end))


def blocks(patch: Patch) -> Iterator[Block]:
    """The runs of lines that change, in order."""
    text, source = patch.before.text, patch.before
    shift = 0
    for group in _by_line(patch):
        start = source.line_start(group[0].start)
        end = text.find("\n", max(edit.end for edit in group))
        end = len(text) if end == -1 else end + 1
        old, new = lines_of(text[start:end]), lines_of(_spliced(text, start, end, group))
        first = source.position(start).line - 1
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        old_start, old_end = first + head, first + len(old) - tail
        if old_start < old_end or len(new) - tail > head:
            yield Block(old_start, old_end, old_start + shift, old_end + shift + len(new) - len(old))
        shift += len(new) - len(old)


def _by_line(patch: Patch) -> Iterator[list[Edit]]:
    """The edits in order, those that share a line together."""
    text = patch.before.text
    group: list[Edit] = []
    reach = -1
    for edit in sorted(patch.edits, key=lambda edit: (edit.start, edit.end != edit.start)):
        if group and edit.start > reach:
            yield group
            group = []
        group.append(edit)
        line_end = text.find("\n", edit.end)
        reach = max(reach, len(text) if line_end == -1 else line_end)
    if group:
        yield group


def _spliced(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    for edit in edits:
        parts += (text[start : edit.start], edit.text)
        start = edit.end
    return "".join((*parts, text[start:end]))


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _hunk(group: list[Block], context: int, old_lines: int) -> Hunk:
    first, last = group[0], group[-1]
    before = min(context, first.old_start)
    after = min(context, old_lines - last.old_end)
    extent = Block(first.old_start - before, last.old_end + after, first.new_start - before, last.new_end + after)
    return Hunk(extent, tuple(group))


def _range(start: int, end: int) -> str:
    if end == start:
        return f"{start},0"
    return f"{start + 1}" if end - start == 1 else f"{start + 1},{end - start}"
