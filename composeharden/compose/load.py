"""From a file to a `Project`: documents merged, merge keys resolved, `extends` within the file followed.

What is not understood here (other files) is named in each service's `unclear`, never guessed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from composeharden.compose.merge import MergeError, extend, flatten, merge
from composeharden.compose.project import Layer, Project, Reader
from composeharden.yaml import nodes
from composeharden.yaml.scalars import Tagged
from composeharden.yaml.source import Source, all_data

OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_MAX_EXTENDS = 64


def build(file: str, source: Source, variables: Mapping[str, str], read: Reader | None = None) -> Project:
    """The project of one file. A root that is no mapping makes no layer; see schema.py for what is wrong then."""
    layers = [
        Layer(file, source, number, root)
        for number, root in enumerate(source.documents)
        if isinstance(root, nodes.Mapping)
    ]
    return Project(layers, effective(source), variables, read)


def effective(source: Source) -> dict[str, Any]:
    """The effective model of one file before interpolation: what the proof compares before and after."""
    layers = [_with_extends(flatten(data)) for data in all_data(source) if isinstance(data, dict)]
    return merge({}, *layers)


def _with_extends(model: dict[str, Any]) -> dict[str, Any]:
    """One document with `extends` followed: Compose does that before it merges documents."""
    services = model.get("services")
    if not isinstance(services, dict) or not any(extends_of(raw) for raw in services.values()):
        return model
    done: dict[str, Any] = {}
    return {**model, "services": {name: _extended(name, services, (), done) for name in services}}


def _extended(name: str, services: Mapping[str, Any], path: tuple[str, ...], done: dict[str, Any]) -> Any:
    """A service with all that it inherits; `done` keeps the finished ones. Raises MergeError for an endless chain."""
    raw = services.get(name)
    base = extends_of(raw)
    if name in done or raw is None or base is None or base[1] or base[0] not in services or base[0] in path:
        return done.get(name, raw)
    if len(path) > _MAX_EXTENDS:
        raise MergeError(("services", name, "extends"), f"more than {_MAX_EXTENDS} services extend each other in a row")
    inherited = _extended(base[0], services, (*path, name), done)
    if not isinstance(inherited, dict):
        return raw
    own = {key: value for key, value in raw.items() if key != "extends"}
    done[name] = {**extend(inherited, own), "extends": raw["extends"]}
    return done[name]


def extends_of(raw: Any) -> tuple[str, str] | None:
    """(service, file) that a service extends; the file is empty for this one. None where it extends nothing."""
    value = raw.get("extends") if isinstance(raw, dict) else None
    value = value.value if isinstance(value, Tagged) else value
    if isinstance(value, str):
        return value, ""
    if isinstance(value, dict) and isinstance(value.get("service"), str):
        return value["service"], str(value.get("file") or "")
    return None


def mark_unclear(project: Project, file: str, read: Reader) -> None:
    """Write into each service's `unclear` what lies in files that are not part of this view."""
    for service in project.services.values():
        base = extends_of(service.raw)
        if base is not None and base[1]:
            service.unclear.append(f"it extends a service of another file ({base[1]})")
    if posixpath.basename(file) in DEFAULTS:
        for name in OVERRIDES:
            _mark_overridden(project, name, posixpath.join(posixpath.dirname(file), name), read)


def _mark_overridden(project: Project, name: str, path: str, read: Reader) -> None:
    from composeharden.yaml.source import SourceError, load

    try:
        model = effective(load(read(path)))
    except FileNotFoundError:
        return
    except (OSError, SourceError, MergeError):  # it is there, and Compose may see what we cannot
        model = {"services": dict.fromkeys(project.services)}
    overridden = model.get("services")
    for service in overridden if isinstance(overridden, dict) else ():
        if service in project.services:
            project.services[service].unclear.append(f"{name} changes it, and is not looked at")
