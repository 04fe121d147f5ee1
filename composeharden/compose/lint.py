"""What another program says of the text of a Dockerfile, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Remark(NamedTuple):
    """One thing it says. `message` may repeat parts of the Dockerfile."""

    code: str
    level: str
    """error, warning, info or style."""
    line: int
    """Of the Dockerfile, from 1."""
    message: str


class LintError(Exception):
    """It could not be asked, or gave no answer; the message says why and holds nothing of the Dockerfile."""


Linter = Callable[[str], Sequence[Remark]]
"""The text of a Dockerfile to the remarks on it. Raises LintError."""
