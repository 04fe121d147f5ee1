"""Names and values that act on terminals, CI logs and Markdown do nothing in any report."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from composeharden.outcome import Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import Redactor
from composeharden.yaml.change import Append, Set
from tests.report import readers
from tests.report.outcomes import documents, everything, hardened, outcome_of, patched, quoted, redactor_of

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\x9b2J",
    "a\rb",
    "a\x00b",
    "a\x08b",
    "\x7f",
    "new\nline",
    "::error file=x::forged",
    "\n::add-mask::x",
    "  ::stop-commands::x",
    "##[error]x",
    "##vso[task.x]y",
    "\u202egnp.exe",
    "a\u2066b\u2069",
    "zero\u200bwidth",
    "\ufeff",
    "\u2028",
    "\x85",
    "\ud800",
    "\U000e0041",
    "<script>alert(1)</script>",
    "`ticks`",
    "```\n# out",
    "[link](https://evil.example)",
    "@everyone #1",
    "<!-- -->",
    "|",
    "a](https://evil.example) [b",
    "https://evil.example/@x www.evil.example a@evil.example",
    "</summary></details><img src=x onerror=alert(1)>",
    "]]></failure><x>&#27;",
    "title=x,file=y::z%0A::error::forged",
    "{0} {{x}}",
    "GH-1 owner/repo#1 !1",
    "- [ ] x",
    "1. x",
    "```suggestion",
)


def hostile_outcome(name: str) -> Outcome:
    finding = Finding(
        name,
        name,
        Severity.HIGH,
        name,
        Location(name),
        Status.HELD,
        why=name,
        advice=name,
        reason=name,
        unlock=name,
        references=(name,),
        evidence=(name,),
        needs=(name,),
    )
    changes = (Set((0, "services", name, name), name), Append((0, "services", name, name), (name,)))
    findings = [replace(finding, status=status, changes=changes) for status in Status]
    text = f"services:\n  web:\n    image: nginx\n    labels: [{quoted(name)}]\n"
    patch = replace(patched(text, [Set((0, "services", "web", "read_only"), True)]), path=name)
    return replace(
        outcome_of(patch, findings), path=name, notes=(name,), problems=(Problem(name, Location(name), name),)
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(name: str) -> None:
    outcome = hostile_outcome(name)
    redactor = Redactor([patch.after for patch in outcome.patches])
    for kind, printed in everything(outcome, redactor):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", printed) if "\x1b[0m" in printed and name != HOSTILE[0] else printed
        if name == HOSTILE[0]:
            plain = printed.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[2m", "")
            plain = re.sub(r"\x1b\[(?:1;)?3\dm", "", plain)
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", plain
        ), (kind, plain)
        if kind == "github":
            assert [command.name for command in readers.commands(plain)] == [
                "notice",
                "error",
                "error",
                "error",
                "warning",
                "notice",
            ], plain
            plain = re.sub(r"(?m)^::(error|warning|notice) [^:\n]*::", "", plain)
        assert not re.search(r"(?m)^\s*::", plain), (kind, plain)
        assert not re.search(r"##(?:\[|vso\[)", plain), (kind, plain)
        printed.encode("utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_shows_text_as_it_is(name: str) -> None:
    redactor = Redactor()
    shown = redactor.markdown(name)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[`*_\[\]|]", shown)
    assert "<" not in shown
    assert ">" not in shown
    code = redactor.markdown_code(name)
    fence = re.match(r"`+", code)
    assert fence is not None
    assert code.endswith(fence[0])
    assert fence[0] not in code[len(fence[0]) : -len(fence[0])].replace(" ", "")
    block = redactor.markdown_block(name)
    fence = re.match(r"`+", block)
    assert fence is not None
    assert block.count(fence[0]) == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_make_valid_documents(name: str) -> None:
    """Decoded as their consumers do, so that what JSON or XML escapes is looked at as well."""
    outcome = hostile_outcome(name)
    texts = dict(documents(outcome, redactor_of(outcome)))
    run, issues = readers.sarif(texts["sarif"]), readers.gitlab(texts["gitlab"])
    diagnostics, suites = readers.rdjson(texts["rdjson"]), readers.junit(texts["junit"])
    page = readers.markdown(texts["markdown"])
    commands = readers.commands(texts["github"])
    assert (len(run["results"]), len(issues), len(commands), len(suites)) == (5, 5, 6, 1)
    told = [*strings([run, issues, diagnostics, [command[1:] for command in commands]]), page]
    told += [text for suite in suites for case in suite for text in (suite.name, case.name, case.result[0].text)]
    for text in told:
        assert not UNSAFE.search(text), ascii(text)
    for result in run["results"]:
        assert not re.search(r"\]\(", result["message"]["text"])
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].isascii()
    for diagnostic in diagnostics:
        readers.markdown(diagnostic["message"])
    assert not re.search(
        r"<(?!/?(?:details|summary|table|thead|tbody|tr|th|td|h2|h3|p|strong|br|pre|code|ul|li)\b)", page
    )


UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200c-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def strings(data: Any) -> Iterator[str]:
    """Every string in a document."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (key, *strings(value))
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from strings(value)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\ud800" not in name])
def test_hostile_services_and_values_in_a_real_file(name: str) -> None:
    text = f"services:\n  {quoted(name)}:\n    image: memcached:1.6\n    labels: {{a: {quoted(name)}}}\n"
    outcome, redactor = hardened(text, path=name.replace("\x00", "") + ".yaml")
    for form, printed in documents(outcome, redactor):
        if form in ("sarif", "rdjson", "gitlab", "json"):
            assert not any(UNSAFE.search(one) for one in strings(json.loads(printed)))
        else:
            assert not UNSAFE.search(printed)
    texts = dict(documents(outcome, redactor))
    readers.sarif(texts["sarif"])
    readers.rdjson(texts["rdjson"])
    readers.gitlab(texts["gitlab"])
    readers.junit(texts["junit"])
    readers.markdown(texts["markdown"])
    assert {command.name for command in readers.commands(texts["github"])} <= {"error", "warning", "notice"}


def test_one_line_is_short_and_one_line() -> None:
    shown = Redactor().one_line("a\nb\r\nc\td" + "x" * 10_000)
    assert shown.startswith(r"a\nb\r\nc\td")
    assert len(shown) < 500


def test_ordinary_text_is_untouched() -> None:
    text = "é ü 漢字 🦊 — “quoted”\n\tindented: [::1]:80 a::b\n- ::1\n"
    assert Redactor().clean(text) == text


# -- cost --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "://",
        "a://b:",
        "@",
        "=",
        "password=",
        "pass:",
        "'",
        '"',
        "\\",
        "-p ",
        "$",
        "${",
        "${A:-",
        "}",
        "eyJ",
        "SG.",
        "x:y@",
        "--password ",
        "mysql -p",
        'a="',
        "identified by ",
        "AUTH ",
        "env ",
        "a:b|",
        "-----BEGIN PRIVATE KEY-----\n",
        "$1$",
        "http://a:b@",
        "; ",
        "a;b=",
        "root:pw ",
        "sk-",
        "A1b2",
        "::\n",
        "##[",
        "\u202e",
    ],
)
def test_hostile_text_costs_time_in_proportion(unit: str) -> None:
    def cost(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        started = time.process_time()
        redactor = Redactor()
        redactor.add_text(text)
        redactor.clean(text)
        return time.process_time() - started

    cost(1_000)
    small, large = cost(20_000), cost(160_000)
    assert large < max(0.4, 20 * small)
