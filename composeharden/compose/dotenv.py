"""`.env` files as Compose reads them: compose-go, dotenv/parser.go, which is no shell and no other dotenv library.

`KEY=value` and `KEY: value`, an optional `export`, comments, quotes that may span lines, escapes in double quotes,
variables everywhere but in single quotes. A name alone on its line takes its value from outside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from composeharden.compose.interpolation import InvalidTemplate, interpolate

MAX_GROWTH = 2**26
"""Characters that variables may add to all the values of one file."""

_BLANK = "\t\v\f\r \x85\xa0"
_SPACE = _BLANK + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_EXPORT = re.compile(r"export[\t\n\f\r ]+")
_KEY = re.compile(r"[^=:\n]*")
_BLANKS = re.compile(f"[{_BLANK}]*")
_SPACES = re.compile(f"[{_SPACE}]*")
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"',
            "$": "$$"}  # which the variables then read as a plain dollar sign


class DotenvError(ValueError):
    """A `.env` file that Compose refuses. `line` says where; the text never repeats what the file holds."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line


def parse(text: str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the text of a `.env` file.

    Args:
        text: the decoded file.
        variables: the environment around it: gives names without a value theirs, and wins inside `${...}`.

    Returns:
        The values the file sets, in its order. A name without a value that is not in `variables` is left out.

    Raises:
        DotenvError: Compose refuses the file, or its variables grow beyond the limit.
    """
    return _Parser(text.removeprefix("\ufeff"), variables or {}).parse()


class _Parser:
    """Reads one file from front to back; `at` is the offset reached."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self.text = text
        self.variables = variables
        self.values: dict[str, str] = {}
        self.known = dict(variables)
        self.at = 0
        self.room = MAX_GROWTH

    def parse(self) -> dict[str, str]:
        while self.next_statement():
            self.skip_export()
            key, ends_line = self.key()
            if not ends_line:
                self.values[key] = self.value()
                self.known[key] = self.variables.get(key, self.values[key])
            elif key in self.variables:
                self.values[key] = self.variables[key]
        self.values.pop("", None)
        return self.values

    def next_statement(self) -> bool:
        """Go past blank lines and comments; False at the end of the file."""
        while True:
            self.skip(_SPACES)
            if not self.text.startswith("#", self.at):
                return self.at < len(self.text)
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end == -1 else end

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None  # both patterns match the empty string
        self.at = match.end()

    def skip_export(self) -> None:
        if _EXPORT.match(self.text, self.at):
            self.at += len("export")
            self.skip(_BLANKS)
            if self.at == len(self.text):
                raise self.failure("a name is missing")

    def key(self) -> tuple[str, bool]:
        """The name of the next statement, and whether its line ends there."""
        match = _KEY.match(self.text, self.at)
        assert match is not None  # the pattern matches the empty string
        key = match[0]
        if not all(char in _BLANK or _is_name_character(char) for char in key):
            raise self.failure("unexpected character in the name of a variable")
        if match.end() == len(self.text):
            return "", False  # compose-go takes a last line without = and line break for a value without a name
        key = key.rstrip(_SPACE)
        if " " in key:
            raise self.failure("the name of a variable cannot contain a space")
        ends_line = self.text[match.end()] == "\n"
        self.at = match.end() + 1
        self.skip(_BLANKS)
        return key, ends_line

    def value(self) -> str:
        quote = self.text[self.at : self.at + 1]
        if quote in ("'", '"') and quote:
            start, value = self.at, self.quoted(quote)
            return value if quote == "'" else self.expand(_ESCAPE.sub(_unescaped, value), start)
        start, end = self.at, self.text.find("\n", self.at)
        self.at = len(self.text) if end == -1 else end + 1
        value = self.text[start : len(self.text) if end == -1 else end]
        return self.expand(value.partition(" #")[0].rstrip(_SPACE), start)

    def quoted(self, quote: str) -> str:
        """What stands between quotes; a backslash stays unless it protects that quote."""
        start = self.at
        parts: list[str] = []
        begin = self.at = start + 1
        stop = re.compile(rf"[\\{quote}]")
        while (match := stop.search(self.text, self.at)) is not None:
            at = match.start()
            if match[0] == quote:
                self.at = at + 1
                return "".join((*parts, self.text[begin:at]))
            if self.text.startswith(quote, at + 1):
                parts.append(self.text[begin:at])
                begin = at + 1
            self.at = at + 2
        self.at = start
        raise self.failure("a quoted value is not closed")

    def expand(self, value: str, start: int) -> str:
        try:
            expanded = interpolate(value, self.known).value
        except InvalidTemplate as error:
            raise DotenvError(error.reason, self.line(start)) from None
        self.room -= max(0, len(expanded) - len(value))
        if self.room < 0:
            raise DotenvError("the variables make the file too long", self.line(start))
        return expanded

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def failure(self, reason: str) -> DotenvError:
        return DotenvError(reason, self.line(self.at))


def _is_name_character(char: str) -> bool:
    return char in "_.-[]" or char.isalpha() or unicodedata.category(char)[0] == "N"


def _unescaped(match: re.Match[str]) -> str:
    escape = match[0][1:]
    if escape in _ESCAPED:
        return _ESCAPED[escape]
    if escape[0] != "0":
        return match[0]
    digits = escape[1:]  # three octal digits make a character; Go leaves anything else as it is, less the zero
    if len(digits) == 3 and all(digit in "01234567" for digit in digits) and int(digits, 8) < 256:
        return chr(int(digits, 8))
    return "\\" + digits
