"""What check, diff and fix have in common: each input by itself, in order, on several processes if asked to.

One bad file never stops the others. A worker returns finished, already redacted text, never the data of a file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import click

from composeharden import __version__
from composeharden.cli.facts import Folders, catalog_for
from composeharden.cli.hadolint import Hadolint
from composeharden.cli.inputs import STDIN, InputError, project_reader, reader
from composeharden.cli.reports import TEXT, Reports, parts
from composeharden.cli.stacks import Stack, choice, stacks
from composeharden.cli.trouble import in_words
from composeharden.decide import Options
from composeharden.outcome import Location, Outcome, Problem, Severity, Status
from composeharden.pipeline import harden
from composeharden.redaction import Redactor
from composeharden.report.formats import Run


@dataclass(frozen=True)
class Settings:
    """The options of one run; what a worker needs to know."""

    command: str
    options: Options
    form: str = "text"
    verbose: bool = False
    fail_on: Severity = Severity.HIGH
    fail_on_held: bool = False
    context: int = 3
    folders: Folders = field(default_factory=Folders)
    reports: tuple[tuple[str, str], ...] = ()
    """Format and path of each report that goes to a file."""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Done:
    """What became of one input. Every text is redacted, save `patch`, which the user asked for."""

    path: str
    out: str = ""
    err: str = ""
    parts: dict[str, Any] = field(default_factory=dict)
    """What each report says of it, by format."""
    patch: bytes = b""
    changed: bool = False
    trouble: bool = False
    """A problem, or something refused."""
    failing: bool = False
    """A finding reaches the threshold of --fail-on."""
    held: bool = False
    services: tuple[str, ...] = ()
    """Those of --service that are in this input."""
    steps: str = ""
    """What to do after a file was written, and how to go back."""


Worker = Callable[[str, Settings], Done]


def run(worker: Worker, paths: Iterable[str], recursive: bool, jobs: int, settings: Settings) -> list[Done]:
    """Work on every input and print what each has to say, in order. Raises click.UsageError without any input."""
    try:
        files = stacks(paths, recursive, choice())
    except InputError as error:
        raise click.UsageError(str(error)) from None
    done = []
    reports = Reports(settings.form, settings.reports, _about(settings))
    for item in _progress(_each(worker, files, jobs, settings), len(files), settings):
        done.append(item)
        reports.add(item.parts)
        item.parts = {}
        if item.out:
            sys.stdout.write(item.out)
        if item.err:
            sys.stdout.flush()
            sys.stderr.write(item.err)
    for problem in reports.end():
        sys.stderr.write(f"Error: {Redactor().one_line(problem)}\n")
        done.append(Done("", trouble=True))
    return done


def _each(worker: Worker, files: list[str], jobs: int, settings: Settings) -> Iterator[Done]:
    if jobs == 1 or len(files) < 2 or STDIN in files:
        yield from (_one(worker, path, settings) for path in files)
        return
    from concurrent.futures import ProcessPoolExecutor  # a sixth of the whole start-up, for those who ask for it

    with ProcessPoolExecutor(min(jobs, len(files))) as pool:
        chunk = max(1, min(16, len(files) // (jobs * 4)))
        yield from pool.map(_one, [worker] * len(files), files, [settings] * len(files), chunksize=chunk)


def _one(worker: Worker, path: str, settings: Settings) -> Done:
    """Work on one input; a bug that one file meets does not hide what is found in the others."""
    try:
        return worker(path, settings)
    except (BrokenPipeError, click.ClickException):
        raise
    except Exception as error:
        outcome = Outcome(path, problems=(Problem(in_words(error), Location(path), about_file=True),))
        done, redactor = judge(outcome, settings), Redactor()
        done.parts = described(outcome, redactor, settings)
        if settings.form == TEXT:
            done.err = words(outcome, redactor, settings, sys.stderr)
        return done


def _progress(items: Iterator[Done], count: int, settings: Settings) -> Iterator[Done]:
    """A bar on the terminal for many files, where it cannot mix with the output."""
    if count < 20 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from items
        return
    with click.progressbar(items, length=count, label=settings.command, file=sys.stderr) as bar:
        yield from bar


def look(path: str, settings: Settings) -> tuple[Outcome, Redactor]:
    """Harden one input in memory, and the redactor that knows everything it may not print."""
    options = replace(settings.options, catalog=catalog_for(path, settings.folders), lint=Hadolint())
    if isinstance(path, Stack):
        outcome = harden(path.files, project_reader(path.files, path.allow_outside, path.named), options)
    else:
        outcome = harden(path, reader(path), options)
    redactor = Redactor()
    for source in outcome.sources.values():
        redactor.add(source)
    for patch in outcome.patches:
        redactor.add(patch.after)
    for variables in (outcome.variables, *outcome.scopes):
        for name, value in variables.items():
            redactor.add_value(name, value)
    for text in outcome.texts:
        redactor.add_text(text)
    return outcome, redactor


def described(outcome: Outcome, redactor: Redactor, settings: Settings) -> dict[str, Any]:
    """What each report that was asked for says of the outcome, by format."""
    forms = {settings.form, *(form for form, _ in settings.reports)} - {TEXT}
    if not forms:
        return {}
    return parts(outcome, redactor, forms, _about(settings))


def _about(settings: Settings) -> Run:
    return Run(__version__, settings.command, settings.fail_on, settings.fail_on_held)


def words(
    outcome: Outcome, redactor: Redactor, settings: Settings, stream: Any, applied: bool = False, brief: bool = False
) -> str:
    """The outcome for a person who reads `stream`; `brief` leaves out what is only to be looked at."""
    from composeharden.report import style, text

    width = 100
    if stream.isatty():
        import shutil

        width = shutil.get_terminal_size((100, 24)).columns
    shown: dict[str, Any] = {
        "applied": applied,
        "symbols": style.can_show_symbols(stream.encoding),
        "width": min(width, 120),
    }
    if brief:
        from composeharden.report.brief import render

        return render(outcome, redactor, wants_color(stream), **shown) + "\n"
    return text.render(outcome, redactor, wants_color(stream), settings.verbose, **shown) + "\n"


def judge(outcome: Outcome, settings: Settings) -> Done:
    """The flags that the exit code is made of."""
    return Done(
        path=outcome.path,
        changed=bool(outcome.patches),
        trouble=bool(outcome.problems) or bool(outcome.with_status(Status.REFUSED)),
        failing=any(finding.severity >= settings.fail_on for finding in outcome.with_status(Status.REPORT)),
        held=bool(outcome.with_status(Status.HELD)),
        services=tuple(settings.options.services & outcome.services),
    )


def wants_color(stream: Any) -> bool:
    """NO_COLOR and FORCE_COLOR, else whether it is a terminal. https://no-color.org"""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or bool(stream.isatty())
