"""What check, diff and fix have in common: each input by itself, in order, on several processes if asked to.

One bad file never stops the others. A worker returns finished, already redacted text, never the data of a file.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from composeharden import __version__
from composeharden.cli.configuration import Governing, governed, governing, selection_of
from composeharden.cli.declared import declared
from composeharden.cli.facts import Folders, catalog_for
from composeharden.cli.files import JOURNAL
from composeharden.cli.hadolint import Hadolint
from composeharden.cli.inputs import STDIN, InputError
from composeharden.cli.overlay import overlay_for, with_overlay
from composeharden.cli.reports import TEXT, Reports, parts
from composeharden.cli.scope import Scope
from composeharden.cli.seen import Seen
from composeharden.cli.stacks import Stack, choice, opened, stacks
from composeharden.cli.trouble import in_words
from composeharden.decide import Options
from composeharden.outcome import Finding, Location, Outcome, Problem, Severity, Status
from composeharden.pipeline import harden
from composeharden.redaction import Redactor
from composeharden.report.formats import Run
from composeharden.report.style import counted

if TYPE_CHECKING:
    from composeharden.cli.review import Review


def everything(finding: Finding) -> bool:
    """What a baseline accepts."""
    return True


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
    configured: bool = True
    """Look for configurations."""
    given: frozenset[str] = frozenset()
    """The options that the user gave: they go before those of a configuration."""
    governing: Governing | None = None
    """The configuration of the input at hand."""
    scope: Scope = field(default_factory=Scope)
    baseline: str | None = None
    write_baseline: str | None = None
    accepts: Callable[[Finding], bool] = everything
    """What goes into the baseline that is written."""
    today: datetime.date = field(default_factory=datetime.date.today)
    seen: Seen = field(default_factory=Seen)
    """The record of the input at hand."""


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
    """A finding reaches the threshold of --fail-on, or one is held back and --fail-on-held was given."""
    services: tuple[str, ...] = ()
    """Those of --service that are in this input."""
    steps: str = ""
    """What to do after a file was written, and how to go back."""
    seen: Seen = field(default_factory=Seen)
    """What it had to do with exceptions and baselines."""
    kept: Any = None
    """What a command of its own wants to know in the end."""


Worker = Callable[[str, Settings], Done]


def run(worker: Worker, paths: Iterable[str], recursive: bool, jobs: int, settings: Settings) -> list[Done]:
    """Work on every input and print what each has to say, in order. Raises click.UsageError without any input."""
    try:
        files = settings.scope.of(_inputs(paths, recursive, settings))
    except InputError as error:
        raise click.UsageError(str(error)) from None
    if settings.baseline is not None:
        from composeharden.cli.baseline import load

        load(settings.baseline)  # a broken one ends the run before it begins
    if not files:
        sys.stderr.write(Redactor().sentence(f"no Compose file {settings.scope}") + "\n")
    files, unusable = _governed_well(files, settings)
    done = []
    reports = Reports(settings.form, settings.reports, _about(settings))
    for item in chain(unusable, _progress(_each(worker, files, jobs, settings), len(files), settings)):
        done.append(item)
        reports.add(item.parts)
        item.parts = {}
        if item.out:
            sys.stdout.write(item.out)
        if item.err:
            sys.stdout.flush()
            sys.stderr.write(item.err)
        item.out = item.err = ""  # of thousands of inputs only what is said at the end is kept
    notes = remarks(done, settings)
    for problem in reports.end(notes):
        sys.stderr.write(f"Error: {Redactor().one_line(problem)}\n")
        done.append(Done("", trouble=True))
    sys.stderr.write("".join(f"note: {note}\n" for note in notes))
    return done


def remarks(done: list[Done], settings: Settings) -> list[str]:
    """What is to be said of exceptions and the baseline."""
    if settings.baseline is None and not any(item.seen.governed_by for item in done):
        return []
    from composeharden.cli.leftovers import remarks as of_run

    return of_run(done, settings)


def _inputs(paths: Iterable[str], recursive: bool, settings: Settings) -> list[str]:
    if settings.configured:
        return stacks(paths, recursive, choice(), selection_of, declared)
    return stacks(paths, recursive, choice())


def _governed_well(files: list[str], settings: Settings) -> tuple[list[str], list[Done]]:
    """The inputs that can be worked on, and a report on each configuration that cannot be used, told once."""
    found = [governing(path) if settings.configured else None for path in files]
    broken = {one.file: one for one in found if one is not None and one.problems}
    if not broken:
        return files, []
    told = []
    for one in broken.values():
        count = sum(other is not None and other.file == one.file for other in found)
        note = f"{counted(count, 'Compose file')} that it governs {'is' if count == 1 else 'are'} not looked at"
        told.append(_told(Outcome(one.file, problems=one.problems, notes=(note,)), settings))
    return [path for path, one in zip(files, found, strict=True) if one is None or not one.problems], told


def _each(worker: Worker, files: list[str], jobs: int, settings: Settings) -> Iterator[Done]:
    if jobs == 1 or len(files) < 2 or STDIN in files:
        yield from (_one(worker, path, settings) for path in files)
        return
    from concurrent.futures import ProcessPoolExecutor  # a sixth of the whole start-up, for those who ask for it

    with ProcessPoolExecutor(min(jobs, len(files)), initializer=_end_with_parent) as pool:
        chunk = max(1, min(16, len(files) // (jobs * 4)))
        yield from pool.map(_one, [worker] * len(files), files, [settings] * len(files), chunksize=chunk)


def _end_with_parent() -> None:
    """Let a worker end when the program is killed: it would wait for work for ever."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait
    from threading import Thread

    parent = parent_process()

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    if parent is not None:
        Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def _one(worker: Worker, path: str, settings: Settings) -> Done:
    """Work on one input; a bug that one file meets does not hide what is found in the others."""
    try:
        own = governed(path, settings)
        done = worker(path, own)
        done.seen = own.seen
        return done
    except (BrokenPipeError, click.ClickException):
        raise
    except Exception as error:
        return _told(Outcome(path, problems=(Problem(in_words(error), Location(path), about_file=True),)), settings)


def _told(outcome: Outcome, settings: Settings) -> Done:
    """Problems alone, as the format of the run has them."""
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
    redactor = Redactor()
    review = review_for(path, settings, redactor)
    overlay = overlay_for(path, settings.options.overlay)
    catalog = catalog_for(path, settings.folders)
    options = replace(settings.options, catalog=catalog, lint=Hadolint(), accept=review, overlay=overlay)
    if options.migrate:
        from composeharden.cli.surroundings import with_surroundings

        options = with_surroundings(options, path)
    files, read = opened(path)
    outcome = harden(files, with_overlay(read, overlay), options)
    settings.seen.complete = not outcome.problems
    if is_interrupted(path):
        outcome = replace(outcome, notes=(*outcome.notes, _INTERRUPTED))
    for source in outcome.sources.values():
        redactor.add(source)
    for patch in outcome.patches:
        redactor.add(patch.after)
    for variables in (outcome.variables, *outcome.scopes):
        for name, value in variables.items():
            redactor.add_value(name, value)
    for text in outcome.texts:
        redactor.add_text(text)
    if review is not None:
        review.finish()
    return outcome, redactor


_INTERRUPTED = "a run of fix was interrupted here, or is at work; the next one brings it to its end"


def folder_of(path: str) -> str:
    """The folder of the first file of an input."""
    return os.path.dirname(path.files.paths[0] if isinstance(path, Stack) else path)


def is_interrupted(path: str) -> bool:
    """Whether a run over several files left its journal."""
    return path != STDIN and os.path.lexists(os.path.join(folder_of(path), JOURNAL))


def review_for(path: str, settings: Settings, redactor: Redactor) -> Review | None:
    """What knows of exceptions and baselines for one input; None where there are none."""
    exemptions = settings.governing.configuration.exemptions if settings.governing is not None else ()
    if not exemptions and settings.baseline is None and settings.write_baseline is None:
        return None
    from composeharden.cli.review import Review

    return Review(path, settings, redactor)


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
        failing=any(finding.severity >= settings.fail_on for finding in outcome.with_status(Status.REPORT))
        or (settings.fail_on_held and bool(outcome.with_status(Status.HELD))),
        services=tuple(settings.options.services & outcome.services),
    )


def wants_color(stream: Any) -> bool:
    """NO_COLOR and FORCE_COLOR, else whether it is a terminal. https://no-color.org"""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or bool(stream.isatty())
