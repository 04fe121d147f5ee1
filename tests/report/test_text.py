"""The report for people."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from composeharden.outcome import Effect, Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.report import brief
from composeharden.report.after import after_fix
from composeharden.report.text import can_show_symbols, render
from composeharden.yaml.change import Append, Remove, Reshape, Set
from tests.report.outcomes import ordinary, redactor_of

ORDINARY = """\
compose.yaml

  web
    ⚠ read-only          read_only: true (sourced)
    ⚠ cap-drop           cap_drop: ALL (sourced)
    ✘ depends-on         low: refused: the list is anchored and used elsewhere
    · published-port     suppressed: public on purpose

  db
    ✔ no-new-privileges  security_opt: + no-new-privileges:true (sourced)
    ● docker-socket      critical: the engine's socket is mounted (CIS 5.32, OWASP #1)
                         → put a proxy before it

  worker
    ○ user               held back: nothing is known of its image (--assume applies it)

  several services
    ● no-limits          low: nothing limits its memory: web, db

3 fixes ready (2 ⚠), 3 to look at, 1 held back, 1 refused, 1 suppressed
Once fixed, the next docker compose up -d recreates db, web.
⚠ changes how a service runs: check that it starts, and starts again
"""


def findings_only(*findings: Finding) -> Outcome:
    return Outcome("compose.yaml", findings)


def test_an_ordinary_stack() -> None:
    outcome = ordinary()
    assert render(outcome, redactor_of(outcome)) == ORDINARY
    assert "3 fixes made (2 ⚠)" in render(outcome, redactor_of(outcome), applied=True)


def test_colour_is_only_added() -> None:
    outcome = ordinary()
    colored = render(outcome, redactor_of(outcome), color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == ORDINARY


def test_ascii_for_terminals_that_know_no_more() -> None:
    outcome = replace(ordinary(), path="é.yaml")
    text = render(outcome, redactor_of(outcome), symbols=False)
    assert text.isascii()
    assert "    ! read-only " in text
    assert can_show_symbols("utf-8")
    assert not can_show_symbols("latin-1")
    assert not can_show_symbols("no such thing")
    assert not can_show_symbols(None)


def test_verbose_tells_why_and_where() -> None:
    outcome = ordinary()
    text = render(outcome, redactor_of(outcome), verbose=True)
    for part in (
        "/run: pid file",
        "evidence: https://example.org/nginx",
        "https://docs.kernel.org/x.html",
        "its root file system can be written to",
        "compose.yaml:3:3, medium severity, facts sourced",
        "→ measure it",
    ):
        assert part in text
    assert "several services" not in text


def test_services_with_equal_fixes_are_told_together() -> None:
    names = [f"s{number}" for number in range(40)]
    found = [
        Finding(
            "read-only",
            name,
            Severity.LOW,
            "x",
            Location("c"),
            Status.FIX,
            changes=(Set((0, "services", name, "read_only"), True),),
        )
        for name in names
    ]
    text = render(findings_only(*found), Redactor())
    assert "  s0, s1, s2, s3, s4, s5, s6, s7 and 32 more\n    ✔ read-only  read_only: true (sourced)\n" in text
    assert len(text.splitlines()) < 9


def test_equal_reasons_are_told_once() -> None:
    found = [
        Finding(
            "user", name, Severity.LOW, "x", Location("c"), Status.HELD, reason="nothing is known", unlock="--assume"
        )
        for name in ("a", "b", "c")
    ]
    text = render(findings_only(*found), Redactor())
    assert text.count("nothing is known") == 1
    assert "held back: nothing is known: a, b, c (--assume applies it)" in text
    assert "nothing to fix, 3 held back" in text


def test_changes_in_words() -> None:
    changes = (
        Set((0, "services", "a", "read_only"), True),
        Append((0, "services", "a", "tmpfs"), ("/run", "/tmp")),
        Remove((0, "version")),
        Set((0, "services", "a", "healthcheck"), {"test": ["CMD", "x"], "retries": 3}),
        Reshape((0, "services", "a", "depends_on"), {"db": {"condition": "service_healthy"}, "b": {}}),
        Set((0, "services", "a", "environment", "DB_PASSWORD"), "hunter2-x"),
        Set((0, "services", "a", "user"), None),
    )
    text = render(
        findings_only(Finding("r", "a", Severity.LOW, "m", Location("c"), Status.FIX, changes=changes)),
        Redactor(),
        width=500,
    )
    assert (
        "read_only: true; tmpfs: + /run /tmp; version removed; healthcheck: test CMD x, retries 3; "
        "depends_on: db healthy, b; environment.DB_PASSWORD: ***; user: null"
    ) in text


def test_problems_come_first_and_can_be_clicked() -> None:
    problem = Problem("alias *a has no anchor", Location("a b.yaml", 3, 7), "define it")
    text = render(Outcome("a b.yaml", problems=(problem,), notes=(".env is not used",)), Redactor())
    assert text == "a b.yaml:3:7: error: alias *a has no anchor\n    define it\n\nnote: .env is not used\n"


def test_nothing_to_do() -> None:
    assert render(Outcome("compose.yaml"), Redactor()) == "compose.yaml: nothing to harden\n"


@pytest.mark.parametrize("width", [20, 60, 100, 200])
def test_lines_are_wrapped(width: int) -> None:
    long = Finding("x", "a", Severity.HIGH, "word " * 200, Location("c"), advice="advice " * 50)
    lines = render(findings_only(long), Redactor(), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 40)


def test_what_to_do_after_a_fix() -> None:
    outcome = ordinary()
    text = after_fix([outcome], {"compose.yaml": "git checkout -- compose.yaml"}, redactor_of(outcome))
    assert "  docker compose up -d    # recreates db, web\n" in text
    assert "docker compose logs --since 10m web " in text
    assert text.endswith("To go back:\n  git checkout -- compose.yaml\n")
    other = replace(outcome, path="my stack/app.yaml")
    assert "docker compose -f 'my stack/app.yaml' ps" in after_fix([other], {"compose.yaml": "x"}, redactor_of(outcome))
    assert after_fix([outcome], {}, redactor_of(outcome)) == ""


def test_a_hostile_service_name_is_quoted_in_commands() -> None:
    name = "a; rm -rf /"
    change = Set((0, "services", name, "read_only"), True)
    found = Finding("r", name, Severity.LOW, "m", Location("c"), Status.FIX, effect=Effect.BEHAVIOUR, changes=(change,))
    outcome = replace(ordinary(), findings=(found,))
    assert "logs --since 10m 'a; rm -rf /' " in after_fix([outcome], {"compose.yaml": "x"}, Redactor())


BRIEF = """\
compose.yaml
  ⚠ web: read-only, cap-drop
  ✔ db: no-new-privileges
  ✘ web: depends-on refused: the list is anchored and used elsewhere
  ○ worker: user held back: nothing is known of its image (--assume applies it)

3 fixes made (2 ⚠), 3 to look at, 1 held back, 1 refused, 1 suppressed
⚠ changes how a service runs: check that it starts, and starts again
composeharden check compose.yaml says what there is to look at
"""


def test_what_fix_says_is_brief() -> None:
    outcome = ordinary()
    assert brief.render(outcome, redactor_of(outcome)) == BRIEF
    assert "3 fixes ready" in brief.render(outcome, redactor_of(outcome), applied=False)


def test_a_reason_is_told_once_for_all_it_is_about() -> None:
    one = Finding("read-only", "a", Severity.LOW, "m", Location("compose.yaml"), Status.HELD, reason="it is built here")
    found = [one, replace(one, rule="cap-drop"), replace(one, service="b"), replace(one, service="b", rule="cap-drop")]
    found += [replace(one, service="c"), replace(one, service="d", reason="it is not", unlock="--assume")]
    said = brief.render(findings_only(*found), Redactor()).splitlines()
    assert said[1:4] == [
        "  ○ a, b: read-only, cap-drop held back: it is built here",
        "  ○ c: read-only held back: it is built here",
        "  ○ d: read-only held back: it is not (--assume applies it)",
    ]


def test_fix_has_nothing_to_say_of_a_file_that_is_fine() -> None:
    assert brief.render(Outcome("compose.yaml"), Redactor()) == "compose.yaml: nothing to harden\n"


def test_a_problem_with_the_file_as_a_whole_has_no_place_in_it() -> None:
    problem = Problem("cannot be read: it is not there", Location("compose.yaml"), about_file=True)
    expected = "compose.yaml: error: cannot be read: it is not there\n"
    for said in (render, brief.render):
        assert said(Outcome("compose.yaml", problems=(problem,)), Redactor()) == expected


def test_standard_input_has_a_name() -> None:
    problem = Problem("wrong", Location("-", 5, 16))
    finding = Finding("rule", "web", Severity.LOW, "m", Location("-", 2, 3))
    outcome = Outcome("-", (finding,), problems=(problem,))
    for said in (render(outcome, Redactor()), brief.render(outcome, Redactor())):
        assert said.startswith("<stdin>:5:16: error: wrong\n\n<stdin>\n")
    assert "<stdin>:2:3, low severity" in render(outcome, Redactor(), verbose=True)
    assert "composeharden check" not in brief.render(outcome, Redactor())
