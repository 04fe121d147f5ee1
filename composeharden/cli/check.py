"""`composeharden check`: findings only, with an exit code for CI."""

from __future__ import annotations

import sys
from typing import Any

import click

from composeharden.cli import baseline
from composeharden.cli.facts import Folders
from composeharden.cli.options import formats, pipeline_options, run_options, shared
from composeharden.cli.output import finish
from composeharden.cli.reports import TEXT
from composeharden.cli.run import Done, Settings, described, judge, look, run, words
from composeharden.outcome import Severity
from composeharden.report.formats import FORMATS
from composeharden.report.style import counted

_SEVERITIES = [str(severity) for severity in Severity]


@click.command("check")
@shared
@formats(*FORMATS)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="high",
    show_default=True,
    help="Exit with 1 when a finding is at least this severe.",
)
@click.option("--fail-on-held", is_flag=True, help="Exit with 1 when a fix is held back.")
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(),
    help="Write the findings of today to this file, for --baseline; they do not fail this run.",
)
def command(
    paths: tuple[str, ...],
    recursive: bool,
    folders: Folders,
    form: str,
    reports: tuple[tuple[str, str], ...],
    jobs: int,
    verbose: bool,
    fail_on: str,
    fail_on_held: bool,
    write_baseline: str | None,
    **choice: Any,
) -> None:
    """Report findings in Compose files; change nothing.

    \b
    Exit codes: 0  the default fix would change nothing, and no finding reaches --fail-on
                1  it would, or one does
                2  something could not be read, seen or done
    """
    scoped = run_options(choice)
    if write_baseline is not None and scoped["scope"].is_restricted:
        raise click.UsageError("a baseline is written by a run over all files, not by one over a part of them")
    settings = Settings(
        "check",
        pipeline_options(**choice),
        form,
        verbose,
        Severity[fail_on.upper()],
        fail_on_held,
        folders=folders,
        reports=reports,
        write_baseline=write_baseline,
        **scoped,
    )
    done = run(work, paths, recursive, jobs, settings)
    finish(done, settings)
    if write_baseline is not None:
        count = baseline.write(write_baseline, (entry for item in done for entry in item.seen.entries))
        sys.stderr.write(f"{counted(count, 'finding')} written to the baseline\n")
    if any(item.trouble for item in done):
        sys.exit(2)
    sys.exit(write_baseline is None and any(item.changed or item.failing for item in done))


def work(path: str, settings: Settings) -> Done:
    """Check one input."""
    outcome, redactor = look(path, settings)
    done = judge(outcome, settings)
    done.parts = described(outcome, redactor, settings)
    if settings.form == TEXT:
        done.out = words(outcome, redactor, settings, sys.stdout)
    return done
