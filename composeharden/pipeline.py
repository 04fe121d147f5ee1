"""The spine: read, validate, decide, plan, splice, prove. No I/O of its own: it is given a reader.

`harden` returns an Outcome for every input, however hostile; it raises only for a bug.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from composeharden.compose.environment import project_variables
from composeharden.compose.files import Fault, Files, LoadError, Reader
from composeharden.compose.load import mark_unclear, project_of, reloaded
from composeharden.compose.project import Project
from composeharden.decide import Options, findings
from composeharden.images.catalog import FactsError
from composeharden.outcome import Finding, Location, Outcome, Patch, Problem, Status
from composeharden.sharing import patch_together
from composeharden.suppress import Suppression, suppressions
from composeharden.validation import is_overlay, kind, meaning, structure

if TYPE_CHECKING:
    from composeharden.beside import Beside


def harden(path: str | Files, read: Reader, options: Options | None = None) -> Outcome:
    """Decide what would harden one project, and prove the patches.

    Args:
        path: a Compose file as a project of its own, or the files of a project. Paths are as the reader understands
            them; they are also the names in every finding.
        read: path to bytes; used for the files and for what Compose reads beside them (`.env`, included files).
        options: what to run and how sure to be.

    Returns:
        Findings with their status, the proven patches (none where nothing changes), and problems.
    """
    options = options or Options()
    files = _without_overlay(Files((path,), alone=True) if isinstance(path, str) else path, options.overlay)
    project, outcome = load_project(files, read, options)
    if project is None:
        return outcome
    problems: list[Problem] = []
    stack = None
    if options.overlay:
        from composeharden.overlay import Stack  # few runs need it

        loaded = Stack.load(project, options.overlay, read)
        if isinstance(loaded, Problem):
            return replace(outcome, problems=(loaded,))
        stack = loaded
        project, read = stack.whole, stack.without_overlay(read)
        outcome = replace(outcome, overlay=options.overlay, sources=dict(project.sources))
    if files.alone:
        mark_unclear(project, files.paths[0], read)
    outcome = replace(outcome, notes=(*outcome.notes, *(_BESIDE.format(path) for path in files.beside)))
    project.lint = options.lint
    project.in_git, project.keeps_env, project.taken_names = options.in_git, options.keeps_env, options.taken_names
    if options.allow_partial:
        outcome = replace(outcome, notes=(*outcome.notes, *(_note(part) for part in project.unseen)))
    else:
        problems += _problems(project.unseen)
    marks = suppressions(project)
    problems += _suppression_problems(marks)
    try:
        found = findings(project, options, marks)
    except FactsError as error:
        return replace(outcome, problems=(*problems, *error.problems))
    beside: list[Beside] = []
    if stack is not None:
        found, patches = stack.patch(found, lambda again: findings(again, options, suppressions(again)))
    else:
        moves = any(finding.files for finding in found)
        if moves:
            from composeharden.migrating import side_files, still_there, with_side_files  # few runs need it

            found = with_side_files(project, found, options, read)
        found, patches = patch_together(project, found, options, read)
        patches, found = _stable(project, patches, found, options, read)
        if moves:
            beside = side_files(found, read)
        if beside:
            found = still_there(project, patches, found, options)
    return replace(
        outcome,
        findings=tuple(found),
        patches=tuple(patches),
        problems=tuple(problems),
        services=frozenset(project.services),
        beside_files=tuple(beside),
        texts=_linted(project),
    )


_BESIDE = "{} changes some of its services and is not looked at: name both with -f to have it looked at"


def load_project(files: Files, read: Reader, options: Options) -> tuple[Project | None, Outcome]:
    """The project that some files make, valid by itself; None where it is not, or nothing by itself.

    The outcome holds what was read until then, and why there is no project.
    """
    path = files.paths[0]
    try:
        variables, notes = project_variables(files, read, options.environment)
        project = project_of(files, variables, read)
    except LoadError as error:
        return None, Outcome(path, problems=_problems(error.faults), sources=error.sources)
    outcome = Outcome(path, notes=tuple(notes), sources=dict(project.sources), variables=dict(variables))
    outcome = replace(outcome, scopes=tuple(dict(scope) for scope in project.scopes), files=files.paths)
    if files.alone and is_overlay(project.sources[path]):
        return None, replace(outcome, notes=("it is an overlay, which is judged with the stack it belongs to",))
    problems = kind(project) or meaning(project)
    return (None if problems else project), replace(outcome, problems=tuple(problems))


def load_as_it_is(files: Files, read: Reader, options: Options) -> Project | None:
    """The project, with the overlay of the options where that is there already; None where there is a problem."""
    project, _ = load_project(_without_overlay(files, options.overlay), read, options)
    if project is None or not options.overlay:
        return project
    from composeharden.overlay import Stack  # few runs need it

    loaded = Stack.load(project, options.overlay, read)
    return loaded.whole if isinstance(loaded, Stack) else None


def _without_overlay(files: Files, overlay: str) -> Files:
    """The files that the overlay is merged over: it can be named or found as one of them already."""
    own = posixpath.normpath(overlay) if overlay else None
    others = tuple(path for path in files.paths if posixpath.normpath(path) != own)
    beside = tuple(path for path in files.beside if posixpath.normpath(path) != own)
    return replace(files, paths=others or files.paths, beside=beside)


def _linted(project: Project) -> tuple[str, ...]:
    """The Dockerfiles that findings may repeat parts of: those that a linter was asked about."""
    if project.lint is None:
        return ()
    built = (service.dockerfile for service in project.services.values())
    return tuple(dict.fromkeys(one.text for one in built if one is not None and one.text))


def _problems(faults: Iterable[Fault]) -> tuple[Problem, ...]:
    return tuple(
        Problem(one.message, Location(one.file, one.line, one.column), one.hint, one.about_file) for one in faults
    )


def _note(part: Fault) -> str:
    return f"{part.file}:{part.line}: {part.message}"


def _suppression_problems(marks: Iterable[Suppression]) -> list[Problem]:
    unfounded = [
        Problem("a suppression needs a reason after the brackets; it is not obeyed", Location(mark.file, mark.line))
        for mark in marks
        if not mark.reason
    ]
    return unfounded + [
        Problem("the suppression stands at no service; it is not obeyed", Location(mark.file, mark.line))
        for mark in marks
        if mark.service == ""
    ]


def _stable(
    project: Project, patches: list[Patch], found: list[Finding], options: Options, read: Reader
) -> tuple[list[Patch], list[Finding]]:
    """A second run must find nothing to do; where it would, nothing is written and the findings are refused."""
    reason = _unstable(project, patches, found, options, read) if patches else ""
    if not reason:
        return patches, found
    refused = [
        replace(item, status=Status.REFUSED, reason=reason) if item.status is Status.FIX else item for item in found
    ]
    return [], refused


def _unstable(project: Project, patches: list[Patch], found: list[Finding], options: Options, read: Reader) -> str:
    """Why a patched project is not what it should be: no longer valid, or not finished. Empty when it is."""
    try:
        again = reloaded(project, {one.path: one.after for one in patches})
    except LoadError as error:
        return str(error)
    problems = [problem for one in patches for problem in structure(one.path, one.after)] or meaning(again)
    if problems:
        return problems[0].message
    if project.files.alone:
        mark_unclear(again, project.files.paths[0], read)
    left = {
        (item.service, item.rule) for item in findings(again, options, suppressions(again)) if item.status is Status.FIX
    }
    applied = {(item.service, item.rule) for item in found if item.status is Status.FIX}
    return "a second run would change it again" if left & applied else ""
