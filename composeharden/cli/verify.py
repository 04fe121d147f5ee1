"""`composeharden verify`: does the hardened stack live as the original? Both are run in throw-away projects."""

from __future__ import annotations

import sys
from typing import Any

import click

from composeharden import __version__
from composeharden.cli.configuration import governed
from composeharden.cli.facts import Folders, images_option
from composeharden.cli.inputs import InputError
from composeharden.cli.options import RuleNames, pipeline_options
from composeharden.cli.run import Settings, wants_color
from composeharden.cli.stacks import choice, project_options, stacks
from composeharden.cli.trials import TrialError, trial_options, tried, wanted


@click.command("verify")
@click.argument("path", default="", type=click.Path())
@project_options
@click.option("--only", type=RuleNames(), default=frozenset(), help="Try these passes only.")
@click.option("--skip", type=RuleNames(), default=frozenset(), help="Leave these passes out.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="Run this service and what it needs only.")
@click.option("--assume", is_flag=True, help="Also try what is only assumed to work.")
@click.option("--strict-evidence", is_flag=True, help="Hold back no-new-privileges on unknown images too.")
@images_option
@click.option("--no-config", is_flag=True, help="Ignore the configuration.")
@trial_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Show more of logs, ports and users.")
def command(path: str, folders: Folders, form: str, verbose: bool, no_config: bool, **choices: Any) -> None:
    """Run a stack as it is and hardened, one after the other, and compare how each service lives.

    Nothing of yours is touched: names, networks and volumes are new, no port is published, no other machine reached,
    mounted folders are copied, and all of it is removed in the end. Nothing is written. Exits with 1 where a service
    is worse, with 2 where nothing can be told, and with 3 without an engine.
    """
    want = wanted(choices)
    settings = Settings("verify", pipeline_options(**choices), form, verbose, folders=folders, configured=not no_config)
    try:
        (found,) = stacks([path] if path else [], False, choice())
    except InputError as error:
        raise click.UsageError(str(error)) from None
    try:
        trial = tried(found, governed(found, settings), want)
    except TrialError as error:
        sys.stderr.write(f"{'' if error.code == 2 else 'composeharden: '}{error}\n")
        sys.exit(error.code)
    from composeharden.report import style, verification

    if form == "json":
        sys.stdout.write(verification.as_json([trial.verification], trial.redactor, __version__))
    else:
        looks = style.Style(wants_color(sys.stdout), style.can_show_symbols(sys.stdout.encoding))
        sys.stdout.write(verification.render(trial.verification, trial.redactor, looks, verbose))
    sys.exit(trial.verification.exit_code)
