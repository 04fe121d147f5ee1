"""What is said of a whole run: exceptions and findings of a baseline that are about nothing any more.

Only what the run can be sure of is said. An exception is about nothing when every Compose file that it could be about
was looked at with the passes it names; a run over one file of many does not tell.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from composeharden.cli.baseline import load
from composeharden.cli.configuration import (
    Governing,
    governed,
    governing,
    governing_folder,
    relative_to,
    selection_of,
)
from composeharden.cli.inputs import search
from composeharden.cli.review import exemptions_of
from composeharden.configuration import ANY
from composeharden.configuration.exemptions import Exemptions, Use
from composeharden.passes import all_passes
from composeharden.redaction import Redactor
from composeharden.report.style import counted, listed

if TYPE_CHECKING:
    from composeharden.cli.run import Done, Settings

_MOST = 20_000
"""Compose files below the folder of a configuration; with more, an exception is not known to be about nothing."""


def remarks(done: Iterable[Done], settings: Settings) -> list[str]:
    """One line each, clean."""
    done = list(done)
    found = [*_exceptions(done, settings), *_gone(done, settings)]
    clean = Redactor().sentence
    return [clean(line) for line in found]


def _exceptions(done: list[Done], settings: Settings) -> Iterator[str]:
    by_folder: dict[str, list[Done]] = {}
    for item in done:
        if item.seen.governed_by:
            by_folder.setdefault(item.seen.governed_by, []).append(item)
    for folder, items in by_folder.items():
        found = governing_folder(folder)
        if found is not None and found.folder == folder:
            yield from _of_configuration(found, items, settings)


def _of_configuration(found: Governing, items: list[Done], settings: Settings) -> Iterator[str]:
    chosen = _chosen(items[0], settings)
    used = {use for item in items for use in item.seen.uses}
    coverage = _Coverage(found, items, exemptions_of(found, settings.today))
    for number, one in enumerate(found.configuration.exemptions):
        place = f"{one.location.file}:{one.location.line}:{one.location.column}"
        if one.ended(settings.today):
            yield f"{place}: the exception ended with {one.until}; what it accepted counts again"
            continue
        idle = sorted(rule for rule in one.rules if Use(number, rule) not in used)
        if idle and not settings.options.services and chosen.issuperset(idle) and coverage.is_complete(number):
            what = "nothing" if len(idle) == len(one.rules) else f"nothing of {', '.join(idle)}"
            yield f"{place}: the exception matches {what} any more; remove it"


def _chosen(item: Done, settings: Settings) -> set[str]:
    """The passes that looked at an input, and ANY where that were all of them."""
    names = {one.name for one in governed(item.path, settings).options.chosen()}
    return {*names, ANY} if names == set(all_passes()) else names


class _Coverage:
    """Which Compose files a configuration governs, and whether all of some were looked at."""

    def __init__(self, found: Governing, items: Iterable[Done], exemptions: Exemptions) -> None:
        self.found = found
        self.exemptions = exemptions
        self.relative = relative_to(found.folder)
        self.looked_at = {self.relative(item.path) for item in items if item.seen.complete}
        self._search = search(found.folder, selection_of)
        self._known: list[str] = []
        self._is_large = False

    def is_complete(self, number: int) -> bool:
        literals = self.found.configuration.exemptions[number].files.literals
        if literals and all(os.path.isfile(os.path.join(self.found.folder, path)) for path in literals):
            return literals <= self.looked_at
        missed = (
            path
            for path in self._governed()
            if self.exemptions.is_about(number, path, self.relative) and self.relative(path) not in self.looked_at
        )
        return next(missed, None) is None and not self._is_large

    def _governed(self) -> Iterator[str]:
        """Every Compose file below; the search goes on only as far as somebody asks."""
        yield from tuple(self._known)
        for path in self._search:
            self._is_large = len(self._known) >= _MOST
            if self._is_large:
                return
            if governing(path) is self.found:
                self._known.append(path)
                yield path


def _gone(done: list[Done], settings: Settings) -> Iterator[str]:
    if settings.baseline is None:
        return
    baseline = load(settings.baseline)
    relative, clean = relative_to(baseline.folder), Redactor().one_line
    looked_at = {clean(relative(item.path)): item for item in done if item.seen.complete}
    known = {mark for item in done for mark in item.seen.known}
    chosen: dict[str, set[str]] = {}
    gone = []
    for entry in baseline.entries:
        item = looked_at.get(entry.file)
        if item is None:
            if not os.path.lexists(os.path.join(baseline.folder, entry.file)):
                gone.append(entry)
            continue
        folder = item.seen.governed_by
        if folder not in chosen:
            chosen[folder] = _chosen(item, settings)
        in_scope = entry.rule in chosen[folder] and not settings.options.services
        if in_scope and entry.fingerprint not in known:
            gone.append(entry)
    if gone:
        names = [f"{entry.rule} of {entry.service or 'the stack'} in {entry.file}" for entry in gone]
        yield (
            f"{baseline.path}: {counted(len(gone), 'finding')} of the baseline "
            f"{'is' if len(gone) == 1 else 'are'} gone ({listed(names)}); write it anew with --write-baseline"
        )
