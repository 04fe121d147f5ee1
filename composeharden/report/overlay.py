"""What to do after an overlay was written: how Compose gets to read it, and how to go back."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Container, Mapping

from composeharden.outcome import Outcome
from composeharden.redaction import Redactor
from composeharden.report.after import UNCHANGED_YET, going_back, steps

_DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""In the order in which Compose looks for one."""


def after(outcome: Outcome, undo: Mapping[str, str], redactor: Redactor, beside: Container[str]) -> str:
    """The next steps once an overlay was written; empty if it was not.

    Args:
        outcome: what was fixed.
        undo: the overlay, to the command that brings its old text back.
        redactor: every string passes it.
        beside: names of the files in the folder of the stack.
    """
    if not undo:
        return ""
    clean = redactor.one_line
    files = _files(outcome, beside)
    automatic = files[-1] == outcome.overlay and _is_found(outcome, beside)
    options = "" if automatic else "".join(f" -f {clean(shlex.quote(file))}" for file in files)
    lines = [
        f"{clean(outcome.overlay)} is written, all other files are as they were. {UNCHANGED_YET}",
        *steps(outcome, f"docker compose{options}", redactor),
        *([] if automatic else _ways(outcome, files, redactor, beside)),
        *going_back(undo, redactor),
    ]
    return "\n".join((*lines, ""))


def _ways(outcome: Outcome, files: list[str], redactor: Redactor, beside: Container[str]) -> list[str]:
    """How Compose reads the overlay without being told each time."""
    folder = posixpath.dirname(outcome.path)
    if outcome.path == "-" or posixpath.dirname(outcome.overlay) != folder:
        return []
    names = os.pathsep.join(posixpath.basename(file) for file in files)
    way = f"To have it read every time, put COMPOSE_FILE={redactor.one_line(shlex.quote(names))} into .env"
    if len(files) == 2 and posixpath.basename(outcome.path) in _DEFAULTS and _override(beside) is None:
        way += ", or call the overlay compose.override.yaml"
    return [way + "."]


def _files(outcome: Outcome, beside: Container[str]) -> list[str]:
    """The files to name, in the order in which Compose has to merge them."""
    folder, name = posixpath.split(outcome.path)
    override = _override(beside) if name in _DEFAULTS and len(outcome.files) < 2 else None
    others = outcome.files or (outcome.path,)
    files = [*others, *([posixpath.join(folder, override)] if override is not None else []), outcome.overlay]
    return list(dict.fromkeys(files))


def _override(beside: Container[str]) -> str | None:
    return next((name for name in _OVERRIDES if name in beside), None)


def _is_found(outcome: Outcome, beside: Container[str]) -> bool:
    """Whether Compose, called in the folder of the stack, reads the overlay by itself."""
    return outcome.path.removeprefix("./") in _DEFAULTS and _override(beside) == outcome.overlay.removeprefix("./")
