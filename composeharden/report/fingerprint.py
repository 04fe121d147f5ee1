"""Identities of findings that survive other edits of the file, new wordings and new versions."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable

from composeharden.outcome import Finding, Outcome
from composeharden.redaction import Redactor

VERSION = 1


def fingerprints(outcome: Outcome, redactor: Redactor, name: Callable[[str], str] = str) -> list[str]:
    """One fingerprint per finding of an outcome, in their order.

    It is made of the file, the pass, the service and the masked text of the line the finding points to; equal ones are
    numbered. Neither the message nor the line number counts. `name` gives the file the name that stays the same from
    whatever folder the program is called.
    """
    lines = {path: redactor.mask(source).split("\n") for path, source in outcome.sources.items()}
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for finding in outcome.findings:
        parts = (name(finding.location.file), finding.rule, finding.service or "", _evidence(finding, lines))
        found.append(_digest((*parts, str(seen[parts]))))
        seen[parts] += 1
    return found


def _evidence(finding: Finding, lines: dict[str, list[str]]) -> str:
    of_file = lines.get(finding.location.file, [])
    number = finding.location.line - 1
    return " ".join(of_file[number].split()) if 0 <= number < len(of_file) else ""


def _digest(parts: tuple[str, ...]) -> str:
    data = json.dumps([VERSION, *parts], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(data.encode()).hexdigest()
