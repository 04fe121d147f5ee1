"""A Code Quality report for GitLab: what is new in a merge request is told by the fingerprint.

What is suppressed is left out: GitLab would count it. https://docs.gitlab.com/ci/testing/code_quality/
"""

from __future__ import annotations

import json
from typing import Any

from composeharden.outcome import Finding, Outcome, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.fingerprint import fingerprints
from composeharden.report.formats import Document as Base
from composeharden.report.formats import subject, told

_SEVERITIES = {
    Severity.INFO: "info",
    Severity.LOW: "minor",
    Severity.MEDIUM: "major",
    Severity.HIGH: "critical",
    Severity.CRITICAL: "blocker",
}


class Document(Base):
    """A list of issues."""

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.empty = True

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The issues as text."""
        marks = fingerprints(outcome, redactor, self.run.places.name)
        found = [
            self.issue(finding, mark, redactor)
            for finding, mark in zip(outcome.findings, marks, strict=True)
            if finding.status is not Status.SUPPRESSED
        ]
        found += self.problems(outcome, redactor)
        return ",\n".join(json.dumps(issue) for issue in found)

    def begin(self) -> str:
        """The start of the list."""
        return "[\n"

    def add(self, part: Any) -> str:
        """The issues of one input."""
        if not part:
            return ""
        separator, self.empty = "" if self.empty else ",\n", False
        return separator + str(part)

    def end(self) -> str:
        """The end of the list."""
        return "\n]\n"

    def issue(self, finding: Finding, mark: str, redactor: Redactor) -> dict[str, Any]:
        """One finding."""
        text = (f"{subject(finding)}: {finding.message}", *told(finding)[1:])
        return {
            "description": ". ".join(redactor.one_line(line) for line in text),
            "check_name": redactor.one_line(finding.rule),
            "fingerprint": mark,
            "severity": _SEVERITIES[finding.severity],
            "location": self.location(finding.location.file, finding.location.line, redactor),
        }

    def problems(self, outcome: Outcome, redactor: Redactor) -> list[dict[str, Any]]:
        """What could not be read or done, as findings of the gravest kind."""
        stand_ins = tuple(
            Finding("composeharden", None, Severity.CRITICAL, problem.message, problem.location)
            for problem in outcome.problems
        )
        marks = fingerprints(Outcome(outcome.path, stand_ins, sources=outcome.sources), redactor, self.run.places.name)
        return [
            {
                "description": ". ".join(redactor.sentence(line) for line in (problem.message, problem.hint) if line),
                "check_name": "composeharden",
                "fingerprint": mark,
                "severity": "blocker",
                "location": self.location(problem.location.file, problem.location.line, redactor),
            }
            for problem, mark in zip(outcome.problems, marks, strict=True)
        ]

    def location(self, path: str, line: int, redactor: Redactor) -> dict[str, Any]:
        """A place from the root of the repository."""
        return {"path": redactor.one_line(self.run.places.name(path)), "lines": {"begin": line}}
