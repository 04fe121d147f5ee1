"""`composeharden config`: the stack that Compose would run, redacted, each value with the place it comes from."""

from __future__ import annotations

import sys
from typing import Any

import click

from composeharden.cli.loaded import loaded
from composeharden.cli.stacks import project_options
from composeharden.compose.project import Project
from composeharden.redaction import Redactor


@click.command("config")
@click.argument("path", default="", type=click.Path())
@project_options
@click.option("--origins", is_flag=True, help="Say of each value in which file and line it is written.")
@click.option("--service", "services", multiple=True, metavar="NAME", help="Show this service only (repeatable).")
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def command(path: str, origins: bool, services: tuple[str, ...], form: str) -> None:
    """Show the stack as Compose sees it: files merged, variables filled in, secrets masked.

    Values keep the form they are written in. With --origins each one says where that is, through extends, merge keys
    and anchors; JSON then has a JSON pointer for each value.
    """
    redactor = Redactor()
    project, _ = loaded(path, redactor)
    missing = sorted(set(services) - project.services.keys())
    if missing:
        raise click.UsageError(f"no service is called {', '.join(missing)}")
    _show(project, redactor, origins, services, form)


def _show(project: Project, redactor: Redactor, origins: bool, services: tuple[str, ...], form: str) -> None:
    from composeharden.compose.origins import Origins
    from composeharden.report import config

    model = _chosen(project, services)
    places = dict(Origins(project, model).walk()) if origins else {}
    shown = config.redacted(_filled(project, model), redactor)
    if form == "json":
        import json

        document = config.as_document(shown, places if origins else None, redactor)
        sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in config.as_yaml(shown, places, model, redactor))


def _chosen(project: Project, services: tuple[str, ...]) -> dict[str, Any]:
    """The model, or what it has of some services. What `extends` has added is there, so that it says nothing more."""
    chosen = {
        name: {key: value for key, value in body.items() if key != "extends"} if isinstance(body, dict) else body
        for name, body in project.top_level("services").items()
        if not services or name in services
    }
    return {"services": chosen} if services else {**project.model, "services": chosen}


def _filled(project: Project, value: Any) -> Any:
    """The model with its variables filled in."""
    if isinstance(value, str):
        return project.text(value, set())
    if isinstance(value, dict):
        return {key: _filled(project, child) for key, child in value.items()}
    return [_filled(project, child) for child in value] if isinstance(value, list) else value
