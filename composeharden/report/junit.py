"""JUnit XML for CI systems that know tests: one suite per file, one test per finding.

A test fails where its finding makes the run fail, is an error where something was refused or could not be read, and is
skipped, with the reason, where the finding only is told or is suppressed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from composeharden.outcome import Finding, Location, Outcome, Status
from composeharden.redaction import Redactor
from composeharden.report.formats import Document as Base
from composeharden.report.formats import fails, subject, told


class Document(Base):
    """One list of suites."""

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The suite of one input as text."""
        name = redactor.one_line(self.run.places.name(outcome.path))
        suite = ElementTree.Element("testsuite", {"name": name})
        for problem in outcome.problems:
            text = [redactor.sentence(line) for line in (problem.message, problem.hint) if line]
            case = _case(suite, name, "can be read and judged", self.place(problem.location, redactor))
            _result(case, "error", "problem", text)
        for finding in outcome.findings:
            self.finding(suite, name, finding, redactor)
        if len(suite) == 0:
            _case(suite, name, "nothing to harden", {"file": name})
        for kind in ("failure", "error", "skipped"):
            suite.set({"failure": "failures", "error": "errors"}.get(kind, kind), str(len(suite.findall(f"*/{kind}"))))
        suite.set("tests", str(len(suite)))
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode")

    def begin(self) -> str:
        """The head and the opening tag."""
        return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="composeharden">\n'

    def add(self, part: Any) -> str:
        """One suite."""
        return str(part) + "\n"

    def end(self) -> str:
        """The closing tag."""
        return "</testsuites>\n"

    def finding(self, suite: ElementTree.Element, name: str, finding: Finding, redactor: Redactor) -> None:
        """Add one finding to its suite."""
        title = redactor.one_line(f"{finding.rule}, {subject(finding)}")
        case = _case(suite, name, title, self.place(finding.location, redactor))
        text = [redactor.one_line(line) for line in (*told(finding), *finding.why.split("\n"), *finding.references)]
        kind = "failure" if fails(finding, self.run) else "skipped"
        kind = "error" if finding.status is Status.REFUSED else kind
        _result(case, kind, f"{finding.status}, {finding.severity}", [line for line in text if line])

    def place(self, place: Location, redactor: Redactor) -> dict[str, str]:
        """The attributes that say where something stands."""
        return {"file": redactor.one_line(self.run.places.name(place.file)), "line": str(place.line)}


def _case(suite: ElementTree.Element, name: str, title: str, place: dict[str, str]) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", {"classname": name, "name": title, **place})


def _result(case: ElementTree.Element, kind: str, sort: str, text: list[str]) -> None:
    result = ElementTree.SubElement(case, kind, {"message": f"{sort}: {'. '.join(text[:2])}", "type": sort})
    result.text = "\n".join(text)
