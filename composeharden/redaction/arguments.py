"""Secrets on command lines: `--password X`, `-pX` of mysql, `-a X` of redis-cli, `-u user:X` of curl and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from composeharden.redaction.names import is_credential, is_harmless
from composeharden.redaction.references import Span

Zone = tuple[int, int, int]
"""Index of the word, then start and end in it."""

MAX_WORDS = 200_000


class _Flag(NamedTuple):
    programs: tuple[str, ...]
    """How the names of the programs begin."""
    flags: tuple[str, ...]
    attached: bool = False
    """The value may follow without a blank."""
    after: str = ""
    """Only what follows this character in the value is secret."""


def words_of(text: str) -> Iterator[Span]:
    """The words of a shell command, quotes kept together; unfinished quotes reach to the end."""
    for place, match in enumerate(_word().finditer(text)):
        if place >= MAX_WORDS:
            return
        yield match.span()


def is_option(word: str) -> bool:
    """False for words that can announce no secret, which most are."""
    return word.lstrip("\"'`({[")[:1] in ("-", ">") or word.lower() in _SUB_COMMANDS


def argument_zones(words: Sequence[str]) -> Iterator[Zone]:
    """Where the words of one command, in shell or list form, hold secrets. References are not told apart here."""
    if not any(map(is_option, words)):
        return
    seen = {""}
    is_acl = any(word in ("~*", "allkeys", "+@all") for word in words)
    for place, word in enumerate(words):
        bare = word.strip("\"'`(){}[],;")
        following = words[place + 1] if place + 1 < len(words) else ""
        if bare.startswith("-"):
            yield from _flag(place, bare, word, following, seen)
        else:
            name = bare.rsplit("/", 1)[-1].rsplit("=", 1)[-1].lower()
            if name.startswith(_PROGRAMS) and len(seen) < 32:
                seen.add(name)
        if is_acl and bare.startswith(">") and len(bare) > 1:
            yield _inner(place, word, bare, 1)
        yield from _positional(place, bare, words, seen)


def _flag(place: int, bare: str, word: str, following: str, seen: set[str]) -> Iterator[Zone]:
    if "=" in bare:
        name, value = bare.split("=", 1)
        if name == "--from-literal" and "=" in value:
            yield _inner(place, word, bare, len(name) + 2 + value.index("="))
        elif is_credential(name) and not is_harmless(name, value.strip("\"'")):
            yield _inner(place, word, bare, len(name) + 1)
        return
    if following and is_credential(bare) and bare.startswith("--" if len(bare) < 4 else "-"):
        if not following.startswith("--") and not is_harmless(bare, following.strip("\"'")):
            yield place + 1, 0, len(following.rstrip(";"))
        return
    for flag in _FLAGS:
        if not _any_of(seen, flag.programs):
            continue
        name = bare if flag.after and _is_cluster(bare) else next(filter(bare.startswith, flag.flags), "")
        if name == bare and following and not following.startswith("--"):
            yield from _after(flag, place + 1, following, 0, len(following))
        elif name and flag.attached and not bare.startswith("--") and len(bare) > len(name):
            index, start, end = _inner(place, word, bare, len(name))
            yield from _after(flag, index, word, start, end)


def _is_cluster(bare: str) -> bool:
    """`-sfu`: short options in one word, the last of which takes the value."""
    return 2 < len(bare) < 9 and bare[1:].isalpha() and bare.endswith("u")


def _after(flag: _Flag, place: int, word: str, start: int, end: int) -> Iterator[Zone]:
    if flag.after:
        found = word.find(flag.after, start, end)
        if found == -1:
            return
        start = found + 1
    yield place, start, min(end, len(word.rstrip(";")))


def _inner(place: int, word: str, bare: str, skipped: int) -> Zone:
    start = word.find(bare)
    return place, start + skipped, len(word.rstrip(";"))


def _positional(place: int, bare: str, words: Sequence[str], seen: set[str]) -> Iterator[Zone]:
    """Secrets that stand at a fixed place behind a sub-command."""
    programs, places = _SUB_COMMANDS.get(bare.lower(), ((), ()))
    if places and _any_of(seen, programs):
        for target in range(place + places[0], min(place + places[-1] + 1, len(words))):
            yield target, 0, len(words[target].rstrip(";"))


def _any_of(seen: set[str], programs: tuple[str, ...]) -> bool:
    return any(name.startswith(programs) for name in seen)


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"(?>(?:[^\s\"'\\]++|\\.|\"(?>(?:[^\"\\]++|\\.)*)\"?|'[^']*+'?|\\)+)", re.DOTALL)


_FLAGS = (
    _Flag(("mysql", "mariadb", "mydumper", "mycli", "mytop", "xtrabackup", "innobackupex", "mongo"), ("-p",), True),
    _Flag(("redis", "valkey", "keydb", "dragonfly"), ("-a",), True),
    _Flag(
        ("sshpass", "cqlsh", "influx", "rabbitmqadmin", "rcon", "mcrcon", "mssql-cli", "snowsql", "login"),
        ("-p",),
        True,
    ),
    _Flag(("sqlcmd", "bcp", "mosquitto_", "ipmitool"), ("-P",), True),
    _Flag(("ldap",), ("-w",)),
    _Flag(("snmp",), ("-A", "-X", "-c")),
    _Flag(("curl", "wget", "http", "xh"), ("-u", "--user", "--proxy-user", "-U", "-a"), True, ":"),
    _Flag(("etcdctl", "tarantool", "artemis", "nats"), ("--user", "-u"), False, ":"),
    _Flag(("smbclient", "mount"), ("-U",), False, "%"),
    _Flag(("",), ("-u",), False, ";"),  # the samba image's start script: "user;password"
)
_SUB_COMMANDS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "add_user": (("rabbitmqctl",), (2,)),
    "change_password": (("rabbitmqctl",), (2,)),
    "authenticate_user": (("rabbitmqctl",), (2,)),
    "set": (("mc",), (3, 4)),
    "add": (("mc",), (3, 4)),
    "auth": (("redis", "valkey", "keydb"), (1,)),
    "requirepass": (("redis", "valkey", "keydb"), (1,)),
    "login": (("vault", "bao"), (1,)),
    "unseal": (("vault", "bao"), (1,)),
    "authtoken": (("ngrok",), (1,)),
    "add-authtoken": (("ngrok",), (1,)),
    **dict.fromkeys(("-nb", "-nbb", "-bbn", "-bn"), (("htpasswd",), (2,))),
    **dict.fromkeys(("-b", "-cb", "-bc", "-bbc"), (("htpasswd",), (3,))),
}
"""Sub-commands, or options that act like one: the programs, and how many words further on the secrets stand."""
_PROGRAMS = tuple(
    {name for flag in _FLAGS for name in flag.programs if name}
    | {name for names, _ in _SUB_COMMANDS.values() for name in names}
)
