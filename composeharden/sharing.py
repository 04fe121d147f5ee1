"""Files that several projects of one run are made of: an edit is only made where it suits every one of them.

What an edit changes for another project must be what would be decided for that one, too. Otherwise the file stays as it
is, and what would have been written to it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composeharden.compose.environment import project_variables
from composeharden.compose.files import Files, LoadError, Reader
from composeharden.compose.load import project_of, reloaded
from composeharden.compose.project import Project
from composeharden.compose.written import as_text
from composeharden.decide import Options, findings
from composeharden.outcome import Finding, Patch, Status
from composeharden.patching import patch
from composeharden.plan import declare
from composeharden.suppress import suppressions
from composeharden.yaml.proof import same


def patch_together(
    project: Project, found: list[Finding], options: Options, read: Reader
) -> tuple[list[Finding], list[Patch]]:
    """Make the fixes of a project (see `patch`) as far as they suit the other projects that have some of its files."""
    judged, patches = patch(project, found)
    frozen: dict[str, str] = {}
    others = [_Other.load(files, options, read) for files in project.files.shared] if patches else []
    while patches and (wrong := dict(_unsuited(patches, others, frozen))):
        frozen.update(wrong)
        judged, patches = patch(project, found, frozen)
    return judged, patches


def _unsuited(patches: list[Patch], others: list[_Other], frozen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Files that must stay as they are, each with the reason."""
    for other in others:
        shared = [one.path for one in patches if other.is_made_of(one.path) and one.path not in frozen]
        if shared and not other.suits([one for one in patches if one.path in shared]):
            reason = f"its file is part of the project {other.name}, too, which must not change"
            yield from ((path, reason) for path in shared)


class _Other:
    """Another project, and what would be decided for it."""

    def __init__(self, name: str, project: Project | None, options: Options) -> None:
        self.name = name
        self.project = project
        if project is None:
            return
        changes = [
            change
            for finding in findings(project, options, suppressions(project))
            if finding.status is Status.FIX
            for change in finding.changes
        ]
        self.before, self.declared = as_text(project.model), as_text(declare(project.model, changes))

    @classmethod
    def load(cls, files: Files, options: Options, read: Reader) -> _Other:
        """Load the project. One that cannot be loaded from here must not get any change."""
        try:
            variables, _ = project_variables(files, read, options.environment)
            return cls(files.paths[0], project_of(files, variables, read), options)
        except LoadError:
            return cls(files.paths[0], None, options)

    def is_made_of(self, path: str) -> bool:
        """Whether a file is one of its files, as far as that is known."""
        return self.project is None or path in self.project.sources

    def suits(self, patches: list[Patch]) -> bool:
        """Whether all that the patches change for this project is what it needs itself."""
        if self.project is None:
            return False
        try:
            model = as_text(reloaded(self.project, {one.path: one.after for one in patches}).model)
        except LoadError:
            return False
        left, right, wanted = (one.get("services") or {} for one in (self.before, model, self.declared))
        return all(_suits(before, right.get(name), wanted.get(name)) for name, before in left.items())


def _suits(before: Any, after: Any, wanted: Any) -> bool:
    """Whether a service stays as it was, save for what is wanted of it."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return same(before, after)
    return all(
        same(before.get(key), after.get(key), ordered=False) or same(wanted.get(key), after.get(key), ordered=False)
        for key in {*before, *after}
    )
