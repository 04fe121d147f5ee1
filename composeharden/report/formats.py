"""What all report formats have in common: one document per run, put together from one part per input.

Parts are made where an input is worked on, and are small and picklable; documents are written as the parts come in.
Each format is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from composeharden.outcome import Finding, Outcome, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.places import Places

FORMATS = ("json", "sarif", "github", "gitlab", "rdjson", "junit", "markdown")
"""The formats beside text, each a module of this package with a class `Document`."""


@dataclass(frozen=True)
class Rule:
    """What a report tells of a pass. The texts are the program's own."""

    name: str
    severity: Severity
    doc: str
    """What it does and why; the first line says it in short."""
    text: str
    """All there is to know, with an example, for reading as it is."""
    markdown: str
    """The same as Markdown."""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What a report says of the run as a whole, and how it names files."""

    version: str
    command: str = "check"
    fail_on: Severity = Severity.HIGH
    fail_on_held: bool = False
    places: Places = field(default_factory=Places)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """The passes by name; only needed where a document ends."""


class Document:
    """One report of one run; each format is a subclass in a module of its own."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.notes: tuple[str, ...] = ()
        """Remarks on the run as a whole, clean; set before the end."""

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """What the document says of one input, redacted. It does not touch the document."""
        raise NotImplementedError

    def begin(self) -> str:
        """The text before all parts."""
        return ""

    def add(self, part: Any) -> str:
        """The text to write for one more part, empty where it has to wait for the others."""
        raise NotImplementedError

    def end(self) -> str:
        """The text after all parts."""
        return ""

    def render(self, outcomes: Iterable[Outcome], redactor: Redactor) -> str:
        """All of it at once, for outcomes that one redactor knows."""
        parts = [self.add(self.part(outcome, redactor)) for outcome in outcomes]
        return "".join((self.begin(), *parts, self.end()))


def document(form: str, run: Run) -> Document:
    """An empty document in one of FORMATS."""
    found = importlib.import_module(f"composeharden.report.{form}").Document(run)
    assert isinstance(found, Document)
    return found


def fails(finding: Finding, run: Run) -> bool:
    """Whether a finding by itself makes the run end with 1."""
    if finding.status is Status.REPORT:
        return finding.severity >= run.fail_on
    return finding.status is Status.FIX or (finding.status is Status.HELD and run.fail_on_held)


def level(finding: Finding) -> str:
    """`error`, `warning` or `note`, by how much the finding matters and what becomes of it."""
    if finding.status is Status.REFUSED or (finding.severity >= Severity.HIGH and finding.status is Status.REPORT):
        return "error"
    if finding.status is Status.FIX or (finding.severity >= Severity.MEDIUM and finding.status is Status.REPORT):
        return "warning"
    return "note"


def subject(finding: Finding) -> str:
    """`service web` or `the stack`; may hold anything that a name can."""
    return f"service {finding.service}" if finding.service else "the stack"


def told(finding: Finding) -> list[str]:
    """What a person reads: the message, what becomes of it, and what to do."""
    lines = [finding.message]
    if finding.status is Status.FIX:
        lines.append("composeharden fix makes the change")
    elif finding.status is Status.HELD:
        unlock = f"; {finding.unlock} applies it" if finding.unlock else ""
        lines.append(f"held back: {finding.reason}{unlock}")
    elif finding.status is not Status.REPORT:
        lines.append(f"{finding.status}: {finding.reason}")
    return [*lines, finding.advice] if finding.advice else lines
