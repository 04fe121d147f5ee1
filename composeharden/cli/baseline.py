"""Baselines: the findings that were there on some day, by fingerprint. They are shown and do not count; new ones do.

A baseline holds fingerprints, passes, files and services, never a value of a file.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import click

from composeharden.cli.inputs import read
from composeharden.cli.seen import Entry
from composeharden.cli.write import WriteError, write_new
from composeharden.redaction import Redactor
from composeharden.yaml.source import MAX_BYTES

SCHEMA = 1
_KEYS = ("fingerprint", "rule", "file", "service")


class Baseline(NamedTuple):
    """A baseline that was read."""

    path: str
    folder: str
    entries: tuple[Entry, ...]
    known: frozenset[str]


@functools.cache
def load(path: str) -> Baseline:
    """Read a baseline. Raises BaselineError for anything that is none."""
    try:
        data = read(path)
        document = json.loads(data.decode("utf-8")) if len(data) <= MAX_BYTES else None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or 'unknown reason'}") from None
    except UnicodeDecodeError:
        raise _unusable(path, "is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _unusable(f"{path}:{error.lineno}:{error.colno}", "is no JSON") from None
    except (RecursionError, ValueError):  # nested a thousand times, or a number of a thousand digits
        raise _unusable(path, "is no baseline") from None
    entries = tuple(_entries(path, document))
    folder = os.path.realpath(os.path.dirname(path) or ".")
    return Baseline(path, folder, entries, frozenset(entry.fingerprint for entry in entries))


def write(path: str, entries: Iterable[Entry]) -> int:
    """Write a baseline, one finding on each line; returns how many. Raises click.ClickException."""
    rows = [json.dumps({key: getattr(entry, key) for key in _KEYS}) for entry in sorted(set(entries))]
    listed = ",\n".join("    " + row for row in rows)
    text = f'{{\n  "schema": {SCHEMA},\n  "tool": "composeharden",\n  "findings": [\n{listed}\n  ]\n}}\n'
    try:
        write_new(path, (text if rows else text.replace("[\n\n  ]", "[]")).encode(), 0o644)
    except WriteError as error:
        raise click.ClickException(str(error)) from None
    load.cache_clear()
    return len(rows)


def _entries(path: str, document: Any) -> Iterable[Entry]:
    rows = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(rows, list) or document.get("schema") != SCHEMA:
        raise _unusable(path, f"is no baseline of schema {SCHEMA}; write one with --write-baseline")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _KEYS):
            raise _unusable(path, f"finding {number} of it lacks one of {', '.join(_KEYS)}")
        yield Entry(row["file"], row["service"], row["rule"], row["fingerprint"])


class BaselineError(click.ClickException):
    """It cannot be used."""

    exit_code = 2


def _unusable(place: str, reason: str) -> BaselineError:
    return BaselineError(Redactor().sentence(f"{place}: {reason}"))
