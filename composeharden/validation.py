"""Whether a file can be worked on: what the Compose Spec says of it, as problems with a place."""

from __future__ import annotations

from composeharden.compose.files import Layer
from composeharden.compose.project import Project
from composeharden.compose.schema import Fault, Kind, check, classify, validate
from composeharden.compose.schema import Problem as Reason
from composeharden.outcome import Location, Problem
from composeharden.yaml.nodes import Node, walk
from composeharden.yaml.source import Source

OVERLAY = "# composeharden: overlay"
"""The first line of every overlay that we write."""
_ELSEWHERE = frozenset((Fault.REFERENCE, Fault.INCOMPLETE))
"""Faults that are none in a file that is completed by others."""


def structure(path: str, source: Source) -> list[Problem]:
    """Why the documents of a file are not what Compose takes; empty when it can be loaded."""
    return [
        _problem(path, source, reason) for root in source.documents if root is not None for reason in validate(root)
    ]


def is_overlay(source: Source) -> bool:
    """True for an overlay of ours, and only as long as it could not be run by itself."""
    if source.text.partition("\n")[0].rstrip("\r") != OVERLAY:
        return False
    return Kind.STACK not in {classify(root) for root in source.documents if root is not None}


def kind(project: Project) -> list[Problem]:
    """Why the files of a project are no stack; empty when they are one."""
    path = project.files.paths[0]
    if not project.layers:
        return [_nothing(path)]
    completed = len(project.files.paths) > 1 or any(layer.file != path for layer in project.layers)
    if completed and project.services:
        return []
    kinds = {classify(layer.root) for layer in project.layers if layer.file in project.files.paths}
    return [] if Kind.STACK in kinds else [_no_stack(path, kinds)]


def meaning(project: Project) -> list[Problem]:
    """Why the parts of the effective model do not fit together."""
    completed = bool(project.unseen)
    return [
        _placed(project, reason)
        for reason in check(project.model, [layer.root for layer in project.layers])
        if not (completed and reason.fault in _ELSEWHERE)
    ]


def _placed(project: Project, reason: Reason) -> Problem:
    """A problem of the model, in the file whose node it names."""
    layers = [layer for layer in project.layers if len(project.layers) == 1 or _holds(layer, reason.node)]
    layer = layers[0] if layers else project.layers[0]
    return _problem(layer.file, layer.source, reason)


def _holds(layer: Layer, node: Node | None) -> bool:
    return any(one is node for one in walk(layer.root))


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
