"""What was found, as image facts: every fact with the run that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from composeharden.images.reference import parse
from composeharden.learn.contents import Contents
from composeharden.learn.search import Found, Seen, Start
from composeharden.learn.setting import Life, Path, Setting, Shortfall
from composeharden.learn.subject import SIZE, Subject
from composeharden.learn.toml import inline
from composeharden.learn.writable import is_sayable

OBSERVED, AS_ROOT, AS_USER = "engine-observed", "engine-root", "engine-user"
_KNOWN_PROGRAMS = ("sh", "bash", "curl", "wget", "nc", "python3", "node", "php")
_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_MOST_LOG = 160
_MOST_NAMES = 4


@dataclass(frozen=True)
class Record:
    """Everything that facts are made of."""

    subject: Subject
    contents: Contents
    seen: Seen
    before: Life
    found: Found
    engine: str
    """Version of the engine."""
    command: str
    """What repeats it."""
    day: str
    redact: Callable[[str], str]
    """Makes any text fit to be shown: logs and names of files are data of the user's."""


def family_of(image: str) -> str:
    """The name of the facts of an image, which is also that of the file."""
    return re.sub(r"[^a-z0-9]+", "-", parse(image).repository.lower()).strip("-") or "image"


def facts(record: Record) -> dict[str, Any]:
    """The document. It follows schemas/image.schema.json."""
    return {name: value for name, value in _keys(record) if value not in (None, [])}


def _keys(record: Record) -> Iterator[tuple[str, Any]]:
    subject, found = record.subject, record.found
    repository = parse(subject.image).repository
    yield "family", family_of(subject.image)
    yield "title", repository
    yield "repositories", [repository]
    yield "evidence", _evidence(record)
    yield "start", _start(record)
    yield "capabilities", _capabilities(record)
    yield "read_only", _read_only(record)
    yield "no_new_privileges", _no_new_privileges(record)
    yield "user", _user(record)
    yield "writable", [_writable(record, row) for row in _rows(found) if not _is_data(record, row)]
    yield "data", list(_data(record))
    yield "healthcheck", _healthcheck(record)
    yield "programs", _programs(record.contents)
    yield "port", [_port(*port) for port in sorted(_ports(record), key=lambda port: (port[1], port[0]))]
    yield "caveat", [_caveat(record)]


def _starts(record: Record) -> Iterator[tuple[str, str, Start]]:
    """Each start that worked: the name of its evidence, whom it is of in the schema's words, and what was found."""
    own = (AS_ROOT, "root") if record.seen.starts_as_root else (AS_USER, "user")
    if record.found.own.setting is not None:
        yield (*own, record.found.own)
    if record.found.user is not None and record.found.user.setting is not None:
        yield AS_USER, "user", record.found.user


def _evidence(record: Record) -> dict[str, Any]:
    run = {
        "kind": "engine",
        "image": record.subject.image,
        "engine": f"Docker {record.engine}",
        "command": record.redact(record.command),
        "read": record.day,
    }
    found = {OBSERVED: {**run, "shows": _observed(record)}}
    for name, start, one in _starts(record):
        assert one.setting is not None
        shows = f"Worked as before through a first start on empty volumes, a stop, a second start and a new container \
over the same volumes: {one.setting.words}."
        found[name] = {**run, "start": start, "shows": shows}
    return found


def _observed(record: Record) -> str:
    moment = record.before.moments[0]
    works = sorted({(work.command, work.uid) for work in moment.works})
    parts = [f"Image {str(record.subject.details.get('Id', ''))[:19]}, not hardened."]
    if moment.ended is not None:
        parts.append(f"A job: it ends with code {moment.ended}.")
    else:
        parts.append(f"Runs {', '.join(f'{record.redact(name)} as uid {uid}' for name, uid in works)}.")
    if record.before.stop is not None:
        stop = record.before.stop
        parts.append(f"Stops in {stop.seconds:.1f} s with code {stop.code}{', killed' if stop.killed else ''}.")
    if record.seen.traced is None:
        parts.append("Capabilities were found by elimination.")
    else:
        used = ", ".join(f"{name} ({_commands(record, name)})" for name in sorted(record.seen.traced)) or "none"
        parts.append(f"Capabilities checked and granted: {used}.")
    return " ".join(parts)


def _commands(record: Record, name: str) -> str:
    commands = sorted((record.seen.traced or {}).get(name, ()))
    return record.redact(", ".join(commands[:_MOST_NAMES]))


def is_root(user: str) -> bool:
    """Whether a `user` or USER is root; none at all is."""
    return user.split(":")[0] in ("", "0", "root")


def first_identity(before: Life) -> str:
    """uid:gid of the first process; empty for a job that had ended by then."""
    first = before.moments[0].first
    return f"{first.uid}:{first.gid}" if first is not None else ""


def _start(record: Record) -> dict[str, Any] | None:
    """Whom the image starts as when nobody says anything, which a `user` of the service does not tell."""
    own = str(record.subject.config.get("User") or "")
    given = str(record.subject.body.get("user") or "")
    if is_root(own):
        user, service = "root", record.seen.service or (first_identity(record.before) if not is_root(given) else "")
    else:
        user, service = (first_identity(record.before) if not given else _numbers(own)), ""
    if not user:
        return None
    table: dict[str, Any] = {"user": user}
    if service:
        table["service"] = service
    program = _program(record.subject)
    if program:
        table["programs"] = [program]
    return {**table, "evidence": [OBSERVED]}


def _numbers(user: str) -> str:
    return user if re.fullmatch(r"\d+(:\d+)?", user) else ""


def _program(subject: Subject) -> str:
    """The first word of the command, where that can be known of another one again."""
    words = [*subject.command, *(subject.config.get("Cmd") or ()), *(subject.config.get("Entrypoint") or ())]
    first = str(words[0]).rsplit("/", 1)[-1] if words else ""
    return "" if first.startswith("-") or first in _SHELLS else first


def _capabilities(record: Record) -> dict[str, Any] | None:
    found = list(_starts(record))
    if not any(one.setting and one.setting.capabilities is not None for _, _, one in found):
        return None
    table: dict[str, Any] = {"evidence": [name for name, _, _ in found]}
    by_file: dict[str, str] = {}
    for _, start, one in found:
        assert one.setting is not None
        names = sorted(one.setting.capabilities or ())
        table[start] = {name: _reason(record, name, one.reasons.get(name)) for name in names}
        files = record.contents.file_capabilities
        by_file |= {name: f"set on {record.redact(files[name])}" for name in names if name in files}
    return table | ({"file": by_file} if by_file else {})


def _reason(record: Record, name: str, failed: Shortfall | None) -> str:
    used = _commands(record, name)
    parts = [f"used by {used}" if used else "", f"without it, {_told(record, failed)}" if failed is not None else ""]
    return "; ".join(filter(None, parts)) or "among those that were run; it could not be left out"


def _told(record: Record, failed: Shortfall) -> str:
    """A shortfall with the last line of its log, redacted and cut."""
    line = record.redact(failed.log[-1]) if failed.log else ""
    line = line if len(line) <= _MOST_LOG else line[:_MOST_LOG].rstrip() + " ..."
    return f"{failed.words}{f' ({line})' if line else ''}"


def _read_only(record: Record) -> dict[str, Any]:
    names = [name for name, _, one in _starts(record) if one.setting is not None and one.setting.read_only]
    if names:
        return {"works": True, "evidence": names}
    return {"works": False, "reason": _against(record, "read_only"), "evidence": [OBSERVED]}


def _against(record: Record, what: str) -> str:
    for one in (record.found.own, record.found.user):
        failed = (one.against.get(what) or one.against.get("start")) if one is not None else None
        if failed is not None:
            return _sentence(_told(record, failed))
    return "It did not work when it was tried."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _no_new_privileges(record: Record) -> dict[str, Any]:
    names = [name for name, _, one in _starts(record) if one.setting is not None and one.setting.no_new_privileges]
    if names:
        return {"works": True, "evidence": names}
    return {"works": False, "reason": _against(record, "no_new_privileges"), "evidence": [OBSERVED]}


def _user(record: Record) -> dict[str, Any] | None:
    if not record.seen.starts_as_root:
        reason = "Its stack starts it as that user." if record.subject.body.get("user") else "The image does so itself."
        return {"works": True, "reason": reason, "evidence": [OBSERVED]}
    user = record.found.user
    if user is None:
        reason = "It serves as root, or as several users."
        return {"works": False, "reason": reason, "evidence": [OBSERVED]}
    if user.setting is None:
        failed = user.against.get("start") or next(iter(user.against.values()), None)
        reason = _sentence(_told(record, failed)) if failed is not None else "It did not work when it was tried."
        return {"works": False, "reason": reason, "evidence": [OBSERVED]}
    reason = "Started as that user, on volumes that are its own, it worked as before."
    return {"works": True, "reason": reason, "evidence": [AS_USER]}


def _rows(found: Found) -> list[Path]:
    settings = [one.setting for one in (found.own, found.user) if one is not None and one.setting is not None]
    return sorted({row for setting in settings if setting.read_only for row in setting.writable})


def _is_data(record: Record, row: Path) -> bool:
    return row.kind == "volume" and row.path not in record.seen.optional


def _writable(record: Record, row: Path) -> dict[str, Any]:
    table: dict[str, Any] = {"path": row.path, "purpose": _purpose(record, row)}
    if row.kind == "volume":
        table["kind"] = "volume"
    else:
        if row.owner == "service":
            table["owner"] = "service"
        table |= {"size": SIZE, "size_reason": "what the runs had; raise it where more is kept there"}
    return {**table, "evidence": [name for name, _, one in _starts(record) if row in _rows(Found(one))]}


def _purpose(record: Record, row: Path) -> str:
    failures = [one.paths[row.path] for _, _, one in _starts(record) if row.path in one.paths]
    names = _names_below(row.path, record.before.written)
    parts = [f"wrote {record.redact(', '.join(names))}" if names else ""]
    parts.append(f"read-only, {_told(record, failures[0])}" if failures else "")
    return "; ".join(filter(None, parts)) or "temporary files; most programs expect it"


def _names_below(path: str, written: Iterable[tuple[str, str]]) -> list[str]:
    head = path.rstrip("/") + "/"
    names = [other.removeprefix(head) for _, other in written if other.startswith(head)]
    return names[:_MOST_NAMES] + (["..."] if len(names) > _MOST_NAMES else [])


def _data(record: Record) -> Iterator[dict[str, Any]]:
    for path in filter(is_sayable, sorted(record.subject.volumes)):
        yield {"path": path, "purpose": "declared by the image", "declared": True, "evidence": [OBSERVED]}
    for path in filter(is_sayable, sorted(record.subject.mounted - record.subject.volumes)):
        yield {"path": path, "purpose": "a volume of the stack it was learned in", "evidence": [OBSERVED]}
    for row in _rows(record.found):
        if _is_data(record, row):
            names = record.redact(", ".join(_names_below(row.path, record.before.written)))
            purpose = f"written by the image, and no volume of its own: {names}" if names else "written by the image"
            yield {"path": row.path, "purpose": purpose, "declared": False, "evidence": [OBSERVED]}


def _healthcheck(record: Record) -> list[dict[str, Any]]:
    """The image's own, which nothing is ever added instead of: so it does no harm that it is redacted."""
    probe = [record.redact(word) for word in record.subject.probe]
    if len(probe) < 2:
        return []
    test = [word.replace("$", "$$") for word in probe]
    first = probe[1].split()[0] if probe[1].split() else "sh"
    needs = ["sh", first] if probe[0] == "CMD-SHELL" else [first]
    return [{"test": test, "needs": list(dict.fromkeys(needs)), "image": True, "evidence": [OBSERVED]}]


def _programs(contents: Contents) -> dict[str, Any]:
    present = [name for name in _KNOWN_PROGRAMS if name in contents.programs]
    absent = [name for name in _KNOWN_PROGRAMS if name not in contents.programs]
    return {"present": present, "absent": absent, "evidence": [OBSERVED]}


def _ports(record: Record) -> set[tuple[str, int]]:
    return {port for port in record.before.moments[0].ports if port[0] in ("tcp", "udp")} | record.subject.exposed


def _port(protocol: str, number: int) -> dict[str, Any]:
    return {"number": number, "protocol": protocol, "publish": "lan", "evidence": [OBSERVED]}


def _caveat(record: Record) -> dict[str, Any]:
    """Another command may need more: what ran was this one."""
    said = " ".join(record.subject.command)
    shown = record.redact(said) == said
    tried = re.escape(said) if said and shown else ""
    pattern = rf"\A(?!{tried}\Z)" if tried else r"\S"
    return {
        "when": inline(command=pattern),
        "holds": ["read-only", "cap-drop", "user"],
        "doubt": True,
        "reason": "It was learned with another command.",
        "evidence": [OBSERVED],
    }


def setting_words(setting: Setting | None) -> str:
    """A setting for a person; what to say where there is none."""
    return setting.words if setting is not None else "nothing that worked"
