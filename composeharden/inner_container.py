"""Containers that a Compose file runs beside its services: steps before a start, and jobs.

They take nearly every setting a service takes, so every danger of a service can hide in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from composeharden.compose.project import Project, Service
from composeharden.outcome import Severity
from composeharden.posture import decide

if TYPE_CHECKING:
    from composeharden.passes import Pass, Proposal


def reports(
    project: Project, name: str, raw: Mapping[str, Any], what: str, rules: Iterable[Pass]
) -> Iterator[Proposal]:
    """What those of `rules` that only report say of a container with the settings `raw`, as far as it matters.

    `name` is the service it belongs to (or its own), `what` names it at the head of each message. Fixes are left
    out: they are made for services. Below medium severity only what is about the text itself counts.
    """
    posture = decide(Service(project, name, raw))
    for rule in rules:
        if rule.for_service is None:
            continue
        for proposal in rule.for_service(posture):
            severity = rule.severity if proposal.severity is None else proposal.severity
            if not proposal.changes and (rule.is_about_text or severity >= Severity.MEDIUM):
                yield replace(
                    proposal,
                    message=f"{what}: {proposal.message}",
                    severity=severity,
                    references=(*rule.references, *proposal.references),
                )
