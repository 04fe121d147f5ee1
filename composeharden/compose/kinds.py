"""What sort of file a YAML document is, as far as Compose is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from composeharden.compose.merge import MergeError, flatten, untagged
from composeharden.yaml.nodes import Node
from composeharden.yaml.source import to_data

SECTIONS = frozenset(("configs", "include", "jobs", "models", "networks", "secrets", "services", "volumes"))
"""Top-level keys that make a file a Compose file; `name` and `version` alone do not."""

_RUNNABLE = ("image", "build", "provider", "extends")


class Kind(Enum):
    """The sorts of document."""

    STACK = "stack"
    """Every service says what it runs, or the services come from `include`."""
    FRAGMENT = "fragment"
    """Part of a stack: an override file, or networks, volumes and the like without any service."""
    LEGACY = "legacy v1"
    """Format 1 of 2014: services at the top level. Compose rejects it."""
    OTHER = "not compose"
    EMPTY = "empty"

    def __str__(self) -> str:
        return self.value


def classify(root: Node | None) -> Kind:
    """The kind of one document (None for an empty one). Never raises."""
    try:
        return kind_of(untagged(flatten(to_data(root))))
    except MergeError:
        return Kind.OTHER


def kind_of(data: Any) -> Kind:
    """The kind of a document's data, without merge keys and tags."""
    if data is None or data == {}:
        return Kind.EMPTY
    if not isinstance(data, Mapping):
        return Kind.OTHER
    names = {key for key in data if not key.startswith("x-")}
    if not names & SECTIONS:
        return Kind.LEGACY if _is_legacy(data) else _without_sections(names, data)
    services = data.get("services")
    if not isinstance(services, Mapping) or not services:
        return Kind.STACK if "include" in names else Kind.FRAGMENT
    return Kind.STACK if all(map(_is_runnable, services.values())) else Kind.FRAGMENT


def _without_sections(names: set[str], data: Mapping[str, Any]) -> Kind:
    if names - {"name", "version"}:
        return Kind.OTHER
    return Kind.EMPTY if names == set(data) else Kind.FRAGMENT


def _is_runnable(service: Any) -> bool:
    return isinstance(service, Mapping) and any(service.get(key) is not None for key in _RUNNABLE)


def _is_legacy(data: Mapping[str, Any]) -> bool:
    """True when what stands at the top level looks like services: some say what they run, and all could be some."""
    bodies = [body for key, body in data.items() if not key.startswith("x-") and key != "version"]
    return all(isinstance(body, Mapping) for body in bodies) and any(map(_is_runnable, bodies))
