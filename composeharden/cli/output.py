"""What is printed once, after all inputs: the next steps, and the patch file."""

from __future__ import annotations

import sys

import click

from composeharden.cli.inputs import STDIN
from composeharden.cli.run import Done, Settings


def finish(done: list[Done], settings: Settings) -> None:
    """Print what is about the whole run. Raises click.UsageError for a --service that is in none of the inputs."""
    sys.stdout.flush()
    sys.stderr.write("\n".join(item.steps for item in done if item.steps))
    missing = settings.options.services.difference(*(item.services for item in done))
    if missing and not any(item.trouble for item in done):
        raise click.UsageError(f"no service is called {', '.join(sorted(missing))}")


def write_patch(target: str, data: bytes) -> None:
    """Write an applicable patch to a file that only its owner can read, or to standard output."""
    if target == STDIN:
        sys.stdout.buffer.write(data)
        return
    from composeharden.cli.write import WriteError, write_new

    try:
        write_new(target, data, 0o600)
    except WriteError as error:
        raise click.ClickException(str(error)) from None
