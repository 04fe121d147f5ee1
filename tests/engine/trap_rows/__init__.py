"""The traps that are run on an engine, by what they are about."""

from __future__ import annotations

from tests.engine.traps import Trap

from . import capabilities, files, mounts, stacks, users

TRAPS: tuple[Trap, ...] = (*capabilities.TRAPS, *files.TRAPS, *mounts.TRAPS, *stacks.TRAPS, *users.TRAPS)
