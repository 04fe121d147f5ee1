"""Fixes that others apply: all of them together are the patch, and each by itself leaves a sound file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from composeharden.compose.files import Files, Reader
from composeharden.decide import Options
from composeharden.outcome import Finding, Outcome, Share, Status
from composeharden.pipeline import harden
from composeharden.redaction import Redactor
from composeharden.report.fixes import Fixes
from composeharden.report.formats import Run, document
from composeharden.yaml.change import Append, Change, Remove, Set
from composeharden.yaml.source import load
from composeharden.yaml.splice import splice
from tests.report import readers
from tests.report.outcomes import STACK, hardened, ordinary, outcome_of, patched, redactor_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
STACKS = sorted(FIXTURES.glob("*/compose.y*ml"))
PLAIN = "services:\n  cache:\n    image: memcached:1.6\n  db:\n    image: postgres:16\n"
# The writable paths go to a list that stands far above the end of the service.
APART = """\
services:
  db:
    image: postgres:16
    tmpfs:
      - /tmp
    volumes:
      - data:/var/lib/postgresql/data
    environment:
      - PGDATA=/var/lib/postgresql/data
volumes:
  data:
"""


def rendered(form: str, outcome: Outcome, redactor: Redactor) -> str:
    return document(form, Run("1.0")).render([outcome], redactor)


def check(data: bytes, outcome: Outcome, redactor: Redactor) -> int:
    """All suggestions taken are the patch, byte for byte, save what is told and not offered; how many there are."""
    wanted = outcome.patches[0].data if outcome.patches else data
    diagnostics = readers.rdjson(rendered("rdjson", outcome, redactor))
    offered = [one for diagnostic in diagnostics for one in diagnostic.get("suggestions", ())]
    apart = {one["code"]["value"] for one in diagnostics if "composeharden fix makes it" in one["message"]}
    taken = readers.suggested(data, diagnostics)
    if not apart:
        assert taken == wanted
    else:
        left, _ = hardened(taken)
        assert problems(left) == problems(outcome)
        assert {rule for _, rule in to_fix(left)} <= {rule for told in apart for rule in told.split(", ")}
    for one in offered:
        alone = readers.suggested(data, [{"suggestions": [one]}])
        assert problems(hardened(alone)[0]) == problems(outcome)
        if one["range"]["end"]["line"] <= data.count(b"\n") + 1:  # what reviewdog makes of it changes the same bytes
            assert readers.posted(data, one) == alone
    return len(offered)


@pytest.mark.parametrize("text", ["services: {}\n", "services:\n  app:\n    image: example/app:1\n"])
def test_nothing_is_offered_where_nothing_changes(text: str) -> None:
    outcome, redactor = hardened(text, options=Options(strict_evidence=True))
    assert check(text.encode(), outcome, redactor) == 0


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.parent.name)
def test_every_fixture(file: Path) -> None:
    data = file.read_bytes()
    outcome, redactor = hardened(data)
    assert check(data, outcome, redactor) or not outcome.patches


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        b"\xef\xbb\xbfversion: '3'\n" + PLAIN.encode(),
        PLAIN.removesuffix("\n").encode(),
        PLAIN.replace("memcached:1.6", "memcached:1.6 # é 漢 🦊").encode(),
        b"services: {cache: {image: 'memcached:1.6', labels: {a: \xc3\xa9}}}\n",
        b"version: '3'\n" + PLAIN.encode(),
        PLAIN.encode() + b"version: '3'\n",
    ],
    ids=["lf", "crlf", "bom", "bom, first line", "no final lf", "unicode", "one line", "version", "version last"],
)
def test_columns_count_what_each_format_counts(data: bytes) -> None:
    outcome, redactor = hardened(data)
    assert outcome.patches
    assert check(data, outcome, redactor)


def test_what_one_finding_changes_in_two_places_is_one_suggestion() -> None:
    outcome, redactor = hardened(APART)
    (patch,) = outcome.patches
    (one,) = Fixes(outcome, patch, redactor).suggestions()
    assert one.text is not None
    assert "PGDATA" in one.text
    assert {"cap-drop", "no-new-privileges", "read-only"} <= {finding.rule for finding in one.findings}
    assert check(APART.encode(), outcome, redactor) == 1


def test_a_suggestion_that_would_show_a_secret_is_told_and_not_made() -> None:
    text = APART.replace("    environment:\n", "    environment:\n      - POSTGRES_PASSWORD=correct-horse\n")
    outcome, redactor = hardened(text)
    shown = rendered("rdjson", outcome, redactor)
    assert "correct-horse" not in shown
    told = [one for one in readers.rdjson(shown) if "composeharden fix makes it" in one["message"]]
    assert "read-only" in [one["code"]["value"] for one in told]
    taken = readers.suggested(text.encode(), readers.rdjson(shown)).decode()
    assert "no-new-privileges:true" in taken
    assert "read_only" not in taken
    # The edits themselves stand apart from the secret, so that an editor can still make them.
    results = readers.sarif(rendered("sarif", outcome, redactor))["results"]
    assert "correct-horse" not in json.dumps(results)
    (read_only,) = [result for result in results if result["ruleId"] == "read-only"]
    assert "read_only: true" in readers.fixed(text, [read_only])


def test_what_belongs_together_over_two_services_is_told_and_not_offered() -> None:
    text = "services:\n  app:\n    image: example/app:1\n    depends_on: [db]\n  db:\n    image: postgres:16\n"
    outcome, redactor = hardened(text)
    (waits,) = [one for one in outcome.findings if one.rule == "depends-on"]
    assert waits.needs == ("db/healthcheck",)
    diagnostics = readers.rdjson(rendered("rdjson", outcome, redactor))
    (told,) = [one for one in diagnostics if "depends-on" in one["code"]["value"]]
    assert "composeharden fix makes it" in told["message"]
    taken = readers.suggested(text.encode(), diagnostics).decode()
    assert "depends_on: [db]" in taken
    assert "healthcheck:" in taken
    (fix,) = [
        one for one in readers.sarif(rendered("sarif", outcome, redactor))["results"] if one["ruleId"] == "depends-on"
    ]
    made = readers.fixed(text, [fix])
    assert "service_healthy" in made
    assert "healthcheck:" in made


def reader_of(files: dict[str, bytes]) -> Reader:
    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    return read


def test_fixes_and_suggestions_of_several_files() -> None:
    base = PLAIN + "    volumes: [data:/var/lib/postgresql/data]\nvolumes: {data: {}}\n"
    over = "services:\n  cache:\n    security_opt:\n      - label:disable\n  db:\n    tmpfs:\n      - /tmp\n"
    files = {"compose.yaml": base.encode(), "compose.override.yaml": over.encode()}
    project = Files(tuple(files))
    outcome = harden(project, reader_of(files))
    redactor = redactor_of(outcome)
    assert {patch.path for patch in outcome.patches} == set(files)
    results = readers.sarif(rendered("sarif", outcome, redactor))["results"]
    (fix,) = [one for one in results if one["ruleId"] == "read-only" and "db" in one["message"]["text"]]
    assert "read_only: true" in readers.fixed(base, [fix], "compose.yaml")
    assert "size=" in readers.fixed(over, [fix], "compose.override.yaml")
    diagnostics = readers.rdjson(rendered("rdjson", outcome, redactor))
    told = [one for one in diagnostics if one["code"]["value"] == "read-only" and "db" in one["message"]]
    assert [("suggestions" in one, "composeharden fix makes it" in one["message"]) for one in told] == [(False, True)]
    made = {}
    for path, text in files.items():
        own = [one for one in diagnostics if one["location"]["path"] == path]
        assert any("suggestions" in one for one in own)
        made[path] = readers.suggested(text, own)
    after = harden(project, reader_of(made))
    assert after.problems == ()
    assert to_fix(after) <= {("db", "read-only"), ("db", "user"), ("db", "cap-drop")}


@pytest.mark.parametrize("secret", ["hunter2-hunter2", "abc"])
def test_an_edit_that_holds_a_secret_is_not_shown(secret: str) -> None:
    """No pass writes one; a list that is rewritten could carry a comment that does. Short ones are known by place."""
    change = Set((0, "services", "web", "environment"), {"API_TOKEN": secret})
    patch = patched(STACK, [change])
    outcome = outcome_of(patch, [replace(ordinary().findings[0], changes=(change,))])
    redactor = redactor_of(outcome)
    fixes = Fixes(outcome, patch, redactor)
    assert [one.text for one in fixes.suggestions()] == [None]
    for form in ("sarif", "rdjson"):
        shown = rendered(form, outcome, redactor)
        assert f"API_TOKEN: {secret}" not in shown
        assert "hunter2" not in shown


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.parent.name)
def test_each_fix_alone_is_what_its_finding_asks_for(file: Path) -> None:
    data = file.read_bytes()
    outcome, redactor = hardened(data)
    run = readers.sarif(rendered("sarif", outcome, redactor))
    fixes = [result for result in run["results"] if "fixes" in result]
    assert all(("fixes" in one) == (one["properties"]["status"] == "fix") for one in run["results"])
    for result, finding in zip(fixes, outcome.with_status(Status.FIX), strict=True):
        made = readers.fixed(load(data).text, [result])
        wanted = closure(outcome, finding)
        edits = [edit for one in outcome.patches[0].shares if (one.service, one.rule) in wanted for edit in one.edits]
        assert made == splice(load(data).text, dict.fromkeys(edits))
        after, _ = hardened(made)
        assert problems(after) == problems(outcome)
        assert (finding.service, finding.rule) not in to_fix(after)


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.parent.name)
def test_the_fixes_are_the_whole_patch_and_come_to_an_end_one_by_one(file: Path) -> None:
    """As in an editor: make the first fix, look again, until there is none."""
    outcome, _ = hardened(file.read_bytes())
    for patch in outcome.patches:
        assert {edit for share in patch.shares for edit in share.edits} == set(patch.edits)
    text = load(file.read_bytes()).text
    for _ in range(len(to_fix(outcome)) + 1):
        results = readers.sarif(rendered("sarif", *hardened(text)))["results"]
        fixes = [result for result in results if "fixes" in result]
        if not fixes:
            break
        text = readers.fixed(text, fixes[:1])
    assert to_fix(hardened(text)[0]) == set()


def problems(outcome: Outcome) -> list[str]:
    return [problem.message for problem in outcome.problems]


def to_fix(outcome: Outcome) -> set[tuple[str | None, str]]:
    return {(finding.service, finding.rule) for finding in outcome.with_status(Status.FIX)}


def closure(outcome: Outcome, finding: Finding) -> set[tuple[str | None, str]]:
    """The finding with all that it needs."""
    findings = {(one.service, one.rule): one for one in outcome.with_status(Status.FIX)}
    wanted = [(finding.service, finding.rule)]
    for key in wanted:
        for name in findings[key].needs if key in findings else ():
            service, _, rule = name.rpartition("/")
            wanted += [] if (service or key[0], rule) in wanted else [(service or key[0], rule)]
    return set(wanted)


def test_a_fix_that_needs_another_holds_it() -> None:
    drop, add = Set((0, "services", "web", "cap_drop"), ["ALL"]), Set((0, "services", "web", "cap_add"), ["CHOWN"])
    patch = patched(STACK, [drop, add])
    findings = ordinary().findings[:2]
    first = replace(findings[0], rule="first", changes=(drop,), needs=("second",))
    second = replace(findings[0], rule="second", changes=(add,))
    shares = (Share("web", "first", (patch.edits[0],)), Share("web", "second", (patch.edits[1],)))
    outcome = outcome_of(replace(patch, shares=shares), [first, second])
    fixes = Fixes(outcome, outcome.patches[0], redactor_of(outcome))
    (both,) = fixes.of(first) or []
    assert both.text == patch.edits[0].text + patch.edits[1].text
    (one,) = fixes.of(second) or []
    assert one.text == patch.edits[1].text


def test_edits_of_nobody_are_still_suggested() -> None:
    changes: list[Change] = [
        Remove((0, "version")),
        Append((0, "services", "db", "security_opt"), ("no-new-privileges:true",)),
    ]
    outcome = outcome_of(patched(STACK, changes), [])
    diagnostics = readers.rdjson(rendered("rdjson", outcome, redactor_of(outcome)))
    assert readers.suggested(STACK.encode(), diagnostics) == outcome.patches[0].data
