"""Text to YAML events, where ruamel.yaml and the Docker tools disagree in the way the Docker tools read it.

ruamel.yaml takes no tab before a comment, reads `{a:, b: 1}` as a key named "a:" and a `?` inside a flow list as a key.
Docker's reader (go.yaml.in/yaml) is followed instead. The overridden methods are the hot ones too: a plain scalar is
matched as a whole here, not character by character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import Event
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tokens import ScalarToken

_BLANK = " \t\r\n\0"
# Atomic groups where `(...)++` would be shorter: Python before 3.11.5 takes too much with that.
_WORDS = r"(?>(?:{word})+)(?>(?:[ \t]++(?!\#)(?>(?:{word})+))*)"
_PLAIN = re.compile(_WORDS.format(word=r"[^ \t\r\n\0:]+|:(?![ \t\r\n\0])"))
_PLAIN_IN_FLOW = re.compile(_WORDS.format(word=r"[^ \t\r\n\0:?,\[\]{{}}]+|:(?![ \t\r\n\0,\]}}])|\?(?![ \t\r\n\0])"))
_SPACES = re.compile(r"[ ]*+(?>(?:#[^\r\n\0]*+)?)")
_BLANKS = re.compile(r"[ \t]*+(?>(?:#[^\r\n\0]*+)?)")
_GAP = re.compile(r"[ \t]*+")
_DOCUMENT_MARK = re.compile(r"(?:---|\.\.\.)[ \t\r\n\0]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def events(text: str) -> Iterator[Event]:
    """The YAML events of `text`, with marks that count characters.

    Raises ruamel.yaml's YAMLError.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Parser = _Scanner, _Parser
    stream: Iterator[Event] = yaml.parse(text)
    return stream


class _Parser(Parser):
    """ruamel's parser, which looks its scanner up for every token."""

    scanner: Any = None

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        self.scanner = loader.scanner


class _Scanner(Scanner):
    """ruamel's scanner with the rules of Docker's. Line breaks are LF and CRLF; `source.load` lets no other pass."""

    ESCAPE_REPLACEMENTS = {  # noqa: RUF012 (as in the class above)
        name: char for name, char in Scanner.ESCAPE_REPLACEMENTS.items() if name != "/"
    }
    reader: Any = None
    scanner_processing_version = (1, 2)

    def __init__(self, loader: Any) -> None:
        self.reader = loader.reader
        super().__init__(loader)

    def need_more_tokens(self) -> bool:
        if self.tokens and not self.possible_simple_keys:
            return False
        return bool(super().need_more_tokens())

    def scan_to_next_token(self) -> None:
        reader = self.reader
        if reader.index == 0 and reader.peek() == "\ufeff":
            reader.forward()
        while True:
            ignored = _BLANKS if self.flow_context or not self.allow_simple_key else _SPACES
            self._pass(ignored.match(reader.buffer, reader.pointer))
            if not self.scan_line_break():
                return
            if not self.flow_context:
                self.allow_simple_key = True

    def check_key(self) -> bool:
        return self.reader.peek(1) in _BLANK

    def check_value(self) -> bool:
        if self.flow_context and self.reader.peek(1) in ",]}":
            return True
        return bool(super().check_value())

    def check_plain(self) -> bool:
        if self.reader.peek() == "?":
            return self.reader.peek(1) not in _BLANK
        return bool(super().check_plain())

    def scan_flow_scalar(self, style: Any) -> ScalarToken:
        start = self.reader.get_mark()
        try:
            token: ScalarToken | None = super().scan_flow_scalar(style)
        except (ValueError, OverflowError):  # from chr()
            token = None
        if token is None or _SURROGATE.search(token.value):
            raise ScannerError("while scanning a quoted scalar", start, "an escape stands for no character", start)
        return token

    def scan_tag(self) -> Any:
        with self._tabs_as_blanks():
            return super().scan_tag()

    def scan_block_scalar_indicators(self, start_mark: Any) -> Any:
        with self._tabs_as_blanks():
            return super().scan_block_scalar_indicators(start_mark)

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> Any:
        with self._tabs_as_blanks():
            return super().scan_block_scalar_ignored_line(start_mark)

    @contextmanager
    def _tabs_as_blanks(self) -> Iterator[None]:
        """Where the class above ends a token at a blank, let a tab do as well."""
        reader = self.reader
        peek = reader.peek

        def peek_blank(index: int = 0) -> str:
            char: str = peek(index)
            return " " if char == "\t" else char

        reader.peek = peek_blank
        try:
            yield
        finally:
            del reader.peek

    def scan_plain(self) -> ScalarToken:
        reader, indent = self.reader, self.indent + 1
        pattern = _PLAIN_IN_FLOW if self.flow_context else _PLAIN
        start = end = reader.get_mark()
        pieces: list[str] = []
        gap = ""
        while reader.peek() != "#":
            line = self._pass(pattern.match(reader.buffer, reader.pointer))
            if not line:
                break
            self.allow_simple_key = False
            pieces += (gap, line)
            end = reader.get_mark()
            gap = self._gap_in_plain(indent)
            if not gap or (not self.flow_context and reader.column < indent):
                break
        return ScalarToken("".join(pieces), True, start, end)

    def _gap_in_plain(self, indent: int) -> str:
        """The white space between two parts of a plain scalar as it reads, '' where the scalar must end."""
        reader = self.reader
        blanks = self._pass(_GAP.match(reader.buffer, reader.pointer))
        breaks = 0
        while self.scan_line_break():
            breaks += 1
            self.allow_simple_key = True
            if _DOCUMENT_MARK.match(reader.buffer, reader.pointer):
                return ""
            while reader.peek() == " " or (reader.peek() == "\t" and reader.column >= indent):
                reader.forward()
        return blanks if breaks == 0 else "\n" * (breaks - 1) or " "

    def _pass(self, match: re.Match[str] | None) -> str:
        """Go past a match that holds no line break."""
        found = match.group() if match else ""
        reader, length = self.reader, len(found)
        reader.pointer += length
        reader.index += length
        reader.column += length if found.isascii() else length - found.count("\ufeff")
        return found
