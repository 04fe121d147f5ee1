"""One document as Compose sees it before it merges: variables filled in, paths as seen from the project directory.

A table says where paths stand and of which sort they are: compose-go, paths/resolve.go. Paths in a file whose folder is
the project directory stay as they are written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from composeharden.compose.canonical import parse_volume
from composeharden.compose.interpolation import MAX_TREE_GROWTH, InvalidTemplate
from composeharden.compose.written import Filled, Rebase, Template
from composeharden.yaml.scalars import Tagged

REMOTE = re.compile(r"(?:https?|git|ssh|oci)://|git@|github\.com/", re.IGNORECASE)
"""What Compose fetches from elsewhere."""


class TooLong(ValueError):
    """The variables of a document add more than is reasonable."""


def fill(data: Any, variables: Mapping[str, str], folder: str = "") -> Any:
    """The data of a document without merge keys, its strings `Filled` where they mean something else than they say.

    Args:
        data: see `merge.flatten`.
        variables: those the file sees.
        folder: where its relative paths start, as seen from the project directory; empty for that itself.

    Raises:
        TooLong: the variables add more than `interpolation.MAX_TREE_GROWTH` characters.
    """
    return _Filling(variables, folder).value(data, _PLACES if folder else None)


def joined(folder: str, path: str) -> str:
    """A path as seen from the project directory; absolute paths and those in a home stay as they are."""
    return path if not folder or path.startswith(("/", "~")) else posixpath.normpath(posixpath.join(folder, path))


def as_imported(model: dict[str, Any], folder: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """The model of included files with what only they can tell.

    That is the build context of builds without one, which is their own folder, and the values of names that stand
    alone in a list of variables (loader/environment.go).
    """
    services = model.get("services")
    if not isinstance(services, dict):
        return model
    settled = {name: _settled(service, folder, variables) for name, service in services.items()}
    return {**model, "services": settled}


def _settled(service: Any, folder: str, variables: Mapping[str, str]) -> Any:
    if not isinstance(service, dict):
        return service
    build, environment = service.get("build"), service.get("environment")
    if folder and isinstance(build, dict) and "context" not in build:
        context = Filled.of(Template(".", {}, folder, _path), joined(folder, "."))
        service = {**service, "build": {**build, "context": context}}
    if isinstance(environment, list):
        service = {**service, "environment": [_resolved(item, variables) for item in environment]}
    return service


def _resolved(item: Any, variables: Mapping[str, str]) -> Any:
    if not isinstance(item, str) or item not in variables or isinstance(item, Filled):
        return item
    assigned = f"{item}={variables[item]}"
    return Filled.of(Template(item, {}, rebase=lambda _, __: assigned), assigned)


class _Filling:
    """One walk over shared data; every part is filled in once for each place that it stands at."""

    def __init__(self, variables: Mapping[str, str], folder: str) -> None:
        self.variables = variables
        self.folder = folder
        self.seen: dict[tuple[int, int], Any] = {}
        self.room = MAX_TREE_GROWTH

    def value(self, value: Any, place: _Place | None) -> Any:
        if type(value) is str:
            return self.text(value, place.rebase if place is not None else None)
        if not isinstance(value, (dict, list, Tagged)):
            return value
        key = (id(value), id(place))
        if key not in self.seen:
            self.seen[key] = self.container(value, place)
        return self.seen[key]

    def text(self, text: str, rebase: Rebase | None) -> str:
        if rebase is None and "$" not in text:
            return text
        template = Template(text, self.variables, self.folder, rebase)
        try:
            value = template.fill().value
        except InvalidTemplate:
            return text  # the schema check reports it
        self.room -= max(0, len(value) - len(text))
        if self.room < 0:
            raise TooLong
        return Filled.of(template, value)

    def container(self, value: Any, place: _Place | None) -> Any:
        if isinstance(value, Tagged):
            return Tagged(value.tag, self.value(value.value, place))
        if isinstance(value, list):
            below = place.child("*") if place is not None else None
            return [self.value(child, below) for child in value]
        filled = {
            key: self.value(child, place.child(key) if place is not None else None) for key, child in value.items()
        }
        if place is not None and place.is_mount and filled.get("type") == "bind":
            filled = self.rebased(filled, "source", value)
        if place is not None and place.is_volume and filled.get("driver") == "local":
            options = filled.get("driver_opts")
            if isinstance(options, dict) and options.get("o") == "bind":
                filled["driver_opts"] = self.rebased(options, "device", value["driver_opts"])
        return filled

    def rebased(self, filled: dict[str, Any], key: str, original: Any) -> dict[str, Any]:
        """A mapping whose value of `key` turned out to be a path."""
        original = original.value if isinstance(original, Tagged) else original
        text = original.get(key)
        return {**filled, key: self.text(text, _source)} if type(text) is str else filled


# -- sorts of paths --------------------------------------------------------------------------------------------------


def _path(folder: str, text: str) -> str:
    return joined(folder, text)


def _source(folder: str, text: str) -> str:
    """The source of a bind mount, which has to look like a path also afterwards."""
    if text.startswith(("/", "~", "\\\\")) or text[1:2] == ":":
        return text
    path = joined(folder, text)
    return path if path.startswith(("/", ".")) else "./" + path


def _mount(folder: str, text: str) -> str:
    """The short form of a mount."""
    source, colon, rest = text.partition(":")
    if not colon or not source.startswith("."):
        return text
    volume = parse_volume(text)
    return text if volume is None or volume["type"] != "bind" else f"{_source(folder, source)}:{rest}"


def _context(folder: str, text: str) -> str:
    if "://" in text or text.startswith("service:") or REMOTE.match(text):
        return text
    return joined(folder, text)


def _named_context(folder: str, text: str) -> str:
    name, sign, path = text.partition("=")
    return f"{name}={_context(folder, path)}" if sign else text


def _named_path(folder: str, text: str) -> str:
    name, sign, path = text.partition("=")
    return f"{name}={joined(folder, path)}" if sign else text


def _extended(folder: str, text: str) -> str:
    return text if REMOTE.match(text) else joined(folder, text)


class _Place:
    """The sort of path at one place, and the places below it."""

    __slots__ = ("below", "is_mount", "is_volume", "rebase")

    def __init__(self) -> None:
        self.below: dict[str, _Place] = {}
        self.rebase: Rebase | None = None
        self.is_mount = self.is_volume = False

    def child(self, key: str) -> _Place | None:
        """The place of a key, or of any item."""
        return self.below.get(key) or self.below.get("*")

    def at(self, path: str) -> _Place:
        """The place at a dotted path, made where it is missing."""
        place = self
        for part in path.split("."):
            place = place.below.setdefault(part, _Place())
        return place


_TABLE: dict[Rebase, str] = {
    _context: "build build.context",
    _path: "develop.watch.*.path env_file env_file.* env_file.*.path label_file label_file.*",
    _extended: "extends.file",
    _mount: "volumes.*",
}


def _places() -> _Place:
    root = _Place()
    for section in ("services", "jobs"):
        for rebase, paths in _TABLE.items():
            for path in paths.split():
                root.at(f"{section}.*.{path}").rebase = rebase
        service = root.at(f"{section}.*")
        service.at("volumes.*").is_mount = True
        service.at("build.additional_contexts.*").rebase = _either(_context, _named_context)
        service.at("build.ssh.*").rebase = _either(_path, _named_path)
    for section in ("configs", "secrets"):
        root.at(f"{section}.*.file").rebase = _path
    root.at("volumes.*").is_volume = True
    return root


def _either(alone: Rebase, named: Rebase) -> Rebase:
    """For lists of `name=path` and for mappings of paths alike: a path of a mapping seldom holds an equals sign."""
    return lambda folder, text: named(folder, text) if "=" in text else alone(folder, text)


_PLACES = _places()
