"""`composeharden fix`: patch in place, atomically, and say what changed, what was held back and how to undo it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

import click

from composeharden.cli.facts import Folders
from composeharden.cli.inputs import STDIN
from composeharden.cli.migration import check_migration, difference, recovered
from composeharden.cli.options import formats, migrating, pipeline_options, run_options, shared
from composeharden.cli.output import finish
from composeharden.cli.overlay import after_overlay, check_overlay, overlay_option, write_overlay
from composeharden.cli.reports import TEXT
from composeharden.cli.run import Done, Settings, described, judge, look, run, words
from composeharden.cli.trials import TrialError, failed_trial, trial_of, verify_option, with_trial
from composeharden.cli.write import WriteError, replace_files, write_new
from composeharden.outcome import Location, Outcome, Problem
from composeharden.redaction import Redactor
from composeharden.report.after import after_fix


@click.command("fix")
@shared
@formats("json", "markdown")
@overlay_option
@migrating
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write the result there instead, for one input; '-' is standard output.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when something would change.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show the difference as the command diff does.")
@verify_option
def command(
    paths: tuple[str, ...],
    recursive: bool,
    folders: Folders,
    form: str,
    reports: tuple[tuple[str, str], ...],
    jobs: int,
    verbose: bool,
    overlay: str,
    output: str | None,
    check: bool,
    dry_run: bool,
    **choice: Any,
) -> None:
    """Harden Compose files in place, or by an overlay that leaves them as they are.

    A file that git does not hold as it is gets a copy beside it (.orig). With '-' the file comes from standard input
    and goes to standard output.
    """
    scoped = run_options(choice)
    extra = {"output": output, "check": check or dry_run, "diff": dry_run, "trial": trial_of(choice, jobs)}
    check_overlay(overlay, paths, recursive)
    options = replace(pipeline_options(**choice), overlay=overlay)
    check_migration(options, paths, output)
    settings = Settings("fix", options, form, verbose, folders=folders, reports=reports, extra=extra, **scoped)
    if (check or dry_run) and output is not None:
        raise click.UsageError(f"--{'check' if check else 'dry-run'} writes nothing, so leave -o out")
    if output is not None and overlay:
        raise click.UsageError("an overlay is written where --overlay says; leave -o out")
    if output is not None and (len(paths) > 1 or recursive):
        raise click.UsageError("-o takes one input")
    if form != TEXT and not (check or dry_run) and (output == STDIN or STDIN in paths) and not overlay:
        raise click.UsageError(f"the file goes to standard output; leave --format {form} out, or name a file with -o")
    done = run(work, paths, recursive, jobs, settings)
    finish(done, settings)
    if any(item.trouble for item in done):
        sys.exit(next((item.kept for item in done if item.kept), 2))
    sys.exit(check and any(item.changed for item in done))


def work(path: str, settings: Settings) -> Done:
    """Fix one input."""
    note, stuck = ("", "") if settings.extra["check"] else recovered(path)
    try:
        settings, told = with_trial(path, settings)
    except TrialError as error:
        return failed_trial(path, error)
    outcome, redactor = look(path, settings)
    outcome = replace(outcome, notes=(note, *outcome.notes)) if note else outcome
    outcome = _unwritten(outcome, stuck) if stuck else outcome
    if settings.extra["check"]:
        return _checked(outcome, redactor, settings, told)
    undo: dict[str, str] = {}
    failed = ""
    try:
        undo = write_overlay(outcome) if settings.options.overlay else _write(path, outcome, settings.extra["output"])
    except WriteError as error:
        failed = str(error)
        outcome = _unwritten(outcome, failed)
    done = judge(outcome, settings)
    done.steps = (after_overlay if settings.options.overlay else after_fix)([outcome], undo, redactor)
    done.steps = done.steps or _elsewhere(settings.extra["output"], failed, outcome, redactor)
    done.trouble = done.trouble or bool(failed)
    done.parts = described(outcome, redactor, settings)
    if settings.form == TEXT:
        done.err = words(outcome, redactor, settings, sys.stderr, applied=not failed, brief=not settings.verbose)
    done.err = told + done.err
    return done


def _checked(outcome: Outcome, redactor: Redactor, settings: Settings, told: str) -> Done:
    """What would be done, with nothing written."""
    done = judge(outcome, settings)
    done.parts = described(outcome, redactor, settings)
    if settings.form == TEXT:
        done.out = difference(outcome, redactor, settings) if settings.extra["diff"] else ""
        done.err = words(outcome, redactor, settings, sys.stderr)
    done.err = told + done.err
    return done


def _write(path: str, outcome: Outcome, output: str | None) -> dict[str, str]:
    """Write the result where it belongs; returns each file that was replaced with the command that undoes it."""
    target = output or (STDIN if path == STDIN else None)
    if target is None:
        changes = [(one.path, one.before.encode(one.before.text), one.data) for one in outcome.patches]
        return {
            written.path: written.undo
            for written in replace_files(changes, outcome.beside_files, os.path.dirname(outcome.path))
        }
    source = outcome.sources.get(path)
    if source is None:
        return {}
    if any(patch.path != path for patch in outcome.patches):
        files = ", ".join(patch.path for patch in outcome.patches)
        raise WriteError(f"-o is for one file, and the changes belong to {files}")
    data = outcome.patches[0].data if outcome.patches else source.encode(source.text)
    if target == STDIN:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_new(target, data, 0o600)
    return {}


def _elsewhere(output: str | None, failed: str, outcome: Outcome, redactor: Redactor) -> str:
    """What to say of a result that went to another file than it came from; empty where it did not."""
    if output in (None, STDIN) or failed or outcome.path not in outcome.sources:
        return ""
    return redactor.one_line(f"{output} is written; {outcome.path} is as it was") + "\n"


def _unwritten(outcome: Outcome, reason: str) -> Outcome:
    problem = Problem(f"not written: {reason}", Location(outcome.path), about_file=True)
    return replace(outcome, problems=(*outcome.problems, problem), patches=(), beside_files=())
