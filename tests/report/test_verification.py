"""The report of a trial: valid against its schema, documented, masked, and clear about what is worse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from composeharden.redaction import Redactor
from composeharden.report.style import Style
from composeharden.report.verification import SCHEMA, Trouble, Verification, Verified, as_json, render
from tests.report.test_json import properties

VERIFY_SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "verify.schema.json").read_text(encoding="utf-8"))
WORSE = Verified(
    "app",
    "worse",
    changes=("cap-drop", "read-only"),
    worse=(Trouble("start", "restart", "it ended with exit code 1", ("cannot log in with hunter2-secret\x1b[2J",)),),
    blamed=(("cap-drop", "it needs CHOWN"),),
)
STACK = Verification(
    "compose.yaml",
    (
        WORSE,
        Verified("db", "same", changes=("user",), said=("chmod: Operation not permitted",), users=("postgres 999",)),
        Verified("job", "not-comparable", "it ended with exit code 3 as it is"),
        Verified("agent", "not-run", "it is privileged"),
    ),
    notes=("db: one container instead of several",),
    repaired="+    cap_drop: [ALL]\n",
    is_repaired=True,
    seconds=61.27,
    lives=4,
    starts=24,
)


@pytest.fixture
def redactor() -> Redactor:
    found = Redactor()
    found.add_value("APP_PASSWORD", "hunter2-secret")
    return found


def document(stack: Verification, redactor: Redactor) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(as_json([stack], redactor, "1"))
    jsonschema.Draft202012Validator(VERIFY_SCHEMA).validate(data)
    return data


def test_the_document_is_valid_and_masked(redactor: Redactor) -> None:
    data = document(STACK, redactor)
    assert data["schema"] == SCHEMA == VERIFY_SCHEMA["properties"]["schema"]["const"]
    assert "hunter2" not in json.dumps(data)
    (stack,) = data["stacks"]
    assert stack["worse"]
    assert stack["repaired"] == {"diff": STACK.repaired}
    assert [one["verdict"] for one in stack["services"]] == ["worse", "same", "not-comparable", "not-run"]


def test_nothing_worse_is_nothing_worse(redactor: Redactor) -> None:
    (stack,) = document(Verification("compose.yaml", STACK.services[1:]), redactor)["stacks"]
    assert not stack["worse"]
    assert stack["repaired"] is None
    (stack,) = document(Verification("compose.yaml", (), unfinished="no time is left"), redactor)["stacks"]
    assert stack["worse"]


@pytest.mark.parametrize(
    ("verdicts", "unfinished", "code"),
    [
        ((), "", 0),
        (("same", "not-run", "not-comparable"), "", 0),
        (("same", "worse"), "", 1),
        (("same", "worse"), "no set was found", 1),
        (("same",), "the time is over", 2),
        (("not-comparable", "not-run"), "", 2),
        ((), "the time is over", 2),
    ],
)
def test_it_does_not_succeed_where_nothing_was_told(verdicts: tuple[str, ...], unfinished: str, code: int) -> None:
    services = tuple(Verified(f"s{number}", verdict) for number, verdict in enumerate(verdicts))
    assert Verification("compose.yaml", services, unfinished=unfinished).exit_code == code


def test_the_schema_is_valid_and_documents_everything() -> None:
    jsonschema.Draft202012Validator.check_schema(VERIFY_SCHEMA)
    missing = [path for path, own in properties(VERIFY_SCHEMA) if "description" not in own and "$ref" not in own]
    assert missing == []


def test_the_text_names_what_is_to_blame(redactor: Redactor) -> None:
    text = render(STACK, redactor, Style(symbols=False))
    assert "hunter2" not in text
    assert "\x1b" not in text
    for part in (
        "x app  does not live as before",
        "start (restart): it ended with exit code 1",
        "cannot log in with ***",
        "> cap-drop: it needs CHOWN",
        "+ db  lives as before",
        "chmod: Operation not permitted",
        "o job  nothing can be told: it ended with exit code 3 as it is",
        "o agent  not run: it is privileged",
        "note: db: one container instead of several",
        "cap_drop: [ALL]",
        "1 as before, 1 worse, 1 not to be told, 1 not run; 4 lives, 24 container starts, 61 s",
    ):
        assert part in text
