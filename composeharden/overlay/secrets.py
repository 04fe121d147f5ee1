"""What must not be written into an overlay: a secret that another file holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composeharden.compose.project import Project
from composeharden.redaction import MASK, Redactor
from composeharden.yaml.change import Path
from composeharden.yaml.scalars import Tagged


class Secrets:
    """Tells secrets by their place, and copies of any by their value."""

    def __init__(self, whole: Project, below: Project) -> None:
        self.below = below
        self.by_place = Redactor()
        self.known = Redactor(whole.sources.values())
        for variables in (whole.variables, *whole.scopes):
            for name, value in variables.items():
                self.known.add_value(name, value)
        self._held: dict[str, frozenset[str]] = {}

    def in_value(self, path: Path, value: Any) -> bool:
        """True when a value at a path stands where a secret does, or repeats one that the service holds.

        A name or a word that is the same as somebody's password by chance is no reason: it was not copied.
        """
        if _masks(self.by_place.data(path, value)) > _masks(value):
            return True
        name = str(path[2])
        if name not in self._held:
            self._held[name] = frozenset(_texts(self.below.services[name].raw))
        return any(text in self._held[name] and MASK in self.known.clean(text) for text in _texts(value))


def _masks(value: Any) -> int:
    return str(value).count(MASK)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, but no key."""
    if isinstance(value, Tagged):
        yield from _texts(value.value)
    elif isinstance(value, (Mapping, list, tuple)):
        for child in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(child)
    elif isinstance(value, str):
        yield str(value)
