"""`--migrate` and `--new-stack`: what they go with, what an interrupted run left, and how it all is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from composeharden.cli.inputs import STDIN
from composeharden.cli.run import Settings, wants_color
from composeharden.cli.stacks import Stack
from composeharden.decide import Options
from composeharden.outcome import Outcome
from composeharden.redaction import Redactor


def check_migration(options: Options, paths: Sequence[str], output: str | None) -> None:
    """Raise click.UsageError where a migration has no place for the files that it takes."""
    name = "--migrate" if options.migrate else "--new-stack" if options.new_stack else ""
    if not name:
        return
    if STDIN in paths or output is not None:
        raise click.UsageError(f"{name} writes files beside the Compose file; name the file itself, and leave -o out")
    if options.overlay:
        raise click.UsageError(
            f"{name} takes literals out of the Compose files, which an overlay cannot; leave one out"
        )


def recovered(path: str) -> str:
    """What became of a run that was interrupted over this input: a note, empty where there was none.

    Raises WriteError where nobody can tell what to do.
    """
    folder = os.path.dirname(path.files.paths[0] if isinstance(path, Stack) else path)
    if path == STDIN or not os.path.lexists(os.path.join(folder, ".composeharden-journal")):
        return ""
    from composeharden.cli.transaction import recover

    return recover(folder)


def difference(outcome: Outcome, redactor: Redactor, settings: Settings) -> str:
    """The difference of all files, redacted."""
    from composeharden.report import diff

    color = wants_color(sys.stdout)
    return "".join(
        diff.unified(patch, redactor, settings.context, color, outcome.findings) for patch in outcome.patches
    ) + diff.beside(outcome.beside_files, redactor, color)
