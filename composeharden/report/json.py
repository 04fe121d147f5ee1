"""The report for programs: one versioned JSON document, described by schemas/report.schema.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from composeharden.outcome import Effect, Finding, Location, Outcome, Patch, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.diff import unified
from composeharden.report.fingerprint import fingerprints
from composeharden.report.formats import Document as Base
from composeharden.report.formats import Run
from composeharden.report.hunks import hunks, rows
from composeharden.yaml.change import Append, Change, Remove, Rename, Replace, Reshape

SCHEMA = 1
"""Raised when a reader of the old form would misread the new one; new keys alone do not raise it."""

_INDENTED = 2_000


def render(outcomes: Sequence[Outcome], redactor: Redactor, tool_version: str, command: str) -> str:
    """All outcomes of a run as JSON text with a final line break.

    Args:
        outcomes: one per input.
        redactor: must know the sources of every outcome; each string passes it.
        tool_version: the version of the program.
        command: the sub-command that ran.

    Returns:
        Pure ASCII: other characters are written as JSON escapes. A very long report comes on one line.
    """
    return _text(document(outcomes, redactor, tool_version, command))


class Document(Base):
    """The report of a run, from the documents of its inputs."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.whole: dict[str, Any] | None = None

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The document of one input."""
        return document([outcome], redactor, self.run.version, self.run.command, self.run.places.name)

    def add(self, part: Any) -> str:
        """Nothing yet: the sums come first."""
        if self.whole is None:
            self.whole = part
        else:
            self.whole["files"] += part["files"]
            self.whole["summary"] = _sum(self.whole["summary"], part["summary"])
        return ""

    def end(self) -> str:
        """The whole text."""
        whole = self.whole or document([], Redactor(), self.run.version, self.run.command)
        return _text({**whole, "notes": list(self.notes)})


def _text(data: dict[str, Any]) -> str:
    findings = data["summary"]["findings"]
    return json.dumps(data, indent=2 if findings <= _INDENTED else None, allow_nan=False) + "\n"


def _sum(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _sum(value, right[key]) if isinstance(value, dict) else value + right[key] for key, value in left.items()
    }


def document(
    outcomes: Sequence[Outcome],
    redactor: Redactor,
    tool_version: str,
    command: str,
    name: Callable[[str], str] = str,
) -> dict[str, Any]:
    """The same as plain data. `name` gives a file the name that its fingerprints are made with."""
    writer = _Writer(redactor, name)
    return {
        "schema": SCHEMA,
        "tool": {"name": "composeharden", "version": writer.text(tool_version)},
        "command": writer.text(command),
        "redacted": True,
        "summary": summary(outcomes),
        "files": [writer.outcome(outcome) for outcome in outcomes],
    }


def summary(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """How many findings there are of each status, severity and effect, and what else happened."""
    outcomes = list(outcomes)
    found = [finding for outcome in outcomes for finding in outcome.findings]
    status = Counter(str(finding.status) for finding in found)
    severity = Counter(str(finding.severity) for finding in found if finding.status is not Status.SUPPRESSED)
    effect = Counter(str(finding.effect) for finding in found if finding.status is Status.FIX)
    return {
        "files": len(outcomes),
        "patched": sum(len(outcome.patches) for outcome in outcomes),
        "problems": sum(len(outcome.problems) for outcome in outcomes),
        "findings": len(found),
        "status": {str(item): status[str(item)] for item in Status},
        "severity": {str(item): severity[str(item)] for item in Severity},
        "fix_effect": {str(item): effect[str(item)] for item in Effect},
    }


class _Writer:
    def __init__(self, redactor: Redactor, name: Callable[[str], str]) -> None:
        self.redactor = redactor
        self.name = name
        self.text = redactor.clean
        self.sentence = redactor.sentence

    def outcome(self, outcome: Outcome) -> dict[str, Any]:
        marks = fingerprints(outcome, self.redactor, self.name)
        return {
            "path": self.text(outcome.path),
            "findings": [self.finding(finding, mark) for finding, mark in zip(outcome.findings, marks, strict=True)],
            "patches": [self.patch(patch, outcome.findings) for patch in outcome.patches],
            "beside": [
                {
                    "path": self.text(one.path),
                    "new": one.before is None,
                    "mode": f"{one.mode:04o}",
                    "private": one.is_private,
                }
                for one in outcome.beside_files
            ],
            "problems": [
                {
                    "message": self.sentence(problem.message),
                    "hint": self.sentence(problem.hint),
                    "location": self.location(problem.location),
                }
                for problem in outcome.problems
            ],
            "notes": [self.sentence(note) for note in outcome.notes],
            "recreates": [self.text(name) for name in outcome.recreated],
        }

    def finding(self, finding: Finding, mark: str) -> dict[str, Any]:
        return {
            "fingerprint": mark,
            "rule": self.text(finding.rule),
            "service": None if finding.service is None else self.text(finding.service),
            "status": str(finding.status),
            "severity": str(finding.severity),
            "confidence": str(finding.confidence),
            "effect": str(finding.effect),
            "message": self.text(finding.message),
            "reason": self.text(finding.reason),
            "suppressed_by": self.text(finding.suppressed_by),
            "unlock": self.text(finding.unlock),
            "advice": self.text(finding.advice),
            "why": [self.text(line) for line in finding.why.split("\n") if line],
            "references": [self.text(item) for item in finding.references],
            "evidence": [self.text(item) for item in finding.evidence],
            "needs": [self.text(item) for item in finding.needs],
            "location": self.location(finding.location),
            "changes": [self.change(change) for change in finding.changes],
        }

    def location(self, location: Location) -> dict[str, Any]:
        return {"file": self.text(location.file), "line": location.line, "column": location.column}

    def change(self, change: Change) -> dict[str, Any]:
        result: dict[str, Any] = {
            "op": _OPERATIONS.get(type(change), "set"),
            "path": [self.text(part) if isinstance(part, str) else part for part in change.path[1:]],
        }
        if isinstance(change, Append):
            result["value"] = self.redactor.data(change.path, list(change.items))
        elif isinstance(change, Replace):
            result["old"] = self.redactor.data(change.path, [change.old])[0]
            result["value"] = self.redactor.data(change.path, [change.value])[0]
        elif isinstance(change, Rename):
            result["name"] = self.text(change.key)
            result["value"] = self.redactor.data((*change.path[:-1], change.key), change.value)
        elif not isinstance(change, Remove):
            result["value"] = self.redactor.data(change.path, change.value)
        return result

    def patch(self, patch: Patch, findings: Iterable[Finding]) -> dict[str, Any]:
        signs = Counter(sign for hunk in hunks(patch) for sign, _ in rows(hunk))
        return {
            "path": self.text(patch.path),
            "hunks": len(hunks(patch)),
            "added": signs["+"],
            "removed": signs["-"],
            "diff": unified(patch, self.redactor, findings=findings),
        }


_OPERATIONS: dict[type, str] = {
    Append: "append",
    Remove: "remove",
    Rename: "rename",
    Replace: "replace",
    Reshape: "reshape",
}
