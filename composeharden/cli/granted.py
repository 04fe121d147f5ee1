"""The values of a stack's secrets, so that none is shown: a service that is run may well print its own."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from composeharden.redaction import Redactor

if TYPE_CHECKING:
    from composeharden.compose.project import Project

_MOST = 64_000
_SHORTEST_LINE = 8


def know_secrets(redactor: Redactor, project: Project) -> None:
    """Tell a redactor the secrets of a project that are files or variables, also those that have several lines."""
    for section in ("secrets", "configs"):
        for name, row in project.top_level(section).items():
            file = row.get("file") if isinstance(row, dict) else None
            variable = row.get("environment") if isinstance(row, dict) else None
            if isinstance(variable, str):
                _know(redactor, name, project.variables.get(variable) or os.environ.get(variable, ""))
            if isinstance(file, str) and section == "secrets":
                _know(redactor, name, _content(os.path.join(project.directory or ".", project.text(file, set()))))


def _know(redactor: Redactor, name: str, value: str) -> None:
    redactor.add_value(f"{name}_password", value)
    lines = value.splitlines()
    for number, line in enumerate(lines if len(lines) > 1 else ()):  # a log shows them one by one
        if len(line.strip()) >= _SHORTEST_LINE:
            redactor.add_value(f"{name}_{number}_password", line.strip())


def _content(path: str) -> str:
    """The text of a file; nothing of what is no file: a pipe would be waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, encoding="utf-8", errors="replace") as held:
            return held.read(_MOST).strip() if stat.S_ISREG(os.fstat(handle).st_mode) else ""
    except OSError:
        return ""
