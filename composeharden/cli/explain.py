"""`composeharden explain`: what a pass does, why, on which grounds, before and after. Works offline."""

from __future__ import annotations

import difflib

import click

from composeharden.passes import Pass, all_passes


@click.command("explain")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Explain a pass; without a name, list every pass."""
    passes = all_passes()
    if name is None:
        width = max(map(len, passes))
        for item in passes.values():
            kind = "fixes" if item.example else "reports"
            click.echo(f"{item.name:<{width}}  {kind:<7}  {item.doc.splitlines()[0]}")
        return
    if name not in passes:
        near = difflib.get_close_matches(name, passes, 1)
        hint = f"did you mean {near[0]}?" if near else "`composeharden explain` lists them."
        raise click.UsageError(f"no pass is called {name!r}; {hint}")
    click.echo(page(passes[name]), nl=False)


def page(item: Pass) -> str:
    """The page of one pass."""
    lines = [item.name, "=" * len(item.name), "", item.doc, "", f"Severity: {item.severity}"]
    if item.example:
        lines.append(f"Effect:   {item.effect}")
        lines += ["", "Before:", "", *_indented(item.example.before), "", "After:", "", *_indented(item.example.after)]
    lines += ["", "Suppress with a reason, on the service:", "", f"    # composeharden: ignore[{item.name}] REASON"]
    lines += ["", "References:", *(f"  - {reference}" for reference in item.references)] if item.references else []
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return ["    " + line for line in text.splitlines()]
