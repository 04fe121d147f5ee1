"""Findings as entries of the text report, and which services' entries are told together."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from composeharden.outcome import Effect, Finding, Outcome, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.style import named
from composeharden.report.wording import changes_in_words, identifiers

_ORDER = (Status.FIX, Status.REFUSED, Status.REPORT, Status.HELD, Status.SUPPRESSED)
_SHARED_FROM = 2


class Entry(NamedTuple):
    """One finding as it is shown; all text is clean. Equal entries of different services can be told together."""

    kind: str
    """`fix`, `warn` (a fix that changes how a service runs), `report`, `held`, `refused` or `suppressed`."""
    rule: str
    severity: Severity | None
    text: str
    note: str
    """Said after the text with less weight: identifiers, or the flag that applies it."""
    advice: str
    details: tuple[str, ...]


class Block(NamedTuple):
    """Entries under one heading: the names of the services that have them all, none for the stack as a whole."""

    services: tuple[str, ...]
    entries: tuple[Entry, ...]


class Layout(NamedTuple):
    """What is shown: blocks by service, then entries without a fix that several services share."""

    blocks: list[Block]
    shared: list[tuple[Entry, tuple[str, ...]]]


def layout(outcome: Outcome, redactor: Redactor, verbose: bool) -> Layout:
    """Sort the findings of an outcome for showing. With `verbose` nothing is told together."""
    by_service: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        by_service.setdefault(finding.service or "", []).append(finding)
    entries = {
        name: [entry(one, redactor, verbose) for one in sorted(found, key=_rank)] for name, found in by_service.items()
    }
    owners: dict[Entry, list[str]] = defaultdict(list)
    for name, own in entries.items():
        for one in own if name and not verbose else ():
            if one.kind not in ("fix", "warn"):
                owners[one].append(redactor.one_line(name))
    shared = {one: tuple(names) for one, names in owners.items() if len(names) >= _SHARED_FROM}
    together: dict[tuple[bool, tuple[Entry, ...]], list[str]] = defaultdict(list)
    for name, own in entries.items():
        rest = tuple(one for one in own if not name or one not in shared)
        if rest:
            together[name != "", rest] += [redactor.one_line(name)] if name else []
    return Layout(
        [Block(tuple(names), own) for (_, own), names in together.items()],
        sorted(shared.items(), key=lambda item: (item[0].severity is None, -(item[0].severity or 0))),
    )


def entry(finding: Finding, redactor: Redactor, verbose: bool) -> Entry:
    """One finding as it is shown."""
    clean, status = redactor.one_line, finding.status
    message, reason = clean(finding.message), clean(finding.reason)
    kind, text, note, advice, severity = str(status), f"{status}: {reason or message}", "", "", None
    if status is Status.FIX:
        kind = "warn" if finding.effect >= Effect.BEHAVIOUR else "fix"
        text = changes_in_words(finding.changes, redactor) or message
        note = str(finding.confidence)
    elif status is Status.REPORT:
        text, severity = message, finding.severity
        note = ", ".join(clean(item) for item in identifiers(finding))
        advice = clean(finding.advice) if severity >= Severity.MEDIUM or verbose else ""
    elif status is Status.HELD:
        text, note = f"held back: {reason or message}", clean(finding.unlock and f"{finding.unlock} applies it")
    elif status is Status.REFUSED:
        severity = finding.severity
    details = tuple(_details(finding, redactor)) if verbose else ()
    return Entry(kind, clean(finding.rule), severity, text, note, advice, details)


def _rank(finding: Finding) -> tuple[int, int]:
    return _ORDER.index(finding.status), -finding.severity


def _details(finding: Finding, redactor: Redactor) -> list[str]:
    clean, place = redactor.one_line, finding.location
    lines = [] if finding.status is Status.REPORT else [clean(finding.message)]
    lines += (clean(line) for line in finding.why.split("\n") if line)
    lines += (f"evidence: {clean(item)}" for item in finding.evidence)
    lines += (clean(item) for item in finding.references if "://" in item)
    file = clean(named(place.file))
    lines.append(f"{file}:{place.line}:{place.column}, {finding.severity} severity, facts {finding.confidence}")
    return lines
