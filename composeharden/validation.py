"""Whether a file can be worked on: what the Compose Spec says of it, as problems with a place."""

from __future__ import annotations

from typing import Any

from composeharden.compose.schema import Fault, Kind, check, classify, validate
from composeharden.compose.schema import Problem as Reason
from composeharden.outcome import Location, Problem
from composeharden.yaml.source import Source

_ELSEWHERE = frozenset((Fault.REFERENCE, Fault.INCOMPLETE))
"""Faults that are none in a file that is completed by others."""


def structure(path: str, source: Source) -> list[Problem]:
    """Why the documents of a file are not what Compose takes; empty when it can be loaded."""
    reasons = [reason for root in source.documents if root is not None for reason in validate(root)]
    if reasons or all(root is None for root in source.documents):
        return [_problem(path, source, reason) for reason in reasons] or [_nothing(path)]
    kinds = {classify(root) for root in source.documents if root is not None}
    if Kind.STACK not in kinds:
        return [_no_stack(path, kinds)]
    return []


def meaning(path: str, source: Source, model: dict[str, Any]) -> list[Problem]:
    """Why the parts of a file's effective model do not fit together."""
    completed = "include" in model
    return [
        _problem(path, source, reason)
        for reason in check(model, source.documents)
        if not (completed and reason.fault in _ELSEWHERE)
    ]


def _problem(path: str, source: Source, reason: Reason) -> Problem:
    place = source.position(reason.start)
    return Problem(reason.message, Location(path, place.line, place.column), reason.suggestion)


def _nothing(path: str) -> Problem:
    return Problem("the file is empty", Location(path), "a Compose file has a key `services:`")


def _no_stack(path: str, kinds: set[Kind]) -> Problem:
    if Kind.FRAGMENT in kinds:
        return Problem(
            "the file is a fragment of a stack (an override file, or no services at all): it cannot be "
            "judged on its own",
            Location(path),
            "check the file that it belongs to",
        )
    return Problem("the file is no Compose file", Location(path), "a Compose file has a key `services:`")
