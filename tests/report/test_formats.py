"""Every format as its consumer takes it: valid, one document for all files, with the right weight and place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composeharden.outcome import Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report import markdown as as_markdown
from composeharden.report.formats import FORMATS, Rule, Run, document, fails, level
from composeharden.report.places import Places
from tests.report import readers
from tests.report.outcomes import hardened, ordinary, redactor_of

PLAIN = "services:\n  cache:\n    image: memcached:1.6\n"
BROKEN = Outcome("bad/compose.yaml", problems=(Problem("it is no mapping", Location("bad/compose.yaml", 2, 3), "so"),))


def text_of(form: str, *outcomes: Outcome, run: Run | None = None) -> str:
    return document(form, run or Run("1.0")).render(outcomes, redactor_of(*outcomes))


def finding(status: Status, severity: Severity = Severity.MEDIUM, **more: Any) -> Finding:
    return Finding("a-rule", "web", severity, "it is so", Location("compose.yaml", 3, 3), status, **more)


def alone(*findings: Finding) -> Outcome:
    return replace(ordinary(), findings=findings, patches=())


# -- nothing to say ----------------------------------------------------------------------------------------------------


def test_nothing_is_a_valid_document_too() -> None:
    outcome = Outcome("compose.yaml")
    assert readers.sarif(text_of("sarif", outcome))["results"] == []
    assert readers.gitlab(text_of("gitlab", outcome)) == []
    assert readers.rdjson(text_of("rdjson", outcome)) == []
    assert [[case.result for case in suite] for suite in readers.junit(text_of("junit", outcome))] == [[[]]]
    (command,) = readers.commands(text_of("github", outcome))
    assert command == ("notice", {"title": "composeharden"}, "1 file: nothing to report")
    assert "nothing to harden" in readers.markdown(text_of("markdown", outcome))


def test_a_hardened_stack_has_no_fixes() -> None:
    before, _ = hardened(PLAIN)
    outcome, redactor = hardened(before.patches[0].data)
    assert outcome.findings
    for form in FORMATS:
        text = document(form, Run("1.0")).render([outcome], redactor)
        assert not any(word in text for word in ("insertedContent", "suggestions", "::warning", "```diff", "<failure"))


# -- one document ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_parts_make_the_same_document_one_by_one(form: str) -> None:
    outcomes = [BROKEN, Outcome("empty.yaml"), replace(ordinary(), path="a.yaml"), ordinary(), Outcome("end.yaml")]
    redactor = redactor_of(*outcomes)
    whole = document(form, Run("1.0"))
    written = [whole.begin()]
    written += [whole.add(document(form, Run("1.0")).part(outcome, redactor)) for outcome in outcomes]
    assert "".join((*written, whole.end())) == document(form, Run("1.0")).render(outcomes, redactor)


@pytest.mark.parametrize("form", ["sarif", "gitlab", "rdjson", "junit"])
def test_what_can_be_written_at_once_is(form: str) -> None:
    outcome = ordinary()
    whole = document(form, Run("1.0"))
    part = whole.part(outcome, redactor_of(outcome))
    assert len(whole.add(part)) > 1_000
    assert len(whole.end()) < 2_000


# -- weight ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "severity", "weight", "failing"),
    [
        (Status.FIX, Severity.LOW, "warning", True),
        (Status.FIX, Severity.CRITICAL, "warning", True),
        (Status.REPORT, Severity.CRITICAL, "error", True),
        (Status.REPORT, Severity.HIGH, "error", True),
        (Status.REPORT, Severity.MEDIUM, "warning", False),
        (Status.REPORT, Severity.LOW, "note", False),
        (Status.REPORT, Severity.INFO, "note", False),
        (Status.HELD, Severity.HIGH, "note", False),
        (Status.SUPPRESSED, Severity.CRITICAL, "note", False),
        (Status.REFUSED, Severity.LOW, "error", False),
    ],
)
def test_weight(status: Status, severity: Severity, weight: str, failing: bool) -> None:
    one = finding(status, severity, reason="because")
    assert level(one) == weight
    assert fails(one, Run("1.0")) is failing
    assert fails(finding(Status.HELD), Run("1.0", fail_on_held=True))
    assert fails(finding(Status.REPORT, Severity.LOW), Run("1.0", fail_on=Severity.LOW))
    (result,) = readers.sarif(text_of("sarif", alone(one)))["results"]
    assert result["level"] == weight
    names = [command.name for command in readers.commands(text_of("github", alone(one)))]
    wanted = [] if status is Status.SUPPRESSED else [{"note": "notice"}.get(weight, weight)]
    assert names == ["notice", *wanted]
    (suite,) = readers.junit(text_of("junit", alone(one)))
    (case,) = suite
    kind = "Error" if status is Status.REFUSED else "Failure" if failing else "Skipped"
    assert [type(item).__name__ for item in case.result] == [kind]


# -- each format -------------------------------------------------------------------------------------------------------


def test_sarif_suppressions_say_where_they_stand() -> None:
    text = (
        "services:\n  # composeharden: ignore[read-only] writes its own program\n  cache:\n    image: memcached:1.6\n"
    )
    outcome, redactor = hardened(text)
    baseline = finding(Status.SUPPRESSED, reason="in the baseline")
    outcome = replace(outcome, findings=(*outcome.findings, baseline))
    run = readers.sarif(document("sarif", Run("1.0")).render([outcome], redactor))
    told = {result["ruleId"]: result["suppressions"] for result in run["results"]}
    assert told["read-only"] == [{"kind": "inSource", "status": "accepted", "justification": "writes its own program"}]
    assert told["a-rule"] == [{"kind": "external", "status": "accepted", "justification": "in the baseline"}]
    assert told["cap-drop"] == []


def test_sarif_tells_of_rules_places_and_problems() -> None:
    doc = "Does it.\n\n" + "why " * 300
    rule = Rule("cap-drop", Severity.MEDIUM, doc, "page", "**page**", ("CIS Docker 5.3", "https://example.org/x"))
    run = Run("1.0", rules={"cap-drop": rule})
    found = readers.sarif(text_of("sarif", ordinary(), BROKEN, run=run))
    (told,) = [one for one in found["tool"]["driver"]["rules"] if one["id"] == "cap-drop"]
    assert told["name"] == "CapDrop"
    assert told["shortDescription"]["text"] == told["fullDescription"]["text"] == "Does it."
    assert told["help"] == {"text": "page", "markdown": "**page**"}
    assert told["helpUri"] == "https://example.org/x"
    assert told["properties"] == {"tags": ["security", "docker-compose", "CIS Docker 5.3"], "security-severity": "5.5"}
    (invocation,) = found["invocations"]
    assert invocation["executionSuccessful"] is False
    (note,) = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "it is no mapping. so"
    place = note["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "bad/compose.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 3}
    (logical,) = found["results"][0]["locations"][0]["logicalLocations"]
    assert logical["fullyQualifiedName"] == "services.web"


def test_sarif_messages_hold_no_links_of_the_file() -> None:
    (result,) = readers.sarif(text_of("sarif", alone(replace(finding(Status.REPORT), service="[a](https://e.x)"))))[
        "results"
    ]
    assert "](" not in result["message"]["text"]


@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_fingerprints_are_those_of_the_json_report(form: str) -> None:
    outcome, run = ordinary(), Run("1.0", places=Places("/repo/sub", "/repo"))
    report = json.loads(text_of("json", outcome, run=run))["files"][0]["findings"]
    marks = [one["fingerprint"] for one in report if form == "sarif" or one["status"] != "suppressed"]
    if form == "gitlab":
        found = [issue["fingerprint"] for issue in readers.gitlab(text_of(form, outcome, run=run))]
    else:
        results = readers.sarif(text_of(form, outcome, run=run))["results"]
        found = [result["partialFingerprints"]["composeharden/v1"] for result in results]
    assert found == marks
    from_the_root = replace(
        outcome,
        findings=tuple(
            replace(one, location=replace(one.location, file="sub/compose.yaml")) for one in outcome.findings
        ),
        sources={"sub/compose.yaml": outcome.sources["compose.yaml"]},
    )
    assert marks[0] in text_of(form, from_the_root, run=Run("1.0", places=Places("/repo", "/repo")))


def test_github_shows_the_gravest_first_and_the_total_before() -> None:
    findings = [finding(Status.REPORT, severity) for severity in Severity]
    found = readers.commands(text_of("github", alone(*findings), BROKEN))
    assert [command.name for command in found] == ["notice", "error", "error", "error", "warning", "notice", "notice"]
    assert found[0].data == "2 files: 3 errors, 1 warning, 2 notices"
    assert found[1].properties == {"file": "bad/compose.yaml", "line": "2", "col": "3", "title": "composeharden"}
    assert found[2].properties["title"] == "a-rule, service web"


@pytest.mark.parametrize("text", ["100% sure", "%0A::error::x", "a%2Cb%3A,c:d=e", "%250A"])
def test_github_reads_back_what_was_said(text: str) -> None:
    one = replace(finding(Status.REPORT), message=text, service=text, location=Location(f"{text}.yaml"))
    (_, command) = readers.commands(text_of("github", alone(one)))
    assert command.data == text
    assert command.properties["title"] == f"a-rule, service {text}"
    assert command.properties["file"] == f"{text}.yaml"


def test_github_and_gitlab_leave_out_what_is_suppressed_and_github_counts_it() -> None:
    outcome = alone(finding(Status.SUPPRESSED, reason="on purpose"))
    (total,) = readers.commands(text_of("github", outcome))
    assert total.data == "1 file: nothing to report, 1 suppressed"
    assert readers.gitlab(text_of("gitlab", outcome)) == []
    assert readers.rdjson(text_of("rdjson", outcome)) == []


def test_gitlab_has_issues_for_problems_and_findings() -> None:
    issues = readers.gitlab(text_of("gitlab", alone(finding(Status.HELD, reason="unknown", unlock="--assume")), BROKEN))
    assert [issue["severity"] for issue in issues] == ["major", "blocker"]
    assert issues[0]["description"] == "service web: it is so. held back: unknown; --assume applies it"
    assert issues[1]["location"] == {"path": "bad/compose.yaml", "lines": {"begin": 2}}


def test_rdjson_paths_are_relative_to_the_current_folder() -> None:
    run = Run("1.0", places=Places("/repo/sub", "/repo"))
    diagnostics = readers.rdjson(text_of("rdjson", replace(ordinary(), path="./compose.yaml"), BROKEN, run=run))
    assert {one["location"]["path"] for one in diagnostics} == {"compose.yaml", "bad/compose.yaml"}


def test_rdjson_warns_of_what_changes_how_a_service_runs() -> None:
    outcome, redactor = hardened(PLAIN)
    (one,) = [
        one
        for one in readers.rdjson(document("rdjson", Run("1.0")).render([outcome], redactor))
        if "suggestions" in one
    ]
    assert "check that it starts" in one["message"]
    assert {"cap-drop", "no-new-privileges", "read-only"} <= set(one["code"]["value"].split(", "))


def test_junit_has_a_suite_for_each_file() -> None:
    suites = readers.junit(text_of("junit", ordinary(), BROKEN, run=Run("1.0", places=Places("/r/sub", "/r"))))
    assert [suite.name for suite in suites] == ["sub/compose.yaml", "sub/bad/compose.yaml"]
    assert (suites[0].failures, suites[0].errors, suites[0].skipped) == (4, 1, 4)
    assert suites[1].errors == 1
    (skipped,) = [case for case in suites[0] if case.name == "published-port, service web"]
    assert "public on purpose" in skipped.result[0].message


def test_markdown_folds_the_redacted_diff_and_shows_held_and_suppressed() -> None:
    text = text_of("markdown", ordinary(), BROKEN)
    page = readers.markdown(text)
    assert page.count("<table>") == 4
    assert "<details>\n<summary>Changes: 1 file</summary>" in page
    assert "+    read_only: true" in page
    assert "correct-horse-battery" not in page
    assert "public on purpose" in page
    assert "nothing is known of its image; --assume applies it" in page
    assert "bad/compose.yaml:2: it is no mapping. so" in page
    assert "<details open>" in text_of("markdown", ordinary(), run=Run("1.0", "diff"))
    assert "3 fixes made" in text_of("markdown", ordinary(), run=Run("1.0", "fix"))


def test_markdown_stays_small_and_says_what_it_left_out() -> None:
    outcome = ordinary()
    many = [
        replace(one, message=one.message + " <&>" * 20, reason=one.reason + " <&>" * 20) for one in outcome.findings
    ]
    big = [replace(outcome, findings=tuple(many * 20))] * 100
    text = text_of("markdown", *big)
    assert 30_000 < len(text) < 65_536
    assert text.count("more.\n") == 4
    assert "for which there is no room here" in text
    assert text.count("<details") == text.count("</details>")
    readers.markdown(text)
    assert as_markdown.MOST_CHARACTERS < 65_536


def test_a_value_of_the_file_is_in_no_document() -> None:
    text = (Path(__file__).parents[2] / "fixtures" / "web-db-cache" / "compose.yaml").read_text("utf-8")
    outcome, redactor = hardened(text)
    leaky = replace(outcome.findings[0], message="it is 'shop:shop'", reason="postgres://shop:hunter2-x@db/shop")
    redactor.add_value("DB_PASSWORD", "hunter2-x")
    outcome = replace(outcome, findings=(*outcome.findings, leaky))
    for form in FORMATS:
        assert "hunter2-x" not in document(form, Run("1.0")).render([outcome], redactor)


def test_a_secret_in_the_name_of_a_file_is_in_no_document() -> None:
    outcome = ordinary()
    place = Location("correct-horse-battery/compose.yaml", 3, 3)
    findings = tuple(replace(one, location=place) for one in outcome.findings)
    patches = tuple(replace(patch, path=place.file) for patch in outcome.patches)
    problems = (Problem("it is so", place),)
    outcome = replace(outcome, path=place.file, findings=findings, patches=patches, problems=problems)
    for form in FORMATS:
        assert "correct" not in document(form, Run("1.0")).render([outcome], redactor_of(ordinary()))


def test_markdown_in_a_file_stays_in_the_diff() -> None:
    text = "services:\n  cache:\n    image: memcached:1.6\n    # ```\n    # ~~~ </details> <script>x</script> @all\n"
    outcome, redactor = hardened(text)
    page = readers.markdown(document("markdown", Run("1.0", "diff")).render([outcome], redactor))
    assert "# ```" in page
    assert page.count("<pre>") == 1
    assert "<script>" not in page


def test_without_anything_known_of_a_rule_it_is_named() -> None:
    run = readers.sarif(document("sarif", Run("1.0")).render([ordinary()], Redactor()))
    assert all(set(rule) == {"id"} for rule in run["tool"]["driver"]["rules"])
