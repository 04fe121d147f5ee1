"""Inline suppression: `# composeharden: ignore[cap-drop] writes its own config`, on a service or one of its keys.

A comment above the `services` key counts for the whole file. A suppression needs a reason.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from composeharden.compose.project import Project
from composeharden.yaml import nodes
from composeharden.yaml.source import Source

_MARK = re.compile(r"#[ \t]*composeharden:[ \t]*ignore\[([^\]\n]*)\][ \t]*([^\n]*)")


class Suppression(NamedTuple):
    """One comment: which rules it silences, why, and for which service (None: the whole file)."""

    rules: frozenset[str]
    reason: str
    service: str | None
    line: int


def suppressions(project: Project, source: Source) -> list[Suppression]:
    """Every suppression comment of one file, also those without a reason (which must not be obeyed)."""
    if "composeharden:" not in source.text:
        return []
    spans = _service_lines(project, source)
    first = min((start for start, _, _ in spans), default=0)
    found = []
    for match in _MARK.finditer(source.text):
        line = source.position(match.start()).line
        if _inside_scalar(source, match.start()):
            continue
        service = next((name for start, end, name in spans if start <= line <= end), None)
        if service is None and line >= first:
            service = next((name for start, _, name in spans if start > line), "")
        rules = frozenset(rule.strip() for rule in match.group(1).split(",") if rule.strip())
        found.append(Suppression(rules, match.group(2).strip(), service, line))
    return found


def _service_lines(project: Project, source: Source) -> list[tuple[int, int, str]]:
    """(first line, last line, name) of each service, with the comment lines right above it."""
    spans = []
    lines = source.text.split("\n")
    for name, service in project.services.items():
        for layer, node in service.bodies:
            services = nodes.resolved(layer.root.get("services"))
            key = services.key(name) if isinstance(services, nodes.Mapping) else None
            if key is None or layer.source is not source:
                continue
            start = source.position(key.start).line
            while start > 1 and lines[start - 2].lstrip().startswith("#"):
                start -= 1
            spans.append((start, source.position(max(node.end, key.end)).line, name))
    return sorted(spans)


def _inside_scalar(source: Source, offset: int) -> bool:
    return any(
        isinstance(node, nodes.Scalar) and node.start <= offset < node.end
        for root in source.documents
        if root is not None
        for node in nodes.walk(root)
    )
