"""The effective model of a stack, redacted, as YAML or for programs, each value with the place it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composeharden.redaction import Redactor
from composeharden.yaml.style import Style, scalar_text

Path = tuple[str | int, ...]
Place = tuple[str, int, int]
"""File, line and column."""
_STYLE = Style(step=2, dash=2, quote='"', flow_lists=False)
_SECTIONS_OF_NAMES = ("services", "jobs", "networks", "volumes", "secrets", "configs", "models")


def redacted(model: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A model without its secrets. The names of services and the like do not make what is below them one."""
    found: dict[str, Any] = {}
    for section, value in model.items():
        if section in _SECTIONS_OF_NAMES and isinstance(value, dict):
            found[redactor.clean(section)] = {
                redactor.clean(name): _entry((0, section, name), body, redactor) for name, body in value.items()
            }
        else:
            found[redactor.clean(section)] = redactor.data((0, section), value)
    return found


def _entry(path: Path, body: Any, redactor: Redactor) -> Any:
    if not isinstance(body, dict):  # below `secrets` a plain value is a mistake, and a secret
        return redactor.data((*path, "content") if path[1] == "secrets" else path, body)
    return {redactor.clean(key): redactor.data((*path, key), value) for key, value in body.items()}


def as_yaml(model: Any, origins: Mapping[Path, Place], original: Any, redactor: Redactor) -> Iterator[str]:
    """The lines of a redacted model.

    Args:
        model: as `redacted` gives it.
        origins: the places of values, by their path in `original`; empty to leave them out.
        original: the model before it was redacted.
        redactor: the names of files pass it.
    """
    return _Writer(origins, redactor).lines(model, original, (), 0)


class _Writer:
    def __init__(self, origins: Mapping[Path, Place], redactor: Redactor) -> None:
        self.origins = origins
        self.redactor = redactor

    def lines(self, value: Any, original: Any, path: Path, column: int) -> Iterator[str]:
        """The lines of a collection that is not empty."""
        pad = " " * column
        for head, child, inner, below in _children(value, original, path):
            if _is_leaf(child):
                yield f"{pad}{head} {self.leaf(child)}{self.origin(below)}"
            elif head == "-":
                first, *rest = self.lines(child, inner, below, column + 2)
                yield f"{pad}- {first[column + 2 :]}"
                yield from rest
            else:
                yield pad + head
                yield from self.lines(child, inner, below, column + 2)

    @staticmethod
    def leaf(value: Any) -> str:
        """A value that is written on one line."""
        if isinstance(value, (dict, list)):
            return "{}" if isinstance(value, dict) else "[]"
        return scalar_text(value, _STYLE)

    def origin(self, path: Path) -> str:
        """The comment that names the place of a value."""
        place = self.origins.get(path)
        return "" if place is None else f"  # {self.redactor.one_line(place[0])}:{place[1]}"


def _children(value: Any, original: Any, path: Path) -> Iterator[tuple[str, Any, Any, Path]]:
    """Each child with how its line begins, the child before it was redacted, and its path there."""
    if isinstance(value, dict):
        known = list(original.items()) if isinstance(original, dict) and len(original) == len(value) else None
        for number, (key, child) in enumerate(value.items()):
            name, inner = known[number] if known is not None else (f"\0{key}", None)
            yield f"{scalar_text(key, _STYLE)}:", child, inner, (*path, name)
    else:
        for number, child in enumerate(value):
            inner = original[number] if isinstance(original, list) and number < len(original) else None
            yield "-", child, inner, (*path, number)


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, (dict, list)) or not value


def as_document(model: Any, origins: Mapping[Path, Place] | None, redactor: Redactor) -> dict[str, Any]:
    """The model for programs; with origins, a JSON pointer for each value to the place it comes from."""
    if origins is None:
        return {"redacted": True, "model": model}
    places = {
        "".join(f"/{_escaped(redactor.clean(str(part)))}" for part in path): {
            "file": redactor.clean(file),
            "line": line,
            "column": column,
        }
        for path, (file, line, column) in origins.items()
    }
    return {"redacted": True, "model": model, "origins": places}


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
