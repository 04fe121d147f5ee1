"""`composeharden images`: the images that facts are known of, what the default fix makes of them, the evidence."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from composeharden.cli.example import example
from composeharden.cli.facts import Folders, catalog_for, images_option
from composeharden.cli.trouble import facts_or_exit
from composeharden.images.catalog import Catalog, Entry
from composeharden.images.facts import Facts
from composeharden.images.reference import parse
from composeharden.outcome import Finding, Status

_KINDS = ("engine", "stand-in", "source", "documentation", "report", "inference")


class Row(NamedTuple):
    """One family with what the default fix does to a plain service of its first repository."""

    entry: Entry
    facts: Facts
    hardening: tuple[Finding, ...]
    evidence: Mapping[str, int]

    @property
    def applied(self) -> list[str]:
        """The hardening passes that are applied by default."""
        return [finding.rule for finding in self.hardening if finding.status is Status.FIX]


@click.command("images")
@click.argument("name", required=False)
@images_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(name: str | None, folders: Folders, form: str) -> None:
    """List the images that facts are known of; with NAME, those that have it in a name.

    The evidence is counted by kind: `engine` ran hardened on an engine, `stand-in` did so as a rebuild, `source` and
    `documentation` were read. What was only reported or inferred is applied with --assume only.
    """
    with facts_or_exit():
        catalog = catalog_for("", folders)
        rows = [row(entry, catalog) for entry in catalog.entries() if name is None or _is_named(entry, name)]
    if form == "json":
        import json

        click.echo(json.dumps({"images": [document(item) for item in rows]}, indent=2))
    elif not rows:
        raise click.UsageError(f"no image with facts is called {name!r}; `composeharden images` lists them all")
    else:
        _print(rows)


def row(entry: Entry, catalog: Catalog) -> Row:
    """What is to be said of one family."""
    image = entry.document["repositories"][0]
    facts = Facts(entry.document, parse(image))
    kinds = Counter(item["kind"] for item in entry.document["evidence"].values())
    evidence = {kind: kinds[kind] for kind in _KINDS if kinds[kind]}
    return Row(entry, facts, example(image, facts, catalog).findings, evidence)


def document(one: Row) -> dict[str, Any]:
    """A family as the JSON form has it."""
    facts, facts_of = one.facts, one.entry.document
    return {
        "family": one.entry.family,
        "title": facts.title,
        "repositories": facts_of["repositories"],
        "retired": facts_of.get("retired", {}),
        "file": one.entry.file or None,
        "latest": facts_of.get("latest"),
        "variants": [variant["when"] for variant in facts_of.get("variant", ())],
        "runtime": facts.is_runtime,
        "start": facts.table("start").get("user"),
        "service": facts.table("start").get("service", facts.table("start").get("user")),
        "read_only": facts.table("read_only").get("works"),
        "hardening": {
            finding.rule: {
                "status": str(finding.status),
                "confidence": str(finding.confidence),
                "reason": finding.reason,
            }
            for finding in one.hardening
        },
        "evidence": dict(one.evidence),
    }


def _is_named(entry: Entry, name: str) -> bool:
    wanted = parse(name).repository.lower()
    document = entry.document
    return any(wanted in text.lower() for text in (entry.family, document["title"], *document["repositories"]))


def _print(rows: list[Row]) -> None:
    from composeharden.redaction.escape import one_line
    from composeharden.report.style import can_show_symbols

    table = [("family", "runs as", "read-only root", "hardened", "evidence"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    symbols = can_show_symbols(sys.stdout.encoding)
    for number, cells in enumerate(table):
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()]
        lines += [f"    {text}" for text in _below(rows[number - 1])] if number else []
        for line in map(one_line, lines):
            click.echo(line if symbols else line.encode("ascii", "backslashreplace").decode("ascii"))
    full = sum(len(item.applied) == len(item.hardening) for item in rows)
    click.echo(
        f"\n{len(rows)} families, {full} hardened in full by default. `composeharden explain IMAGE` has the facts."
    )


def _cells(one: Row) -> tuple[str, str, str, str, str]:
    table = one.facts.table("start")
    user, service = str(table.get("user", "?")), one.facts.service_identity
    works = one.facts.table("read_only").get("works")
    applied = "in full" if len(one.applied) == len(one.hardening) else ", ".join(one.applied) or "no"
    return (
        one.entry.family,
        f"{user}, then {service}" if service != user else user,
        "not known" if works is None else "works" if works else "does not work",
        applied,
        ", ".join(f"{kind} {count}" for kind, count in one.evidence.items()),
    )


def _below(one: Row) -> Iterator[str]:
    document = one.entry.document
    latest = f"; latest is {document['latest']}" if "latest" in document else ""
    yield one.facts.title + latest
    yield ", ".join(document["repositories"])
    if one.entry.file:
        yield f"from {one.entry.file}"
