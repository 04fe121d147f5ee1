"""Whether a service can start as its image's own user right away, and so needs no capability at all.

Root that steps down needs CHOWN, SETUID and more for the moment before. Where its data lies on volumes that belong to
the service's user anyway, and nothing of the host has to be read, that moment is not needed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from composeharden.compose.mounts import Mount, covers, normal
from composeharden.compose.values import as_bool, as_text
from composeharden.images.facts import Facts
from composeharden.marks import is_mark
from composeharden.posture.record import Posture

_HOST_CLOCK = frozenset(("/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"))
_OPEN_TO_ALL = frozenset(("/tmp", "/var/tmp"))
"""Folders that every image leaves to everyone (1777)."""


def decide_user(posture: Posture) -> None:
    """Set the identity that a pass writes as `user:`, or say in `why_root` what keeps the root start."""
    service, facts = posture.service, posture.facts
    table = facts.table("user") if facts is not None else {}
    if facts is None or not table or "user" in service or "build" in service or not posture.runs_as_root:
        return
    identity = facts.service_identity
    if not table["works"] or not identity.replace(":", "").isdigit():
        posture.why_root = str(table.get("reason") or "")
        return
    posture.why_root = posture.blocked("user") or next(_needs_root(posture, facts, identity), "")
    if posture.why_root or "user" in posture.without:
        return
    posture.user = posture.identity = identity
    posture.runs_as_root = False
    posture.user_confidence = min(facts.confidence(table), facts.confidence(facts.table("start")))
    posture.evidence["user"] = (*facts.sources(table), *facts.sources(facts.table("start")))
    if table.get("reason"):
        posture.why.setdefault("user", []).append(str(table["reason"]))
    posture.asks["user"] = ("read-only",) if _needs_tmpfs(posture, facts) else ()


def _needs_root(posture: Posture, facts: Facts, identity: str) -> Iterator[str]:
    """What speaks for the root start, the plainest reason first."""
    service = posture.service
    if service.get("network_mode") == "host" or "ip_unprivileged_port_start" in str(service.get("sysctls") or ""):
        yield "only root may open a port below 1024 in its network"
    if service.strings("cap_add"):
        yield "cap_add gives it capabilities that only root keeps"
    if service.get("devices"):
        yield "a device of the host may be open to root only"
    if service.get("volumes_from"):
        yield "what volumes_from mounts is not looked at"
    for mount in service.mounts:
        reason = _against_mount(posture, facts, mount, identity)
        if reason:
            yield reason
    if _has_special_volume(service.get("volumes")):
        yield "a volume with nocopy or subpath may belong to root"
    if _needs_tmpfs(posture, facts):
        if "read-only" in posture.without:
            yield "it writes to folders of root, which only read_only gives it a tmpfs for"
        elif service.flag("read_only"):
            yield "it is read-only, and has no tmpfs for what it writes"


def _needs_tmpfs(posture: Posture, facts: Facts) -> bool:
    """Whether it writes to a folder of its image that may belong to root."""
    rows = [row.path for row in facts.writable() if normal(row.path) not in _OPEN_TO_ALL]
    return any(not any(covers(mount, path) for mount in posture.service.mounts) for path in rows)


def _against_mount(posture: Posture, facts: Facts, mount: Mount, identity: str) -> str:
    """Why a mount may be of no use to another user than root; empty where it is."""
    if mount.kind in ("bind", "secret", "config", "npipe"):
        if posixpath.normpath(mount.source) in _HOST_CLOCK:
            return ""
        return f"{mount.target} comes from the host, where the files may belong to another user"
    if is_mark(posture.service.project, mount):
        return ""
    if mount.kind == "tmpfs":
        options = mount.options.split(",")
        fits = f"uid={identity.split(':')[0]}" in options or normal(mount.target) in _OPEN_TO_ALL
        return "" if fits else f"the tmpfs on {mount.target} belongs to root"
    if not any(covers(mount, row["path"]) for row in facts.rows("data")):
        return f"the volume on {mount.target} may belong to root"
    if mount.kind == "anonymous":
        return "" if "nocopy" not in mount.options.split(",") else f"the volume on {mount.target} may belong to root"
    return "" if _is_local(posture, mount) else f"nothing is known of who owns the volume on {mount.target}"


def _is_local(posture: Posture, mount: Mount) -> bool:
    """A named volume of the local driver, which takes the owner over from the image when it is made."""
    if mount.kind != "volume" or "nocopy" in mount.options.split(","):
        return False
    volume = posture.service.project.top_level("volumes").get(mount.source)
    volume = volume if isinstance(volume, dict) else {}
    is_plain = as_text(volume.get("driver")) in ("", "local") and not volume.get("driver_opts")
    return is_plain and "external" not in volume


def _has_special_volume(volumes: object) -> bool:
    options = [item.get("volume") for item in volumes if isinstance(item, dict)] if isinstance(volumes, list) else []
    return any(isinstance(one, dict) and (as_bool(one.get("nocopy")) or one.get("subpath")) for one in options)
