"""`--overlay FILE`: where the override file is that takes the changes, and how it is written and used."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from composeharden.cli.inputs import STDIN, InputError, read
from composeharden.cli.stacks import choice, stacks
from composeharden.compose.files import Reader
from composeharden.outcome import Outcome
from composeharden.redaction import Redactor

_Function = TypeVar("_Function", bound=Callable[..., Any])


def overlay_option(function: _Function) -> _Function:
    """Add `--overlay FILE`."""
    return click.option(
        "--overlay",
        default="",
        metavar="FILE",
        type=click.Path(),
        help="Leave every file as it is: the changes go to this override file. A bare name is beside the Compose file.",
    )(function)


def check_overlay(named: str, paths: Sequence[str], recursive: bool) -> None:
    """Raise click.UsageError where several inputs would share one overlay, or it is no file name."""
    if not named:
        return
    if named == STDIN or os.path.basename(named) in ("", ".", ".."):
        raise click.UsageError("--overlay takes the name of a file; `composeharden diff --overlay` only shows it")
    try:
        targets = [overlay_for(path, named) for path in stacks(paths, recursive, choice()) if not _is_it(path, named)]
    except InputError:
        return  # the run itself says so
    shared = next((target for target in targets if targets.count(target) > 1), None)
    if shared is not None:
        raise click.UsageError(f"several inputs would share {shared}; give them one after the other, each its own")


def overlay_for(path: str, named: str) -> str:
    """Where the overlay of an input is: beside it, or exactly where the user says; empty without one."""
    if not named or os.path.dirname(named) or path == STDIN:
        return named
    return os.path.join(os.path.dirname(path), named)


def with_overlay(others: Reader, overlay: str) -> Reader:
    """A reader that also reads the overlay, wherever the user put it."""
    return lambda path: read(path) if path == overlay else others(path)


def _is_it(path: str, named: str) -> bool:
    return os.path.normpath(path) == os.path.normpath(overlay_for(path, named))


def write_overlay(outcome: Outcome) -> dict[str, str]:
    """Write the overlay; returns it with the command that undoes that. Raises WriteError."""
    from composeharden.cli.write import create_file, replace_file

    undo = {}
    for patch in outcome.patches:
        before = patch.before.encode(patch.before.text)
        written = replace_file(patch.path, before, patch.data) if before else create_file(patch.path, patch.data)
        undo[patch.path] = written.undo
    return undo


def after_overlay(outcomes: Sequence[Outcome], undo: dict[str, str], redactor: Redactor) -> str:
    """How to use an overlay once it is written, and how to go back; empty where none was."""
    from composeharden.report.overlay import after

    (outcome,) = outcomes
    beside = os.path.dirname(outcome.path) or "."
    there = frozenset(name for name in os.listdir(beside) if os.path.isfile(os.path.join(beside, name)))
    return after(outcome, undo, redactor, there)
