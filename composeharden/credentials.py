"""Credentials that are written in a Compose file, told by name and by shape, with as few false alarms as can be.

This is the precise view, for findings. What is masked in output is decided elsewhere, and much more generously.
No function here returns a value of the file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from composeharden.compose.interpolation import InvalidTemplate, interpolate

_UNKNOWN = "\0"
"""Stands for the value of a variable that the file does not give."""


class Kind(Enum):
    """What a credential is, from certain and harmful to a mere default."""

    TOKEN = "token"
    """Of a known shape: it opens something outside of the stack."""
    CONNECTION = "connection"
    """The password in a URL or connection string."""
    LITERAL = "literal"
    """A value under a name that says password, secret, token or key."""
    DEFAULT = "default"
    """Like a literal, but only in force where nobody sets the variable."""
    PLACEHOLDER = "placeholder"
    """A value made to be replaced, which works as a password if nobody does."""


class Credential(NamedTuple):
    """One credential that was found, without its value."""

    kind: Kind
    host: str = ""
    """For a connection: the host it leads to."""


_FINAL_WORDS = frozenset(
    (
        "apikey",
        "authtoken",
        "cookie",
        "credential",
        "credentials",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "masterauth",
        "pat",
        "pw",
        "pwd",
        "requirepass",
        "salt",
        "secret",
        "token",
    )
)
_GLUED = ("password", "passwd", "passphrase", "apikey", "authtoken", "accesstoken", "apitoken", "secretkey")


@functools.cache
def _glued_pass() -> re.Pattern[str]:
    return re.compile(r"(?:admin|auth|db|ftp|ldap|login|mail|my|pg|redis|root|smtp|sql|user)(?:pass|pw|pwd)")


@functools.cache
def _auth() -> re.Pattern[str]:
    return re.compile(r"(?i)(?:\A|[_.-])(?:redis|rediscli|neo4j|basic)[_.-]?auth\Z")


_KEY_OF = frozenset(
    (
        "account",
        "aes",
        "api",
        "app",
        "auth",
        "cookie",
        "crypto",
        "decryption",
        "enc",
        "encryption",
        "hmac",
        "jwt",
        "logged",
        "master",
        "nonce",
        "otp",
        "private",
        "role",
        "secret",
        "session",
        "shared",
        "signature",
        "signing",
    )
)
"""Words before a final `key` that make it a secret one. Without them it may be public, or the name of a field."""
_NOT_A_SECRET = frozenset(
    (
        "allow",
        "disable",
        "disabled",
        "empty",
        "enable",
        "enabled",
        "force",
        "max",
        "min",
        "no",
        "public",
        "random",
        "require",
        "required",
        "show",
        "skip",
        "use",
    )
)
_NUMBERS_ARE_SECRET = frozenset(("passphrase", "passwd", "password", "pass", "pw", "pwd", "secret"))
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_HARMLESS = frozenset(
    (
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "null",
        "none",
        "nil",
        "undefined",
        "unset",
        "unused",
        "empty",
        "invalid",
        "enabled",
        "disabled",
        "auto",
        "default",
        "required",
        "optional",
        "random",
        "file",
        "env",
        "basic",
        "bearer",
        "plain",
        "md5",
        "trust",
        "scram-sha-256",
        "jwt",
    )
)


def is_credential_name(name: str) -> bool:
    """True for a name whose value is a password, secret, token or secret key; false for its path, lifetime, id ..."""
    words = _words(name)
    if not words or words[0] == "install" or not _NOT_A_SECRET.isdisjoint(words):
        return False
    last = words[-1]
    if words[-2:] == ["key", "base"]:
        return True
    if last in ("key", "keys"):
        return not _KEY_OF.isdisjoint(words[:-1]) and "id" not in words
    if last in ("pat", "pw", "pwd", "cookie"):
        return len(words) > 1 and (last != "cookie" or "erlang" in words)
    if last == "auth":
        return _auth().search(name) is not None
    return last in _FINAL_WORDS or last.endswith(_GLUED) or _glued_pass().fullmatch(last) is not None


def _words(name: str) -> list[str]:
    """The words of a name in lower case, with `passWord` as the one word it means."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if words[-2:] in (["pass", "word"], ["pass", "words"]):
        words[-2:] = ["password"]
    return words


def in_setting(name: str, raw: str) -> Credential | None:
    """The credential that a named setting holds, from its text before interpolation."""
    text = literal_text(raw)
    shaped = _by_shape(text, raw)
    if shaped is not None:
        return shaped
    if not is_credential_name(name):
        return _among("options", text, raw) if _options().search(name) or text.lstrip().startswith("{") else None
    if not _is_value(text) or (text.isdigit() and not _takes_numbers(name, text)):
        return None
    return Credential(_kind(text, raw))


def in_lines(raw: str) -> Credential | None:
    """The credential that a configuration file holds, from its text before interpolation: `name = value` on a line."""
    for match in _patterns()["line"][0].finditer(literal_text(raw)):
        value = match.group("value").strip()
        found = in_setting(match.group("name"), _as_template(value.strip("\"'")))
        if found is not None:
            return found
    return in_text(raw)


def _as_template(text: str) -> str:
    """A text that is interpolated already, so that it means the same again."""
    return text.replace("$", "$$")


def in_text(raw: str) -> Credential | None:
    """The credential that a command or another free text holds, from its text before interpolation."""
    text = literal_text(raw)
    shaped = _by_shape(text, raw)
    return shaped if shaped is not None else _among("command", text, raw)


class Word(NamedTuple):
    """A credential as a word of a command."""

    name: str
    """Of the option; empty where the program alone says what it is."""
    value: str
    """The secret itself: never told."""


def word_in_text(raw: str) -> Word | None:
    """The first credential that stands in a command as a word or a part of one; None for defaults of a variable."""
    text = literal_text(raw)
    found = next(_words_among("command", text), None)
    return found if found is not None and _kind(found.value, raw) is not Kind.DEFAULT else None


def _among(patterns: str, text: str, raw: str) -> Credential | None:
    """The credential among the words of a command, or in a setting that holds other settings."""
    found = next(_words_among(patterns, text), None)
    return Credential(_kind(found.value, raw)) if found is not None else None


def _words_among(patterns: str, text: str) -> Iterator[Word]:
    for pattern in _patterns()[patterns]:
        for match in pattern.finditer(text):
            name, value = match.groupdict().get("name") or "", match.group("value").strip("\"'")
            if (not name or is_credential_name(name)) and _is_value(value):
                yield Word(name, value)


@functools.cache
def _options() -> re.Pattern[str]:
    return re.compile(r"(?i)(?:args?|arguments|opts?|options|flags|cmd|command|params|parameters|config|json)\Z")


def literal_text(raw: str) -> str:
    """What the file alone gives: defaults filled in, and a mark in place of every variable without one."""
    if "$" not in raw:
        return raw
    try:
        unset = interpolate(raw, {}).unset
        return interpolate(raw, dict.fromkeys(unset, _UNKNOWN)).value
    except InvalidTemplate:
        return _UNKNOWN


def _by_shape(text: str, raw: str) -> Credential | None:
    patterns = _patterns()
    if any(
        match for pattern in patterns["token"] if (match := pattern.search(text)) and "EXAMPLE" not in match.group()
    ):
        return Credential(Kind.TOKEN)
    for pattern in patterns["connection"]:
        for match in pattern.finditer(text):
            password = match.group("password")
            if not _is_value(password):
                continue
            kind = _kind(password, raw)
            return Credential(Kind.CONNECTION if kind is Kind.LITERAL else kind, match.groupdict().get("host") or "")
    return None


def _takes_numbers(name: str, text: str) -> bool:
    """A number is a lifetime or size rather than a token or key, unless it is very long."""
    words = _words(name)
    return len(text) >= 16 or words[-1] in _NUMBERS_ARE_SECRET or words[-1].endswith(("password", "passwd"))


def _is_value(text: str) -> bool:
    """False for what cannot be a credential itself: empty, a switch, a path, a reference to where it really is."""
    if text[:1] in ("{", "[") and '"' in text:  # JSON
        return any(_is_value(match.group(1)) for match in _patterns()["leaf"][0].finditer(text))
    if len(text) < 3 or _UNKNOWN in text or text.lower() in _HARMLESS:
        return False
    return not any(pattern.match(text) for pattern in _patterns()["reference"])


def _kind(text: str, raw: str) -> Kind:
    if any(pattern.match(text) for pattern in _patterns()["placeholder"]):
        return Kind.PLACEHOLDER
    return Kind.DEFAULT if "${" in raw and f"-{text}" in raw else Kind.LITERAL


@functools.cache
def _patterns() -> dict[str, tuple[re.Pattern[str], ...]]:
    """Compiled when the first credential is looked for. No pattern repeats a repetition."""
    name = r"[A-Za-z][\w.-]{0,80}"
    value = r"(?P<value>\"[^\"\0]{1,400}\"|'[^'\0]{1,400}'|[^\s\"'`;|&<>\0]{1,400})"
    sources: dict[str, tuple[str, ...]] = {
        "token": (
            r"\b(?:AKIA|ASIA|A3T[A-Z0-9])[0-9A-Z]{16}\b",
            r"\bgh[opsur]_[A-Za-z0-9]{36}",
            r"\bgithub_pat_[A-Za-z0-9_]{50}",
            r"\bglpat-[\w-]{20}",
            r"\bxox[abeprs]-[A-Za-z0-9-]{20}",
            r"\b[rs]k_live_[A-Za-z0-9]{20}",
            r"\bAIza[\w-]{35}",
            r"\bSG\.[\w-]{22}\.[\w-]{43}",
            r"\bnpm_[A-Za-z0-9]{36}",
            r"\bdckr_pat_[\w-]{20}",
            r"\bhf_[A-Za-z]{34}",
            r"\bsk-(?:ant|proj)-[\w-]{20}",
            r"\bsk-[A-Za-z0-9]{48}\b",
            r"-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY-----",
            r"//hooks\.slack\.com/services/T[\w/]{20}",
            r"//discord(?:app)?\.com/api/webhooks/\d{15,20}/[\w-]{50}",
        ),
        "connection": (
            r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@?#\"'\0]{0,100}:(?P<password>[^\s/@\"']{1,200})@(?P<host>[\w.-]{0,200})",
            r"(?<![\w/])[\w.-]{1,60}:(?P<password>[^\s:@/\"']{1,200})@(?:tcp|unix)\((?P<host>[\w.-]{0,200})",
            r"(?i)(?:server|host|data source|user(?: ?id)?|uid|addr(?:ess)?|endpoint)=[^\n]{0,400}?[;\s&?,]\s?"
            r"(?:password|pwd)=(?P<password>[^;\s&\"',]{1,200})",
            r"(?i)[a-z][a-z0-9+.:-]{1,40}://(?P<host>[\w.-]{1,200})[^\s?;\"']{0,200}[?;][^\s\"']{0,300}?"
            r"\b(?:password|passwd|pwd)=(?P<password>[^;\s&\"',]{1,200})",
            r"(?i)(?<![a-z])(?:account|sharedaccess|sharedsecret)key=(?P<password>[^;\s&\"',]{8,200})",
        ),
        "command": (
            rf"(?<![\w.-])--?(?P<name>{name})(?:=|\s\s?(?!-)){value}",
            rf"(?<![\w./-])(?P<name>{name})={value}",
            rf"(?i)--?(?:requirepass|masterauth)[=\s]\s?{value}",
            rf"\b(?:mysql(?:admin|dump|check|show|import)?|mariadb(?:-admin|-dump|-check)?)\b[^\n;|&]{{0,200}}?\s-p{value}",
            rf"\b(?:mongo|mongosh|mongodump|mongorestore)\b[^\n;|&]{{0,200}}?\s-p\s?{value}",
            rf"\bsqlcmd\b[^\n;|&]{{0,200}}?\s-P\s?{value}",
            rf"\bldap(?:search|add|modify|whoami|passwd)\b[^\n;|&]{{0,200}}?\s-w\s?{value}",
            r"\bpwd[\"']?\s?:\s?(?P<value>\"[^\"\0]{1,400}\"|'[^'\0]{1,400}')",
            rf"\bsshpass\s-p\s?{value}",
            rf"\bdocker\slogin\b[^\n;|&]{{0,200}}?\s-p\s?{value}",
            rf"\bhtpasswd\s-[a-zA-Z]{{0,6}}b[a-zA-Z]{{0,6}}\s[^\n;|&]{{1,200}}?\s{value}\s{{0,3}}(?:[\n;|&>]|\Z)",
            rf"\brabbitmqctl\s(?:[^\n;|&]{{1,60}}\s)?(?:add_user|change_password)\s[^\s;|&]{{1,80}}\s{value}",
            rf"\bmc\s(?:alias\sset|config\shost\sadd)\s[^\s;|&]{{1,60}}\s[^\s;|&]{{1,200}}\s[^\s;|&]{{1,200}}\s{value}",
            rf"\bredis-cli\b[^\n;|&]{{0,200}}?\s(?:-a|--pass)\s{{1,3}}{value}",
            r"\bcurl\b[^\n;|&]{0,200}?\s(?:-u|--user)[\s=]?[\"']?[\w.@-]{1,80}:(?P<value>[^\s\"'`;|&\0]{1,200})",
        ),
        "options": (
            rf"(?<![\w.-])--?(?P<name>{name})(?:=|\s\s?(?!-)){value}",
            rf"(?i)--?(?:requirepass|masterauth)[=\s]\s?{value}",
            rf"[\"'](?P<name>{name})[\"']\s{{0,3}}:\s{{0,3}}(?P<value>\"[^\"\0]{{1,400}}\"|'[^'\0]{{1,400}}')",
        ),
        "leaf": (r"[:,\[]\s{0,9}\"([^\"]{0,400})\"(?!\s{0,9}:)",),
        "line": (
            rf"(?m)^[ \t]{{0,40}}[\"']?(?P<name>{name})[\"']?[ \t]{{0,10}}(?:[:=]|[ \t](?=\S+$))[ \t]{{0,10}}"
            r"(?P<value>[^\n#]{1,400})",
        ),
        "reference": (
            r"[a-z][a-z0-9+.-]{1,30}://[^@]*\Z",
            r"[$]|.*[$]\(|.*`",
            r"(?:/|\./|\.\./|~/)[\w./@+-]*\Z",
            r"file:|env:|vault:|op://|ref\+|arn:aws|secret:|sm://",
            r".*\{\{|\{\w*\}",
            r"%",
            r"-",
            r"\*+\Z",
        ),
        "placeholder": (
            r"(?i)<.*>\Z|\[.*\]\Z|_{2}.*_{2}\Z",
            r"(?i)(?:please[-_ ]?)?(?:change|replace|update|edit)[-_ ]?(?:it|me|this|with)\b",
            r"(?i)change[-_]?me|.*change[-_]?(?:this|me)|.*replace[-_]?(?:this|me|with)",
            r"(?i)(?:your|insert|enter|put|add|set|paste|fill)[-_ ]",
            r"(?i)x{3,}\Z|\.{3}|todo\b|fixme\b|tbd\Z",
            r"(?i)(?:example|sample|dummy|placeholder|redacted)|.*place[-_ ]?holder",
            r"(?i).*[-_ ](?:here|example|placeholder)\Z",
        ),
    }
    return {group: tuple(re.compile(source, re.DOTALL) for source in found) for group, found in sources.items()}
