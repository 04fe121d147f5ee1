"""What a configuration may say, where a mistake is and what was meant; and that the schema for editors agrees."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.configuration import Bar, Configuration
from composeharden.configuration.document import MAX_BYTES, Unreadable, from_toml, from_yaml
from composeharden.configuration.reading import MOST_PROBLEMS, read
from composeharden.outcome import Problem, Severity
from composeharden.passes import all_passes
from tests import config_schema

SCHEMA = json.loads(config_schema.SCHEMA.read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
FULL = """\
passes: {only: [cap-drop, read-only], skip: no-limits}
severity: {no-digest: medium}
fail_on: low
fail_on_held: true
confidence: strict-evidence
files: ["**/stack.yml"]
exclude: [vendor/, "**/test/*.yml"]
projects:
  - files: [compose.yaml, compose.prod.yaml]
    profiles: [worker]
    env_files: [prod.env]
    project_directory: deploy
  - files: other/compose.yaml
exceptions:
  - rules: [privileged, host-network]
    service: "vpn-*"
    files: vpn/
    reason: it is a router
    until: 2027-01-31
  - rules: "*"
    reason: |
      on two
      lines
"""
FULL_TOML = """\
[project]
name = "x"

[tool.composeharden]
fail_on = "low"

[tool.composeharden.severity]
no-digest = "medium"

[[tool.composeharden.exceptions]]
rules = ["privileged"]
service = "vpn-*"
reason = "it is a router"
until = 2027-01-31
"""


def taken(text: str) -> tuple[Configuration, list[Problem]]:
    return read(from_yaml("c.yaml", text.encode()), all_passes())


def told(text: str) -> list[str]:
    return [
        f"{problem.location.line}:{problem.location.column}: {problem.message}"
        + (f" ({problem.hint})" if problem.hint else "")
        for problem in taken(text)[1]
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "exceptions: []\n", "passes: {}\n", "---\n"])
def test_a_configuration_that_says_nothing_changes_nothing(text: str) -> None:
    assert told(text) == []
    found = taken(text)[0]
    assert (found.only, found.skip, found.severities, found.exemptions) == (frozenset(), frozenset(), {}, ())
    assert not found.files
    assert not found.exclude
    assert (found.fail_on, found.fail_on_held, found.bar) == (None, None, None)


def test_everything_that_can_be_said() -> None:
    found, problems = taken(FULL)
    assert problems == []
    assert found.only == {"cap-drop", "read-only"}
    assert found.skip == {"no-limits"}
    assert found.severities == {"no-digest": Severity.MEDIUM}
    assert (found.fail_on, found.fail_on_held, found.bar) == (Severity.LOW, True, Bar.STRICT)
    assert found.files("a/b/stack.yml")
    assert found.exclude("vendor/x/compose.yaml")
    first, second = found.projects
    assert first.files == ("compose.yaml", "compose.prod.yaml")
    assert (first.profiles, first.env_files, first.project_directory) == (("worker",), ("prod.env",), "deploy")
    assert second.files == ("other/compose.yaml",)
    vpn, everything = found.exemptions
    assert (vpn.reason, vpn.until) == ("it is a router", datetime.date(2027, 1, 31))
    assert vpn.covers("privileged", "vpn-a")
    assert not vpn.covers("privileged", "web")
    assert not vpn.covers("privileged", None)
    assert not vpn.covers("cap-drop", "vpn-a")
    assert everything.reason == "on two lines"
    assert everything.covers("cap-drop", None)


def test_the_last_day_of_an_exception_counts() -> None:
    vpn = taken(FULL)[0].exemptions[0]
    assert not vpn.ended(datetime.date(2027, 1, 31))
    assert vpn.ended(datetime.date(2027, 2, 1))


def test_the_same_can_stand_in_pyproject() -> None:
    document = from_toml("pyproject.toml", FULL_TOML.encode())
    assert document is not None
    found, problems = read(document, all_passes())
    assert problems == []
    assert (found.fail_on, found.severities) == (Severity.LOW, {"no-digest": Severity.MEDIUM})
    assert found.exemptions[0].until == datetime.date(2027, 1, 31)


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[project]\nname = 'composeharden'\n", "[tool.x]\n"])
def test_other_projects_have_no_configuration_in_pyproject(text: str) -> None:
    assert from_toml("pyproject.toml", text.encode()) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail-on: high", "1:1: `fail-on` is no key of a configuration (did you mean `fail_on`?)"),
        ("# x\nexcpetions: []", "2:1: `excpetions` is no key of a configuration (did you mean `exceptions`?)"),
        ("redact: false", "1:1: `redact` is no key of a configuration (known are passes"),
        ("passes:\n  olny: []", "2:3: `olny` is no key of `passes` (did you mean `only`?)"),
        ("passes: {skip: [cap_drop]}", "1:17: no pass is called `cap_drop` (did you mean `cap-drop`?)"),
        ("passes: {skip: zzz}", "1:16: no pass is called `zzz` (`composeharden explain` lists them)"),
        ("severity: {cap-dorp: low}", "1:12: no pass is called `cap-dorp` (did you mean `cap-drop`?)"),
        ("severity: {cap-drop: hgih}", "1:22: `cap-drop` must be one of info, low, medium, high, critical (did"),
        ("fail_on: 3", "1:10: `fail_on` must be one of info, low, medium, high, critical"),
        ("fail_on_held: 'yes'", "1:15: `fail_on_held` must be true or false"),
        ("confidence: strict", "1:13: `confidence` must be one of default, assume, strict-evidence"),
        ("exclude: ../x", "1:10: `exclude` must be a path or pattern below the folder of the configuration"),
        ("files: [/etc/*]", "1:8: `files` must be a path or pattern below the folder of the configuration"),
        ("exclude: []", "1:10: `exclude` is empty; leave the key out, or say what is meant"),
        ("exceptions: {}", "1:13: `exceptions` must be a list"),
        ("exceptions: [x]", "1:14: an entry of `exceptions` must be a mapping"),
        ("exceptions: [{reason: x}]", "1:14: an exception needs `rules`"),
        ("exceptions: [{rules: cap-drop}]", "1:14: an exception needs a `reason`"),
        ("exceptions: [{rules: cap-drop, reason: ' '}]", "1:40: an exception needs a `reason`"),
        (
            "exceptions: [{rules: cap-drop, reason: x, unitl: y}]",
            "1:43: `unitl` is no key of `exceptions` (did you mean",
        ),
        ("exceptions: [{rules: cap-drop, reason: x, until: 2027-02-30}]", "1:50: `until` must be a day, such as"),
        ("exceptions: [{rules: cap-drop, reason: x, service: 1}]", "1:52: `service` must be a service's name"),
        ("exceptions: [{rules: cap-drop, reason: [x]}]", "1:40: `reason` must be one text, not a list"),
        ("projects: [{profiles: [a]}]", "1:12: a project needs `files`"),
        ("projects: [{files: a.yml, env_files: ../.env}]", "1:38: `env_files` must be a path below the folder"),
        ("[]", "1:1: the configuration must be a mapping"),
        ("passes: {only: '*'}", "1:16: no pass is called `...`"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_meant(text: str, message: str) -> None:
    found = told(text)
    assert any(line.startswith(message) for line in found), found
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(plain(text))


def plain(text: str) -> Any:
    return from_yaml("c.yaml", text.encode()).data


def test_in_pyproject_a_mistake_has_its_line_and_column() -> None:
    document = from_toml("pyproject.toml", FULL_TOML.replace("fail_on", "  fail-on").encode())
    assert document is not None
    (problem,) = read(document, all_passes())[1]
    assert (problem.location.line, problem.location.column) == (5, 3)
    assert problem.hint == "did you mean `fail_on`?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "expected the node content"),
        ("a: &x 1", "anchors, aliases and tags have no place"),
        ("a: !!python/object:os.system x", "anchors, aliases and tags have no place"),
        ("a: 1\na: 2", "already set"),
        ("a: 1\n---\na: 2", "one document"),
        ("[" * 3000, "nested deeper"),
        ("#" * (MAX_BYTES + 1), "at most 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        from_yaml("c.yaml", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "[tool.composeharden",
        "[tool.composeharden]\nx = " + "[" * 5000,
        "#composeharden\n\xff",
        "#composeharden" * 99999,
    ],
)
def test_a_broken_pyproject_is_told(text: str) -> None:
    with pytest.raises(Unreadable):
        from_toml("pyproject.toml", text.encode("latin-1"))


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = "a: &a [x,x,x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a,*a]\n" for n in range(1000))
    with pytest.raises(Unreadable, match="no place in a configuration"):
        from_yaml("c.yaml", bomb.encode())


def test_only_so_many_mistakes_are_told() -> None:
    assert len(told("".join(f"k{number}: 1\n" for number in range(1000)))) == MOST_PROBLEMS


def test_a_key_that_may_be_a_secret_is_not_repeated() -> None:
    assert "hunter2" not in "".join(told('"pass word: hunter2!": 1\n'))


# -- the schema for editors --------------------------------------------------------------------------------------------


def test_the_schema_is_one_and_names_every_pass() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [item["const"] for item in SCHEMA["$defs"]["pass"]["oneOf"]] == list(all_passes())
    text = config_schema.SCHEMA.read_text("utf-8")
    assert config_schema.renewed(text) == text, "run `make docs`"
    assert SCHEMA["$id"] == "https://composeharden.dev/schemas/config.schema.json"


def test_every_key_of_the_schema_says_what_it_is_for() -> None:
    def walk(node: Any) -> None:
        for name, child in node.get("properties", {}).items():
            assert child.get("title"), name
            assert child.get("description"), name
            walk(child)
            walk(child.get("items", {}))

    walk(SCHEMA)


def test_the_schema_takes_what_the_program_takes() -> None:
    VALIDATOR.validate(plain(FULL))


WORDS = st.sampled_from(
    ("cap-drop", "cap_drop", "*", "high", "x/", "../x", "", " ", "2027-01-31", "assume", "/x", "~", "a:b")
)
SCALARS = st.one_of(WORDS, st.booleans(), st.integers(0, 3), st.none())
VALUES: st.SearchStrategy[Any] = st.one_of(SCALARS, st.lists(WORDS, max_size=2), st.just({}))
EXCEPTIONS = st.dictionaries(
    st.sampled_from(("rules", "service", "files", "reason", "until", "rule")), VALUES, max_size=5
)
PROJECTS = st.dictionaries(
    st.sampled_from(("files", "profiles", "env_files", "project_directory")),
    st.one_of(WORDS, st.lists(WORDS, max_size=2)),
)
CONFIGURATIONS = st.fixed_dictionaries(
    {},
    optional={
        "passes": st.dictionaries(st.sampled_from(("only", "skip", "x")), VALUES, max_size=2),
        "severity": st.one_of(SCALARS, st.dictionaries(WORDS, SCALARS, max_size=2)),
        "fail_on": SCALARS,
        "fail_on_held": SCALARS,
        "confidence": SCALARS,
        "files": VALUES,
        "exclude": VALUES,
        "projects": st.one_of(SCALARS, st.lists(PROJECTS, max_size=2)),
        "probes": st.one_of(SCALARS, st.dictionaries(WORDS, VALUES, max_size=2)),
        "exceptions": st.one_of(SCALARS, st.lists(EXCEPTIONS, max_size=2)),
        "fail-on": SCALARS,
    },
)


def test_probes_are_texts_by_service() -> None:
    found, problems = read(from_yaml("c.yaml", b"probes: {web: wget -qO- localhost, db: [a, b]}"), all_passes())
    assert (problems, found.probes) == ([], {"web": ("wget -qO- localhost",), "db": ("a", "b")})


@given(CONFIGURATIONS)
@settings(max_examples=400, deadline=None)
def test_the_schema_and_the_program_agree(data: dict[str, Any]) -> None:
    problems = read(from_yaml("c.yaml", json.dumps(data).encode()), all_passes())[1]
    errors = [error.message for error in VALIDATOR.iter_errors(data)]
    assert bool(problems) == bool(errors), (data, problems, errors)


def test_the_configuration_in_the_readme_is_one() -> None:
    section = (Path(__file__).parents[2] / "README.md").read_text("utf-8").split("### Configuration\n")[1]
    text = section.split("```yaml\n")[1].split("```")[0]
    assert told(text) == []
    VALIDATOR.validate(plain(text))
