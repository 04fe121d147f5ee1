"""Markdown for a step summary or the body of a pull request: tables, and the redacted diff folded away.

It stays below the 65,536 characters that a pull request can hold, and says what it left out. Nothing that comes from a
file is markup, a link, a mention or a reference.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from composeharden.outcome import Effect, Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.diff import unified
from composeharden.report.entries import entry
from composeharden.report.formats import Document as Base
from composeharden.report.formats import Run
from composeharden.report.style import counted, joined

MOST_CHARACTERS = 60_000
MOST_ROWS = 100
_DIFFS = 30_000
_SIGNS = {
    Status.FIX: "✔ fix",
    Status.REPORT: "● report",
    Status.HELD: "○ held",
    Status.REFUSED: "✘ refused",
    Status.SUPPRESSED: "· suppressed",
}
_FIRST = (Status.REFUSED, Status.FIX, Status.REPORT)
_OPEN = ("| | severity | where | service | pass | |", "|---|---|---|---|---|---|")
_FOLDED = ("| where | service | pass | |", "|---|---|---|---|")
_TITLES = {"more": "Also to look at", "held": "Held back", "suppressed": "Suppressed"}


class Row(NamedTuple):
    """One line of a table: what it is sorted by, and its text."""

    rank: tuple[int, int]
    text: str


class _Rows:
    """The most important rows, and how many there were."""

    def __init__(self) -> None:
        self.kept: list[Row] = []
        self.count = 0

    def add(self, rows: Iterable[Row]) -> None:
        new = list(rows)
        self.count += len(new)
        self.kept = heapq.nsmallest(MOST_ROWS, [*self.kept, *new], key=lambda row: row.rank)


class Document(Base):
    """One page."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.tables = {name: _Rows() for name in ("problems", "open", *_TITLES)}
        self.diffs: list[str] = []
        self.room = _DIFFS
        self.unshown = 0
        self.count: Counter[str] = Counter()

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The rows of each table, the diff of each file, and what to count."""
        writer = _Writer(outcome, redactor, self.run)
        count = Counter(str(finding.status) for finding in outcome.findings)
        behaviour = [one for one in outcome.with_status(Status.FIX) if one.effect >= Effect.BEHAVIOUR]
        count.update({"files": 1, "behaviour": len(behaviour), "problems": len(outcome.problems)})
        return writer.tables(), list(writer.diffs()), count

    def add(self, part: Any) -> str:
        """Nothing yet: the summary comes first."""
        tables, diffs, count = part
        self.count.update(count)
        for name, rows in tables.items():
            self.tables[name].add(rows)
        for diff in diffs:
            if len(diff) <= self.room:
                self.diffs.append(diff)
                self.room -= len(diff)
            else:
                self.unshown += 1
        return ""

    def end(self) -> str:
        """The page."""
        lines = [f"## composeharden {self.run.command}", "", self.summary(), ""]
        left = MOST_CHARACTERS - sum(map(len, lines)) - sum(map(len, self.diffs)) - 2_000
        sections = {name: list(self.table(name, rows, left // 4)) for name, rows in self.tables.items()}
        lines += (*sections["problems"], *sections["open"], *self.changes())
        lines += (line for name in _TITLES for line in sections[name])
        return "\n".join(lines)

    def summary(self) -> str:
        """What happened, on one line."""
        count = self.count
        done = self.run.command == "fix"
        fixes = f"{counted(count['fix'], 'fix', 'fixes')} {'made' if done else 'ready'}" if count["fix"] else ""
        if count["behaviour"]:
            fixes += f" ({count['behaviour']} ⚠: check that the service starts, and starts again)"
        others = (("report", "to look at"), ("held", "held back"), ("refused", "refused"), ("suppressed", "suppressed"))
        told = [fixes, *(f"{count[name]} {words}" for name, words in others if count[name])]
        problems = counted(count["problems"], "problem") if count["problems"] else ""
        return f"**{counted(count['files'], 'file')}**: {joined([problems, *told]) or 'nothing to harden'}"

    def table(self, name: str, rows: _Rows, room: int) -> Iterator[str]:
        """One table with its heading, as far as there is room; folded away unless it asks for action."""
        if not rows.count:
            return
        shown = []
        for row in rows.kept:
            room -= len(row.text) + 1
            if room < 0:
                break
            shown.append(row.text)
        if name == "problems":
            yield from ("### Problems", "", *shown)
        elif name == "open":
            yield from (*_OPEN, *shown)
        else:
            yield from (f"<details><summary>{_TITLES[name]}: {rows.count}</summary>", "", *_FOLDED, *shown)
        if len(shown) < rows.count:
            yield from ("", f"... and {rows.count - len(shown)} more.")
        yield from ("", "</details>", "") if name in _TITLES else ("",)

    def changes(self) -> Iterator[str]:
        """The diffs, folded away unless they are what was asked for."""
        if not self.diffs and not self.unshown:
            return
        files = counted(len(self.diffs) + self.unshown, "file")
        yield from (f"<details{' open' if self.run.command == 'diff' else ''}>", f"<summary>Changes: {files}</summary>")
        yield from ("", "Secrets are shown as `***`; this is for reading and does not apply.", "")
        yield from self.diffs
        if self.unshown:
            yield from (f"... and {counted(self.unshown, 'file')} for which there is no room here.", "")
        yield from ("</details>", "")


class _Writer:
    def __init__(self, outcome: Outcome, redactor: Redactor, run: Run) -> None:
        self.outcome = outcome
        self.redactor = redactor
        self.run = run
        self.text = redactor.markdown

    def tables(self) -> dict[str, list[Row]]:
        found = self.outcome.findings
        return {
            "problems": [Row((0, 0), self.problem(one)) for one in self.outcome.problems],
            "open": [self.row(one) for one in found if one.status in _FIRST and not _is_minor(one)],
            "more": [self.folded(one) for one in found if _is_minor(one)],
            "held": [self.folded(one) for one in found if one.status is Status.HELD],
            "suppressed": [self.folded(one) for one in found if one.status is Status.SUPPRESSED],
        }

    def problem(self, one: Problem) -> str:
        told = ". ".join(self.text(self.redactor.sentence(line)) for line in (one.message, one.hint) if line)
        place = self.text(self.run.places.name(one.location.file)) if one.about_file else self.place(one.location)
        return f"- {place}: {told}"

    def row(self, finding: Finding) -> Row:
        shown = entry(finding, self.redactor, verbose=False)
        sign = "⚠ fix" if shown.kind == "warn" else _SIGNS[finding.status]
        severity = f"**{finding.severity}**" if finding.severity >= Severity.HIGH else str(finding.severity)
        cells = (sign, severity, *self.subject(finding), self.text(shown.text) + self.advice(finding))
        return Row((_FIRST.index(finding.status), -finding.severity), f"| {' | '.join(cells)} |")

    def folded(self, finding: Finding) -> Row:
        text = finding.message if finding.status is Status.REPORT else finding.reason
        unlock = f"; {finding.unlock} applies it" if finding.unlock else ""
        cells = (*self.subject(finding), self.text(text + unlock) + self.advice(finding))
        return Row((0, -finding.severity), f"| {' | '.join(cells)} |")

    def advice(self, finding: Finding) -> str:
        return f"<br>→ {self.text(finding.advice)}" if finding.advice and finding.status is Status.REPORT else ""

    def subject(self, finding: Finding) -> tuple[str, str, str]:
        return self.place(finding.location), self.text(finding.service or "the stack"), self.text(finding.rule)

    def place(self, place: Location) -> str:
        return f"{self.text(self.run.places.name(place.file))}:{place.line}"

    def diffs(self) -> Iterator[str]:
        for patch in self.outcome.patches:
            lines = unified(patch, self.redactor, findings=self.outcome.findings).split("\n")
            yield self.redactor.markdown_block("\n".join(lines[1:]), "diff")


def _is_minor(finding: Finding) -> bool:
    return finding.status is Status.REPORT and finding.severity < Severity.MEDIUM
