"""Hardening a stack's folder with the command a user runs."""

from __future__ import annotations

import sys
from pathlib import Path

from .commands import Finished, run


def harden(folder: Path, compose_file: str = "compose.yaml", options: tuple[str, ...] = ()) -> Finished:
    """Rewrite the compose file in `folder` in place with `composeharden fix` and `options`.

    Raises EngineError with the command's output when it does not exit with 0.
    """
    return run([sys.executable, "-m", "composeharden", "fix", *options, compose_file], cwd=folder, timeout=60)
