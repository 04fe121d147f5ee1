"""Strings that are written one way and mean another: with variables, or with a path relative to another folder.

Compose fills in variables and re-bases paths before it merges, so merging works on `Filled` strings, which are what
Compose sees and know what the file has. The model that everybody works on afterwards holds the opposite: `Written`
strings, which are what the file has and know what Compose makes of it.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from composeharden.compose.interpolation import Interpolated, InvalidTemplate, interpolate
from composeharden.yaml.scalars import Tagged

Rebase = Callable[[str, str], str]
"""Folder and text to the text with its path as seen from the project directory."""


@dataclass(frozen=True, slots=True)
class Template:
    """How one string came about: its text in the file, the variables that file sees, and where its paths start."""

    text: str
    variables: Mapping[str, str]
    folder: str = ""
    rebase: Rebase | None = None
    prefix: str = ""
    """What is put before the value, such as `NAME=` where a mapping becomes a list."""

    def fill(self, stand_ins: Mapping[str, str] | None = None) -> Interpolated:
        """The value, with `stand_ins` for variables that have none. Raises InvalidTemplate."""
        found = interpolate(self.text, ChainMap(dict(self.variables), dict(stand_ins)) if stand_ins else self.variables)
        value = self.rebase(self.folder, found.value) if self.rebase is not None else found.value
        return Interpolated(self.prefix + value, found.unset)


class Filled(str):
    """A string as Compose sees it."""

    __slots__ = ("template",)
    template: Template

    @classmethod
    def of(cls, template: Template, value: str) -> Filled:
        """The string `value` that `template` gives."""
        found = cls(value)
        found.template = template
        return found

    def after(self, prefix: str) -> Filled:
        """The same with something put before it."""
        return Filled.of(replace(self.template, prefix=prefix + self.template.prefix), prefix + self)


class Written(str):
    """A string as the file has it."""

    __slots__ = ("template",)
    template: Template

    @classmethod
    def of(cls, template: Template) -> Written:
        """The text of `template`."""
        found = cls(template.prefix + template.text)
        found.template = template
        return found


def as_written(model: Any) -> Any:
    """A model of `Filled` strings as one of `Written` ones, at the cost of one visit of each part."""
    return _Projection(lambda text: Written.of(text.template) if isinstance(text, Filled) else text).of(model)


def as_text(model: Any) -> Any:
    """A model with every string as the file has it, and nothing but plain strings."""
    return _Projection(
        lambda text: Filled.__str__(Written.of(text.template)) if isinstance(text, Filled) else str(text)
    ).of(model)


def as_meant(model: Any, variables: Mapping[str, str]) -> Any:
    """A model with every string as Compose sees it. `variables` are for those that were added to it as plain text."""

    def meant(text: str) -> str:
        if isinstance(text, Filled):
            return str(text)
        if "$" not in text and not isinstance(text, Written):
            return str(text)
        template = text.template if isinstance(text, Written) else Template(text, variables)
        try:
            return template.fill().value
        except InvalidTemplate:
            return str(text)

    return _Projection(meant).of(model)


class _Projection:
    """One walk over shared data that replaces its strings."""

    def __init__(self, replaced: Callable[[str], str]) -> None:
        self.replaced = replaced
        self.seen: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if type(value) in (str, Filled, Written):
            return self.replaced(value)
        if not isinstance(value, (dict, list, Tagged)):
            return value
        if id(value) not in self.seen:
            self.seen[id(value)] = self._container(value)
        return self.seen[id(value)]

    def _container(self, value: Any) -> Any:
        if isinstance(value, Tagged):
            return Tagged(value.tag, self.of(value.value))
        if isinstance(value, list):
            return [self.of(child) for child in value]
        return {self.of(key): self.of(child) for key, child in value.items()}
