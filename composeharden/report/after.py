"""What to do after a fix was written: bring the stack up, check it, and how to go back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from composeharden.outcome import Effect, Outcome, Status
from composeharden.redaction import Redactor
from composeharden.report.style import listed

if TYPE_CHECKING:
    from composeharden.beside import Beside

UNCHANGED_YET = "Nothing is running differently yet. To bring it up and check it:"
_MOST = 12
_DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_DEFAULT_OVERRIDES = tuple(name.replace("compose.y", "compose.override.y") for name in _DEFAULT_FILES)


def after_fix(outcomes: Sequence[Outcome], undo: Mapping[str, str], redactor: Redactor) -> str:
    """The next steps once files were written; empty if none were.

    Args:
        outcomes: all outcomes of the run.
        undo: path of each file that was written, to the command that brings its old text back.
        redactor: every string passes it.
    """
    lines = []
    for outcome in outcomes:
        if any(patch.path in undo for patch in outcome.patches):
            written = listed([redactor.one_line(patch.path) for patch in outcome.patches])
            lines.append(f"{written} {'is' if len(outcome.patches) == 1 else 'are'} written. {UNCHANGED_YET}")
            lines += steps(outcome, f"docker compose{_file_options(outcome, redactor)}", redactor)
            lines += elsewhere(outcome, undo, redactor)
    return "\n".join((*lines, *going_back(undo, redactor), "")) if lines or undo else ""


def elsewhere(outcome: Outcome, undo: Mapping[str, str], redactor: Redactor) -> list[str]:
    """What has to be done about secrets that moved: nobody else has their files, and many have their old copies."""
    private = [one for one in outcome.beside_files if one.is_private]
    if not private:
        return []
    lines = ["Every other host needs these before its next up; they are in no commit:"]
    for one in private:
        mode = f"mode {one.mode:04o}" + (
            f", in a folder of mode {one.folder_mode:04o}" if one.folder_mode < 0o755 else ""
        )
        if one.path.rpartition("/")[2] == ".env":
            lines.append(redactor.one_line(f"  {one.path} with {', '.join(_names_of(one))}    # {mode}"))
        else:
            lines.append(redactor.one_line(f"  {one.path}    # {mode}; the value alone, without a line break"))
    lines.append(
        "The values are the same as before, and still in the history and in copies: replace them once it runs."
    )
    copies = [command.split(" ")[2] for command in undo.values() if command.startswith("mv -- ")]
    if copies:
        lines.append(f"{redactor.one_line(listed(copies))} still has them: remove it once you need not go back.")
    return lines


def _names_of(one: Beside) -> list[str]:
    """The variables that are added to a file of variables."""
    added = one.after[len(one.before or b"") :].decode("utf-8", "replace")
    return [line.partition("=")[0] for line in added.splitlines() if line]


def going_back(undo: Mapping[str, str], redactor: Redactor) -> list[str]:
    """The lines that undo what was written; none where nothing was."""
    commands = [redactor.one_line(command) for command in undo.values()]
    return ["To go back:", *(f"  {command}" for command in commands)] if commands else []


def steps(outcome: Outcome, compose: str, redactor: Redactor) -> list[str]:
    """The commands that bring a hardened stack up and check it.

    Args:
        outcome: what was fixed.
        compose: `docker compose` with the options that name the files of the stack, redacted.
        redactor: every string passes it.
    """
    clean = redactor.one_line
    names = [clean(name) for name in outcome.recreated]
    programs = [one.path for one in outcome.beside_files if one.mode & 0o100]
    lines = [f"  sh {clean(shlex.quote(path))}    # before, on each host: until then up stops" for path in programs]
    lines.append(f"  {compose} up -d")
    if not names:
        return lines
    lines[-1] += f"    # recreates {listed(names)}"
    lines.append(f"  {compose} ps")
    watched = sorted(
        {
            finding.service
            for finding in outcome.with_status(Status.FIX)
            if finding.service and finding.effect >= Effect.BEHAVIOUR
        }
    )
    if watched:
        shown = "" if len(watched) > _MOST else " " + " ".join(clean(shlex.quote(name)) for name in watched)
        lines.append(
            f"  {compose} logs --since 10m{shown}"
            "    # look for: Read-only file system, Operation not permitted, Permission denied"
        )
        lines.append(f"  {compose} restart    # a second start on existing data can fail where the first did not")
    return lines


def _file_options(outcome: Outcome, redactor: Redactor) -> str:
    """What `docker compose` has to be told to take the same files; empty where it finds them by itself."""
    first, *others = [path.removeprefix("./") for path in outcome.files or (outcome.path,)]
    if first in _DEFAULT_FILES and all(other in _DEFAULT_OVERRIDES for other in others):
        return ""
    return "".join(f" -f {redactor.one_line(shlex.quote(path))}" for path in outcome.files or (outcome.path,))
