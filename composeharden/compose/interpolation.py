"""Variables in Compose files: `$NAME`, `${NAME}` and its `:-`, `-`, `:?`, `?`, `:+`, `+` forms, `$$` for a dollar sign.

The rules, including the odd ones, are those of compose-go, template/template.go: a default reaches to the brace that
closes it on the same line, a lone `$` is text, and `${` without a name is an error. Two things differ on purpose:
a required variable without a value is no error but counts as unset, and the work and the result are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from composeharden.yaml.scalars import Tagged

MAX_NESTING = 64
MAX_GROWTH = 2**20
"""Characters that variables may add to one value; Linux takes no environment string longer than 128 KiB."""
MAX_TREE_GROWTH = 2**26

_LETTER = "_a-zA-Z\u017f\u212a"  # the last two are what Go's case folding adds to a-z
_NAME = re.compile(f"[{_LETTER}][{_LETTER}0-9]*")
_OPERATOR = re.compile(r":?[-+?]")

Path = tuple[str | int, ...]


class Interpolated(NamedTuple):
    """A value with its variables filled in, and the names of those that had none and are missing from it."""

    value: str
    unset: frozenset[str]


class InterpolatedTree(NamedTuple):
    """Data with its variables filled in, and for each value that lacks some, their names."""

    data: Any
    unset: dict[Path, frozenset[str]]


class InvalidTemplate(ValueError):
    """A text that Compose refuses to interpolate. `position` is the offset of the faulty `$` in it."""

    def __init__(self, reason: str, position: int, path: Path = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.path = path


def interpolate(text: str, variables: Mapping[str, str]) -> Interpolated:
    """Fill in the variables of one value.

    Args:
        text: the value as the file has it.
        variables: what is known; a name that is missing here is unset, one with "" is empty.

    Raises:
        InvalidTemplate: Compose refuses the text, or it nests or grows beyond the limits above.
    """
    if "$" not in text:
        return Interpolated(text, frozenset())
    template = _Template(text, variables)
    return Interpolated(template.fill(0, len(text), 0), frozenset(template.unset))


def interpolate_tree(data: Any, variables: Mapping[str, str]) -> InterpolatedTree:
    """Fill in the variables of every string in `data`, but not of the keys, as compose-go's interpolation.go does.

    Returns new data that shares its parts where `data` does.

    Raises:
        InvalidTemplate: as `interpolate`; `path` says where.
    """
    return InterpolatedTree(*_Tree(variables).fill(data, ()))


class _Template:
    """One text while its variables are filled in."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self.text = text
        self.variables = variables
        self.unset: set[str] = set()
        self.room = len(text) + MAX_GROWTH
        self.line_end = self.last_brace = -1

    def fill(self, start: int, end: int, depth: int) -> str:
        """The text between two offsets with its variables filled in."""
        parts: list[str] = []
        at = start
        while at < end:
            dollar = self.text.find("$", at, end)
            if dollar == -1:
                parts.append(self.text[at:end])
                break
            value, after = self.expression(dollar, end, depth)
            parts += (self.text[at:dollar], value)
            self.room -= len(value)
            if self.room < 0:
                raise InvalidTemplate("the variables make the value too long", dollar)
            at = after
        return "".join(parts)

    def expression(self, dollar: int, end: int, depth: int) -> tuple[str, int]:
        """The value of what starts with the `$` at an offset, and the offset behind it."""
        following = self.text[dollar + 1 : dollar + 2] if dollar + 1 < end else ""
        if following == "$":
            return "$", dollar + 2
        if following == "{":
            return self.braced(dollar, end, depth)
        name = _NAME.match(self.text, dollar + 1, end)
        if name is None:
            return "$", dollar + 1
        return self.plain(name[0]), name.end()

    def plain(self, name: str) -> str:
        if name not in self.variables:
            self.unset.add(name)
        return self.variables.get(name, "")

    def braced(self, dollar: int, end: int, depth: int) -> tuple[str, int]:
        name = _NAME.match(self.text, dollar + 2, end)
        if name is None:
            raise InvalidTemplate("${ is not followed by the name of a variable", dollar)
        if name.end() < end and self.text[name.end()] == "}":
            return self.plain(name[0]), name.end() + 1
        operator = _OPERATOR.match(self.text, name.end(), end)
        if operator is None:
            raise InvalidTemplate("${ has neither } nor an operator after the name", dollar)
        close = self.closing_brace(dollar, operator.end(), end)
        if close == -1:
            raise InvalidTemplate("${ is not closed by } on the same line", dollar)
        if depth >= MAX_NESTING:
            raise InvalidTemplate(f"variables are nested deeper than {MAX_NESTING} levels", dollar)
        return self.operation(name[0], operator[0], operator.end(), close, depth), close + 1

    def operation(self, name: str, operator: str, start: int, close: int, depth: int) -> str:
        value = self.variables.get(name)
        present = value is not None and (value != "" or operator[0] != ":")
        if (operator[-1] == "+" and present) or (operator[-1] == "-" and not present):
            return self.fill(start, close, depth + 1)  # an operand that is not used is not even checked
        if operator[-1] == "?" and not present:
            self.unset.add(name)
        return value or ""

    def closing_brace(self, dollar: int, start: int, end: int) -> int:
        """The brace that ends the expression, or -1.

        Braces are balanced, except that compose-go skips the character after each opening one; where they do not
        balance, the last `}` of the line ends the expression.
        """
        last = self.last_brace_of_line(start, end)
        depth, at = 0, dollar + 1
        while at <= last:
            char = self.text[at]
            if char == "}":
                depth -= 1
                if depth == 0:
                    return at
            elif char == "{":
                depth += 1
                at += 1
            at += 1
        return last

    def last_brace_of_line(self, start: int, end: int) -> int:
        if not start <= self.line_end <= end or self.last_brace < start:
            line_end = self.text.find("\n", start, end)
            self.line_end = end if line_end == -1 else line_end
            self.last_brace = self.text.rfind("}", start, self.line_end)
        return self.last_brace


class _Tree:
    """One walk over shared data; every part is filled in once, its unset names are kept relative to it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.seen: dict[int, tuple[Any, dict[Path, frozenset[str]]]] = {}
        self.room = MAX_TREE_GROWTH

    def fill(self, data: Any, path: Path) -> tuple[Any, dict[Path, frozenset[str]]]:
        if type(data) is str:
            return self.text(data, path)
        if not isinstance(data, (dict, list, Tagged)):
            return data, {}
        if id(data) not in self.seen:
            self.seen[id(data)] = self.container(data, path)
        return self.seen[id(data)]

    def text(self, text: str, path: Path) -> tuple[str, dict[Path, frozenset[str]]]:
        try:
            filled = interpolate(text, self.variables)
        except InvalidTemplate as error:
            raise InvalidTemplate(error.reason, error.position, path) from None
        self.room -= max(0, len(filled.value) - len(text))
        if self.room < 0:
            raise InvalidTemplate("the variables make the file too long", 0, path)
        return filled.value, {(): filled.unset} if filled.unset else {}

    def container(self, data: Any, path: Path) -> tuple[Any, dict[Path, frozenset[str]]]:
        if isinstance(data, Tagged):
            value, unset = self.fill(data.value, path)
            return Tagged(data.tag, value), unset
        items = data.items() if isinstance(data, dict) else enumerate(data)
        marks: dict[Path, frozenset[str]] = {}
        filled: dict[Any, Any] = {}
        for key, child in items:
            filled[key], unset = self.fill(child, (*path, key))
            marks.update({(key, *inner): names for inner, names in unset.items()})
        return (filled if isinstance(data, dict) else list(filled.values())), marks
