"""The exceptions of one configuration, applied: which findings they accept, and which of them are about nothing."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from composeharden.configuration import ANY, Exemption
from composeharden.outcome import Finding

Relative = Callable[[str], str]
"""The path of a file as a finding has it, to its path from the folder of the configuration."""


class Use(NamedTuple):
    """One rule of one exception: what can turn out to be about nothing."""

    exemption: int
    rule: str


class Exemptions:
    """The exceptions that count on one day.

    Args:
        exemptions: those of a configuration.
        today: the day.
    """

    def __init__(self, exemptions: tuple[Exemption, ...], today: datetime.date) -> None:
        self.exemptions = exemptions
        self._by_rule: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(exemptions):
            for rule in one.rules if not one.ended(today) else ():
                self._by_rule[rule].append(number)
        self._about: dict[tuple[int, str], bool] = {}

    def reason(self, finding: Finding, file: str, relative: Relative) -> str:
        """Why a finding is accepted; empty when it is not. `file` is the input that it was found for."""
        return next((self.exemptions[use.exemption].reason for use in self.uses(finding, file, relative)), "")

    def uses(self, finding: Finding, file: str, relative: Relative) -> Iterator[Use]:
        """Everything that accepts a finding, in the order of the file."""
        for number in sorted({*self._by_rule.get(finding.rule, ()), *self._by_rule.get(ANY, ())}):
            one = self.exemptions[number]
            if not one.covers(finding.rule, finding.service):
                continue
            if not one.files or any(self.is_about(number, path, relative) for path in {file, finding.location.file}):
                yield Use(number, finding.rule if finding.rule in one.rules else ANY)

    def is_about(self, number: int, path: str, relative: Relative) -> bool:
        """Whether an exception is about a file."""
        key = (number, path)
        if key not in self._about:
            files = self.exemptions[number].files
            self._about[key] = not files or files(relative(path))
        return self._about[key]
