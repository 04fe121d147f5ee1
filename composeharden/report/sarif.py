"""SARIF 2.1.0 for code scanning: findings with fixes, suppressions and fingerprints that survive other edits.

Files are named from the root of the repository. The fingerprint has a key of its own: the one that GitHub computes for
itself, `primaryLocationLineHash`, hashes the text of the file, where secrets may stand.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from composeharden.outcome import Effect, Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.fingerprint import VERSION, fingerprints
from composeharden.report.fixes import Fixes, Replacement
from composeharden.report.formats import Document as Base
from composeharden.report.formats import Rule, Run, level, subject, told
from composeharden.report.wording import changes_in_words
from composeharden.yaml.source import Source

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = f"composeharden/v{VERSION}"
_LONGEST_DESCRIPTION = 1_000
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "3.0"}
"""In the middle of what GitHub calls critical, high, medium and low."""


class Document(Base):
    """One log with one run."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.rules: set[str] = set()
        self.notifications: list[Any] = []
        self.empty = True

    def part(self, outcome: Outcome, redactor: Redactor) -> Any:
        """The results as text, the names of their rules, and the problems."""
        writer = _Writer(outcome, redactor, self.run)
        results = ",\n".join(_dumped(result) for result in writer.results())
        rules = {redactor.one_line(finding.rule) for finding in outcome.findings}
        return results, rules, [writer.notification(problem) for problem in outcome.problems]

    def begin(self) -> str:
        """Everything up to the first result."""
        head = f'"$schema": {_dumped(SCHEMA)}, "version": "2.1.0"'
        return f'{{{head}, "runs": [{{"columnKind": "unicodeCodePoints", "results": [\n'

    def add(self, part: Any) -> str:
        """The results of one input."""
        results, rules, notifications = part
        self.rules |= rules
        self.notifications += notifications
        if not results:
            return ""
        separator, self.empty = "" if self.empty else ",\n", False
        return separator + str(results)

    def end(self) -> str:
        """What is about all results: the rules that they name, and whether everything could be read."""
        driver = {
            "name": "composeharden",
            "version": self.run.version,
            "semanticVersion": self.run.version,
            "rules": [_rule(name, self.run.rules.get(name)) for name in sorted(self.rules)],
        }
        rest = {
            "tool": {"driver": driver},
            "invocations": [
                {"executionSuccessful": not self.notifications, "toolExecutionNotifications": self.notifications}
            ],
            "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        }
        return f"\n], {_dumped(rest)[1:]}]}}\n"


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": name}
    addresses = [text for text in rule.references if "://" in text]
    tags = [text for text in rule.references if "://" not in text]
    score = {"security-severity": _SCORES[rule.severity]} if tags and rule.severity in _SCORES else {}
    return {
        "id": name,
        **({"name": "".join(word.capitalize() for word in name.split("-"))} if "-" in name else {}),
        "shortDescription": {"text": rule.doc.split("\n", 1)[0]},
        "fullDescription": {"text": _shortened(rule.doc)},
        "help": {"text": rule.text, "markdown": rule.markdown},
        **({"helpUri": addresses[0]} if addresses else {}),
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "note")},
        "properties": {"tags": [*(["security"] if tags else []), "docker-compose", *tags], **score},
    }


def _shortened(doc: str) -> str:
    """The paragraphs that GitHub has room for, on one line each."""
    found = ""
    for paragraph in doc.split("\n\n"):
        if found and len(found) + len(paragraph) > _LONGEST_DESCRIPTION:
            break
        found += ("\n\n" if found else "") + paragraph.replace("\n", " ")
    return found


class _Writer:
    def __init__(self, outcome: Outcome, redactor: Redactor, run: Run) -> None:
        self.outcome = outcome
        self.redactor = redactor
        self.run = run
        self.text = redactor.one_line
        self.fixes = [Fixes(outcome, patch, redactor) for patch in outcome.patches]

    def results(self) -> Iterator[dict[str, Any]]:
        marks = fingerprints(self.outcome, self.redactor, self.run.places.name)
        for finding, mark in zip(self.outcome.findings, marks, strict=True):
            yield self.result(finding, mark)

    def result(self, finding: Finding, mark: str) -> dict[str, Any]:
        location = self.location(finding.location)
        if finding.service is not None:
            name = self.text(finding.service)
            location["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"services.{name}", "kind": "service"}]
        found: dict[str, Any] = {
            "ruleId": self.text(finding.rule),
            "level": level(finding),
            "message": {"text": self.message(finding)},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: mark},
            "suppressions": self.suppressions(finding),
            "properties": self.properties(finding),
        }
        fix = self.fix(finding) if finding.status is Status.FIX else None
        return {**found, "fixes": [fix]} if fix is not None else found

    def message(self, finding: Finding) -> str:
        """One paragraph, in which nothing of the file can make a link."""
        sentences = (self.text(line) for line in (f"{subject(finding)}: {finding.message}", *told(finding)[1:]))
        return ". ".join(sentences).replace("](", "] (")

    def suppressions(self, finding: Finding) -> list[dict[str, str]]:
        """Empty for what is not suppressed: leaving it out would mean that nobody knows."""
        if finding.status is not Status.SUPPRESSED:
            return []
        kind = "inSource" if finding.suppressed_by == "comment" else "external"
        return [{"kind": kind, "status": "accepted", "justification": self.text(finding.reason)}]

    def properties(self, finding: Finding) -> dict[str, Any]:
        found: dict[str, Any] = {
            "status": str(finding.status),
            "severity": str(finding.severity),
            "confidence": str(finding.confidence),
            "effect": str(finding.effect),
        }
        if finding.why:
            found["why"] = [self.text(line) for line in finding.why.split("\n") if line]
        if finding.evidence:
            found["evidence"] = [self.text(item) for item in finding.evidence]
        return found

    # -- fixes -------------------------------------------------------------------------------------------------------

    def fix(self, finding: Finding) -> dict[str, Any] | None:
        """All that the fix of one finding changes; None where that cannot be shown in whole."""
        changes = []
        for fixes in self.fixes:
            replacements = fixes.of(finding)
            if replacements is None:
                return None
            if not replacements:
                continue
            source = fixes.patch.before
            replaced = [self.replacement(source, one) for one in replacements]
            changes.append({"artifactLocation": self.artifact(fixes.patch.path), "replacements": replaced})
        if not changes:
            return None
        text = changes_in_words(finding.changes, self.redactor) or self.text(finding.message)
        if finding.effect >= Effect.BEHAVIOUR:
            text += " (changes how the service runs: check that it starts, and starts again)"
        return {"description": {"text": text.replace("](", "] (")}, "artifactChanges": changes}

    def replacement(self, source: Source, one: Replacement) -> dict[str, Any]:
        start, end = source.position(one.start), source.position(one.end)
        region = {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        }
        return {"deletedRegion": region, "insertedContent": {"text": one.text}}

    # -- places ------------------------------------------------------------------------------------------------------

    def location(self, location: Location) -> dict[str, Any]:
        region = {"startLine": location.line, "startColumn": location.column}
        return {"physicalLocation": {"artifactLocation": self.artifact(location.file), "region": region}}

    def artifact(self, path: str) -> dict[str, str]:
        uri = self.run.places.uri(self.redactor.hidden(path))
        return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": _ROOT}

    def notification(self, problem: Problem) -> dict[str, Any]:
        text = ". ".join(self.redactor.sentence(part) for part in (problem.message, problem.hint) if part)
        return {
            "level": "error",
            "message": {"text": text.replace("](", "] (")},
            "locations": [self.location(problem.location)],
        }


def _dumped(data: Any) -> str:
    return json.dumps(data, allow_nan=False)
