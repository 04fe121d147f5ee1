"""Where each credential of a service can move to: a file secret where the image reads one, else a variable in `.env`.

The value stays what the container received until now, so that data that was made with it still opens. A secret file is
a bind mount with the owner and mode that it has on the host (Compose ignores uid, gid and mode), so it must be readable
by whoever opens it in the container: an entry point as root that has lost DAC_OVERRIDE, the image's own user, or the
uid of `user:`. All of them can read mode 0644; on the host the folder, which only its owner can enter, keeps it closed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from composeharden.beside import NewFile, NewLines, SideFile
from composeharden.compose import dotenv
from composeharden.compose.canonical import text_of
from composeharden.compose.entries import build_settings, plain
from composeharden.compose.files import Layer
from composeharden.compose.filling import joined
from composeharden.compose.interpolation import InvalidTemplate, interpolate
from composeharden.compose.mounts import covers
from composeharden.compose.project import Project, Service
from composeharden.compose.values import as_mapping, as_text
from composeharden.compose.written import Template, Written
from composeharden.credentials import Kind, in_setting, in_text, word_in_text
from composeharden.outcome import Confidence
from composeharden.posture import Posture, runs_own_program
from composeharden.yaml import nodes
from composeharden.yaml.change import Append, Change, Path, Rename, Replace, Set
from composeharden.yaml.scalars import Timestamp

FOLDER = "secrets"
_OPEN_FILE, _CLOSED_FILE, _CLOSED_FOLDER = 0o644, 0o600, 0o700
_MOST = 200
"""Credentials of one stack that move in one run: each is proven together with all others."""
_TOO_MANY = "there are too many to move at once; name a --service"
_USED_BY = ("command", "entrypoint", "post_start", "pre_start", "pre_stop")
_DEFAULT = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*):?-(?P<text>[^${}]*)\}")
_REFERENCE = re.compile(r"\$(?:\{(?P<name>[A-Za-z_]\w*)(?:[^{}]*\})?|(?P<bare>[A-Za-z_]\w*))")
"""A variable as files refer to it; one that holds another is not seen to its end."""
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f\ufeff]")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+=,-]+\Z")


class Literal(NamedTuple):
    """One credential that is written in `environment`."""

    service: Service
    variable: str
    raw: str
    value: str
    """What the container receives. Never told."""
    kind: Kind


class Move(NamedTuple):
    """Where a credential goes, and what that takes."""

    variable: str
    to_file: bool
    name: str
    """Of the secret, or of the variable in `.env`."""
    changes: tuple[Change, ...]
    files: tuple[SideFile, ...]
    confidence: Confidence
    folder: str = ""
    """Where the secret file is, as seen from the project directory."""


class Kept(NamedTuple):
    """A credential that stays where it is, and why."""

    variable: str
    reason: str


def literals(service: Service) -> Iterator[Literal]:
    """The credentials in the environment of a service, each with the value that its container receives."""
    raw = plain(service.raw.get("environment"))
    typed = raw if isinstance(raw, dict) else as_mapping(raw)
    entries = {str(item).partition("=")[0]: item for item in raw} if isinstance(raw, list) else {}
    for name, written in typed.items():
        text = as_text(plain(written))
        found = in_setting(name, text) if text else None
        if found is not None:
            if isinstance(written, str) and not isinstance(written, Timestamp):
                value = service.project.text(written, set())
            else:
                value = text_of(plain(written))
            if isinstance(raw, list):
                entry = entries.get(name)
                value = service.project.text(entry, set()).partition("=")[2] if isinstance(entry, str) else value
            yield Literal(service, name, text, value, found.kind)


class Moves:
    """The moves of a whole stack: one literal that several services share becomes one secret."""

    def __init__(self, project: Project, postures: Mapping[str, Posture]) -> None:
        self.project = project
        self.postures = postures
        self._secrets: dict[tuple[str, str], str] = {}
        self._variables: dict[str, str] = {}
        self._named: dict[tuple[str, str], str] = {}
        self._room = _MOST
        self._references: dict[str, set[str]] = {}
        for source in project.sources.values():
            for match in _REFERENCE.finditer(source.text):
                self._references.setdefault(match["name"] or match["bare"], set()).add(match[0])

    def of(self, posture: Posture) -> list[Move | Kept]:
        """What becomes of each credential of one service."""
        found: list[Move | Kept] = []
        probe = _Probe(posture.service)
        held = list(literals(posture.service))
        if len(held) > self._room:
            return [Kept(literal.variable, _TOO_MANY) for literal in held]
        self._room -= len(held)
        for literal in held:
            row, against = self._file_form(posture, literal, probe)
            if row is not None and not against:
                found.append(self._to_file(posture, literal, row, probe))
            else:
                found.append(self._to_variable(literal))
        return [*found, *self._words(posture.service)]

    # -- into a file -------------------------------------------------------------------------------------------------

    def _file_form(self, posture: Posture, literal: Literal, probe: _Probe) -> tuple[Mapping[str, Any] | None, str]:
        """The fact of the variable that takes a path instead, and what speaks against using it here."""
        facts = posture.facts
        rows = facts.rows("secret") if facts is not None and not facts.is_runtime else []
        row = next((one for one in rows if one["variable"] == literal.variable and one.get("file")), None)
        return row, "" if row is None else next(self._against_file(posture, literal, row, probe), "")

    def _against_file(self, posture: Posture, literal: Literal, row: Mapping[str, Any], probe: _Probe) -> Iterator[str]:
        service, name = literal.service, literal.variable
        if row.get("keep"):
            yield str(row["keep"])
        if "build" in service or service.entrypoint or not runs_own_program(posture):
            yield "what reads the file form may not run"
        if literal.kind is Kind.DEFAULT:
            yield "it can be set from outside"
        if row["file"] in service.environment or not service.knows_environment or name in service.from_env_file:
            yield "both forms would be set, or may be"
        if literal.value != literal.value.strip() or _CONTROL.search(literal.value):
            yield "a file would not give the same value"
        if any(re.search(rf"\b{re.escape(name)}\b", str(service.raw.get(key) or "")) for key in _USED_BY):
            yield "its command or hooks use the variable"
        if not probe.can_read_file(name):
            yield "its health check uses the variable in a way that cannot be rewritten"
        if any(covers(mount, "/run/secrets") for mount in service.mounts if mount.kind not in ("tmpfs", "secret")):
            yield "something else is mounted on /run/secrets"
        if not _is_alone(service, name):
            yield "other services share the text"

    def _to_file(self, posture: Posture, literal: Literal, row: Mapping[str, Any], probe: _Probe) -> Move | Kept:
        service = literal.service
        layer = service.bodies[0][0]
        name = self._secret_name(layer, literal)
        target, text = f"/run/secrets/{name}", f"./{FOLDER}/{name}"
        defined = {"file": Written.of(Template(text, layer.variables, layer.folder, joined))}
        place = (0, "services", service.name)
        changes: list[Change] = [
            Rename((*place, "environment", literal.variable), str(row["file"]), target),
            Set((0, "secrets", name), defined),
        ]
        test = probe.reading(literal.variable, target)
        if test is not None:
            changes.append(Set((*place, "healthcheck", "test"), test))
        folder = posixpath.normpath(posixpath.join(layer.folder, FOLDER))
        path = posixpath.join(self.project.directory, folder, name)
        content = literal.value.encode("utf-8", "surrogateescape")
        file = NewFile(path, content, _OPEN_FILE, _CLOSED_FOLDER, is_private=True)
        assert posture.facts is not None
        sure = posture.facts.confidence(row)
        return Move(literal.variable, True, name, tuple(changes), (file,), sure, folder)

    def _secret_name(self, layer: Layer, literal: Literal) -> str:
        key = (layer.file, literal.value)
        if key not in self._secrets:
            taken = {*self.project.top_level("secrets"), *self._secrets.values()}
            plain_name = re.sub(r"[^a-z0-9_]+", "_", literal.variable.lower()).strip("_") or "secret"
            own = re.sub(r"[^a-z0-9_]+", "_", literal.service.name.lower()).strip("_")
            self._secrets[key] = _free([plain_name, f"{own}_{plain_name}"], taken)
        return self._secrets[key]

    # -- into .env ---------------------------------------------------------------------------------------------------

    def _to_variable(self, literal: Literal) -> Move | Kept:
        service, project = literal.service, self.project
        default = _DEFAULT.search(literal.raw) if literal.kind is not Kind.TOKEN else None
        others = _without_default(literal.raw, default)
        if "$" in others.replace("$$", ""):
            return Kept(literal.variable, "other variables are part of it")
        if self._against_env:
            return Kept(literal.variable, self._against_env)
        if default is not None:
            name, held = default["name"], interpolate(default["text"], {}).value
            held = project.variables.get(name) or held
            written = literal.raw.replace(default[0], f"${{{name}:?set {name} in .env}}")
            if not project.variables.get(name) and self._references.get(name) != {default[0]}:
                return Kept(literal.variable, f"{name} is also used without this default")
        else:
            name, held = self._variable_name(literal.service, literal.variable, literal.value), literal.value
            written = f"${{{name}:?set {name} in .env}}"
        line = _line(name, held)
        if not line:
            return Kept(literal.variable, "its value cannot be written in .env")
        if not _gives(written, {**project.variables, name: held}, literal.value):
            return Kept(literal.variable, "its value would not stay the same")
        change = Set((0, "services", service.name, "environment", literal.variable), written)
        return self._in_env(literal.variable, literal.variable, name, held, change)

    def _in_env(self, what: str, variable: str, name: str, held: str, change: Change) -> Move:
        self._variables[name] = held
        self._named[variable, held] = name
        path = posixpath.join(self.project.directory, ".env")
        lines = NewLines(path, (_line(name, held),), _CLOSED_FILE, is_private=True)
        files = () if name in self.project.variables else (lines,)
        return Move(what, False, name, (change,), files, Confidence.SOURCED)

    @cached_property
    def _against_env(self) -> str:
        """Why nothing can be put into `.env`; empty where nothing speaks against it."""
        if self.project.files.env_files is not None:
            return "the variables come from files that were named; put it there"
        reader, mounting = _reads_env(self.project), _mounts_env(self.project)
        if reader or not mounting:
            return f"{reader} takes all of .env into its environment" if reader else self.project.keeps_env
        return f"{mounting} has the folder of .env mounted, and may read the file, which nobody else could open then"

    def _variable_name(self, service: Service, variable: str, value: str) -> str:
        if (variable, value) in self._named:
            return self._named[variable, value]
        own = re.sub(r"\W+", "_", variable, flags=re.ASCII)
        if self.project.variables.get(own) == value and own not in self.project.taken_names:
            return own
        taken = {*self.project.variables, *self.project.taken_names, *self._variables, *self._references}
        prefix = re.sub(r"\W+", "_", service.name.upper(), flags=re.ASCII)
        first = [own] if re.match(r"[A-Za-z_]", own) else []
        return _free([*first, f"{prefix}_{own}" if prefix[:1].isalpha() else f"S_{prefix}_{own}"], taken)

    def _words(self, service: Service) -> Iterator[Move | Kept]:
        """What becomes of a credential that is a word of the command or of the entry point."""
        for key in ("command", "entrypoint"):
            raw = plain(service.raw.get(key))
            words = [as_text(plain(word)) for word in raw] if isinstance(raw, list) else [as_text(raw)]
            found, what = word_in_text(" ".join(words)), f"the credential in its {key}"
            if found is None:
                continue
            self._room -= 1
            against = _TOO_MANY if self._room < 0 else self._against_env
            against = against or _against_word(service, key, words, found.value)
            if against:
                yield Kept(what, against)
                continue
            known = [name for name, held in self._variables.items() if held == found.value]
            variable = f"{service.name}_{found.name.lstrip('-') or 'password'}".upper()
            name = known[0] if known else self._variable_name(service, variable, found.value)
            old = next(word for word in words if found.value in word)
            new = old.replace(found.value, f"${{{name}:?set {name} in .env}}")
            if not _gives(new, {**self.project.variables, name: found.value}, service.project.text(old, set())):
                yield Kept(what, "its value would not stay the same")
                continue
            path: Path = (0, "services", service.name, key)
            change = Replace(path, old, new) if isinstance(raw, list) else Set(path, new)
            yield self._in_env(what, variable, name, found.value, change)


class _Probe:
    """The health check of a service, which may use a variable that moves."""

    def __init__(self, service: Service) -> None:
        check = plain(service.raw.get("healthcheck"))
        self.test = plain(check.get("test")) if isinstance(check, dict) else None

    def _has_shell(self) -> bool:
        if isinstance(self.test, str):
            return True
        words = [str(word) for word in self.test] if isinstance(self.test, list) else []
        return words[:1] == ["CMD-SHELL"] or any(
            word.rpartition("/")[2] in ("sh", "bash", "ash") for word in words[1:2]
        )

    def can_read_file(self, name: str) -> bool:
        """Whether every use of a variable can become the content of a file."""
        text = str(self.test or "")
        uses = len(re.findall(rf"\b{re.escape(name)}\b", text))
        return not uses or (self._has_shell() and uses == len(_use_of(name).findall(text)))

    def reading(self, name: str, path: str) -> Any:
        """The test that reads the file in place of the variable; None where it does not use it."""
        pattern, instead = _use_of(name), f"$$(cat {path})"
        if not pattern.search(str(self.test or "")):
            return None
        if isinstance(self.test, str):
            self.test = pattern.sub(lambda _: instead, str(self.test))
            return self.test
        assert isinstance(self.test, list)
        self.test = [pattern.sub(lambda _: instead, str(word)) for word in self.test]
        return tuple(self.test)


def _use_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"\$\$(?:\{{{re.escape(name)}\}}|{re.escape(name)}\b)")


def together(service: Service, moves: list[Move]) -> tuple[Change, ...]:
    """The changes of several moves of one service as one group: each text once, and one grant of all."""
    found: dict[Path, Change] = {change.path: change for move in moves for change in move.changes}
    names = dict.fromkeys(move.name for move in moves if move.to_file)
    missing = tuple(name for name in names if name not in _granted(service))
    if missing:
        place: Path = (0, "services", service.name, "secrets")
        found[place] = Append(place, missing)
    return tuple(found.values())


def _granted(service: Service) -> set[str]:
    return {mount.source for mount in service.mounts if mount.key == "secrets"}


def _free(names: list[str], taken: set[str]) -> str:
    for name in names:
        if name not in taken:
            return name
    return next(name for number in range(2, 10_000) if (name := f"{names[-1]}_{number}") not in taken)


def _is_alone(service: Service, variable: str) -> bool:
    """Whether the entry is written in the service itself, and nobody else takes that text over."""
    heirs = {id(node) for bases in service.project.bases.values() for _, node in bases}
    for _, body in service.bodies:
        value = body.get("environment") if isinstance(body, nodes.Mapping) else None
        if isinstance(body, nodes.Alias) or value is None or isinstance(value, nodes.Alias):
            continue
        if body.anchor is not None or value.anchor is not None or id(body) in heirs:
            continue
        if isinstance(value, nodes.Mapping) and variable in value.index:
            return True
        if isinstance(value, nodes.Sequence):
            texts = [item.text for item in value.items if isinstance(item, nodes.Scalar)]
            if any(text.startswith(variable + "=") for text in texts):
                return True
    return False


def _against_word(service: Service, key: str, words: list[str], value: str) -> str:
    """Why a word of a command cannot become a variable; empty where nothing speaks against it."""
    text = " ".join(words)
    holding = [word for word in words if value in word]
    if len(holding) != 1 or text.count(value) != 1 or words.count(holding[0]) != 1 or not _PLAIN.match(value):
        return "it is not one plain word"
    written = text.replace(value, "${A:?}")
    if in_text(written) is not None:
        return "there is more than one"
    if "\n" in text or len(service.bodies) != 1 or service.origin(key).kind != "own":
        return "other services share the text, or it takes several lines"
    body = service.bodies[0][1]
    node = body.get(key) if isinstance(body, nodes.Mapping) else None
    heirs = {id(one) for bases in service.project.bases.values() for _, one in bases}
    shared = node is None or node.anchor is not None or isinstance(node, nodes.Alias)
    return "other services share the text" if shared or body.anchor is not None or id(body) in heirs else ""


def _without_default(raw: str, default: re.Match[str] | None) -> str:
    return raw.replace(default[0], "") if default is not None else raw


def _mounts_env(project: Project) -> str:
    """A service whose container has the folder of `.env` mounted; empty where there is none.

    What runs there may read the file by itself, and does not start where it cannot: nobody else could open it any more.
    """
    folder = posixpath.abspath(project.directory or ".")
    for name, service in project.services.items():
        for mount in service.mounts:
            source = posixpath.abspath(posixpath.join(folder, mount.source))
            # Folders far above, such as the root of the host for a monitor, are not mounted for what is in here.
            above = not mount.source.startswith("/") and folder.startswith(source.rstrip("/") + "/")
            if mount.kind == "bind" and (source in (folder, posixpath.join(folder, ".env")) or above):
                return name
    return ""


def _reads_env(project: Project) -> str:
    """A service whose container gets everything that stands in `.env`; empty where there is none."""
    for name, service in project.services.items():
        value = service.get("env_file")
        items = value if isinstance(value, list) else [value] if value is not None else []
        paths = [as_text(item.get("path") if isinstance(item, dict) else item) for item in items]
        if any(posixpath.normpath(path) == ".env" for path in paths if path):
            return name
    return ""


def _line(name: str, value: str) -> str:
    """A line of `.env` that gives exactly this value; empty where none does."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    for text in (value if _PLAIN.match(value) else "", f"'{value}'", f'"{quoted}"'):
        line = f"{name}={text}"
        if not text or "\n" in line or _CONTROL.search(line):
            continue
        try:
            if dotenv.parse(f"X=1\n{line}\nY=2\n", {}) == {"X": "1", name: value, "Y": "2"}:
                return line
        except dotenv.DotenvError:
            continue
    return ""


def _gives(written: str, variables: Mapping[str, str], value: str) -> bool:
    try:
        return interpolate(written, variables).value == value
    except InvalidTemplate:
        return False


def ignored(project: Project, moves: list[Move]) -> list[SideFile]:
    """What git and builds are told to leave out: the folders of secrets, and `.env`."""
    folders = {move.folder for move in moves if move.to_file}
    env = [] if all(move.to_file for move in moves) else ["/.env"]
    patterns = [*(f"/{folder}/" for folder in sorted(folders)), *env]
    found: list[SideFile] = []
    if project.in_git:
        missing = tuple(one for one in patterns if not _has_pattern(project, ".gitignore", one))
        if missing:
            found.append(NewLines(posixpath.join(project.directory, ".gitignore"), missing))
    for context in sorted(_contexts(project)):
        path = posixpath.normpath(posixpath.join(context, ".dockerignore"))
        wanted = [one for one in patterns if one != "/.env" or ".env" not in _text(project, ".env", present=True)]
        lines = [line for one in wanted if (line := _below(context, one.strip("/")))]
        missing = tuple(line for line in lines if not _has_pattern(project, path, line))
        if missing:
            found.append(NewLines(posixpath.join(project.directory, path), missing))
    return found


def _contexts(project: Project) -> set[str]:
    """Build contexts in the project's folder, as seen from there."""
    found = set()
    for service in project.services.values():
        if "build" in service:
            context = as_text(build_settings(service).get("context")) or "."
            if "://" not in context and not context.startswith(("/", "~", "git@", "$")):
                path = posixpath.normpath(context)
                if not path.startswith(".."):
                    found.add(path)
    return found


def _below(context: str, path: str) -> str:
    """A path as seen from a build context; empty where it is not part of it."""
    if context == ".":
        return path
    return path[len(context) + 1 :] if path.startswith(context + "/") else ""


def _has_pattern(project: Project, path: str, pattern: str) -> bool:
    name = pattern.strip("/")
    same = {name, f"/{name}", f"{name}/", f"/{name}/", f"**/{name}", f"*{name}"} | (
        {".env*", "*.env"} if name == ".env" else set()
    )
    return not same.isdisjoint(line.strip() for line in _text(project, path).splitlines())


def _text(project: Project, path: str, present: bool = False) -> str:
    """The text of a file in the project's folder, empty where there is none; with `present` its name instead."""
    try:
        data = project.read(posixpath.join(project.directory, path)) if project.read is not None else b""
    except OSError:
        return ""
    return path if present else data.decode("utf-8", "replace")


__all__ = ["FOLDER", "Kept", "Move", "Moves", "ignored", "literals", "together"]
