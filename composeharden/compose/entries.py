"""Settings below a service's keys, read without trusting their shape: what is malformed counts as not there.

The schema check reports what is malformed; whoever reads settings here only wants what can be understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.values import as_text
from composeharden.yaml.scalars import Tagged

if TYPE_CHECKING:
    from composeharden.compose.project import Service


class Entry(NamedTuple):
    """One item of a list: its interpolated value, and its text in the file (empty for a collection)."""

    value: Any
    item: str


def plain(value: Any) -> Any:
    """A value without `!reset` and `!override` around it."""
    return value.value if isinstance(value, Tagged) else value


def mapping(value: Any) -> dict[str, Any]:
    """The mapping, or an empty one for everything else."""
    value = plain(value)
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The list, a lone scalar as a list of one, and nothing for everything else."""
    value = plain(value)
    if isinstance(value, list):
        return value
    return [] if value is None or isinstance(value, dict) else [value]


def nested(service: Service, *keys: str) -> Any:
    """The interpolated value below a service at a path of keys; None where the path ends early."""
    value = service.get(keys[0])
    for key in keys[1:]:
        value = mapping(value).get(key)
    return value


def entries(service: Service, key: str, *names: str) -> list[Entry]:
    """The items of a list, each with the text to find it by: the scalar itself, or that of the first of `names` it has.

    A key with a lone scalar counts as a list of one.
    """
    raw, seen = items(service.raw.get(key)), items(service.get(key))
    return [Entry(value, _text(written, names)) for written, value in zip(raw, seen, strict=False)]


def _text(written: Any, names: tuple[str, ...]) -> str:
    found = mapping(written)
    return next((as_text(found[name]) for name in names if name in found), "") if found else as_text(plain(written))


def build_settings(service: Service) -> dict[str, Any]:
    """`build` as a mapping: the short form is its context. Empty where nothing is built."""
    value = service.get("build")
    return {"context": value} if isinstance(value, str) else mapping(value)


def item_of(value: Any, name: str) -> str:
    """The text to find a named setting by: its key in a mapping, its whole entry in a list of `NAME=value`."""
    value = plain(value)
    if not isinstance(value, list):
        return name
    texts = [as_text(plain(item)) for item in value]
    return next((text for text in texts if text == name or text.startswith(name + "=")), "")
