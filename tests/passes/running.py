"""Running passes on the text of a file, without the pipeline around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from composeharden.cli.hadolint import Hadolint, program
from composeharden.compose.load import build
from composeharden.compose.project import Project
from composeharden.outcome import Severity
from composeharden.passes import Pass, Proposal, all_passes
from composeharden.posture import Posture, decide
from composeharden.yaml.source import load


def proposals(rule: Pass, text: str) -> list[Proposal]:
    """What a pass says of a file, on its own."""
    return [proposal for _, proposal in reported(text, rule.name)]


def reported(text: str, name: str | None = None) -> Iterator[tuple[Severity, Proposal]]:
    """What all passes (or the one called `name`) say of a file, each with its severity."""
    beside = getattr(all_passes()[name].module, "FILES", {}) if name else {}
    project = build("compose.yaml", load(text.encode()), {}, (lambda path: _read(beside, path)) if beside else None)
    if name == "hadolint":
        if program() is None:
            pytest.skip("hadolint is not installed")
        project.lint = Hadolint()
    postures = {
        name: decide(service) for name, service in project.services.items() if service.is_container and service.raw
    }
    for rule in all_passes().values():
        if name in (None, rule.name):
            for proposal in _run(rule, project, postures):
                yield rule.severity if proposal.severity is None else proposal.severity, proposal


def _read(beside: Mapping[str, bytes], path: str) -> bytes:
    if path not in beside:
        raise FileNotFoundError(path)
    return beside[path]


def _run(rule: Pass, project: Project, postures: Mapping[str, Posture]) -> Iterator[Proposal]:
    if rule.for_service is not None:
        for posture in postures.values():
            yield from rule.for_service(posture)
    if rule.for_project is not None:
        yield from rule.for_project(project, postures)
