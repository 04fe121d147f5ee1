"""What a mounted configuration says about where its program writes."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from composeharden.compose.mounts import Mount, covers, is_below, normal
from composeharden.compose.neighbours import text_of
from composeharden.images.facts import Facts
from composeharden.outcome import Confidence
from composeharden.posture.record import Posture


def heed_configuration(posture: Posture, facts: Facts) -> None:
    """Hold a read-only root back where mounted configuration names a place that would no longer be writable."""
    table = facts.table("configuration")
    if not table:
        return
    mounts = [mount for mount in posture.service.mounts if mount.kind in ("bind", "config")] + posture.copied
    mounts = [mount for mount in mounts if _holds(mount, table)]
    for mount in mounts:
        text = text_of(posture.service.project, mount.source) if mount.kind == "bind" else None
        if text is None:
            posture.hold(
                ("read-only",),
                f"the configuration in {mount.target} cannot be looked at, and may name other places to write to",
                Confidence.ASSUMED,
            )
            continue
        for path in _paths(table["writes"], text):
            if not _is_writable(posture, facts, path) and path not in table.get("harmless", ()):
                posture.hold(("read-only",), f"its configuration in {mount.target} writes to {path}")


def _holds(mount: Mount, table: Mapping[str, Any]) -> bool:
    return any(is_below(mount, place) or covers(mount, place) for place in table["mounts"])


@functools.lru_cache(maxsize=8)  # many services can mount the same large file
def _paths(pattern: str, text: str) -> list[str]:
    found = {group for match in re.finditer(pattern, text) for group in match.groups() if group}
    return sorted(normal(path) for path in found)


def _is_writable(posture: Posture, facts: Facts, path: str) -> bool:
    declared = [Mount("volume", "", row["path"]) for row in facts.rows("data") if row.get("declared")]
    tmpfs = [Mount("tmpfs", "", row.path) for row in posture.writable]
    mounts = [mount for mount in posture.service.mounts if not mount.read_only]
    return path.startswith("/dev/") or any(covers(mount, path) for mount in (*mounts, *tmpfs, *declared))
