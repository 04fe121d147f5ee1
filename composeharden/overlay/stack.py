"""A stack and its overlay as the one project that Compose would run."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace

from composeharden.compose.files import LoadError, Reader
from composeharden.compose.project import Project
from composeharden.outcome import Finding, Location, Patch, Problem, Status
from composeharden.overlay.file import Overlay, read_overlay, stacked
from composeharden.overlay.patch import patch
from composeharden.overlay.secrets import Secrets
from composeharden.validation import meaning, structure
from composeharden.yaml import nodes


@dataclass(frozen=True)
class Stack:
    """A project without its overlay, the overlay as it is now, and both together."""

    below: Project
    overlay: Overlay
    whole: Project

    @classmethod
    def load(cls, below: Project, path: str, read: Reader) -> Stack | Problem:
        """The stack with the overlay at `path`, or why no overlay can be written there."""
        overlay = read_overlay(path, read)
        if isinstance(overlay, Problem):
            return overlay
        whole = join(below, overlay)
        return whole if isinstance(whole, Problem) else cls(below, overlay, whole)

    def without_overlay(self, read: Reader) -> Reader:
        """A reader that does not see the overlay, which is part of the project already."""
        own = posixpath.normpath(self.overlay.path)

        def read_others(path: str) -> bytes:
            if posixpath.normpath(path) == own:
                raise FileNotFoundError(errno.ENOENT, "is part of the stack", path)
            return read(path)

        return read_others

    def patch(
        self, found: list[Finding], findings: Callable[[Project], list[Finding]]
    ) -> tuple[list[Finding], list[Patch]]:
        """Write every fix into the overlay; see `composeharden.overlay.patch`.

        A second run, whose findings the function gives, must find nothing to do; where it would, nothing is written
        and the findings are refused.
        """
        is_secret = Secrets(self.whole, self.below).in_value
        found, patches = patch(self.below, self.whole, self.overlay, found, is_secret)
        reason = self._unstable(patches[0], found, findings) if patches else ""
        if not reason:
            return found, patches
        refused = [
            replace(item, status=Status.REFUSED, reason=reason) if item.status is Status.FIX else item for item in found
        ]
        return refused, []

    def _unstable(self, written: Patch, found: list[Finding], findings: Callable[[Project], list[Finding]]) -> str:
        """Why the overlay is not what it should be: no longer valid, or not finished. Empty when it is."""
        again = join(self.below, Overlay(written.path, written.after))
        if isinstance(again, Problem):
            return again.message
        problems = structure(written.path, written.after) or meaning(again)
        if problems:
            return problems[0].message
        left = {(item.service, item.rule) for item in findings(again) if item.status is Status.FIX}
        applied = {(item.service, item.rule) for item in found if item.status is Status.FIX}
        return "a second run would change it again" if left & applied else ""


def join(project: Project, overlay: Overlay) -> Project | Problem:
    """The project with the overlay as its last layer, or why the two do not fit together."""
    gone = next((name for name in overlay.services if name not in project.services), None)
    if gone is not None:
        return Problem(
            f"the stack has no service {gone} (any more), so Compose would refuse the overlay",
            _place(overlay, gone),
            "take the service out of the overlay",
        )
    try:
        whole = stacked(project, overlay)
    except LoadError as error:
        fault = error.faults[0]
        return Problem(fault.message, Location(fault.file, fault.line, fault.column), fault.hint)
    for name, service in project.services.items():
        whole.services[name].unclear = list(service.unclear)
    return whole


def _place(overlay: Overlay, name: str) -> Location:
    services = nodes.resolved(overlay.root.get("services")) if overlay.root is not None else None
    key = services.key(name) if isinstance(services, nodes.Mapping) else None
    if key is None or overlay.source is None:
        return Location(overlay.path)
    return Location(overlay.path, *overlay.source.position(key.start))
