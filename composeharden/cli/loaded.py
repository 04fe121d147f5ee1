"""One project as a command that hardens nothing takes it: loaded, with a redactor that knows its values."""

from __future__ import annotations

import sys

import click

from composeharden.cli.inputs import InputError
from composeharden.cli.stacks import choice, environment, opened, stacks
from composeharden.compose.project import Project
from composeharden.decide import Options
from composeharden.redaction import Redactor


def loaded(argument: str, redactor: Redactor) -> tuple[Project, str]:
    """The project of an argument (empty: the one that Compose would find) and its first file.

    The redactor learns all values of its files and variables. Where it cannot be used its problems are printed, and the
    program ends with 2. Raises click.UsageError where there is none.
    """
    from composeharden.pipeline import load_project

    chosen = choice()
    try:
        (found,) = stacks([argument] if argument else [], False, chosen)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    options = Options(environment=environment(chosen), allow_partial=chosen.allow_partial)
    project, outcome = load_project(*opened(found), options)
    for source in outcome.sources.values():
        redactor.add(source)
    for variables in (outcome.variables, *outcome.scopes):
        for name, value in variables.items():
            redactor.add_value(name, value)
    if project is None:
        from composeharden.report.style import Style
        from composeharden.report.text import problem_lines

        sys.stderr.write("\n".join(problem_lines(outcome.problems, redactor, Style())) + "\n")
        sys.exit(2)
    return project, found
