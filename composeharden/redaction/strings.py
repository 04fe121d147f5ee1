"""Where a single value, or a comment, holds a credential: URLs, `name=value`, headers, SQL, command lines.

Every pattern is linear in the length of the text: possessive or bounded, and searched on from where it ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from composeharden.redaction.arguments import argument_zones, words_of
from composeharden.redaction.names import is_credential, is_harmless
from composeharden.redaction.references import MAX_NESTING, Span, literals, references, shadow
from composeharden.redaction.shapes import private_keys, shapes


def secret_parts(text: str) -> list[Span]:
    """Spans of `text` that hold secrets, recognised by what stands before them or by their own shape.

    References such as `${NAME}` are left out; a literal default in them counts like any other text.
    """
    if not is_worth_a_look(text):
        return []
    return [*named_parts(text), *shapes(text), *private_keys(text)]


def is_worth_a_look(text: str) -> bool:
    """False for the bulk of values, in which no pattern could match."""
    return len(text) > 5 and _pattern("worth").search(text) is not None


def named_parts(text: str, depth: int = 0, colons: bool = True) -> Iterator[Span]:
    """As `secret_parts`, without those that only their shape gives away. `colons`: `name: value` counts."""
    found = references(text)
    for start, end in _zones(shadow(text, found), colons):
        yield from literals(text, start, end)
    for one in found:
        if one.word is None:
            continue
        first, last = one.word
        if is_credential(one.name) and not is_harmless(one.name, text[first:last]):
            yield from literals(text, first, last)
        elif depth < MAX_NESTING:
            yield from ((first + start, first + end) for start, end in named_parts(text[first:last], depth + 1))
        else:
            yield first, last


def secret_variables(text: str) -> set[str]:
    """The names of the variables that stand where a value holds a secret: `X` in `postgres://app:${X}@db`."""
    found = references(text)
    zones = list(_zones(shadow(text, found), True)) if found else []
    return {one.name for one in found if any(start <= one.start and one.end <= end for start, end in zones)}


def _zones(shade: str, colons: bool) -> Iterator[Span]:
    """Where a text, its references blotted out, holds secrets."""
    yield from _urls(shade)
    yield from _assignments(shade, colons)
    yield from _statements(shade)
    yield from _command_line(shade, 0, len(shade))


def _command_line(text: str, start: int, end: int, depth: int = 0) -> Iterator[Span]:
    """The secret words of a command, and of the commands in its quoted words (`sh -c "..."`)."""
    if not any(blank in text for blank in (" ", "\n", "\t")):
        return
    spans = [(start + first, start + last) for first, last in words_of(text[start:end])]
    words = [text[first:last] for first, last in spans]
    for place, first, last in argument_zones(words):
        yield spans[place][0] + first, spans[place][0] + last
    for (first, last), word in zip(spans, words, strict=True):
        if depth < 3 and word[:1] in ("'", '"', "(", "`") and " " in word:
            yield from _command_line(text, first + 1, last - (word[-1] == word[0]), depth + 1)


# -- URLs ----------------------------------------------------------------------------------------------------------


def _urls(text: str) -> Iterator[Span]:
    """The password (or a token in place of the user) of `scheme://user:password@host` and `user:password@host`."""
    token = _pattern("url")
    at = text.find("://")
    while at != -1:
        match = token.match(text, at + 3)
        end = match.end() if match is not None else at + 3
        sign = text.rfind("@", at + 3, end)
        if sign != -1:
            last = text.rfind("://", at, sign)
            for start in {at + 3, last + 3}:
                yield from _userinfo(text, start, sign)
        at = text.find("://", end)
    if "@" in text:
        for match in _pattern("pair").finditer(text):
            yield match.span(1)
    if ":" in text:
        for match in _pattern("record").finditer(text):
            yield match.span(1)


def _userinfo(text: str, start: int, end: int) -> Iterator[Span]:
    colon = text.find(":", start, end)
    if colon == -1:
        if (
            end - start >= (8 if text.endswith(("http://", "https://"), max(0, start - 8), start) else 12)
            and text.find("/", start, end) == -1
        ):
            yield start, end
    elif _pattern("port").match(text, colon + 1, end) is None:
        yield colon + 1, end


def login_secrets(text: str) -> Iterator[Span]:
    """The passwords of `user:password`, `user;password` and lists of them."""
    for match in _pattern("login").finditer(text):
        if not match[1].isdigit():
            yield from literals(text, *match.span(1))


# -- name=value and name: value --------------------------------------------------------------------------------------


def _assignments(text: str, colons: bool) -> Iterator[Span]:
    if "=" not in text and ":" not in text:
        return
    search, at = _pattern("assignment").search, 0
    while (match := search(text, at)) is not None:
        at = match.end()
        name, quote, sign = match.groups()
        if sign == ":" and not colons:
            continue
        if sign == ":" and not quote and text[at : at + 1] not in ("", " ", "\t", '"', "'", "\n"):
            continue
        if not is_credential(name):
            continue
        start, end = _value(text, at, sign == ":")
        if is_harmless(name, text[start:end].strip("\"' \t")):
            continue
        yield start, end
        at = max(end, at)


def _value(text: str, at: int, to_line_end: bool) -> Span:
    """The value that is assigned at an offset: quoted, up to the line's end, or up to the next blank."""
    while text[at : at + 1] in (" ", "\t", "\\"):
        at += 1
    while text[at : at + 2] in ("''", '""') and not text[at + 2 : at + 3].isspace():
        at += 2
    quote = text[at : at + 1]
    if quote in ('"', "'"):
        return at + 1, _closing_quote(text, at)
    if to_line_end:
        pattern = "line"
    elif _is_semicolon_style(text, at):
        pattern = "semicolon"
    else:
        pattern = "word"
    match = _pattern(pattern).match(text, at)
    return at, match.end() if match is not None else at


def _closing_quote(text: str, opening: int) -> int:
    quote, escaped = text[opening], text[opening - 1 : opening] == "\\"
    end = text.find(quote, opening + 1)
    while end != -1 and not escaped and text[end - 1] == "\\":
        end = text.find(quote, end + 1)
    return len(text) if end == -1 else end


def _is_semicolon_style(text: str, at: int) -> bool:
    """`Server=db;Password=two words;Encrypt=no`."""
    name = text.rfind("=", max(0, at - 8), at)
    if name != -1 and ";" in text[max(0, name - 64) : name]:
        return True
    return _pattern("semicolon pair").match(text, at) is not None


# -- words that announce a secret --------------------------------------------------------------------------------------


def _statements(text: str) -> Iterator[Span]:
    """SQL, server configuration, Dockerfile `ENV`, `chpasswd` and authorisation schemes."""
    if " " not in text:
        return
    for match in _pattern("announced").finditer(text):
        start, end = _value(text, match.end(), False)
        quoted = text[start - 1 : start] in ('"', "'")
        name = match["variable"]
        if is_credential(name) if name else (quoted or match["quoted"] is None):
            yield start, end
    for match in _pattern("scheme").finditer(text):
        if not match[1].islower():
            yield match.span(1)
    if "chpasswd" in text:
        for match in _pattern("chpasswd").finditer(text):
            yield match.span(1)
    if "echo" in text or "printf" in text:
        for match in _pattern("piped").finditer(text):
            yield match.span(1)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Compiled on first use: most runs need only some, and compiling costs more than searching."""
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    "worth": r"[=@$\s]|://|[A-Za-z0-9+_-]{14}|[a-z]:[^/:]{3,64}:\d{3}",
    "url": r"[^\s\"'`<>\\]*",
    "port": r"[0-9]{1,5}(?:/|$)",
    "pair": r"(?<![\w./@:%+-])[\w.%+-]{1,64}+:([^\s/@\"'{}][^\s@\"']{1,126})@(?!sha\d)[\w(\[]",
    "assignment": r"(?<![\w.\[\]-])([\w.\[\]-]++)([\"'\\]*+)[ \t]*+(=>|=(?!=)|:(?!:))",
    "line": r"[^\n\"']*",
    "word": r"(?>(?:[^\s\"'\\&,;]|\\.|[&,;](?!\w{1,64}=))*)",
    "semicolon": r"[^;\n\"']*",
    "semicolon pair": r"[^;=\n\"']{0,256}+; ?[A-Za-z][\w ]{0,32}+=",
    "announced": (
        r"(?i:(?<![\w-])(?:identified +(?:with +[\w\"']{1,64} +)?by|requirepass|masterauth|auth_pass|authtoken"
        r"|add-authtoken|(?P<quoted>password)|(?:env|setenv|export) +(?P<variable>[\w.-]{1,128}+)"
        r"|(?-i:AUTH))[ \t]+)"
    ),
    "scheme": r"(?i:\b(?:bearer|basic|digest|apikey|token)) {1,3}([\w.~+/=-]{6,8192})",
    "piped": r"\b(?:echo(?: -[neE]{1,3})?|printf(?: [\"']?%s(?:\\n)?[\"']?)?) {1,3}[\"']?([^\s\"'|]{3,256}+)[\"']?"
    r" {0,8}\|[^|\n]{0,200}(?:--password-stdin|--stdin|htpasswd|mysql|psql|login|cryptsetup|gpg|sudo -S)",
    "record": r"(?<![\w./:@-])[a-z_][\w.-]{0,31}+:(?!\d+:)([^\s:/,\"'{}\x00]{3,64}):(?:e:)?[0-9]{3,5}(?=$|[:\s\"'])",
    "login": r"(?:^|(?<=[,\s]))[\w.@-]{1,64}+[:;]([^\s:;,/\"']{3,128})(?=$|[:;,\s\"'])",
    "chpasswd": r"[\w.-]{1,64}+:([^\s\"'|]{1,256}+)[\"']? {0,8}\| {0,8}(?:sudo )?chpasswd",
}
