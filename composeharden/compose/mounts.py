"""What is mounted into a container, from every key that mounts something.

Source: Compose Spec 05-services.md (volumes, tmpfs, secrets, configs, use_api_socket).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.values import as_bool, as_list, as_text

if TYPE_CHECKING:
    from composeharden.compose.project import Service

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")


class Mount(NamedTuple):
    """One mount. `kind` is bind, volume, anonymous, tmpfs, image, cluster, npipe, secret or config."""

    kind: str
    source: str
    target: str
    read_only: bool = False
    options: str = ""
    key: str = "volumes"


def normal(path: str) -> str:
    """A container path in one spelling: no trailing slash, `/var/run` as the `/run` it is a link to."""
    path = posixpath.normpath(path) if path else path
    path = "/" + path.lstrip("/") if path.startswith("/") else path
    return "/run" + path[8:] if path == "/var/run" or path.startswith("/var/run/") else path


def covers(mount: Mount, path: str) -> bool:
    """True when `path` lies in this mount."""
    target, path = normal(mount.target), normal(path)
    return path == target or path.startswith(target.rstrip("/") + "/")


def is_below(mount: Mount, path: str) -> bool:
    """True when the mount's target is `path` or lies below it."""
    target, path = normal(mount.target), normal(path)
    return target == path or target.startswith(path.rstrip("/") + "/")


def mounts_of(service: Service) -> list[Mount]:
    """Every mount of a service; entries that are not understood are left out (the schema has reported them)."""
    found = [mount for item in _items(service.get("volumes")) if (mount := _volume(service, item))]
    found += [_tmpfs(text) for text in service.strings("tmpfs") if text]
    for key, kind in (("secrets", "secret"), ("configs", "config")):
        found += [_grant(item, kind) for item in _items(service.get(key))]
    return found


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _tmpfs(text: str) -> Mount:
    target, _, options = text.partition(":")
    return Mount("tmpfs", "", target, False, options, "tmpfs")


def _grant(item: Any, kind: str) -> Mount:
    name = as_text(item.get("source")) if isinstance(item, dict) else as_text(item)
    target = as_text(item.get("target")) if isinstance(item, dict) else ""
    folder = "/run/secrets/" if kind == "secret" else "/"
    target = target or name
    return Mount(kind, name, target if target.startswith("/") else folder + target, True, "", kind + "s")


def _volume(service: Service, item: Any) -> Mount | None:
    if isinstance(item, dict):
        return _long(service, item)
    return _short(service, as_text(item)) if isinstance(item, str) else None


def _long(service: Service, item: dict[str, Any]) -> Mount:
    kind, source = as_text(item.get("type")), as_text(item.get("source"))
    kind = "anonymous" if kind == "volume" and not source else kind
    return _named(service, Mount(kind, source, as_text(item.get("target")), as_bool(item.get("read_only")) is True))


def _short(service: Service, text: str) -> Mount:
    parts = _split(text)
    if len(parts) == 1:
        return Mount("anonymous", "", parts[0])
    source, target, mode = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
    # An empty source is a variable without a value; a folder of the host is the case to be careful with.
    kind = "bind" if source.startswith((".", "/", "~", "$")) or not source or _WINDOWS.match(source) else "volume"
    return _named(service, Mount(kind, source, target, "ro" in mode.split(","), mode))


def target_of(text: str) -> str:
    """The container path of a volume in short form (or of one given alone)."""
    parts = _split(text)
    return parts[1] if len(parts) > 1 else parts[0]


def _split(text: str) -> list[str]:
    if _WINDOWS.match(text):
        head, *rest = text[2:].split(":", 2)
        return [text[:2] + head, *rest]
    return text.split(":", 2)


def _named(service: Service, mount: Mount) -> Mount:
    """A named volume that is a bind mount in disguise (`driver_opts: {o: bind, device: /x}`) counts as one."""
    if mount.kind != "volume":
        return mount
    volume = service.project.top_level("volumes").get(mount.source)
    options = volume.get("driver_opts") if isinstance(volume, dict) else None
    if isinstance(options, dict) and "bind" in as_text(options.get("o")).split(","):
        return mount._replace(kind="bind", source=as_text(options.get("device")))
    return mount


__all__ = ["Mount", "as_list", "covers", "is_below", "mounts_of", "normal"]
