"""The report for programs: valid against its schema, documented, masked, and stable where it promises to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from composeharden.outcome import Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.json import SCHEMA, render
from composeharden.yaml.change import Append, Remove, Reshape, Set
from composeharden.yaml.scalars import Tagged, Timestamp
from composeharden.yaml.source import load
from tests.report.outcomes import STACK, ordinary, outcome_of, patched, redactor_of

REPORT_SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8")
)


def report(*outcomes: Outcome) -> Any:
    text = render(outcomes, redactor_of(*outcomes), "1.2.3", "check")
    assert text.isascii()
    assert text.endswith("}\n")
    data = json.loads(text)
    jsonschema.Draft202012Validator(REPORT_SCHEMA).validate(data)
    return data


def fingerprint(outcome: Outcome) -> list[str]:
    return [found["fingerprint"] for found in report(outcome)["files"][0]["findings"]]


def test_an_ordinary_stack() -> None:
    data = report(ordinary(), Outcome("broken.yaml", problems=(Problem("bad", Location("broken.yaml", 2, 3)),)))
    assert data["schema"] == SCHEMA == REPORT_SCHEMA["properties"]["schema"]["const"]
    assert data["tool"] == {"name": "composeharden", "version": "1.2.3"}
    assert data["summary"] == {
        "files": 2,
        "patched": 1,
        "problems": 1,
        "findings": 9,
        "status": {"fix": 3, "held": 1, "report": 3, "suppressed": 1, "refused": 1},
        "severity": {"info": 0, "low": 3, "medium": 4, "high": 0, "critical": 1},
        "fix_effect": {"none": 1, "behaviour": 2, "access": 0, "data": 0},
    }
    file = data["files"][0]
    assert file["recreates"] == ["db", "web"]
    assert file["findings"][0]["changes"] == [{"op": "set", "path": ["services", "web", "read_only"], "value": True}]
    assert file["findings"][0]["why"] == ["/run: pid file", "/tmp: uploads"]
    (patch,) = file["patches"]
    assert (patch["hunks"], patch["added"], patch["removed"]) == (1, 4, 0)
    assert "correct-horse-battery" not in json.dumps(data)


def test_nothing_at_all() -> None:
    assert report()["summary"]["findings"] == 0


def test_values_of_changes() -> None:
    changes = (
        Set((0, "services", "a", "environment"), {"DB_PASSWORD": "hunter2-x", "URL": "amqp://u:hunter2-x@h", "A": 1}),
        Append((0, "services", "a", "command"), ("--token", "hunter2-x", "ok")),
        Remove((0, "version")),
        Reshape((0, "services", "a", "depends_on"), {"b": {"condition": "service_started"}}),
        Set(
            (0, "services", "a", "x"),
            [float("nan"), float("inf"), 10**400, Tagged("!reset", None), Timestamp("2001-01-01")],
        ),
        Set((0, "secrets", "s", "content"), "hunter2-x"),
        Set((0, "services", "a", "secrets"), ["db_password"]),
        Set((0, "services", "a", "environment", "DB_PASSWORD_FILE"), "/run/secrets/db_password"),
    )
    found = Finding("r", "a", Severity.LOW, "m", Location("c"), Status.HELD, changes=changes)
    values = [change.get("value") for change in report(Outcome("c", (found,)))["files"][0]["findings"][0]["changes"]]
    assert values[:4] == [
        {"DB_PASSWORD": "***", "URL": "amqp://u:***@h", "A": 1},
        ["--token", "***", "ok"],
        None,
        {"b": {"condition": "service_started"}},
    ]
    assert values[4] == ["nan", "inf", hex(10**400), {"tag": "!reset", "value": None}, "2001-01-01"]
    assert values[5:] == ["***", ["db_password"], "/run/secrets/db_password"]


def test_fingerprints_survive_what_does_not_matter() -> None:
    outcome = ordinary()
    before = fingerprint(outcome)
    reworded = replace(
        outcome,
        findings=tuple(
            replace(found, message="another wording", why="another reason", severity=Severity.INFO)
            for found in outcome.findings
        ),
    )
    assert fingerprint(reworded) == before
    assert len(set(before)) == len(before)
    moved = replace(
        outcome,
        sources={"compose.yaml": load(b"# one line more\n" + STACK.encode())},
        findings=tuple(
            replace(found, location=replace(found.location, line=found.location.line + 1)) for found in outcome.findings
        ),
    )
    assert fingerprint(moved) == before
    other_secret = replace(outcome, sources={"compose.yaml": load(STACK.replace("correct", "another").encode())})
    assert fingerprint(other_secret) == before


@pytest.mark.parametrize(
    "difference",
    [
        {"rule": "other"},
        {"service": "other"},
        {"location": Location("other.yaml", 3, 3)},
        {"location": Location("compose.yaml", 8)},
    ],
)
def test_fingerprints_tell_findings_apart(difference: dict[str, Any]) -> None:
    outcome = ordinary()
    changed = replace(outcome, findings=(replace(outcome.findings[0], **difference),))
    assert fingerprint(changed)[0] not in fingerprint(outcome)


def test_equal_findings_on_one_line_are_numbered() -> None:
    found = Finding("published-port", "web", Severity.LOW, "m", Location("compose.yaml", 3))
    marks = fingerprint(outcome_of(patched(STACK, []), [found, found]))
    assert len(set(marks)) == 2


def test_a_fingerprint_does_not_change_between_versions() -> None:
    found = Finding("cap-drop", "web", Severity.LOW, "m", Location("compose.yaml", 3))
    (mark,) = fingerprint(outcome_of(patched(STACK, []), [found]))
    assert mark == "8a2f8930006a2d1465d6ee451450f80c4d91f05365d58f7dc6fb8d8cc21f58f8"


def test_the_schema_is_valid_and_documents_everything() -> None:
    jsonschema.Draft202012Validator.check_schema(REPORT_SCHEMA)
    assert [path for path, property_ in properties(REPORT_SCHEMA) if "description" not in property_] == []


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(schema, dict):
        return
    for name, value in schema.get("properties", {}).items() if not path.endswith("/if") else ():
        yield f"{path}/{name}", value
    for name, value in schema.items():
        yield from properties(value, f"{path}/{name}")


def test_a_long_report_comes_on_one_line() -> None:
    found = Finding("r", "a", Severity.LOW, "m", Location("c"))
    assert render([Outcome("c", (found,) * 2_001)], Redactor(), "1", "check").count("\n") == 1
