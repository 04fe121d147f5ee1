"""The diff for reading: secrets masked, control characters escaped, and for each hunk the passes that caused it."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from composeharden.outcome import Finding, Patch, Status
from composeharden.redaction import MASK, Redactor
from composeharden.report.hunks import Hunk, hunks, lines_of, rows
from composeharden.report.patch import git_path, is_new
from composeharden.yaml.change import Path, Remove
from composeharden.yaml.nodes import Mapping, Node, resolved
from composeharden.yaml.source import Source

if TYPE_CHECKING:
    from composeharden.beside import Beside

NOTICE = f"# For reading: secrets are shown as {MASK}. Use --patch FILE for the patch that applies."
_COLOURS = {"-": "31", "+": "32", "@": "36", " ": "", "#": "2"}


def unified(
    patch: Patch, redactor: Redactor, context: int = 3, color: bool = False, findings: Iterable[Finding] = ()
) -> str:
    """The unified diff of one file as a person reads it.

    Args:
        patch: the change; its edits tell where to look.
        redactor: masks both texts.
        context: unchanged lines around each change.
        color: whether to use ANSI colours.
        findings: where given, each hunk names the services and passes that it belongs to.

    Returns:
        Text that says on its first line that it is redacted and does not apply; empty if nothing changes.
    """
    found = hunks(patch, context)
    if not found:
        return ""
    old, new = lines_of(redactor.mask(patch.before)), lines_of(redactor.mask(patch.after))
    reasons = _Reasons(patch, findings)
    paint = _Painter(color)
    lines = [paint("#", NOTICE)]
    left = "/dev/null" if is_new(patch) else git_path("a/", patch.path)
    lines.append(paint("-", redactor.one_line(f"--- {left}")))
    lines.append(paint("+", redactor.one_line(f"+++ {git_path('b/', patch.path)}")))
    for hunk in found:
        lines.append(paint("@", f"{hunk.header} {redactor.one_line(reasons.of(hunk))}".rstrip()))
        for sign, number in rows(hunk):
            lines += _shown(new[number] if sign == "+" else old[number], sign, redactor, paint)
    return "\n".join(lines) + "\n"


def _shown(line: str, sign: str, redactor: Redactor, paint: _Painter) -> Iterator[str]:
    body = line.removesuffix("\n").removesuffix("\r")
    yield paint(sign, sign + redactor.clean(body))
    if not line.endswith("\n"):
        yield "\\ No newline at end of file"


class _Painter:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, kind: str, text: str) -> str:
        code = _COLOURS[kind]
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text


class _Reasons:
    """Which passes changed which lines, told by the paths of the changes."""

    def __init__(self, patch: Patch, findings: Iterable[Finding]) -> None:
        self.new: list[tuple[int, str]] = []
        self.old: list[tuple[int, str]] = []
        rules = _rules_by_place(findings)
        for change in patch.changes if rules else ():
            named = rules.get(_place(change.path)) or rules.get(("", str(change.path[-1])))
            if named is None:
                continue
            lines, source = (self.old, patch.before) if isinstance(change, Remove) else (self.new, patch.after)
            line = _line_of(source, change.path)
            if line is not None:
                lines += ((line, name) for name in named)
        self.new.sort()
        self.old.sort()

    def of(self, hunk: Hunk) -> str:
        """`web: cap-drop, read-only; db: cap-drop`"""
        extent = hunk.extent
        by_service: dict[str, list[str]] = {}
        for lines, start, end in (
            (self.old, extent.old_start, extent.old_end),
            (self.new, extent.new_start, extent.new_end),
        ):
            first = bisect.bisect_left(lines, (start, ""))
            for line, name in lines[first:]:
                if line >= end:
                    break
                service, _, rule = name.rpartition("\0")
                if rule not in by_service.setdefault(service, []):
                    by_service[service].append(rule)
        return "; ".join(
            (f"{service}: " if service else "") + ", ".join(names) for service, names in by_service.items()
        )


def _rules_by_place(findings: Iterable[Finding]) -> dict[tuple[str, str], list[str]]:
    """Service and key to the passes that change it; with an empty service, the passes that change the key anywhere."""
    found: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        if finding.status is not Status.FIX:
            continue
        for change in finding.changes:
            service, key = _place(change.path)
            for place, name in (
                ((service, key), f"{finding.service or ''}\0{finding.rule}"),
                (("", key), f"\0{finding.rule}"),
            ):
                names = found.setdefault(place, [])
                if name not in names:
                    names.append(name)
    return found


def _place(path: Path) -> tuple[str, str]:
    if len(path) > 3 and path[1] == "services":
        return str(path[2]), str(path[3])
    return "", str(path[-1])


def _line_of(source: Source, path: Path) -> int | None:
    """The line (from 0) of the key that a path ends in."""
    node: Node | None = source.documents[int(path[0])] if int(path[0]) < len(source.documents) else None
    line = None
    for part in path[1:]:
        held = resolved(node)
        if not isinstance(held, Mapping) or not isinstance(part, str) or part not in held.index:
            break
        key, node = held.pairs[held.index[part]]
        line = source.position(key.start).line - 1
    return line


def beside(files: Iterable[Beside], redactor: Redactor, color: bool = False) -> str:
    """What is written beside the Compose files, as a person reads it; of private files only that they are."""
    paint = _Painter(color)
    lines: list[str] = []
    for one in files:
        left = "/dev/null" if one.before is None else git_path("a/", one.path)
        lines.append(paint("-", redactor.one_line(f"--- {left}")))
        lines.append(paint("+", redactor.one_line(f"+++ {git_path('b/', one.path)}")))
        if one.is_private:
            what = f"a new file with mode {one.mode:04o}" if one.before is None else "lines are added at its end"
            lines.append(paint("@", f"# {what}; it holds secrets, which are not shown"))
            continue
        old, new = ((data or b"").decode("utf-8", "replace").splitlines() for data in (one.before, one.after))
        lines.append(paint("@", f"@@ -{len(old)},0 +{len(old) + 1},{len(new) - len(old)} @@"))
        lines += [paint("+", "+" + redactor.clean(line)) for line in new[len(old) :]]
    return "\n".join((*lines, "")) if lines else ""
