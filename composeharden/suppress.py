"""Inline suppression: `# composeharden: ignore[cap-drop] writes its own config`, on a service or one of its keys.

A comment at the left margin, or on a key there, counts for the whole file. A suppression needs a reason.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from composeharden.compose.project import Project
from composeharden.yaml import nodes
from composeharden.yaml.comments import comments
from composeharden.yaml.source import Source

_MARK = re.compile(r"#[ \t]*composeharden:[ \t]*ignore\[([^\[\]\n]*)\][ \t]*([^\n]*)")


class Suppression(NamedTuple):
    """One comment: which rules it silences, why, and for which service (None: the whole file, empty: for nothing)."""

    rules: frozenset[str]
    reason: str
    service: str | None
    line: int
    file: str = ""


def comment(rule: str) -> str:
    """What to write above a service, with a reason, so that a rule leaves it alone."""
    return f"# composeharden: ignore[{rule}] REASON"


def suppressions(project: Project) -> list[Suppression]:
    """Every suppression comment of a project, also those without a reason (which must not be obeyed)."""
    sources = {layer.file: layer.source for layer in project.layers}
    return [mark._replace(file=file) for file, source in sources.items() for mark in _of_file(project, source)]


def _of_file(project: Project, source: Source) -> list[Suppression]:
    if "composeharden:" not in source.text:
        return []
    spans = _service_lines(project, source)
    first = min((start for start, _, _ in spans), default=0)
    found = []
    for start, end in comments(source):
        match = _MARK.search(source.text, start, end)
        if match is None:
            continue
        line = source.position(start).line
        service = next((name for top, bottom, name in spans if top <= line <= bottom), None)
        if service is None and source.text[source.line_start(start)] in " \t":
            service = next((name for top, _, name in spans if first <= line < top), "")
        rules = frozenset(rule.strip() for rule in match.group(1).split(",") if rule.strip())
        found.append(Suppression(rules, match.group(2).strip(), service, line))
    return found


def _service_lines(project: Project, source: Source) -> list[tuple[int, int, str]]:
    """(first line, last line, name) of each service, with the comments right above it and those that end its body."""
    spans = []
    lines = source.text.split("\n")
    for name, service in project.services.items():
        for layer, node in service.bodies:
            services = nodes.resolved(layer.root.get("services"))
            key = services.key(name) if isinstance(services, nodes.Mapping) else None
            if key is None or layer.source is not source:
                continue
            start, column = source.position(key.start)
            while start > 1 and _is_comment(lines[start - 2], 1, column):
                start -= 1
            end = last = source.position(max(node.end, key.end)).line
            while last < len(lines) and (not lines[last].strip() or _is_comment(lines[last], column + 1)):
                last += 1
                end = last if lines[last - 1].strip() else end
            spans.append((start, end, name))
    return sorted(spans)


def _is_comment(line: str, first: int, last: int | None = None) -> bool:
    """Whether a line is a comment that starts at one of the columns `first` to `last`."""
    text = line.lstrip()
    column = len(line) - len(text) + 1
    return text.startswith("#") and first <= column and (last is None or column <= last)
