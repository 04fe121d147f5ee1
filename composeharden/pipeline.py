"""The spine: read, validate, decide, plan, splice, prove. No I/O of its own: it is given a reader.

`harden` returns an Outcome for every input, however hostile; it raises only for a bug.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from composeharden.compose.dotenv import DotenvError
from composeharden.compose.dotenv import parse as parse_dotenv
from composeharden.compose.load import build, mark_unclear
from composeharden.compose.merge import MergeError
from composeharden.compose.project import Project, Reader
from composeharden.decide import Options, findings
from composeharden.images.catalog import FactsError
from composeharden.outcome import Finding, Location, Outcome, Patch, Problem, Status
from composeharden.patching import patch
from composeharden.suppress import suppressions
from composeharden.validation import meaning, structure
from composeharden.yaml.source import Source, SourceError, load


def harden(path: str, read: Reader, options: Options | None = None) -> Outcome:
    """Decide what would harden one Compose file, and prove the patch.

    Args:
        path: the file, as the reader understands it; it is also the name in every finding.
        read: path to bytes; used for the file and for what Compose reads beside it (`.env`, override files).
        options: what to run and how sure to be.

    Returns:
        Findings with their status, the proven patch (none where nothing changes), and problems.
    """
    options = options or Options()
    source = _read(path, read)
    if isinstance(source, Problem):
        return Outcome(path, problems=(source,))
    sources = {path: source}
    problems = structure(path, source)
    if problems:
        return Outcome(path, problems=tuple(problems), sources=sources)
    variables, notes = _variables(path, read, options)
    project = _project(path, source, variables, read)
    problems = [project] if isinstance(project, Problem) else meaning(path, source, project.model)
    if problems or isinstance(project, Problem):
        return Outcome(path, problems=tuple(problems), sources=sources, variables=dict(variables))
    mark_unclear(project, path, read)
    project.lint = options.lint
    marks = suppressions(project, source)
    problems += [
        Problem("a suppression needs a reason after the brackets; it is not obeyed", Location(path, mark.line))
        for mark in marks
        if not mark.reason
    ]
    problems += [
        Problem("the suppression stands at no service; it is not obeyed", Location(path, mark.line))
        for mark in marks
        if mark.service == ""
    ]
    try:
        found = findings(project, options, marks)
    except FactsError as error:
        return Outcome(path, problems=(*problems, *error.problems), sources=sources, variables=dict(variables))
    found, patches = patch(project, found)
    patches, found = _stable(project, patches, found, options, read)
    names = frozenset(project.services)
    return Outcome(
        path,
        tuple(found),
        tuple(patches),
        tuple(problems),
        tuple(notes),
        names,
        sources,
        dict(variables),
        _linted(project),
    )


def _linted(project: Project) -> tuple[str, ...]:
    """The Dockerfiles that findings may repeat parts of: those that a linter was asked about."""
    if project.lint is None:
        return ()
    built = (service.dockerfile for service in project.services.values())
    return tuple(dict.fromkeys(one.text for one in built if one is not None and one.text))


def _read(path: str, read: Reader) -> Source | Problem:
    try:
        data = read(path)
    except OSError as error:
        return Problem(f"cannot be read: {error.strerror or error}", Location(path), about_file=True)
    try:
        return load(data)
    except SourceError as error:
        place = error.position
        return Problem(error.message, Location(path, *place) if place is not None else Location(path))


def _project(path: str, source: Source, variables: Mapping[str, str], read: Reader) -> Project | Problem:
    try:
        return build(path, source, variables, read)
    except MergeError as error:
        return Problem(str(error), Location(path))


def _variables(path: str, read: Reader, options: Options) -> tuple[Mapping[str, str], list[str]]:
    """The variables of `.env` beside the file, below those the caller gives."""
    given = dict(options.environment or {})
    try:
        text = read(posixpath.join(posixpath.dirname(path), ".env")).decode("utf-8")
    except FileNotFoundError:
        return given, []
    except OSError as error:
        return given, [f".env is not used: {error.strerror or 'it cannot be read'}"]
    except UnicodeDecodeError:
        return given, [".env is not used: it is not UTF-8"]
    try:
        return {**parse_dotenv(text), **given}, []
    except DotenvError as error:
        return given, [f".env is not used: {error}"]


def _stable(
    project: Project, patches: list[Patch], found: list[Finding], options: Options, read: Reader
) -> tuple[list[Patch], list[Finding]]:
    """A second run must find nothing to do; where it would, nothing is written and the findings are refused."""
    for one in patches:
        reason = _unstable(project, one, found, options, read)
        if not reason:
            continue
        found = [
            replace(item, status=Status.REFUSED, reason=reason) if item.status is Status.FIX else item for item in found
        ]
        patches = [other for other in patches if other is not one]
    return patches, found


def _unstable(project: Project, one: Patch, found: list[Finding], options: Options, read: Reader) -> str:
    """Why a patched file is not what it should be: no longer valid, or not finished. Empty when it is."""
    again = build(one.path, one.after, project.variables, read)
    problems = structure(one.path, one.after) or meaning(one.path, one.after, again.model)
    if problems:
        return problems[0].message
    mark_unclear(again, one.path, read)
    left = {
        (item.service, item.rule)
        for item in findings(again, options, suppressions(again, one.after))
        if item.status is Status.FIX
    }
    applied = {(item.service, item.rule) for item in found if item.status is Status.FIX}
    return "a second run would change it again" if left & applied else ""
