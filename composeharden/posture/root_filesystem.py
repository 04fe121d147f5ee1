"""Whether the root file system can be read-only, and which paths must stay writable then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composeharden.compose.memory import exceeds, limit_of
from composeharden.compose.mounts import covers, is_below, normal
from composeharden.compose.project import Service
from composeharden.images.facts import Facts, Writable
from composeharden.outcome import Confidence
from composeharden.posture.built import declared
from composeharden.posture.record import Posture

_SYNCS = frozenset(("sync", "sync+restart", "sync+exec", "restart"))


def decide_root_filesystem(posture: Posture) -> None:
    """The writable paths, and what holds a read-only root back."""
    facts = posture.facts
    table: Mapping[str, Any] = facts.table("read_only") if facts is not None else {}
    if facts is not None and table:
        posture.read_only_confidence = facts.confidence(table, posture.starts_as_root)
        posture.evidence["read-only"] = facts.sources(table)
        if not table["works"]:
            reason = facts.clause(str(table.get("reason") or "its image writes to its own root file system"))
            posture.hold(("read-only",), reason)
        elif table.get("reason"):
            posture.why.setdefault("read-only", []).append(facts.clause(table["reason"]))
    elif facts is not None and not (facts.is_runtime and posture.built is not None):
        posture.hold(("read-only",), "nothing is known of what it writes", Confidence.ASSUMED)
    _hold_what_docker_refuses(posture)
    _writable(posture)
    if facts is not None:
        _data(posture, facts)


def _hold_what_docker_refuses(posture: Posture) -> None:
    """Compose copies `environment` and `content` secrets into the root file system: not if it is read-only."""
    service = posture.service
    for section in ("secrets", "configs"):
        defined = service.project.top_level(section)
        for mount in service.mounts:
            source = defined.get(mount.source) if mount.key == section else None
            if isinstance(source, dict) and ("environment" in source or "content" in source):
                posture.hold(
                    ("read-only",),
                    f"{section[:-1]} {mount.source} is no file: Compose cannot write it into a read-only service",
                )
    develop = service.get("develop")
    watch = develop.get("watch") if isinstance(develop, dict) else None
    if any(isinstance(rule, dict) and rule.get("action") in _SYNCS for rule in watch or ()):
        posture.hold(("read-only",), "develop.watch copies files into the container")
    if service.flag("use_api_socket"):
        posture.hold(
            ("read-only",), "use_api_socket has Compose write registry logins into the container", Confidence.ASSUMED
        )
    if service.get("volumes_from"):
        posture.hold(("read-only",), "what volumes_from mounts is not looked at", Confidence.ASSUMED)


def _writable(posture: Posture) -> None:
    service, facts = posture.service, posture.facts
    rows = facts.writable() if facts is not None else []
    if facts is None or facts.is_runtime:
        rows = rows or [Writable("/tmp", "temporary files", "tmpfs", "root", False, "1777", "64m", "", ())]
    for row in rows:
        if any(covers(mount, row.path) and not mount.read_only for mount in (*service.mounts, *declared(posture))):
            continue
        if row.kind == "volume":
            posture.hold(("read-only",), f"it writes to {row.path} ({row.purpose}), which needs a volume")
        elif any(normal(mount.target) == normal(row.path) for mount in service.mounts):
            posture.hold(("read-only",), f"{row.path} ({row.purpose}) is mounted read-only")
        else:
            posture.writable.append(row._replace(path=_mounted_first(service, row.path)))
            if facts is not None and row.evidence:
                sure = facts.confidence({"evidence": row.evidence}, posture.starts_as_root)
                posture.read_only_confidence = min(posture.read_only_confidence, sure)

    if exceeds(service, (row.size for row in posture.writable)):
        posture.hold(
            ("read-only",),
            "its tmpfs could take more memory than its limit allows, and count against it",
            Confidence.ASSUMED,
        )


def _mounted_first(service: Service, path: str) -> str:
    """`path` in a spelling that Docker mounts before everything below it, which it would hide otherwise.

    Docker sorts by the depth of the path as it is written, tmpfs last: /var/run would come after a volume on /run/php.
    """
    below = [mount.target for mount in service.mounts if is_below(mount, path) and normal(mount.target) != normal(path)]
    return normal(path) if any(target.count("/") <= path.count("/") for target in below) else path


def _data(posture: Posture, facts: Facts) -> None:
    mounts = (*posture.service.mounts, *declared(posture))
    for row in facts.rows("data"):
        if not row.get("declared") and not any(covers(mount, row["path"]) for mount in mounts):
            posture.hold(("read-only",), f"its data in {row['path']} is on no volume, and could no longer be written")


def sized(posture: Posture) -> dict[str, tuple[str, Writable]]:
    """Entries of `tmpfs` without a size, each with the text that has one and the fact that it is from."""
    facts = posture.facts
    if facts is None or limit_of(posture.service) is not None:
        return {}  # without facts nobody knows how much; what a tmpfs holds counts against a limit of memory
    known = {normal(row.path): row for row in facts.writable() if row.size}
    found = {}
    for mount in posture.service.mounts:
        row = known.get(normal(mount.target))
        if mount.key == "tmpfs" and row is not None and "size=" not in mount.options:
            options = ",".join(filter(None, (mount.options, f"size={row.size}")))
            text = f"{mount.target}:{mount.options}" if mount.options else mount.target
            found[text] = (f"{mount.target}:{options}", row)
    return found


def tmpfs_entry(posture: Posture, row: Writable) -> str:
    """One entry of `tmpfs:` in short form, the only one that can set an owner and exec."""
    options = []
    if row.exec:
        options.append("exec")
    owner = posture.identity if row.owner == "service" or posture.runs_as_root is False else ""
    if row.owner[:1].isdigit():
        owner = row.owner
    if owner:
        uid, _, gid = owner.partition(":")
        options += [f"uid={uid}", *([f"gid={gid}"] if gid else [])]
    if row.mode:
        options.append(f"mode={row.mode}")
    if row.size:
        options.append(f"size={row.size}")
    return row.path + (":" + ",".join(options) if options else "")
