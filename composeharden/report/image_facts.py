"""Image facts in words: sections of lines, each line with the names of its evidence. No markup, no wrapping."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.report.style import counted

_PUBLISH = {
    "never": "leave it inside the stack",
    "loopback": "an admin page: publish it on 127.0.0.1 at most",
    "lan": "publish it for whom it is meant for only",
    "edge": "made for clients",
}
_USERS = {
    "root": "`user:` makes it root",
    "service": "`user:` is the identity that the image is made for",
    "other": "`user:` is another identity than the image is made for",
}


class Line(NamedTuple):
    """One fact. `name` is code (a path, a variable, a capability) or empty."""

    name: str
    text: str
    evidence: tuple[str, ...] = ()


class Section(NamedTuple):
    """Facts about one subject."""

    title: str
    lines: tuple[Line, ...]


def sections(document: Mapping[str, Any]) -> list[Section]:
    """What a document, or one of its variants, says; nothing for what it does not speak of."""
    makers = {
        "Start": _start,
        "Capabilities": _capabilities,
        "Read-only root": _read_only,
        "Writable paths": _writable,
        "Data": _data,
        "Configuration": _configuration,
        "Privileges, user and init": _privileges,
        "Health check": _health,
        "Secrets": _secrets,
        "Default credentials": _default_credentials,
        "Ports": _ports,
        "Resources": _resources,
        "When it does not hold": _caveats,
        "Retired": _retired,
    }
    found = [Section(title, tuple(make(document))) for title, make in makers.items()]
    return [section for section in found if section.lines]


def versions(when: Mapping[str, str]) -> str:
    """Which tags a variant is about."""
    words = {"repository": "repository {}", "version": "version {}", "flavor": "tags that match {}"}
    return ", ".join(words[key].format(f"`{when[key]}`") for key in words if key in when)


def _start(document: Mapping[str, Any]) -> Iterator[Line]:
    table = document.get("start")
    if table is None:
        return
    user, service = table["user"], table.get("service", table["user"])
    text = f"starts as {user}" + (f" and serves as {service}" if service != user else "")
    if table.get("steps_down"):
        text += f", stepping down with {table['steps_down']}"
        text += "; where that fails it goes on as root without a word" if table.get("fails_open") else ""
    yield Line("", text, _evidence(table))
    if table.get("programs"):
        yield Line("", "the facts hold for options and for commands that begin with " + _codes(table["programs"]))


def _capabilities(document: Mapping[str, Any]) -> Iterator[Line]:
    table = document.get("capabilities")
    if table is None:
        return
    kinds = {
        "root": "started as root",
        "user": "with a `user:` that is not root",
        "file": "always, since its programs carry them as file capabilities",
    }
    for key, words in kinds.items():
        if key not in table:
            continue
        yield Line("", f"{words}: {_count(len(table[key]))}", _evidence(table))
        yield from (Line(name, reason) for name, reason in sorted(table[key].items()))


def _count(capabilities: int) -> str:
    return counted(capabilities, "capability", "capabilities") if capabilities else "none"


def _read_only(document: Mapping[str, Any]) -> Iterator[Line]:
    table = document.get("read_only")
    if table is not None:
        yield Line("", _joined("works" if table["works"] else "does not work", table.get("reason")), _evidence(table))


def _writable(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("writable", ()):
        options = [row.get("kind", "tmpfs")]
        options += [f"size={row['size']}"] if "size" in row else []
        options += [f"mode={row['mode']}"] if "mode" in row else []
        options += ["exec"] if row.get("exec") else []
        options += ["owned by the identity that serves"] if row.get("owner") == "service" else []
        text = _joined(f"{row['purpose']} ({', '.join(options)})", row.get("size_reason"))
        yield Line(row["path"], text, _evidence(row))


def _data(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("data", ()):
        declared = "the image declares a volume" if row.get("declared") else "the image declares no volume: mount one"
        yield Line(row["path"], f"{row['purpose']}; {declared}", _evidence(row))


def _configuration(document: Mapping[str, Any]) -> Iterator[Line]:
    table = document.get("configuration")
    if table:
        text = f"what a configuration in {_codes(table['mounts'])} says it writes to must stay writable"
        yield Line("", text, _evidence(table))
    for row in document.get("reads", ()):
        yield Line(row["path"], "is only read: what is mounted there can be read-only", _evidence(row))


def _privileges(document: Mapping[str, Any]) -> Iterator[Line]:
    kinds = (
        ("no_new_privileges", "works", "no-new-privileges"),
        ("user", "works", "user"),
        ("init", "compatible", "init"),
    )
    for key, field, name in kinds:
        table = document.get(key)
        if table is not None:
            text = "works" if table[field] else "does not work"
            text = "its documentation asks for it" if table.get("helps") else text
            yield Line(name, _joined(text, table.get("reason")), _evidence(table))


def _health(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("healthcheck", ()):
        times = ", ".join(
            f"{key} {row[key]}" for key in ("interval", "timeout", "retries", "start_period") if key in row
        )
        text = "the image's own" if row.get("image") else "a test that fits"
        text = _joined(f"{text}{', ' if times else ''}{times}", row.get("note"))
        yield Line(json.dumps(row["test"], ensure_ascii=False), text, _evidence(row))
    table = document.get("programs")
    if table is not None:
        lacks = f"; it lacks {_codes(table['absent'])}" if table.get("absent") else ""
        has = _codes(table["present"]) or "no program that a test could call"
        yield Line("", f"the image has {has}{lacks}", _evidence(table))


def _secrets(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("secret", ()):
        text = "has no form that takes a file"
        if "file" in row:
            text = f"`{row['file']}` takes a path instead"
            text += "; setting both is an error" if row.get("exclusive") else ""
            reader = {"start": "the identity it starts as", "service": "the identity that serves"}
            text += f"; {reader[row['read_as']]} reads the file" if "read_as" in row else ""
        yield Line(row["variable"], _joined(text, row.get("note")), _evidence(row))


def _default_credentials(document: Mapping[str, Any]) -> Iterator[Line]:
    return (Line("", row["what"], _evidence(row)) for row in document.get("default_credential", ()))


def _ports(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("port", ()):
        purpose = f"{row['purpose']}; " if row.get("purpose") else ""
        yield Line(f"{row['number']}/{row.get('protocol', 'tcp')}", purpose + _PUBLISH[row["publish"]], _evidence(row))


def _resources(document: Mapping[str, Any]) -> Iterator[Line]:
    table = document.get("resources")
    if table:
        limits = ", ".join(f"{key} {table[key]}" for key in ("memory", "pids") if key in table)
        yield Line("", _joined(limits, table.get("note")), _evidence(table))


def _caveats(document: Mapping[str, Any]) -> Iterator[Line]:
    for row in document.get("caveat", ()):
        unlock = " unless --assume is given" if row.get("doubt") else ""
        text = f"{', '.join(row['holds'])} held back{unlock} where {_condition(row['when'])}: {row['reason']}"
        yield Line("", text, _evidence(row))


def _condition(when: Mapping[str, str]) -> str:
    words = {
        "mount": "something is mounted at `{}` or below",
        "no_mount": "nothing is mounted at `{}` or above",
        "environment": "the environment sets `{}`",
        "command": "the command matches `{}`",
        "probe": "its own health check matches `{}`",
    }
    found = [text.format(when[key]) for key, text in words.items() if key in when]
    return " and ".join(found + ([_USERS[when["user"]]] if "user" in when else []))


def _retired(document: Mapping[str, Any]) -> Iterator[Line]:
    return (Line(repository, reason) for repository, reason in document.get("retired", {}).items())


def _evidence(table: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(table["evidence"])


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _joined(text: str, more: str | None) -> str:
    if text and more:
        return f"{text}. {more}" if more[0].isupper() else f"{text}; {more}"
    return text or more or ""
