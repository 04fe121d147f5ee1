"""Text of unknown origin made safe for terminals, CI logs and Markdown; what was dangerous stays visible, escaped."""

from __future__ import annotations

import re
from functools import cache

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Printable by category, yet nothing is seen of them."""
_MARKDOWN = frozenset("\\`*_{}[]<>()#+-.!|~&@:\"'=$^")
LONGEST = 400


def neutral(text: str) -> str:
    """Escape control, bidirectional, zero-width and lone surrogate characters, and what CI systems take for commands.

    Line breaks (LF or CR LF, as LF) and tabs stay.
    """
    if _pattern("unsafe").search(text) is not None:
        text = _pattern("unsafe").sub(_escaped, text.replace("\r\n", "\n"))
    return workflow(text)


def workflow(text: str) -> str:
    """Break up `::command::` at the start of a line and `##[command]` anywhere: CI systems act on them."""
    if "::" in text:
        text = _pattern("command").sub(r"\1\\x3a:", text)
    if "##" in text:
        text = _pattern("hash command").sub(r"#\\x23\1", text)
    return text


def one_line(text: str) -> str:
    """`neutral`, on one line and of bearable length."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 3] + "..."
    return neutral(text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t"))


def markdown(text: str) -> str:
    """One line of text that Markdown shows as it is: no markup, HTML, links, mentions or references to issues."""
    escaped = "".join("\\" + char if char in _MARKDOWN else char for char in one_line(text))
    escaped = escaped.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
    return _unlinked(escaped.replace("\\@", "&#64;&#8203;").replace("\\#", "&#35;&#8203;"))


def markdown_text(text: str) -> str:
    """`markdown`, but what does nothing inside a line of text stays: for forms that some readers show unrendered."""
    escaped = _pattern("markdown").sub(r"\\\g<0>", one_line(text).strip())
    escaped = escaped.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
    return _unlinked(escaped.replace("\\@", "@&#8203;").replace("\\#", "#&#8203;"))


def _unlinked(text: str) -> str:
    """`GH-1` is a reference wherever it stands, escaped or not."""
    return _pattern("reference").sub(r"\1&#8203;", text) if "-" in text else text


def markdown_code(text: str) -> str:
    """One line of text as a code span, however many back-ticks it holds."""
    line = one_line(text)
    fence = "`" * (longest_run(line, "`") + 1)
    pad = " " if line[:1] in ("`", " ", "") or line[-1:] in ("`", " ") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def markdown_block(text: str, language: str = "") -> str:
    """Lines of text as a fenced block, which nothing in them can close."""
    body = neutral(text)
    fence = "`" * max(3, longest_run(body, "`") + 1)
    return f"{fence}{language}\n{body}{'' if body.endswith(chr(10)) else chr(10)}{fence}\n"


def longest_run(text: str, char: str) -> int:
    """The length of the longest run of one character."""
    return max((len(run) for run in re.findall(re.escape(char) + "+", text)), default=0)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char.isprintable() and char not in _INVISIBLE and not 0xE0100 <= code <= 0xE01EF:
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Compiled on first use: most runs need only some, and compiling costs more than searching."""
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    "unsafe": r"[^\x20-\x7e\n\t]",
    "command": r"(?m)^([^\S\n]*):(?=:)",
    "markdown": r"[\\`*\[\]<>&@#|~$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=[Ww]{3})\.|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]",
    "reference": r"(?i)(\bgh)(?=\\?-\d)",
    "hash command": r"##(\[|vso\[|teamcity\[)",
}
