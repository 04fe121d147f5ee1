"""Marks of volumes whose data has arrived: external volumes that hold nothing, and without which `up` stops.

Data is moved to a volume with a name by a script, which makes the mark last. A service that has the data mounts the
mark as well, so Compose refuses to start it before, and names the mark, which names the script.
"""

from __future__ import annotations

from composeharden.compose.mounts import Mount
from composeharden.compose.project import Project
from composeharden.compose.values import as_bool, as_text

SCRIPT = "migrate-volumes.sh"
"""The script, beside the Compose file. Marks are named for it, so it stays for ever."""
_END = f".run-{SCRIPT}"


def mark_name(volume: str) -> str:
    """The name of the mark of a volume, to the engine; the name of the project is filled in by Compose."""
    return f"${{COMPOSE_PROJECT_NAME}}_{volume}{_END}"


def is_mark(project: Project, mount: Mount) -> bool:
    """Whether a mount is such a mark."""
    volume = project.top_level("volumes").get(mount.source) if mount.kind == "volume" else None
    if not isinstance(volume, dict) or not mount.read_only:
        return False
    return as_bool(volume.get("external")) is True and as_text(volume.get("name")).endswith(_END)
