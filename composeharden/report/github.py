"""Annotations for GitHub Actions, as workflow commands on standard output.

GitHub shows ten errors, ten warnings and ten notices of a step, so the gravest come first and the first notice says
how many there are. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from composeharden.outcome import Finding, Location, Outcome, Status
from composeharden.redaction import Redactor
from composeharden.report.formats import Document as Base
from composeharden.report.formats import level, subject, told
from composeharden.report.style import counted, joined

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_PROBLEM = -9
_ORDER = tuple(_COMMANDS.values())


class Document(Base):
    """One line per finding that is not suppressed, and per problem."""

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.lines: list[tuple[int, int, str]] = []
        self.count: Counter[str] = Counter()

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The lines with what they are sorted by, and how many findings are suppressed."""
        lines = []
        for problem in outcome.problems:
            text = [redactor.sentence(line) for line in (problem.message, problem.hint) if line]
            lines.append((0, _PROBLEM, self.line("error", problem.location, "composeharden", text, redactor)))
        for finding in outcome.findings:
            if finding.status is not Status.SUPPRESSED:
                command = _COMMANDS[level(finding)]
                lines.append((_ORDER.index(command), -finding.severity, self.finding(command, finding, redactor)))
        return lines, len(outcome.with_status(Status.SUPPRESSED))

    def add(self, part: Any) -> str:
        """Nothing yet: what is worst comes first."""
        lines, suppressed = part
        self.lines += lines
        self.count.update(_ORDER[order] for order, _, _ in lines)
        self.count["file"] += 1
        self.count["suppressed"] += suppressed
        return ""

    def end(self) -> str:
        """The total, then all lines."""
        total = joined(counted(self.count[name], name) for name in _ORDER if self.count[name]) or "nothing to report"
        suppressed = f", {self.count['suppressed']} suppressed" if self.count["suppressed"] else ""
        summary = f"{counted(self.count['file'], 'file')}: {total}{suppressed}"
        lines = [line for _, _, line in sorted(self.lines, key=lambda item: item[:2])]
        return "\n".join((f"::notice title=composeharden::{_data(summary)}", *lines, ""))

    def finding(self, command: str, finding: Finding, redactor: Redactor) -> str:
        """The command for one finding."""
        title = redactor.one_line(f"{finding.rule}, {subject(finding)}")
        text = [redactor.one_line(line) for line in told(finding)]
        return self.line(command, finding.location, title, text, redactor)

    def line(self, command: str, place: Location, title: str, text: list[str], redactor: Redactor) -> str:
        """A command; the text may have several lines, the log has one."""
        properties = {
            "file": redactor.one_line(self.run.places.name(place.file)),
            "line": str(place.line),
            "col": str(place.column),
            "title": title,
        }
        told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        return f"::{command} {told}::{_data(chr(10).join(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
