"""What is printed once, after all inputs: the JSON document, the next steps, and the patch file."""

from __future__ import annotations

import sys
from typing import Any

import click

from composeharden.cli.inputs import STDIN
from composeharden.cli.run import Done, Settings


def finish(done: list[Done], settings: Settings) -> None:
    """Print what is about the whole run. Raises click.UsageError for a --service that is in none of the inputs."""
    if settings.form == "json":
        import json

        documents = [item.document for item in done if item.document is not None]
        sys.stdout.write(json.dumps(_joined(documents), indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()
    sys.stderr.write("\n".join(item.steps for item in done if item.steps))
    missing = settings.options.services.difference(*(item.services for item in done))
    if missing and not any(item.trouble for item in done):
        raise click.UsageError(f"no service is called {', '.join(sorted(missing))}")


def _joined(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The documents of single inputs as one: the same head, all files, and the sums."""
    first = documents[0]
    summary = first["summary"]
    for document in documents[1:]:
        summary = _sum(summary, document["summary"])
    return {**first, "summary": summary, "files": [file for document in documents for file in document["files"]]}


def _sum(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _sum(value, right[key]) if isinstance(value, dict) else value + right[key] for key, value in left.items()
    }


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
