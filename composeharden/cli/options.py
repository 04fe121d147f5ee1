"""Options that several commands share, and what they mean for the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from composeharden.cli.facts import images_option
from composeharden.cli.reports import TEXT, ReportFile
from composeharden.cli.scope import Scope, ShardOf
from composeharden.cli.stacks import choice, environment, project_options
from composeharden.configuration import NAME
from composeharden.decide import Options
from composeharden.passes import all_passes

_Function = TypeVar("_Function", bound=Callable[..., Any])


class RuleNames(click.ParamType[frozenset[str]]):
    """Pass names, comma-separated; an unknown one is an error that names the nearest."""

    name = "PASS[,PASS...]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """The names as a set."""
        if isinstance(value, frozenset):
            return value
        names = [name.strip() for name in str(value).split(",") if name.strip()]
        import difflib

        known = all_passes()
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                self.fail(
                    f"no pass is called {name!r}"
                    + (f"; did you mean {near[0]}?" if near else "; `composeharden explain` lists them"),
                    param,
                    ctx,
                )
        return frozenset(names)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """Pass names for the shell."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in all_passes() if name.startswith(incomplete)]


_SHARED = (
    click.argument("paths", nargs=-1, type=click.Path()),
    click.option("-r", "--recursive", is_flag=True, help="Look for Compose files in folders and below."),
    project_options,
    click.option("--only", type=RuleNames(), default=frozenset(), help="Run these passes only."),
    click.option("--skip", type=RuleNames(), default=frozenset(), help="Leave these passes out."),
    click.option(
        "--service", "services", multiple=True, metavar="NAME", help="Look at this service only (repeatable)."
    ),
    click.option("--assume", is_flag=True, help="Also apply what is only assumed to work."),
    click.option("--strict-evidence", is_flag=True, help="Hold back no-new-privileges on unknown images too."),
    images_option,
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        help="Work on that many files at a time.",
    ),
    click.option("--no-config", is_flag=True, help=f"Ignore {NAME} and [tool.composeharden] in pyproject.toml."),
    click.option(
        "--baseline", metavar="FILE", type=click.Path(), help="Show the findings in this file, but do not count them."
    ),
    click.option(
        "--changed-since", metavar="REV", help="Work only on files that were touched since the branch left REV."
    ),
    click.option("--shard", type=ShardOf(), help="Work on one part of the files only, such as 3/8."),
    click.option("-v", "--verbose", is_flag=True, help="Show reasons and evidence of every change."),
)


def shared(function: _Function) -> _Function:
    """Add the options that check, diff and fix have in common."""
    for decorate in reversed(_SHARED):
        function = decorate(function)
    return function


def formats(*names: str) -> Callable[[_Function], _Function]:
    """Add --format and --report for a command that reports as text and in these formats."""
    choice = click.Choice([TEXT, *names])

    def add(function: _Function) -> _Function:
        function = click.option(
            "--report",
            "reports",
            type=ReportFile(names),
            multiple=True,
            help="Write one more report to a file (repeatable).",
        )(function)
        return click.option("--format", "form", type=choice, default=TEXT, show_default=True)(function)

    return add


def run_options(choice: dict[str, Any]) -> dict[str, Any]:
    """Take what is about the run out of `choice`, as the fields of `Settings`; the rest is for the pipeline."""
    context = click.get_current_context()
    return {
        "configured": not choice.pop("no_config"),
        "baseline": choice.pop("baseline"),
        "scope": Scope(choice.pop("changed_since"), choice.pop("shard")),
        "given": frozenset(
            name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        ),
    }


def migrating(function: _Function) -> _Function:
    """Add --migrate and --new-stack for a command that can also move secrets and data."""
    for decorate in (
        click.option("--new-stack", is_flag=True, help="The stack never ran: also name its volumes, which are empty."),
        click.option("--migrate", is_flag=True, help="Also move secrets into files, and data into named volumes."),
    ):
        function = decorate(function)
    return function


def pipeline_options(
    only: frozenset[str],
    skip: frozenset[str],
    services: tuple[str, ...],
    assume: bool,
    strict_evidence: bool,
    migrate: bool = False,
    new_stack: bool = False,
) -> Options:
    """The pipeline's options from those of the command line."""
    if migrate and new_stack:
        raise click.UsageError("--migrate is for a stack that ran, --new-stack for one that never did; give one")
    chosen = choice()
    return Options(
        only=only,
        skip=skip,
        services=frozenset(services),
        assume=assume,
        strict_evidence=strict_evidence,
        migrate=migrate,
        new_stack=new_stack,
        environment=environment(chosen),
        allow_partial=chosen.allow_partial,
    )
