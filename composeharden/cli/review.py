"""What a repository has accepted: findings of one input under an exception or in the baseline, and a record of it."""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from composeharden.cli.baseline import load
from composeharden.cli.configuration import Governing, governing_folder, relative_to
from composeharden.cli.seen import Entry, Seen
from composeharden.configuration.exemptions import Exemptions
from composeharden.outcome import Acceptance, Finding, Outcome, Status
from composeharden.redaction import Redactor
from composeharden.report.fingerprint import fingerprints
from composeharden.yaml.source import Source

if TYPE_CHECKING:
    from composeharden.cli.run import Settings


class Review:
    """Answers for the findings of one input, as often as it is asked.

    Recorded is what it is asked about the files as they are: it is asked about the hardened text, too. A baseline that
    is being written accepts everything, so that it also has what only comes up once something is accepted.
    """

    def __init__(self, path: str, settings: Settings, redactor: Redactor) -> None:
        self.path = path
        self.settings = settings
        self.redactor = redactor
        self.seen = settings.seen
        self._first: Mapping[str, Source] | None = None

    def __call__(self, found: Sequence[Finding], sources: Mapping[str, Source]) -> list[Acceptance | None]:
        """Why each finding is accepted, or None."""
        first = self._first = self._first or sources
        as_they_are = all(first.get(file) is source for file, source in sources.items())
        seen = self.seen if as_they_are else Seen()
        answers = [self._exception(finding, seen) for finding in found]
        if self.settings.baseline is not None:
            baseline = load(self.settings.baseline)
            marks = self._marks(found, sources, baseline.folder)
            seen.known |= baseline.known.intersection(marks)
            for place, mark in enumerate(marks):
                if answers[place] is None and mark in baseline.known:
                    answers[place] = Acceptance("in the baseline", "baseline")
        if self.settings.write_baseline is not None:
            folder = os.path.realpath(os.path.dirname(self.settings.write_baseline) or ".")
            relative, marks = relative_to(folder), self._marks(found, sources, folder)
            for place, (finding, answer, mark) in enumerate(zip(found, answers, marks, strict=True)):
                accepted = answer is None or answer.by == "baseline"
                commented = finding.status is Status.SUPPRESSED and finding.suppressed_by != "baseline"
                if accepted and not commented and self.settings.accepts(finding):
                    entry = Entry(relative(finding.location.file), finding.service or "", finding.rule, mark)
                    seen.entries[entry] = None
                    answers[place] = Acceptance("in the baseline", "baseline")
        return answers

    def finish(self) -> None:
        """Make the record clean, once the redactor knows everything about the input."""
        clean = self.redactor.one_line
        self.seen.entries = {
            entry._replace(file=clean(entry.file), service=clean(entry.service)): None for entry in self.seen.entries
        }

    def _exception(self, finding: Finding, seen: Seen) -> Acceptance | None:
        governing = self.settings.governing
        if governing is None or not governing.configuration.exemptions:
            return None
        relative = relative_to(governing.folder)
        exemptions = exemptions_of(governing, self.settings.today)
        seen.uses |= set(exemptions.uses(finding, self.path, relative))
        reason = exemptions.reason(finding, self.path, relative)
        if not reason:
            return None
        self.redactor.add_text(reason)
        return Acceptance(reason, "exception")

    def _marks(self, found: Sequence[Finding], sources: Mapping[str, Source], folder: str) -> list[str]:
        """The fingerprints with paths from the folder of the baseline, so that they do not depend on this one."""
        outcome = Outcome(self.path, tuple(found), sources=dict(sources))
        return fingerprints(outcome, self.redactor, relative_to(folder))


def exemptions_of(governing: Governing, today: datetime.date) -> Exemptions:
    """The exceptions of a configuration, made ready once for all its inputs."""
    return _exemptions(governing.folder, today)


@functools.cache
def _exemptions(folder: str, today: datetime.date) -> Exemptions:
    found = governing_folder(folder)
    assert found is not None
    return Exemptions(found.configuration.exemptions, today)
