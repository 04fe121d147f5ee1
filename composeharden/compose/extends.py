"""`extends` within and across files: compose-go, loader/extends.go.

A base in another file is loaded with the variables of the file that extends it, without what that file includes. Its
paths start in its own folder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from composeharden.compose.files import FETCHED, OUTSIDE, Base, Fault, Layer, LoadError, Scope, fault
from composeharden.compose.filling import REMOTE
from composeharden.compose.merge import extend, merge
from composeharden.compose.places import locate
from composeharden.compose.problems import shown
from composeharden.yaml import nodes
from composeharden.yaml.scalars import Tagged

if TYPE_CHECKING:
    from composeharden.compose.loader import Loader

MAX_EXTENDS = 64


@dataclass
class Heritage:
    """What a service extends, and what of that cannot be seen."""

    bases: list[Base] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def add(self, other: Heritage) -> None:
        """Inherit what a base inherits."""
        self.bases += other.bases
        self.unclear += other.unclear


@dataclass
class Namespace:
    """Services that can extend each other by name alone: those of one document, or of one file that is extended."""

    services: Mapping[str, Any]
    layers: list[Layer]
    scope: Scope
    done: dict[str, tuple[Any, Heritage]] = field(default_factory=dict)

    def base(self, name: str) -> Base:
        """Where one of the services is written."""
        return Base(next((layer for layer in reversed(self.layers) if _defines(layer, name)), self.layers[-1]), name)


class Extends:
    """Follows `extends` for one loader."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.namespaces: dict[tuple[str, int], Namespace | None] = {}

    def followed(self, model: dict[str, Any], layer: Layer, scope: Scope) -> dict[str, Any]:
        """One document with `extends` followed: Compose does that before it merges documents."""
        services = model.get("services")
        if not isinstance(services, dict) or not any(extends_of(raw) for raw in services.values()):
            return model
        home = Namespace(services, [layer], scope)
        done = {}
        for name in services:
            heritage = Heritage()
            done[name] = self.extended(name, home, (), heritage)
            self.loader.found.bases.setdefault(name, []).extend(heritage.bases)
            self.loader.found.unclear.setdefault(name, []).extend(heritage.unclear)
        return {**model, "services": done}

    def extended(self, name: str, home: Namespace, path: tuple[Base, ...], heritage: Heritage) -> Any:
        """A service with all that it inherits; `heritage` is told from whom."""
        raw = home.services.get(name)
        wanted = extends_of(raw)
        if raw is None or wanted is None:
            return raw
        here = home.base(name)
        if any(step.name == name and step.layer.file == here.layer.file for step in path):
            names = " -> ".join(step.name for step in (*path, here))
            raise LoadError(_at_extends(here, f"services extend each other in a circle: {names}"))
        if len(path) >= MAX_EXTENDS:
            raise LoadError(_at_extends(here, f"more than {MAX_EXTENDS} services extend each other in a row"))
        inherited = self._inherited(wanted, home, here, (*path, here), heritage)
        if not isinstance(inherited, dict):
            return raw
        own = {key: value for key, value in raw.items() if key != "extends"}
        return {**extend(inherited, own), "extends": raw["extends"]}

    def _inherited(
        self, wanted: tuple[str, str], home: Namespace, here: Base, path: tuple[Base, ...], heritage: Heritage
    ) -> Any:
        """What the service that is wanted means, with all that it inherits itself; None where it cannot be seen."""
        name, file = wanted
        found = self.namespace(file, home.scope, here) if file else home
        if found is None:
            heritage.unclear.append(f"it extends a service of another file ({file}), which cannot be seen")
            return None
        if name not in found.services:
            where = file or "its own file"
            raise LoadError(_at_extends(here, f"the service extends `{shown(name)}`, which {where} does not define"))
        heritage.bases.extend(Base(layer, name) for layer in reversed(found.layers) if _defines(layer, name))
        if name not in found.done:
            below = Heritage()
            found.done[name] = (self.extended(name, found, path, below), below)
        value, below = found.done[name]
        heritage.add(below)
        return value

    def namespace(self, file: str, scope: Scope, here: Base) -> Namespace | None:
        """The services of a file that is extended; None where it cannot be seen."""
        key = (file, id(scope.variables))
        if key not in self.namespaces:
            self.namespaces[key] = self._namespace(file, scope, here)
        if self.namespaces[key] is None:
            because, hint = ("is fetched from elsewhere", FETCHED) if REMOTE.match(file) else OUTSIDE
            self.loader.hide(_at_extends(here, f"the service that is extended here cannot be seen: it {because}", hint))
        return self.namespaces[key]

    def _namespace(self, file: str, scope: Scope, here: Base) -> Namespace | None:
        if REMOTE.match(file):
            return None
        self.loader.count(_at_extends(here, ""))
        scope = Scope(scope.variables, posixpath.dirname(file), scope.trail)
        try:
            layers = self.loader.documents(
                self.loader.place(file), scope, _at_extends(here, f"the service extends one of {file}")
            )
        except PermissionError:
            return None
        model: dict[str, Any] = {}
        for layer in layers:
            model = merge(model, self.loader.filled(layer))
        services = model.get("services")
        return Namespace(services if isinstance(services, dict) else {}, layers or [here.layer], scope)


def _at_extends(base: Base, message: str, hint: str = "") -> Fault:
    path = ("services", base.name, "extends")
    return fault(message, base.layer, locate(base.layer.root, path, at_key=True), hint)


def extends_of(raw: Any) -> tuple[str, str] | None:
    """(service, file) that a service extends; the file is empty for this one. None where it extends nothing."""
    value = raw.get("extends") if isinstance(raw, dict) else None
    value = value.value if isinstance(value, Tagged) else value
    if isinstance(value, str):
        return value, ""
    if isinstance(value, dict) and isinstance(value.get("service"), str):
        return value["service"], str(value.get("file") or "")
    return None


def _defines(layer: Layer, name: str) -> bool:
    services = nodes.resolved(layer.root.get("services"))
    return isinstance(services, nodes.Mapping) and any(name == found for found, _ in service_nodes(layer))


def service_nodes(layer: Layer) -> Iterator[tuple[str, nodes.Node]]:
    """Every service that a document defines, by name."""
    services = nodes.resolved(layer.root.get("services"))
    if not isinstance(services, nodes.Mapping):
        return
    for key, value in services.pairs:
        if key.text != "<<":
            yield key.text, value
            continue
        merged = nodes.resolved(value)
        for one in [merged] if isinstance(merged, nodes.Mapping) else []:
            yield from ((inner.text, child) for inner, child in one.pairs)
