"""Harden Docker Compose stacks: the hardened stack still runs, and nothing else in the file moved.

    from composeharden import Options, harden
    outcome = harden("compose.yaml", read, Options())

`Files` names the files of a project of several. `read` maps a path to bytes; the library itself opens no file.
Everything below is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from composeharden.compose.files import Files
    from composeharden.decide import Options
    from composeharden.outcome import (
        Confidence,
        Effect,
        Finding,
        Location,
        Outcome,
        Patch,
        Problem,
        Severity,
        Status,
    )
    from composeharden.pipeline import harden

__version__ = "0.1.0"

_HOME = {
    "harden": "pipeline",
    "Files": "compose.files",
    "Options": "decide",
    **dict.fromkeys(
        ("Confidence", "Effect", "Finding", "Location", "Outcome", "Patch", "Problem", "Severity", "Status"), "outcome"
    ),
}

__all__ = [
    "Confidence",
    "Effect",
    "Files",
    "Finding",
    "Location",
    "Options",
    "Outcome",
    "Patch",
    "Problem",
    "Severity",
    "Status",
    "__version__",
    "harden",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
