"""`composeharden explain`: a pass, or an image: what it does or needs, why, and on which grounds. Works offline."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable

import click

from composeharden.cli.facts import OWN, Folders, catalog_for, images_option
from composeharden.passes import Pass, all_passes
from composeharden.suppress import comment

_IMAGE = re.compile(r"[a-z0-9][\w./:@-]*[\w]", re.ASCII)


@click.command("explain")
@click.argument("name", required=False)
@images_option
def command(name: str | None, folders: Folders) -> None:
    """Explain a pass (cap-drop) or what an image needs (postgres:16); without a name, list every pass."""
    passes = all_passes()
    if name is None:
        width = max(map(len, passes))
        for item in passes.values():
            kind = "fixes" if item.example else "reports"
            click.echo(f"{item.name:<{width}}  {kind:<7}  {item.doc.splitlines()[0]}")
    elif name in passes:
        click.echo(page(passes[name]), nl=False)
    else:
        _explain_image(name, folders, passes)


def page(item: Pass) -> str:
    """The page of one pass."""
    lines = [item.name, "=" * len(item.name), "", item.doc, "", f"Severity: {item.severity}"]
    if item.example:
        lines.append(f"Effect:   {item.effect}")
        lines += ["", "Before:", "", *_indented(item.example.before), "", "After:", "", *_indented(item.example.after)]
    lines += ["", "Suppress with a reason, on the service:", "", f"    {comment(item.name)}"]
    lines += ["", "References:", *(f"  - {reference}" for reference in item.references)] if item.references else []
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return ["    " + line for line in text.splitlines()]


def _explain_image(name: str, folders: Folders, passes: Iterable[str]) -> None:
    from composeharden.cli.example import example
    from composeharden.cli.trouble import facts_or_exit
    from composeharden.images.facts import Facts
    from composeharden.images.reference import parse
    from composeharden.report import image_page
    from composeharden.report.style import can_show_symbols

    catalog = catalog_for("", folders)
    with facts_or_exit():
        reference = parse(name)
        found = catalog.find(reference.repository) if _IMAGE.fullmatch(name) else None
        if found is None:
            families = [entry.family for entry in catalog.entries()]
            raise click.UsageError(_unknown(name, passes, families))
    facts = Facts(found.document, reference)
    shown = image_page.page(name, facts, example(name, facts, catalog), found.file)
    click.echo(image_page.as_text(shown, symbols=can_show_symbols(sys.stdout.encoding)), nl=False)


def _unknown(name: str, passes: Iterable[str], families: Iterable[str]) -> str:
    if ":" in name or "/" in name:
        return (
            f"nothing is known of the image {name!r}; `composeharden images` lists those with facts. "
            f"To add it, write {OWN}/NAME.toml as CONTRIBUTING.md says under 'Image facts'."
        )
    near = difflib.get_close_matches(name, [*passes, *families], 1)
    hint = f"did you mean {near[0]}?" if near else "`composeharden explain` and `composeharden images` list them."
    return f"no pass and no image with facts is called {name!r}; {hint}"
