"""Fixes for others to apply: by finding, or as suggestions to take one by one. Never one that shows a secret."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from typing import NamedTuple

from composeharden.outcome import Finding, Outcome, Patch, Share, Status
from composeharden.redaction import Redactor
from composeharden.yaml.splice import Edit, order

_Key = tuple[str | None, str]
"""Service and rule of a finding."""


class Replacement(NamedTuple):
    """Characters `start` up to `end` of the original text become `text`."""

    start: int
    end: int
    text: str


class Suggestion(NamedTuple):
    """Changes that must be made together, as one replacement, and the findings that ask for them.

    `text` is None where it would show what must not be shown.
    """

    start: int
    end: int
    text: str | None
    findings: tuple[Finding, ...]


class Fixes:
    """The fixes of one patch.

    Args:
        outcome: what the patch belongs to.
        patch: made by the pipeline, which says whose edits are whose.
        redactor: knows both texts.
    """

    def __init__(self, outcome: Outcome, patch: Patch, redactor: Redactor) -> None:
        self.patch = patch
        self.redactor = redactor
        self.edits = sorted(patch.edits, key=order)
        self.rank = {edit: number for number, edit in enumerate(self.edits)}
        self.shares = {(share.service, share.rule): share for share in patch.shares}
        self.findings = {(found.service, found.rule): found for found in outcome.with_status(Status.FIX)}
        self.elsewhere = {
            (share.service, share.rule) for other in outcome.patches if other is not patch for share in other.shares
        }
        self.offsets = self._offsets()
        self.keys: list[_Key] = [key for key in self.shares if key in self.findings]
        self.owners: dict[Edit, list[int]] = {}
        for number, key in enumerate(self.keys):
            for edit in self.shares[key].edits:
                self.owners.setdefault(edit, []).append(number)

    def of(self, finding: Finding) -> list[Replacement] | None:
        """What fixes one finding in this file, with all that it stands or falls with; None where it shows a secret."""
        edits = {edit: None for share in self._closure(finding) for edit in share.edits}
        found = [self._replacement([edit]) for edit in self._in_order(edits)]
        if any(text is None for _, _, text in found):
            return None
        return _joined(Replacement(start, end, text or "") for start, end, text in found)

    def suggestions(self) -> list[Suggestion]:
        """The patch as replacements apart from each other, each of which leaves a sound stack when taken alone.

        Edits on one line are made together, and so are those of a finding and of what it needs in the same service.
        What belongs together over several services, or over lines that cannot be shown, is told but not offered.
        """
        apart = {key for key, one in self.findings.items() if self._reaches_out(one)}
        while True:
            apart |= {key for key, one in self.findings.items() if not apart.isdisjoint(self._needed(one))}
            found = [self._suggestion(edits) for edits in self._groups(apart)]
            hidden = {
                (one.service, one.rule)
                for suggestion in found
                for one in (suggestion.findings if suggestion.text is None and len(suggestion.findings) > 1 else ())
                if len({self._line(edit) for share in self._closure(one) for edit in share.edits}) > 1
            }
            if hidden <= apart:
                return [*found, *(self._told(key) for key in self.keys if key in apart)]
            apart |= hidden

    def _groups(self, apart: Collection[_Key]) -> list[list[Edit]]:
        """The edits that are made together, without those that only findings kept apart ask for."""
        kept = [edit for edit in self.edits if not self._owned_by(edit) or not self._owned_by(edit) <= set(apart)]
        groups = _Groups(kept)
        for one, other in itertools.pairwise(kept):
            if other.start <= self._end_of_line(one.end):
                groups.join(one, other)
        for key, finding in self.findings.items():
            together = [edit for share in self._closure(finding) for edit in share.edits] if key not in apart else []
            for edit in together[1:]:
                groups.join(together[0], edit)
        return groups.apart()

    def _owned_by(self, edit: Edit) -> set[_Key]:
        return {self.keys[number] for number in self.owners.get(edit, ())}

    def _needed(self, finding: Finding) -> list[_Key]:
        """What a finding needs, written as `rule` or, of another service, as `service/rule`."""
        pairs = (name.rpartition("/") for name in finding.needs)
        return [(service or finding.service, rule) for service, _, rule in pairs]

    def _reaches_out(self, finding: Finding) -> bool:
        """Whether it takes changes of another service, or in another file."""
        return any(key[0] != finding.service or key in self.elsewhere for key in self._wanted(finding))

    def _line(self, edit: Edit) -> int:
        return self.patch.before.position(edit.start).line

    def _told(self, key: _Key) -> Suggestion:
        edit = self.shares[key].edits[0]
        return Suggestion(edit.start, edit.end, None, (self.findings[key],))

    def _closure(self, finding: Finding) -> list[Share]:
        """The edits in this file of a finding and of all that it stands or falls with."""
        return [self.shares[key] for key in self._wanted(finding) if key in self.shares]

    def _wanted(self, finding: Finding) -> list[_Key]:
        wanted = [(finding.service, finding.rule)]
        for key in wanted:
            if key in self.findings:
                wanted += (other for other in self._needed(self.findings[key]) if other not in wanted)
        return [key for key in wanted if key in self.findings]

    def _suggestion(self, edits: list[Edit]) -> Suggestion:
        start, end, text = self._replacement(edits)
        keys = sorted({key for edit in edits for key in self.owners.get(edit, ())})
        return Suggestion(start, end, text, tuple(self.findings[self.keys[key]] for key in keys))

    def _replacement(self, edits: list[Edit]) -> tuple[int, int, str | None]:
        """One replacement for edits in the order of the text; without its text where that cannot be shown."""
        start, end = edits[0].start, max(edit.end for edit in edits)
        parts: list[str] = []
        at = start
        for edit in edits:
            parts += (self.patch.before.text[at : edit.start], edit.text)
            at = edit.end
        text = "".join(parts)
        place = self.offsets[self.rank[edits[0]]]
        reach = max(self.offsets[self.rank[edit]] + len(edit.text) for edit in edits)
        return start, end, text if self.redactor.can_show(text, self.patch.after, place, reach) else None

    def _in_order(self, edits: Iterable[Edit]) -> list[Edit]:
        return sorted((edit for edit in edits if edit in self.rank), key=self.rank.__getitem__)

    def _end_of_line(self, offset: int) -> int:
        end = self.patch.before.text.find("\n", offset)
        return len(self.patch.before.text) if end == -1 else end

    def _offsets(self) -> list[int]:
        """Where the text of each edit stands in the new file."""
        found, shift = [], 0
        for edit in self.edits:
            found.append(edit.start + shift)
            shift += len(edit.text) - (edit.end - edit.start)
        return found


class _Groups:
    """Edits that belong together, by the number of the first; everything between two of a group belongs to it too."""

    def __init__(self, edits: list[Edit]) -> None:
        self.edits = edits
        self.number = {edit: number for number, edit in enumerate(edits)}
        self.reach = list(range(len(edits)))

    def join(self, one: Edit, other: Edit) -> None:
        """Put two edits, and so all that lie between them, into one group."""
        if one in self.number and other in self.number:
            first, last = sorted((self.number[one], self.number[other]))
            self.reach[first] = max(self.reach[first], last)

    def apart(self) -> list[list[Edit]]:
        """The groups, in order."""
        found: list[list[Edit]] = []
        end = -1
        for number, edit in enumerate(self.edits):
            if number > end:
                found.append([])
            found[-1].append(edit)
            end = max(end, self.reach[number])
        return found


def _joined(replacements: Iterable[Replacement]) -> list[Replacement]:
    """Insertions at one place as one, so that their order is not left to who applies them."""
    found: list[Replacement] = []
    for one in replacements:
        if found and found[-1].start == found[-1].end == one.start == one.end:
            found[-1] = one._replace(text=found[-1].text + one.text)
        else:
            found.append(one)
    return found
