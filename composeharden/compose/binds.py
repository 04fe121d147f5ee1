"""Files and folders of the host that a service mounts, each with its host path in one spelling."""

from __future__ import annotations

import copy
import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.entries import items, mapping, plain
from composeharden.compose.mounts import normal
from composeharden.compose.values import as_text

if TYPE_CHECKING:
    from composeharden.compose.mounts import Mount
    from composeharden.compose.project import Project, Service

_STAND_INS = {
    "HOME": "~",
    "PWD": ".",
    "SSH_AUTH_SOCK": "~/.ssh/agent.sock",
    "XDG_RUNTIME_DIR": "/run/user/1000",
}
"""What a login sets: of these paths it only matters which one it is, not its name."""


class Bind(NamedTuple):
    """One bind mount (or named pipe)."""

    path: str
    """On the host: absolute, or below `~` or `${NAME}`, or relative to the project (`.`, `./data`, `../x`)."""
    target: str
    read_only: bool
    propagation: str
    selinux: str
    item: str
    """Text in the file to find the entry by."""


def binds(service: Service) -> list[Bind]:
    """Every bind mount of a service, also where a named volume is one in disguise.

    A variable without a value stays in the path as `${NAME}`: what is below it is not below the root of the host.
    """
    raw = items(service.raw.get("volumes"))
    if not raw:
        return []
    project = _with_known_folders(service)
    found = []
    for written in raw:
        mounts = _mounts(project, service, written)
        if mounts and (mounts[0].kind in ("bind", "npipe") or mounts[0].source.startswith("/")):
            found.append(_bind(mounts[0], written))
    return found


def _with_known_folders(service: Service) -> Project:
    view = copy.copy(service.project)
    unset = {name: f"./${{{name}}}" for name in service.unset("volumes")}
    view.stand_ins = {**unset, **_STAND_INS}
    return view


def _mounts(project: Project, service: Service, written: Any) -> list[Mount]:
    return type(service)(project, service.name, {"volumes": [written]}).mounts


def _bind(mount: Mount, written: Any) -> Bind:
    options = mapping(mapping(written).get("bind"))
    modes = mount.options.split(",")
    propagation = as_text(options.get("propagation")) or next((mode for mode in modes if "shared" in mode), "")
    selinux = as_text(options.get("selinux")) or next((mode for mode in modes if mode in ("z", "Z")), "")
    item = as_text(mapping(written).get("source")) or as_text(plain(written))
    return Bind(host_path(mount.source), mount.target, mount.read_only, propagation, selinux, item)


def host_path(path: str) -> str:
    """A path of the host in one spelling: `/run` for `/var/run`, `~` for the home of whoever runs Compose."""
    path = path.replace("\\", "/")
    if path.startswith("/"):
        return normal(path)
    if not path:
        return ""
    path = posixpath.normpath(path)
    return path if path.startswith((".", "~", "${")) or ":" in path[:2] else "./" + path
