"""Every pass against the cases that it carries itself."""

from __future__ import annotations

import pytest
from _pytest.mark import ParameterSet

from composeharden.outcome import Confidence, Effect, Severity
from composeharden.passes import Pass, all_passes
from composeharden.yaml import nodes
from composeharden.yaml.source import load
from tests.passes.running import proposals

PASSES = all_passes()


def cases(attribute: str) -> list[ParameterSet]:
    return [
        pytest.param(rule, text, id=f"{name}-{number}")
        for name, rule in PASSES.items()
        for number, text in enumerate(getattr(rule.module, attribute, ()), 1)
    ]


@pytest.mark.parametrize(("rule", "text"), cases("REPORTED"))
def test_reports(rule: Pass, text: str) -> None:
    found = proposals(rule, text)
    assert found
    assert not any(proposal.changes for proposal in found)


@pytest.mark.parametrize(("rule", "text"), cases("UNCHANGED"))
def test_says_nothing(rule: Pass, text: str) -> None:
    assert [proposal.message for proposal in proposals(rule, text)] == []


@pytest.mark.parametrize("rule", [rule for rule in PASSES.values() if rule.example], ids=lambda rule: rule.name)
def test_example_is_found(rule: Pass) -> None:
    assert rule.example is not None
    assert any(proposal.changes for proposal in proposals(rule, rule.example.before))


@pytest.mark.parametrize("rule", list(PASSES.values()), ids=list(PASSES))
def test_is_complete(rule: Pass) -> None:
    """A first line that fits a list, a reason why, references, and at least as many no-op cases as others."""
    first, _, rest = rule.doc.partition("\n")
    assert len(first) <= 120
    assert len(rest.split()) > 8
    assert isinstance(rule.severity, Severity)
    assert isinstance(rule.effect, Effect)
    assert rule.references
    assert len(set(rule.references)) == len(rule.references)
    reported = tuple(getattr(rule.module, "REPORTED", ()))
    assert reported or rule.example
    assert len(rule.unchanged) >= len(reported)
    assert rule.for_service is not None or rule.for_project is not None


@pytest.mark.parametrize(("rule", "text"), cases("REPORTED"))
def test_wording(rule: Pass, text: str) -> None:
    for proposal in proposals(rule, text):
        assert not proposal.message.endswith(".")
        assert "\n" not in proposal.message
        assert proposal.advice
        assert "hunter2" not in proposal.message + proposal.advice + proposal.why
        assert isinstance(proposal.confidence, Confidence)


@pytest.mark.parametrize(("rule", "text"), cases("REPORTED"))
def test_item_is_in_the_file(rule: Pass, text: str) -> None:
    """A finding that names an entry must lead to a line."""
    source = load(text.encode())
    texts = {
        node.text
        for root in source.documents
        if root is not None
        for node in nodes.walk(root)
        if isinstance(node, nodes.Scalar)
    }
    for proposal in proposals(rule, text):
        assert proposal.item in ("", *texts)


def test_never_advises_a_read_only_socket() -> None:
    rule = PASSES["docker-socket"]
    for text in rule.module.REPORTED:
        for proposal in proposals(rule, text):
            assert ":ro" not in proposal.advice
            assert "proxy" in proposal.advice or "TLS" in proposal.advice
