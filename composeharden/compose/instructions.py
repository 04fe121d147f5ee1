"""From the text of a Dockerfile to its instructions: directives, comments, continued lines and heredocs undone.

Source: the Dockerfile reference, and frontend/dockerfile/parser of BuildKit. Every line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from composeharden.compose.dockerfile_words import split, unquoted

KEYWORDS = frozenset(
    (
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    )
)
_WITH_HEREDOC = frozenset(("ADD", "COPY", "RUN"))
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*)")
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")


class DockerfileError(Exception):
    """A Dockerfile that cannot be understood: `message` without any of its text, and the `line`, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line


class Instruction(NamedTuple):
    """One instruction on one logical line. `heredocs` are the contents of those that it opens."""

    keyword: str
    text: str
    line: int
    heredocs: tuple[str, ...] = ()


def instructions(text: str) -> tuple[list[Instruction], str]:
    """The instructions of a Dockerfile, and its escape character.

    Raises:
        DockerfileError: something that is no instruction, a heredoc without an end, or another language than Docker's.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    escape = _escape(lines)
    return list(_Reader(lines, escape).read()), escape


def _escape(lines: list[str]) -> str:
    """The character of `# escape=`. Directives stand at the very top, before any comment that is none."""
    escape = "\\"
    for number, line in enumerate(lines, 1):
        found = _DIRECTIVE.fullmatch(line.strip())
        name = found.group(1).lower() if found else ""
        if found is None or name not in ("syntax", "escape", "check"):
            break
        value = found.group(2).strip()
        if name == "syntax" and "docker/dockerfile" not in value:
            raise DockerfileError("it is written for another builder than Docker's", number)
        if name == "escape":
            if value not in ("\\", "`"):
                raise DockerfileError("the escape directive takes a backslash or a backtick", number)
            escape = value
    return escape


class _Reader:
    def __init__(self, lines: list[str], escape: str) -> None:
        self._lines = lines
        self._escape = escape
        self._next = 0

    def read(self) -> Iterator[Instruction]:
        while self._next < len(self._lines):
            line = self._take().strip()
            if line and not line.startswith("#"):
                start = self._next
                yield self._instruction("".join(self._continued(line)), start)

    def _take(self) -> str:
        self._next += 1
        return self._lines[self._next - 1]

    def _continued(self, line: str) -> Iterator[str]:
        """The parts of one logical line: comments and empty lines within it do not count."""
        while self._goes_on(line):
            yield line.rstrip()[:-1]
            line = ""
            while self._next < len(self._lines):
                line = self._take().rstrip("\r")
                if line.strip() and not line.lstrip().startswith("#"):
                    break
                line = ""
        yield line

    def _goes_on(self, line: str) -> bool:
        held = line.rstrip()
        return held.endswith(self._escape) and not held.endswith(self._escape * 2)

    def _instruction(self, line: str, start: int) -> Instruction:
        keyword, _, rest = line.replace("\t", " ", 1).partition(" ")
        keyword = keyword.upper()
        if keyword not in KEYWORDS:
            raise DockerfileError("it begins with no instruction", start)
        rest = rest.strip()
        # ONBUILD concerns other builds, but the heredocs of what it holds are no instructions of this one.
        about = rest.split(None, 1)[0].upper() if keyword == "ONBUILD" and rest else keyword
        heredocs = tuple(self._heredocs(rest, start)) if about in _WITH_HEREDOC and "<<" in rest else ()
        return Instruction(keyword, rest, start, heredocs)

    def _heredocs(self, text: str, start: int) -> Iterator[str]:
        for word in split(text, self._escape):
            found = _HEREDOC.fullmatch(word)
            if found is not None:
                yield self._heredoc(unquoted(found.group(2), self._escape), bool(found.group(1)), start)

    def _heredoc(self, end: str, tabs: bool, start: int) -> str:
        held: list[str] = []
        while self._next < len(self._lines):
            line = self._take().rstrip("\r")
            if (line.lstrip("\t") if tabs else line) == end:
                return "\n".join(held)
            held.append(line)
        raise DockerfileError("a heredoc of it has no end", start)
