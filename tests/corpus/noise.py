"""What else moved in a file: two texts compared with what was declared, without a look at how they were edited.

Nothing of the package's own YAML code is used: lines come from a shortest edit script, comments from another scanner.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import ScalarToken

from composeharden.yaml.change import Append, Change, Remove, Reshape

_WORD = re.compile(r"[^\s\[\]{},'\"]+")
_COMMENT = re.compile(r"(?:(?<=[ \t\n])|\A)#[^\r\n]*")


class Hunk(NamedTuple):
    """Neighbouring lines that are gone, and those that are there instead."""

    gone: list[str]
    new: list[str]


class Declared(NamedTuple):
    """What changes may do to a text."""

    words: frozenset[str]
    """What may be written."""
    keys: tuple[re.Pattern[str], ...]
    """Lines that may go."""
    reshaped: tuple[str, ...]
    """Keys of lists that become mappings; comments between the items move with them."""


def noise(before: str, after: str, changes: Iterable[Change]) -> list[str]:
    """What differs between two texts of a file and was not declared, as lines for a person; empty when nothing does.

    A line may go only with a removed key, as an item of its list too, and one empty line beside it. In a line that was
    changed every character must still be there, in its order (the dashes, brackets and indentation of a list that
    becomes a mapping aside). A new line may only hold declared words.
    """
    declared = _declared(changes)
    found = [] if before.endswith("\n") == after.endswith("\n") else ["the end of the last line"]
    emptied = 0
    for hunk in hunks(_lines(before), _lines(after)):
        found += _unexplained(hunk, declared)
        emptied += _empty(hunk.gone) - _empty(hunk.new) - sum(_is_removed(line, declared) for line in hunk.gone)
    return [*found, "an empty line is gone"] if emptied > 0 else found


def _unexplained(hunk: Hunk, declared: Declared) -> Iterator[str]:
    gone = list(_without_removed(hunk.gone, declared))
    for line in _respaced(gone, hunk.new):
        if not (declared.reshaped and line.startswith("#")):
            yield f"only its blanks changed: {line}"
    if not _is_kept(gone, hunk.new, declared):
        yield f"changed: {' / '.join(map(str.strip, gone))} -> {' / '.join(map(str.strip, hunk.new))}"
    if _empty(hunk.new) > _empty(hunk.gone):
        yield "an empty line is new"
    extra = Counter(_words(hunk.new)) - Counter(_words(gone))
    yield from (f"not declared: {word}" for word in sorted(set(extra) - declared.words))


def _without_removed(lines: Iterable[str], declared: Declared) -> Iterator[str]:
    """The lines less those of removed keys and, below such a key, of the items of its list."""
    below: str | None = None
    for line in lines:
        margin = line[: len(line) - len(line.lstrip(" "))]
        if _is_removed(line, declared):
            below = margin
        elif line.strip() and not (below is not None and margin >= below and line.lstrip().startswith("- ")):
            below = None
            yield line


def _respaced(gone: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    there = {_without_blanks(line) for line in new}
    yield from (line.strip() for line in gone if _without_blanks(line) in there)


def _is_kept(gone: Iterable[str], new: Iterable[str], declared: Declared) -> bool:
    """Whether every character is still there, in its order."""
    strict = _is_within("".join(map(_without_margin, gone)), "".join(map(_without_margin, new)))
    if strict or not any(line.lstrip().startswith(declared.reshaped) for line in gone):
        return strict
    return _is_within("".join(map(_without_marks, gone)), "".join(map(_without_marks, new)))


def _is_within(part: str, whole: str) -> bool:
    rest = iter(whole)
    return all(char in rest for char in part)


def comments_lost(before: str, after: str, changes: Iterable[Change]) -> list[str]:
    """The comments that are gone, save those on the line of a key that was removed on purpose."""
    declared = _declared(changes)
    gone = comments(before) - comments(after)
    for line in before.splitlines():
        if _is_removed(line, declared):
            gone -= comments(line)
    return sorted(gone.elements())


def comments(text: str) -> Counter[str]:
    """The texts of all comments, each with how often it is there."""
    try:
        inside = [
            (token.start_mark.index, token.end_mark.index)
            for token in YAML(typ="safe", pure=True).scan(text)
            if isinstance(token, ScalarToken) and token.end_mark.index > token.start_mark.index
        ]
    except YAMLError:  # what Docker reads and this scanner does not; a # in a value then counts on both sides
        inside = []
    found: Counter[str] = Counter()
    at = 0
    for start, end in [*inside, (len(text), len(text))]:
        found.update(match.group().strip() for match in _COMMENT.finditer(text, at, start))
        at = end
    return found


def hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[Hunk]:
    """The differences of a shortest edit script, in order."""
    gone: list[str] = []
    new: list[str] = []
    for sign, line in _script(before, after):
        if sign != " ":
            (gone if sign == "-" else new).append(line)
        elif gone or new:
            yield Hunk(gone, new)
            gone, new = [], []
    if gone or new:
        yield Hunk(gone, new)


def _script(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Myers, An O(ND) Difference Algorithm (1986): the way back from the end to the start."""
    script: list[tuple[str, str]] = []
    x, y = len(before), len(after)
    trace = _furthest(before, after)
    for steps in range(len(trace) - 1, -1, -1):
        k = x - y
        inserts = _goes_down(trace[steps], k, steps)
        from_k = k + 1 if inserts else k - 1
        from_x = trace[steps][from_k]
        from_y = from_x - from_k
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            script.append((" ", before[x]))
        if steps:
            script.append(("+", after[from_y]) if inserts else ("-", before[from_x]))
        x, y = from_x, from_y
    return script[::-1]


def _furthest(before: Sequence[str], after: Sequence[str]) -> list[dict[int, int]]:
    """For each number of edits, how far every diagonal had come before it."""
    reached: dict[int, int] = {1: 0}
    trace: list[dict[int, int]] = []
    for steps in range(len(before) + len(after) + 1):
        trace.append(dict(reached))
        for k in range(-steps, steps + 1, 2):
            x = reached[k + 1] if _goes_down(reached, k, steps) else reached[k - 1] + 1
            while x < len(before) and x - k < len(after) and before[x] == after[x - k]:
                x += 1
            reached[k] = x
            if x >= len(before) and x - k >= len(after):
                return trace
    return trace


def _goes_down(reached: Mapping[int, int], k: int, steps: int) -> bool:
    return k == -steps or (k != steps and reached[k - 1] < reached[k + 1])


def _lines(text: str) -> list[str]:
    """Lines with their breaks; the last one has one too, so that a line after it does not change it."""
    if not text.endswith("\n"):
        text += "\r\n" if "\r\n" in text else "\n"
    return text.splitlines(keepends=True)


def _empty(lines: Iterable[str]) -> int:
    return sum(not line.strip() for line in lines)


def _without_blanks(line: str) -> str:
    return re.sub(r"\s", "", line)


def _without_margin(line: str) -> str:
    return line.lstrip(" \t-").rstrip("\n")


def _without_marks(line: str) -> str:
    return re.sub(r"[\s,\[\]]", "", line)


def _words(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from (word.rstrip(":") for word in _WORD.findall(line) if word not in ("-", ":"))


def _is_removed(line: str, declared: Declared) -> bool:
    return any(key.match(line) for key in declared.keys)


def _declared(changes: Iterable[Change]) -> Declared:
    words: set[str] = set()
    keys: list[re.Pattern[str]] = []
    reshaped: list[str] = []
    for change in changes:
        key = str(change.path[-1])
        if isinstance(change, Remove):
            indent = "" if len(change.path) == 2 else "[ ]+"
            keys.append(re.compile(rf"\ufeff?{indent}['\"]?{re.escape(key)}['\"]?[ \t]*:"))
        else:
            value = change.items if isinstance(change, Append) else change.value
            words.update(_words([key, *_texts(value)]))
            reshaped += [key] if isinstance(change, Reshape) else []
    return Declared(frozenset(words), tuple(keys), tuple(reshaped))


def _texts(value: Any) -> Iterator[str]:
    """Every scalar in a value, as it is written: plain, and with what double quotes want escaped."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield str(key)
            yield from _texts(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from _texts(child)
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield text
        yield text.replace("\\", "\\\\").replace('"', '\\"')
