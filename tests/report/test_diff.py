"""The diff for reading: masked, annotated, and cheap for a stack of any size."""

from __future__ import annotations

import difflib
import json
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.outcome import Finding, Location, Patch, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report.diff import NOTICE, unified
from composeharden.report.hunks import hunks, lines_of, rows
from composeharden.yaml.change import Refused, Remove, Set
from composeharden.yaml.source import load
from composeharden.yaml.splice import Edit, splice
from tests.report.outcomes import STACK, ordinary, patched, redactor_of
from tests.yaml.changes import changes
from tests.yaml.documents import files


def shown(text: str) -> str:
    return unified(patched(text, [Set((0, "services", "web", "read_only"), True)]), Redactor())


def test_it_is_masked_and_says_so() -> None:
    outcome = ordinary()
    lines = unified(outcome.patches[0], redactor_of(outcome), findings=outcome.findings).splitlines()
    assert lines[:3] == [NOTICE, "--- a/compose.yaml", "+++ b/compose.yaml"]
    assert lines[3] == "@@ -4,11 +4,15 @@ web: read-only, cap-drop; db: no-new-privileges"
    assert "       POSTGRES_PASSWORD: ***" in lines
    assert [line for line in lines if line.startswith("+ ")] == [
        "+    read_only: true",
        "+    cap_drop:",
        "+      - ALL",
        "+      - no-new-privileges:true",
    ]


def test_a_change_through_an_anchor_names_its_pass() -> None:
    text = "x-base: &base\n  restart: always\nservices:\n  a: {<<: *base}\n  b: {<<: *base}\n"
    patch = patched(text, [Set((0, "x-base", "read_only"), True)])
    found = [
        Finding(
            "read-only",
            name,
            Severity.LOW,
            "",
            Location("x"),
            Status.FIX,
            changes=(Set((0, "services", name, "read_only"), True),),
        )
        for name in "ab"
    ]
    assert "@@ read-only\n" in unified(patch, Redactor(), findings=found)


def test_a_removed_key_names_its_pass() -> None:
    patch = patched(STACK, [Remove((0, "version"))])
    found = [Finding("obsolete-version", None, Severity.LOW, "", Location("x"), Status.FIX, changes=patch.changes)]
    assert "@@ -1,4 +1,3 @@ obsolete-version\n" in unified(patch, Redactor(), findings=found)


def test_colour_is_only_added() -> None:
    patch = ordinary().patches[0]
    plain, colored = unified(patch, Redactor()), unified(patch, Redactor(), color=True)
    for code in ("0", "2", "31", "32", "36"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == plain


def test_line_breaks_that_are_shown() -> None:
    assert shown("services:\r\n  web:\r\n    image: a\r\n").count("\r") == 0
    assert shown("services:\n  web:\n    image: a").count("\\ No newline at end of file\n") == 2
    assert "\\xa0" in shown("services:\n  web:\n    image: 'a\u00a0b'\n")


def test_nothing_changes() -> None:
    assert unified(patched(STACK, []), Redactor()) == ""


def test_any_edit_of_any_file_as_a_comparison_would_find_it() -> None:
    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data(), st.integers(0, 4))
    def holds(data: st.DataObject, context: int) -> None:
        text = data.draw(files())
        try:
            patch = patched(text, data.draw(changes(load(text))))
        except Refused:
            return
        old, new = lines_of(patch.before.text), lines_of(patch.after.text)
        rebuilt: list[str] = []
        at = 0
        for hunk in hunks(patch, context):
            rebuilt += old[at : hunk.extent.old_start]
            rebuilt += (new[number] if sign == "+" else old[number] for sign, number in rows(hunk) if sign != "-")
            at = hunk.extent.old_end
        assert rebuilt + old[at:] == new
        least = sum(line[:1] in "+-" for line in list(difflib.unified_diff(old, new, n=0))[2:])
        most = sum(sign != " " for hunk in hunks(patch, context) for sign, _ in rows(hunk))
        assert most <= least + 12  # edits may repeat a line that a comparison would keep
        assert json.dumps(unified(patch, Redactor(), context)) is not None

    holds()


def test_thousands_of_services() -> None:
    text = "services:\n" + "".join(f"  s{number}:\n    image: a\n    init: true\n" for number in range(4_000))
    before = load(text.encode())
    edits = []
    at = text.find("\n    init")
    while at != -1:
        edits.append(Edit(at, at, "\n    read_only: true"))
        at = text.find("\n    init", at + 1)
    patch = Patch("compose.yaml", before, load(splice(text, edits).encode()), tuple(edits), ())
    redactor = Redactor([patch.before, patch.after])
    started = time.process_time()
    assert unified(patch, redactor).count("+    read_only: true\n") == 4_000
    assert time.process_time() - started < 4
