"""From findings to proven patches: the groups that can be made together are, the others are refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from composeharden.compose.load import reloaded
from composeharden.compose.project import Project
from composeharden.compose.written import as_meant, as_text
from composeharden.outcome import Finding, Patch, Share, Status
from composeharden.plan import Group, Placed, Planner, declare
from composeharden.yaml.change import Change, Refused
from composeharden.yaml.proof import Proven, prove, same
from composeharden.yaml.source import Source
from composeharden.yaml.splice import Edit, Renderer


def patch(
    project: Project, found: list[Finding], frozen: Mapping[str, str] | None = None
) -> tuple[list[Finding], list[Patch]]:
    """Make every finding with status FIX, as one atomic group each.

    Args:
        project: the project.
        found: all findings.
        frozen: files that must stay as they are, each with the reason; those outside of the project always do.

    Returns the findings, those that could not be made as REFUSED with the reason, and the patches of the rest. The
    effective model after the patches equals the one before with exactly the declared changes.
    """
    outside = {file: _OUTSIDE for file in project.sources if not project.is_own(file)}
    work = _Work(project, found, {**outside, **(frozen or {})})
    patches = work.run() if work.active else []
    return [finding.unless(work.refused) for finding in found], patches


_OUTSIDE = "it is written in a file outside of the project, which is left alone"


class _Work:
    def __init__(self, project: Project, found: Iterable[Finding], frozen: Mapping[str, str]) -> None:
        self.project = project
        self.frozen = frozen
        self.planner = Planner(project, frozen)
        self.active: dict[Group, Finding] = {
            (finding.service or "", finding.rule): finding for finding in found if finding.status is Status.FIX
        }
        self.refused: dict[Group, str] = {}
        self.sources: dict[str, Source] = dict(project.sources)
        self.renderers = {file: Renderer(source) for file, source in self.sources.items()}

    def run(self) -> list[Patch]:
        """Drop groups until the rest can be made and proven together."""
        while self.active:
            placed = self.planner.place({group: item.changes for group, item in self.active.items()})
            edits = self._render(placed)
            if edits is None:
                continue
            proven = self._prove(placed, edits)
            if proven is None:
                continue
            if not self._matches_declaration(proven):
                continue
            return [
                Patch(
                    file,
                    self.sources[file],
                    result.source,
                    tuple(result.edits),
                    tuple(_of(file, placed)),
                    tuple(self._shares(file, placed)),
                )
                for file, result in proven.items()
            ]
        return []

    def refuse(self, group: Group, reason: str) -> None:
        """Drop a group, and the groups of the same service that rest on it."""
        if group not in self.active:
            return
        del self.active[group]
        self.refused[group] = reason
        for other, finding in list(self.active.items()):
            if group in needed(finding):
                self.refuse(other, f"it needs {group[1]}, which was refused: {reason}")

    # -- text ------------------------------------------------------------------------------------------------------

    def _render(self, placed: dict[Group, list[Placed]]) -> dict[str, list[Edit]] | None:
        """The edits per file, or None after a group was refused."""
        edits: dict[str, list[Edit]] = {}
        seen: set[tuple[str, str]] = set()
        whole = True
        for group, changes in placed.items():
            try:
                if not changes:
                    raise Refused("what would change is not written where it can be changed alone")
                for one in changes:
                    if one.file in self.frozen:
                        raise Refused(self.frozen[one.file])
                    rendered = self.renderers[one.file].render([one.change])
                    if (one.file, repr(one.change)) not in seen:
                        seen.add((one.file, repr(one.change)))
                        edits.setdefault(one.file, []).extend(rendered)
            except Refused as error:
                self.refuse(group, error.reason)
                whole = False
        return edits if whole else None

    def _shares(self, file: str, placed: dict[Group, list[Placed]]) -> Iterator[Share]:
        """The edits of each group in one file, for those who offer the fix of a finding by itself."""
        for (service, rule), changes in placed.items():
            own = [one.change for one in changes if one.file == file]
            if own:
                yield Share(service or None, rule, tuple(self.renderers[file].render(own)))

    def _prove(self, placed: dict[Group, list[Placed]], edits: dict[str, list[Edit]]) -> dict[str, Proven] | None:
        proven = {}
        for file, changes in edits.items():
            try:
                proven[file] = prove(self.sources[file], _of(file, placed), changes)
            except Refused as error:
                self._isolate(file, placed, error.reason)
                return None
        return proven

    def _isolate(self, file: str, placed: dict[Group, list[Placed]], reason: str) -> None:
        """Find the group to blame: the first one that cannot be proven alone, else the last that spoils the rest."""
        kept: list[Group] = []
        for group in list(placed):
            trial = {name: placed[name] for name in (*kept, group)}
            try:
                changes = _of(file, trial)
                prove(self.sources[file], changes, self.renderers[file].render(changes))
            except Refused as error:
                self.refuse(group, error.reason)
                return
            kept.append(group)
        for group in list(self.active):
            self.refuse(group, reason)

    # -- meaning ---------------------------------------------------------------------------------------------------

    def _matches_declaration(self, proven: dict[str, Proven]) -> bool:
        """Whether the effective model became what was declared; drops the groups to blame where it did not."""
        changes = [change for finding in self.active.values() for change in finding.changes]
        actual = reloaded(self.project, {file: result.source for file, result in proven.items()})
        for faced in (as_text, self._meant):
            wanted_face, actual_face = faced(declare(self.project.model, changes)), faced(actual.model)
            wanted, found = _services(wanted_face), _services(actual_face)
            if same(wanted, found, ordered=False):
                continue
            wrong = [
                name
                for name in wanted.get("services", {})
                if not same(wanted["services"][name], found.get("services", {}).get(name), ordered=False)
            ]
            self._blame(wrong, wanted, found)
            return False
        return True

    def _meant(self, model: dict[str, Any]) -> Any:
        return as_meant(model, {**self.project.named_variables, **self.project.coming})

    def _blame(self, wrong: list[str], wanted: dict[str, Any], actual: dict[str, Any]) -> None:
        differing = {name: _differing(wanted["services"][name], actual.get("services", {}).get(name)) for name in wrong}
        dropped = False
        for name, keys in differing.items():
            reached = self.planner.reached(name, keys)
            for group, finding in list(self.active.items()):
                touched = _touched(finding) & keys
                if group[0] and group[0] != name and self.planner.written(group[0], touched) & reached:
                    self.refuse(
                        group,
                        f"service {name} shares this text through an anchor or extends and must not get the change",
                    )
                    dropped = True
        if not dropped:
            blamed = [group for group, item in self.active.items() if _touched(item) & differing.get(group[0], set())]
            blamed = blamed or [group for group in self.active if not group[0]] or list(self.active)
            for group in blamed:
                self.refuse(group, "the service shares its text with others in a way that cannot be changed alone")


def needed(finding: Finding) -> set[Group]:
    """The groups that a finding stands or falls with."""
    pairs = (name.rpartition("/") for name in finding.needs)
    return {(service or finding.service or "", rule) for service, _, rule in pairs}


def _touched(finding: Finding) -> set[str]:
    """The keys of its service that the changes of a finding write to."""
    return {str(change.path[3]) for change in finding.changes if len(change.path) >= 4}


def _of(file: str, placed: dict[Group, list[Placed]]) -> list[Change]:
    """The changes of one file, each once, in order."""
    found: dict[str, Change] = {}
    for changes in placed.values():
        for one in changes:
            if one.file == file:
                found.setdefault(repr(one.change), one.change)
    return list(found.values())


def _services(model: dict[str, Any]) -> dict[str, Any]:
    """The model without extension fields: they mean nothing to Compose by themselves."""
    return {key: value for key, value in model.items() if not key.startswith("x-")}


def _differing(left: Any, right: Any) -> set[str]:
    if not isinstance(left, dict) or not isinstance(right, dict):
        return set()
    return {
        key
        for key in {*left, *right}
        if key not in left or key not in right or not same(left[key], right[key], ordered=False)
    }
