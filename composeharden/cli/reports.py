"""The reports of a run: one to standard output and any number to files, each written as the inputs are worked on."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from composeharden.outcome import Outcome
from composeharden.redaction import Redactor
from composeharden.report.formats import Rule, Run, document
from composeharden.report.places import Places
from composeharden.suppress import comment

TEXT = "text"


class ReportFile(click.ParamType[tuple[str, str]]):
    """`FORMAT=FILE`."""

    name = "FORMAT=FILE"

    def __init__(self, formats: tuple[str, ...]) -> None:
        self.formats = formats

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The format and the file."""
        if isinstance(value, tuple):
            return str(value[0]), str(value[1])
        form, separator, file = str(value).partition("=")
        if form not in self.formats or not file:
            known = f"the format is one of {', '.join(self.formats)}"
            self.fail(known if separator and file else f"{value!r} is not FORMAT=FILE; {known}", param, ctx)
        return form, file


def parts(outcome: Outcome, redactor: Redactor, forms: Iterable[str], run: Run) -> dict[str, Any]:
    """What each report says of one input, by format; made where the input is worked on."""
    run = replace(run, places=places())
    return {form: document(form, run).part(outcome, redactor) for form in forms}


class Reports:
    """All reports of one run.

    Args:
        form: the format of standard output; text is none of our business here.
        files: format and path of each report to a file.
        run: what the reports say of the run.
    """

    def __init__(self, form: str, files: tuple[tuple[str, str], ...], run: Run) -> None:
        if form == "sarif" or "sarif" in dict(files):
            run = replace(run, rules=_rules())
        self.stdout = document(form, run) if form != TEXT else None
        self.files = [(kind, path, document(kind, run), [""]) for kind, path in files]
        self.form = form
        if self.stdout is not None:
            sys.stdout.write(self.stdout.begin())
        for _, _, report, text in self.files:
            text.append(report.begin())

    def add(self, found: dict[str, Any]) -> None:
        """Take in what is said of one more input."""
        if self.stdout is not None:
            sys.stdout.write(self.stdout.add(found[self.form]))
        for kind, _, report, text in self.files:
            text.append(report.add(found[kind]))

    def end(self, notes: Sequence[str] = ()) -> list[str]:
        """Finish all reports; says which files could not be written, since what was done still has to be told.

        `notes` are remarks on the run as a whole, already clean.
        """
        for report in (self.stdout, *(report for _, _, report, _ in self.files)):
            if report is not None:
                report.notes = tuple(notes)
        if self.stdout is not None:
            sys.stdout.write(self.stdout.end())
            sys.stdout.flush()
        written = (_write(path, "".join((*text, report.end()))) for _, path, report, text in self.files)
        return [problem for problem in written if problem]


def _write(path: str, text: str) -> str:
    """Write a report, atomically; why it could not be written, else nothing."""
    from composeharden.cli.write import WriteError, write_new

    try:
        write_new(path, text.encode("utf-8", "backslashreplace"), 0o644)
    except WriteError as error:
        return str(error)
    return ""


@functools.cache
def places() -> Places:
    """The current folder and the root of the repository that it is in, told by the `.git` there."""
    folder = root = os.path.abspath(os.getcwd())
    while not os.path.lexists(os.path.join(root, ".git")):
        parent = os.path.dirname(root)
        if parent == root:
            return Places(folder, folder)
        root = parent
    return Places(folder, root)


def _rules() -> dict[str, Rule]:
    from composeharden.cli.explain import page
    from composeharden.passes import all_passes

    return {
        name: Rule(name, item.severity, item.doc, page(item), _markdown(item), item.references)
        for name, item in all_passes().items()
    }


def _markdown(item: Any) -> str:
    lines = [item.doc, ""]
    if item.example is not None:
        for title, text in (("Before", item.example.before), ("After", item.example.after)):
            lines += [f"{title}:", "", "```yaml", text.rstrip("\n"), "```", ""]
    lines += ["To leave it as it is, with a reason, on the service:", ""]
    lines += ["```yaml", comment(item.name), "```"]
    references = [f"<{text}>" if "://" in text else text for text in item.references]
    return "\n".join([*lines, "", "References: " + ", ".join(references)] if references else lines) + "\n"
