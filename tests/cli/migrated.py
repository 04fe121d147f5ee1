"""What the containers of a stack get, before and after its credentials moved, as Docker Compose itself sees it."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from tests.corpus import real_compose

Received = dict[str, dict[str, str | None]]
"""Service to variable to value."""


def model(folder: Path, name: str = "compose.yaml") -> dict[str, Any] | None:
    """The model of a file; None where Compose refuses it, or is not there."""
    program = real_compose.binary()
    return real_compose.model(program, folder / name) if program is not None else None


def received(found: dict[str, Any]) -> Received:
    """The environment of each service; a variable that names a secret's file counts as the one whose value it holds."""
    values: Received = {}
    for service, body in found["services"].items():
        grants = {one["target"]: one["source"] for one in body.get("secrets") or () if isinstance(one, dict)}
        held = values[service] = {}
        for name, value in (body.get("environment") or {}).items():
            text = None if value is None else str(value).replace("$$", "$")
            source = grants.get(text or "")
            defined = (found.get("secrets") or {}).get(source, {}) if source else {}
            if "FILE" in name and source and f"{os.sep}secrets{os.sep}" in defined.get("file", ""):
                held[_plain(name)] = Path(defined["file"]).read_bytes().decode()
            else:
                held[name] = text
    return values


def _plain(name: str) -> str:
    return name.removesuffix("__FILE").removesuffix("_FILE")


def rest(found: dict[str, Any]) -> dict[str, Any]:
    """The model without what a migration declares: environments, secrets and the tests of health checks."""
    left = copy.deepcopy(found)
    left.pop("secrets", None)
    for body in left["services"].values():
        body.pop("environment", None)
        body.pop("secrets", None)
        (body.get("healthcheck") or {}).pop("test", None)
    return left
