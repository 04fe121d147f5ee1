"""From findings to the new text of an overlay: what can be said there is, the other fixes are held or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from composeharden.compose.canonical import canonical
from composeharden.compose.files import LoadError
from composeharden.compose.project import Project
from composeharden.compose.written import as_meant, as_text
from composeharden.outcome import Finding, Patch, Status
from composeharden.overlay.file import Overlay, stacked
from composeharden.overlay.text import Note, rewrite
from composeharden.overlay.values import NOTHING, Faces, least
from composeharden.plan import Group, declare
from composeharden.yaml.change import Append, Change, Path, Refused, Remove, Set, copied
from composeharden.yaml.proof import same
from composeharden.yaml.source import Source

_BY_HAND = "an overlay can only add to the stack or replace parts of a service; the file itself has to be changed"
Secret = Callable[[Path, Any], bool]
"""Whether a value at a path may hold a secret."""


class _Entry(NamedTuple):
    """One key of one service, and the findings that change it."""

    service: str
    key: str


def patch(
    below: Project, whole: Project, overlay: Overlay, found: list[Finding], is_secret: Secret
) -> tuple[list[Finding], list[Patch]]:
    """Write every finding with status FIX into the overlay, as one atomic group each.

    Args:
        below: the stack without the overlay.
        whole: the stack with the overlay as it is now, for which the changes are declared.
        overlay: the overlay as it is now.
        found: all findings.
        is_secret: what must never be copied from one file to another.

    Returns:
        The findings, those that could not be made as REFUSED or HELD with the reason, and the patch of the rest, if
        any. The effective model with the new overlay equals the one before with exactly the declared changes.
    """
    found = [_held(finding) for finding in found]
    work = _Work(below, whole, overlay, found, is_secret)
    patches = work.run()
    return [finding.unless(work.refused) for finding in found], patches


def _held(finding: Finding) -> Finding:
    """A change of the stack as a whole waits for the file itself."""
    if finding.status is Status.FIX and any(not _is_inside_a_service(change.path) for change in finding.changes):
        return replace(finding, status=Status.HELD, reason=_BY_HAND)
    return finding


def _is_inside_a_service(path: Path) -> bool:
    """Whether a path is that of a key of a service, or leads further in."""
    return len(path) > 3 and path[1] == "services"


class _Work:
    def __init__(
        self, below: Project, whole: Project, overlay: Overlay, found: Iterable[Finding], is_secret: Secret
    ) -> None:
        self.below, self.whole, self.overlay, self.is_secret = below, whole, overlay, is_secret
        self.active: dict[Group, Finding] = {
            (finding.service or "", finding.rule): finding for finding in found if finding.status is Status.FIX
        }
        self.refused: dict[Group, str] = {}

    def run(self) -> list[Patch]:
        """Drop groups until the rest can be written and proven together."""
        while self.active:
            wanted = self._declared()
            changes = self._changes(wanted) if wanted is not None else None
            if wanted is None or changes is None:
                continue
            if not changes:
                self._drop(list(self.active), "the stack means what the fix declares already")
                continue
            try:
                edits, after = rewrite(self.overlay, list(changes.values()), self._notes(changes))
            except Refused as error:
                self._drop(list(self.active), error.reason)
                continue
            if self._is_proven(after, wanted):
                before = self.overlay.source or Source("", [])
                return [Patch(self.overlay.path, before, after, tuple(edits), tuple(changes.values()))]
        return []

    def _declared(self) -> dict[str, Any] | None:
        """The stack as all fixes together want it, or None after a group was refused."""
        try:
            return declare(self.whole.model, [one for item in self.active.values() for one in item.changes])
        except Refused as error:
            blamed = [group for group, item in self.active.items() if not self._can_be_declared(item)]
            self._drop(blamed or list(self.active), error.reason)
            return None

    def _can_be_declared(self, finding: Finding) -> bool:
        try:
            declare(self.whole.model, finding.changes)
        except Refused:
            return False
        return True

    def _drop(self, groups: Iterable[Group], reason: str) -> None:
        """Refuse groups, and the groups of the same service that rest on them."""
        for group in groups:
            if self.active.pop(group, None) is None:
                continue
            self.refused[group] = reason
            resting = [other for other, item in self.active.items() if other[0] == group[0] and group[1] in item.needs]
            self._drop(resting, f"it needs {group[1]}, which was refused: {reason}")

    def _by_entry(self) -> dict[_Entry, list[Group]]:
        found: dict[_Entry, list[Group]] = {}
        for group, finding in self.active.items():
            for change in finding.changes:
                groups = found.setdefault(_Entry(str(change.path[2]), str(change.path[3])), [])
                if group not in groups:
                    groups.append(group)
        return found

    # -- what to write ---------------------------------------------------------------------------------------------

    def _changes(self, wanted: dict[str, Any]) -> dict[_Entry, Change] | None:
        """The change of each entry of the overlay, or None after a group was refused."""
        changes: dict[_Entry, Change] = {}
        for entry, groups in self._by_entry().items():
            try:
                change = self._change(entry, wanted)
            except Refused as error:
                self._drop(groups, error.reason)
                return None
            if change is not None:
                changes[entry] = change
        return changes

    def _change(self, entry: _Entry, wanted: dict[str, Any]) -> Change | None:
        name, key = entry
        path = (0, "services", name, key)
        below, goal = map(self._faces, (self.below.services[name].raw, wanted["services"][name]))
        value = least(below, goal, key, self._meant)
        if value is not NOTHING and self.is_secret(path, value):
            raise Refused("the overlay would repeat what may be a secret")
        own = self.overlay.services.get(name)
        if not isinstance(own, dict) or key not in own:
            return None if value is NOTHING else Set(path, self._in_style(path, value))
        if value is NOTHING:
            return Remove(path)
        held = own[key]
        if isinstance(held, list) and isinstance(value, list) and same(value[: len(held)], held):
            return Append(path, tuple(value[len(held) :]))
        return Set(path, value)

    def _in_style(self, path: Path, value: Any) -> Any:
        """The value as a pass would have it written, where the overlay says all of it."""
        changes = (change for finding in self.active.values() for change in finding.changes if change.path == path)
        styled = (change.value for change in changes if isinstance(change, Set))
        return next((one for one in styled if same(copied(one), value)), value)

    def _notes(self, changes: Mapping[_Entry, Change]) -> list[Note]:
        rules = {entry: ", ".join(rule for _, rule in groups) for entry, groups in self._by_entry().items()}
        return [Note(change, rules[entry]) for entry, change in changes.items() if not isinstance(change, Remove)]

    # -- meaning ---------------------------------------------------------------------------------------------------

    def _is_proven(self, after: Source, wanted: dict[str, Any]) -> bool:
        """Whether the stack with the new overlay is what was declared; drops the groups to blame where it is not."""
        try:
            actual = stacked(self.below, Overlay(self.overlay.path, after)).model
        except LoadError as error:
            self._drop(list(self.active), str(error))
            return False
        wrong = self._differing(as_text(wanted), as_text(actual)) | self._differing(*map(self._meant, (wanted, actual)))
        blamed = [group for group in self.active if group[0] in wrong] or list(self.active)
        self._drop(blamed if wrong else (), "the stack with the overlay would not be what the fix declares")
        return not wrong

    @staticmethod
    def _differing(goal: dict[str, Any], actual: dict[str, Any]) -> set[str]:
        """The services that differ; an empty name for anything else that does."""
        goal, actual = _comparable(goal), _comparable(actual)
        if same(goal, actual, ordered=False):
            return set()
        found, wanted = actual.get("services", {}), goal["services"]
        return {name for name in wanted if not same(wanted[name], found.get(name), ordered=False)} or {""}

    def _faces(self, body: Any) -> Faces:
        return Faces(as_text(body), self._meant(body))

    def _meant(self, model: Any) -> Any:
        return as_meant(model, self.whole.variables)


def _comparable(model: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in canonical(model).items() if not key.startswith("x-")}
