"""`composeharden diff`: what would change and why; nothing is written."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from composeharden.cli.facts import Folders
from composeharden.cli.inputs import STDIN
from composeharden.cli.migration import check_migration, difference
from composeharden.cli.options import formats, migrating, pipeline_options, run_options, shared
from composeharden.cli.output import finish, write_patch
from composeharden.cli.overlay import check_overlay, overlay_option
from composeharden.cli.reports import TEXT
from composeharden.cli.run import Done, Settings, described, judge, look, run, words
from composeharden.cli.trials import TrialError, failed_trial, trial_of, verify_option, with_trial
from composeharden.report import patch as as_patch
from composeharden.report.after import elsewhere


@click.command("diff")
@shared
@formats("json", "sarif", "rdjson", "markdown")
@overlay_option
@migrating
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is a difference.")
@click.option(
    "--patch",
    "patch_file",
    metavar="FILE|-",
    type=click.Path(),
    help="Write the patch that git can apply. It holds the file's values, secrets included.",
)
@click.option(
    "-U", "--unified", "context", type=click.IntRange(0, 100), default=3, show_default=True, help="Lines of context."
)
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
    exit_code: bool,
    patch_file: str | None,
    context: int,
    **choice: Any,
) -> None:
    """Show what fix would change, and why. Writes nothing.

    The difference goes to standard output with secret values masked; the reasons go to standard error.
    """
    scoped = run_options(choice)
    trial = trial_of(choice, jobs)
    options = replace(pipeline_options(**choice), overlay=overlay)
    check_migration(options, paths, None)
    check_overlay(overlay, paths, recursive)
    settings = Settings(
        "diff",
        options,
        form,
        verbose,
        folders=folders,
        reports=reports,
        context=context,
        extra={"patch": patch_file, "trial": trial},
        **scoped,
    )
    done = run(work, paths, recursive, jobs, settings)
    finish(done, settings)
    if patch_file is not None:
        write_patch(patch_file, b"".join(item.patch for item in done))
    if any(item.trouble for item in done):
        sys.exit(next((item.kept for item in done if item.kept), 2))
    sys.exit(exit_code and any(item.changed for item in done))


def work(path: str, settings: Settings) -> Done:
    """Show one input."""
    try:
        settings, told = with_trial(path, settings)
    except TrialError as error:
        return failed_trial(path, error)
    outcome, redactor = look(path, settings)
    done = judge(outcome, settings)
    if settings.extra["patch"] is not None:
        done.patch = b"".join(as_patch.applicable(patch) for patch in outcome.patches)
        done.patch += as_patch.of_side_files(outcome.beside_files)
    done.parts = described(outcome, redactor, settings)
    done.err = told
    if settings.form != TEXT:
        return done
    if settings.extra["patch"] != STDIN:
        done.out = difference(outcome, redactor, settings)
    done.err += words(outcome, redactor, settings, sys.stderr)
    done.steps = "".join(f"{line}\n" for line in elsewhere(outcome, {}, redactor)) if outcome.beside_files else ""
    return done
