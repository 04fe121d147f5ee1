"""What is printed once, after all inputs: the JSON document, the summary, how to undo, and the patch file."""

from __future__ import annotations

import sys

import click

from composeharden import __version__
from composeharden.cli.inputs import STDIN
from composeharden.cli.run import Done, Settings
from composeharden.cli.write import WriteError, write_new
from composeharden.redaction import Redactor


def finish(done: list[Done], settings: Settings) -> None:
    """Print what is about the whole run."""
    if settings.form == "json":
        from composeharden.report import json as as_json

        documents = [item.document for item in done if item.document is not None]
        sys.stdout.write(as_json.envelope(documents, settings.command, __version__))
    if settings.command == "fix":
        _after_fix(done)
    sys.stdout.flush()


def _after_fix(done: list[Done]) -> None:
    from composeharden.report import text as as_text

    written = {item.path: item.undo for item in done if item.undo}
    recreated = {item.path: item.recreated for item in done if item.undo}
    if written:
        redactor = Redactor()
        sys.stderr.write(redactor.clean(as_text.after_fix(written, recreated)))


def write_patch(target: str, data: bytes) -> None:
    """Write an applicable patch to a file that only its owner can read, or to standard output."""
    if target == STDIN:
        sys.stdout.buffer.write(data)
        return
    try:
        write_new(target, data, 0o600)
    except WriteError as error:
        raise click.ClickException(str(error)) from None
