"""`--migrate` and `--new-stack`: what they go with, what an interrupted run left, and how it all is shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from composeharden.cli.files import WriteError
from composeharden.cli.inputs import STDIN
from composeharden.cli.run import Settings, folder_of, is_interrupted, wants_color
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


def recovered(path: str) -> tuple[str, str]:
    """What became of a run that was interrupted over this input: a note, and why nothing can be written before it is
    dealt with. Both are empty where there was none.
    """
    if not is_interrupted(path):
        return "", ""
    from composeharden.cli.transaction import recover

    try:
        return recover(folder_of(path)), ""
    except WriteError as error:
        return "", str(error)


def difference(outcome: Outcome, redactor: Redactor, settings: Settings) -> str:
    """The difference of all files, redacted."""
    from composeharden.report import diff

    color = wants_color(sys.stdout)
    return "".join(
        diff.unified(patch, redactor, settings.context, color, outcome.findings) for patch in outcome.patches
    ) + diff.beside(outcome.beside_files, redactor, color)
