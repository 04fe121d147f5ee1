"""What a migration takes beside patches: the side files of its findings, and the variables that they define."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace

from composeharden.beside import Beside, SideFiles, Taken
from composeharden.compose import dotenv
from composeharden.compose.files import Reader
from composeharden.compose.load import reloaded
from composeharden.compose.project import Project
from composeharden.decide import Options, findings
from composeharden.outcome import Finding, Patch, Status
from composeharden.suppress import suppressions


def with_side_files(project: Project, found: list[Finding], options: Options, read: Reader) -> list[Finding]:
    """The findings, those refused whose side files cannot be written; the project knows of new variables then."""
    files = SideFiles(read)
    judged = []
    for finding in found:
        if finding.status is Status.FIX and finding.files:
            try:
                files.add(finding.files)
            except Taken as error:
                finding = replace(finding, status=Status.REFUSED, reason=str(error))
        judged.append(finding)
    if any(finding.files for finding in judged):
        project.coming = _coming(project, files, options)
    return judged


def _coming(project: Project, files: SideFiles, options: Options) -> dict[str, str]:
    """The variables of `.env` as it will be, as far as they are new."""
    if project.files.env_files is not None:
        return {}
    text = files.text_after(posixpath.join(project.directory, ".env"))
    given = options.environment or {}
    try:
        found = dotenv.parse((text or b"").decode("utf-8"), given)
    except (UnicodeDecodeError, dotenv.DotenvError):
        return {}
    return {name: value for name, value in found.items() if name not in project.variables and name not in given}


def side_files(found: Iterable[Finding], read: Reader) -> list[Beside]:
    """What is to be written beside the patches of the findings that are fixed."""
    files = SideFiles(read)
    for finding in found:
        if finding.status is Status.FIX:
            files.add(finding.files)
    return files.result()


def still_there(project: Project, patches: Iterable[Patch], found: list[Finding], options: Options) -> list[Finding]:
    """The findings without those reports that the patched project does not bring up any more."""
    again = reloaded(project, {one.path: one.after for one in patches})
    again.lint = project.lint
    left = {(one.service, one.rule, one.message) for one in findings(again, options, suppressions(again))}
    return [one for one in found if one.status is not Status.REPORT or (one.service, one.rule, one.message) in left]
