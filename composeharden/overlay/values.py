"""The least that an override file has to say so that Compose's merge gives what is wanted.

Nothing is assumed of the merge rules: each candidate is merged, and the first that gives the wanted value is taken.
`!override`, which repeats what it replaces, comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.compose.canonical import canonical
from composeharden.compose.merge import OVERRIDE, RESET, MergeError, merge
from composeharden.yaml.change import Refused
from composeharden.yaml.proof import same
from composeharden.yaml.scalars import Tagged

NOTHING = object()
"""No value at all: the key does not stand in the overlay."""


class Faces(NamedTuple):
    """A service as its files have it, and as Compose sees it: variables filled in, paths re-based."""

    text: Mapping[str, Any]
    meant: Mapping[str, Any]


def least(below: Faces, wanted: Faces, key: str, meant: Callable[[Any], Any]) -> Any:
    """What an overlay says under `key` of a service, `NOTHING` where it need not say anything.

    Args:
        below: the service without the overlay.
        wanted: the service as it shall be.
        key: the key that shall be the same in both.
        meant: what Compose makes of data in the overlay. It does that before it merges, so the answer holds for both
            faces; what only another file can say (its own variables, paths seen from its folder) is never taken over.

    Raises:
        Refused: no value gives what is wanted.
    """
    old, new = _only(below.text, key), _only(wanted.text, key)
    old_meant, new_meant = _only(below.meant, key), _only(wanted.meant, key)
    for value in _candidates(old, new, key):
        over = {} if value is NOTHING else {key: value}
        if _gives(old, over, new) and _gives(old_meant, meant(over), new_meant):
            return value
    raise Refused("no override file can say this")


def _candidates(old: dict[str, Any], new: dict[str, Any], key: str) -> Iterator[Any]:
    yield NOTHING
    if key not in new:
        yield Tagged(RESET, "null")
        return
    if key in old:
        yield from _additions(old[key], new[key], new[key])
        yield from _additions(_long(key, old[key]), new[key], _long(key, new[key]))
    yield new[key]
    yield Tagged(OVERRIDE, new[key])


def _additions(old: Any, new: Any, long: Any) -> Iterator[Any]:
    """What to add to `old` to get to `new`, whose form is compared as `long`."""
    if isinstance(old, list) and isinstance(new, list) and same(new[: len(old)], old):
        yield new[len(old) :]
    elif isinstance(old, dict) and isinstance(long, dict) and isinstance(new, dict) and new.keys() == long.keys():
        gone: dict[str, Any] = {key: Tagged(RESET, "null") for key in old if key not in new}
        yield {key: value for key, value in new.items() if key not in old or not same(old[key], long[key])} | gone


def _long(key: str, value: Any) -> Any:
    return canonical(_stack({key: value}))["services"]["service"][key]


def _gives(below: dict[str, Any], over: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether Compose makes `wanted` of `over` merged over `below`."""
    try:
        merged = merge(_stack(below), _stack(over))
    except MergeError:
        return False
    return same(canonical(merged), canonical(merge(_stack(wanted))), ordered=False)


def _only(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: body[key]} if key in body else {}


def _stack(body: dict[str, Any]) -> dict[str, Any]:
    return {"services": {"service": body}}
