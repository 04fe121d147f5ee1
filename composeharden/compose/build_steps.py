"""What the commands of a Dockerfile's RUN do to privileges, and which packages they install. Read by shape, never run.

Source: setcap(8), chmod(1), install(1), and the manuals of the package managers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_RAISES = re.compile(r"(?<![\w.-])(sudo|doas|gosu|su-exec|newuidmap|uidmap|pkexec)(?![\w-])")
_SETCAP = re.compile(r"(?<![\w.-])setcap(?![\w-])")
_CAPABILITY = re.compile(r"\bcap_([a-z_]{3,30})\b", re.IGNORECASE)
_CHMOD = re.compile(r"\bchmod\s{1,8}(?:-[\w-]{1,20}\s{1,8}){0,4}([^\s;&|]{1,64})")
_INSTALL = re.compile(r"\binstall\s[^\n;&|]{0,200}?(?:-[a-zA-Z]{0,8}m\s?|--mode[= ])(0?[4-7][0-7]{3})\b")
_SETUID = re.compile(r"0?[4-7][0-7]{3}")
_SYMBOLIC = re.compile(r"([ugoa]*)[+=][rwxXt]*s")
_UID_0 = re.compile(r"\b(?:useradd|adduser|usermod)\s[^\n;&|]{0,200}?(?:-u|--uid)[ =]?0\b")

_COMMANDS = re.compile(r"[;&|\n]+")
_MANAGERS = frozenset(("apk", "apt", "apt-get", "dnf", "microdnf", "yum", "zypper"))
_ADDS = frozenset(("add", "install"))
_TAKES_AWAY = frozenset(("autoremove", "del", "erase", "purge", "remove"))
_VERSION = re.compile(r"[=~<>:@].*", re.DOTALL)


class Step(NamedTuple):
    """A step that touches privileges. `kind` is setcap, setuid, root (an account with uid 0) or a program's name."""

    kind: str
    line: int
    capabilities: tuple[str, ...] = ()


def steps(text: str, line: int) -> Iterator[Step]:
    """The steps of one RUN that begins at `line`."""
    yield from (Step(name, line) for name in sorted({match.group(1) for match in _RAISES.finditer(text)}))
    if _SETCAP.search(text):
        yield Step("setcap", line, tuple(sorted({name.upper() for name in _CAPABILITY.findall(text)})))
    if any(is_setuid(match.group(1)) for match in _CHMOD.finditer(text)) or _INSTALL.search(text):
        yield Step("setuid", line)
    if _UID_0.search(text):
        yield Step("root", line)


def is_setuid(mode: str) -> bool:
    """True for a mode of chmod, octal or symbolic, that makes a program run as its owner."""
    if _SETUID.fullmatch(mode):
        return True
    parts = (_SYMBOLIC.match(part) for part in mode.split(","))
    return any(part is not None and (not part.group(1) or not {"u", "a"}.isdisjoint(part.group(1))) for part in parts)


def packages(text: str) -> tuple[set[str], set[str]]:
    """The packages that one RUN installs to stay, and those it takes away again."""
    added: set[str] = set()
    removed: set[str] = set()
    for command in _COMMANDS.split(text):
        words = command.split()
        if _MANAGERS.isdisjoint(words[:4]):
            continue
        names = {_VERSION.sub("", word) for word in words if word[0].isalnum()}
        if not _TAKES_AWAY.isdisjoint(words):
            removed |= names
        elif not _ADDS.isdisjoint(words) and not any(word in ("-t", "--virtual") for word in words):
            added |= names
    return added - removed - _MANAGERS - _ADDS, removed
