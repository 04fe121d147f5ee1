"""Reviewdog's diagnostic format: comments on a pull request, with changes that are taken with a click.

Paths are relative to the current folder, since that is what reviewdog takes them for. Columns count bytes of UTF-8.
What is suppressed is left out. https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
"""

from __future__ import annotations

import json
import os
from typing import Any

from composeharden.outcome import Effect, Finding, Location, Outcome, Patch, Status
from composeharden.redaction import Redactor
from composeharden.report.fixes import Fixes, Suggestion
from composeharden.report.formats import Document as Base
from composeharden.report.formats import level, subject, told
from composeharden.yaml.source import Source

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}
_APART = "It belongs together with lines that are not shown here: composeharden fix makes it."
_CHECK = "It changes how the service runs: check that it starts, and starts again."


class Document(Base):
    """One result with all diagnostics."""

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.empty = True

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The diagnostics as text: one per suggestion, which tells of all findings in it, and one per other finding."""
        found: list[dict[str, Any]] = []
        covered: set[int] = set()
        for patch in outcome.patches:
            for one in Fixes(outcome, patch, redactor).suggestions():
                about = {id(finding) for finding in one.findings}
                if one.text is not None or not about or not about <= covered:  # one may be told of in several files
                    found.append(_suggestion(one, patch, redactor))
                covered |= about
        found += [
            _finding(finding, redactor)
            for finding in outcome.findings
            if finding.status is not Status.SUPPRESSED and id(finding) not in covered
        ]
        for problem in outcome.problems:
            text = [redactor.markdown_text(redactor.sentence(line)) for line in (problem.message, problem.hint) if line]
            found.append(_diagnostic(problem.location, "ERROR", "composeharden", text, redactor))
        return ",\n".join(json.dumps(item) for item in found)

    def begin(self) -> str:
        """Everything up to the first diagnostic."""
        return '{"source": {"name": "composeharden"}, "diagnostics": [\n'

    def add(self, part: Any) -> str:
        """The diagnostics of one input."""
        if not part:
            return ""
        separator, self.empty = "" if self.empty else ",\n", False
        return separator + str(part)

    def end(self) -> str:
        """The end of the result."""
        return "\n]}\n"


def _finding(finding: Finding, redactor: Redactor) -> dict[str, Any]:
    text = [redactor.markdown_text(line) for line in (f"{subject(finding)}: {finding.message}", *told(finding)[1:])]
    return _diagnostic(finding.location, _SEVERITIES[level(finding)], finding.rule, text, redactor)


def _suggestion(one: Suggestion, patch: Patch, redactor: Redactor) -> dict[str, Any]:
    text = [
        redactor.markdown_text(f"{finding.rule}, {subject(finding)}: {finding.message}") for finding in one.findings
    ] or ["composeharden suggests this change."]
    if one.text is None:
        text.append(_APART)
    if any(finding.effect >= Effect.BEHAVIOUR for finding in one.findings):
        text.append(_CHECK)
    place = patch.before.position(one.start)
    rules = ", ".join(dict.fromkeys(finding.rule for finding in one.findings)) or "composeharden"
    found = _diagnostic(Location(patch.path, *place), "WARNING", rules, text, redactor)
    extent = {"start": _position(patch.before, one.start), "end": _position(patch.before, one.end)}
    found["location"]["range"] = extent
    return found if one.text is None else {**found, "suggestions": [{"range": extent, "text": one.text}]}


def _diagnostic(place: Location, severity: str, rule: str, text: list[str], redactor: Redactor) -> dict[str, Any]:
    path = os.path.normpath(place.file)
    return {
        "message": "\n\n".join(text),
        "location": {
            "path": redactor.one_line(path.replace("\\", "/") if os.sep == "\\" else path),
            "range": {"start": {"line": place.line}},
        },
        "severity": severity,
        "code": {"value": redactor.one_line(rule)},
    }


def _position(source: Source, offset: int) -> dict[str, int]:
    """A place as bytes count it; a byte order mark is three of them."""
    start = source.line_start(offset)
    return {"line": source.position(offset).line, "column": len(source.text[start:offset].encode()) + 1}
