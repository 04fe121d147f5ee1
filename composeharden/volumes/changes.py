"""The changes that give data of a service a volume with a name, and one more that marks that the data arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from composeharden.compose.entries import items
from composeharden.compose.project import Service
from composeharden.marks import mark_name
from composeharden.yaml.change import Append, Change, Replace, Set


class Mounted(NamedTuple):
    """A path in the container, the volume that is to be mounted there, and the entry without a name to replace."""

    path: str
    volume: str
    item: str = ""


def mark_key(volume: str) -> str:
    """The key of the mark of a volume in the Compose file."""
    return f"{volume}-ready"


def changes(service: Service, mounts: Iterable[Mounted], marked: bool) -> tuple[Change, ...]:
    """What to change for these mounts; with `marked`, so that `up` stops until there is a mark for each."""
    mounts = list(mounts)
    path = (0, "services", service.name, "volumes")
    replaced = [Replace(path, one.item, f"{one.volume}:{one.item}") for one in mounts if one.item]
    added = tuple(_entries(service, mounts, marked))
    written = items(service.raw.get("volumes"))
    listed: list[Change] = [] if not added else [Append(path, added) if written else Set(path, list(added))]
    return (*replaced, *listed, *_defined(mounts, marked))


def _entries(service: Service, mounts: Iterable[Mounted], marked: bool) -> Iterator[Any]:
    """New entries, in the form that the others have."""
    written = items(service.raw.get("volumes"))
    is_long = bool(written) and all(isinstance(item, dict) for item in written)
    for one in mounts:
        if not one.item:
            yield _entry(one.volume, one.path, "", is_long)
        if marked:
            yield _entry(mark_key(one.volume), f"/mnt/{mark_key(one.volume)}", "ro", is_long)


def _entry(volume: str, path: str, mode: str, is_long: bool) -> Any:
    if not is_long:
        return ":".join(filter(None, (volume, path, mode)))
    return {"type": "volume", "source": volume, "target": path} | ({"read_only": True} if mode else {})


def _defined(mounts: Iterable[Mounted], marked: bool) -> Iterator[Change]:
    for one in mounts:
        yield Set((0, "volumes", one.volume), {})
        if marked:
            key = mark_key(one.volume)
            yield Set((0, "volumes", key), {"name": mark_name(one.volume), "external": True})
