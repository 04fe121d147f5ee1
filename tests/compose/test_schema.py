"""Validation of single documents: what is refused, in which words, and where."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from composeharden.compose.problems import shown
from composeharden.compose.schema import MAX_PROBLEMS, Fault, Problem, validate
from composeharden.yaml.source import Source, load


def problems(text: str) -> tuple[Source, list[Problem]]:
    source = load(text.encode())
    return source, [problem for root in source.documents or [None] for problem in validate(root)]


def messages(text: str) -> list[str]:
    return [problem.message for problem in problems(text)[1]]


def service(line: str) -> str:
    return f"services:\n  web:\n    image: nginx\n    {line}\n"


FINE = [
    "services: {web: {image: nginx}}",
    "services: {web: {build: .}}",
    "x-anything: [1, {a: 2}]",
    "services: {}",
    "name: stack\nvolumes: {data: }\nnetworks: {front: {driver: overlay, x-note: a}}",
    "x-base: &base {image: nginx, tty: 5}\nservices:\n  web:\n    <<: *base\n    tty: true",
    "services:\n  web: &web {image: nginx}\n  other: *web",
    "services:\n  <<: {web: {image: nginx}}",
    service("cap_add: [CHOWN, CHOWN]"),
    service("ports: ['80', '80']"),
    service("nonsense: !reset null"),
    service("ports: !override ['80:80']"),
    service("cap_add: [CHOWN, !reset 12]"),
    service("command: null"),
    service("hostname: !!str 12"),
    service("hostname: !override 12"),
    service("restart: no"),
    service("environment: {A: 1, B: true, C: null, D: 1.5, E: 2024-01-01}"),
    service("environment: [A=1, B]"),
    service("deploy:"),
]


@pytest.mark.parametrize("text", FINE)
def test_what_compose_takes_is_fine(text: str) -> None:
    assert messages(text) == []


class Refusal(NamedTuple):
    text: str
    message: str
    suggestion: str
    position: tuple[int, int]
    fault: Fault = Fault.SCHEMA


REFUSALS = [
    Refusal(
        service("read-only: true"), "there is no key `read-only` in `services.web`", "did you mean `read_only`?", (4, 5)
    ),
    Refusal(
        service("depends: [db]"), "there is no key `depends` in `services.web`", "did you mean `depends_on`?", (4, 5)
    ),
    Refusal(service("zzz: 1"), "there is no key `zzz` in `services.web`", "", (4, 5)),
    Refusal(
        service("net: host"),
        "`net` in `services.web` is gone from the Compose format",
        "write `network_mode` instead, or use `networks`",
        (4, 5),
        Fault.LEGACY,
    ),
    Refusal(
        service("cap_add: ALL"),
        "`services.web.cap_add` must be a list of strings, found a string",
        "write it as a list, even when it has one item",
        (4, 14),
    ),
    Refusal(
        service("environment: [PATH: /bin]"),
        "`services.web.environment[0]` must be a string, found a mapping",
        "write `KEY=value`, or leave out the dashes of the list",
        (4, 19),
    ),
    Refusal(
        service("environment:"),
        "`services.web.environment` must be a mapping or a list of strings, found nothing",
        "give it a value, or remove the key",
        (4, 17),
    ),
    Refusal(
        service("user: 1000"), "`services.web.user` must be a string, found a whole number", "put it in quotes", (4, 11)
    ),
    Refusal(
        service("command: 1"),
        "`services.web.command` must be a string or a list of strings, found a whole number",
        "put it in quotes",
        (4, 14),
    ),
    Refusal(
        service("restart: false"),
        "`services.web.restart` must be a string, found a boolean",
        "put it in quotes",
        (4, 14),
    ),
    Refusal(
        service("security_opt: [a, a]"),
        "`services.web.security_opt` has the same item twice",
        "remove one of the two",
        (4, 19),
    ),
    Refusal(service("depends_on: {db: {}}"), "`services.web.depends_on.db` needs the key `condition`", "", (4, 22)),
    Refusal(service("cgroup: guest"), "`services.web.cgroup` must be `host` or `private`", "", (4, 13)),
    Refusal(
        service("container_name: a"),
        "`services.web.container_name` must be a name of at least two letters, digits, `_`, `.` or `-`",
        "",
        (4, 21),
    ),
    Refusal(service("ports: 80"), "`services.web.ports` must be a list, found a whole number", "", (4, 12)),
    Refusal(service("ulimits: {nofile: {soft: 1}}"), "`services.web.ulimits.nofile` needs the key `hard`", "", (4, 23)),
    Refusal(
        service("volumes: [{source: a, target: /a}]"), "`services.web.volumes[0]` needs the key `type`", "", (4, 15)
    ),
    Refusal(service("environment: {80: a}"), "the key `80` is no text", "put the key in quotes", (4, 19)),
    Refusal(service("x-note: {true: a}"), "the key `true` is no text", "put the key in quotes", (4, 14)),
    Refusal(service("x-note: [.inf]"), "`services.web.x-note[0]` is not a number that Compose can read", "", (4, 14)),
    Refusal(
        service("command: 'a ${'"),
        "`services.web.command` has an invalid variable: ${ is not followed by the name of a variable",
        "",
        (4, 14),
    ),
    Refusal(service("<<: 5"), "`services.web`: << takes a mapping or a list of mappings", "", (3, 5)),
    Refusal("services: {'a b': {image: c}}", "the name `a b` is not allowed in `services`", "", (1, 12)),
    Refusal(
        "services:\n", "`services` must be a mapping, found nothing", "give it a value, or remove the key", (1, 10)
    ),
    Refusal(
        "version: 3.8\nservices: {web: {image: a}}",
        "`version` must be a string, found a number",
        "put it in quotes",
        (1, 10),
    ),
    Refusal(
        "Version: '3'\nservices: {web: {image: a}}",
        "there is no key `Version` at the top level",
        "did you mean `version`?",
        (1, 1),
    ),
    Refusal(
        "services: {web: {image: a}}\ndb: {image: b}",
        "`db` stands at the top level and looks like a service",
        "move it under `services:`",
        (2, 1),
        Fault.LEGACY,
    ),
    Refusal(
        "web: {image: a}\ndb: {build: .}",
        "services stand at the top level: version 1 of the Compose format, which is gone",
        "move everything under a key `services:`",
        (1, 1),
        Fault.LEGACY,
    ),
    Refusal("- a", "the file is no mapping of `services`, `volumes` and so on", "", (1, 1)),
    Refusal("just text", "the file is no mapping of `services`, `volumes` and so on", "", (1, 1)),
    Refusal("", "the file is no mapping of `services`, `volumes` and so on", "", (1, 1)),
    Refusal(
        "jobs: {clean: {image: a, triggers: {}}}", "`jobs.clean.triggers` needs `manual` or `schedule`", "", (1, 36)
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=[case.text.splitlines()[-1] if case.text else "" for case in REFUSALS])
def test_what_is_wrong_is_said_at_its_place(case: Refusal) -> None:
    source, found = problems(case.text)
    assert [(one.message, one.suggestion, source.position(one.start), one.fault) for one in found] == [
        (case.message, case.suggestion, case.position, case.fault)
    ]


def test_positions_lead_through_merge_keys_and_aliases() -> None:
    text = (
        "x-base: &base\n"
        "  cap_add: ALL\n"
        "x-more: &more {<<: *base, colour: red}\n"
        "x-list: &list [1]\n"
        "services:\n"
        "  web:\n"
        "    <<: [{image: nginx}, *more]\n"
        "    command: *list\n"
    )
    source, found = problems(text)
    assert {(one.message.split("`")[1], *source.position(one.start)) for one in found} == {
        ("services.web.cap_add", 2, 12),
        ("colour", 3, 27),
        ("services.web.command[0]", 4, 16),
    }


def test_an_explicit_key_hides_what_is_wrong_with_a_merged_one() -> None:
    assert messages("x-a: &a {image: 5}\nservices: {web: {<<: *a, image: nginx}}") == []


def test_list_positions_do_not_count_what_is_reset() -> None:
    source, found = problems(service("command: [a, !reset b, 5]"))
    assert [(one.message, source.position(one.start)) for one in found] == [
        ("`services.web.command[1]` must be a string, found a whole number", (4, 28))
    ]


def test_every_document_is_judged_by_itself() -> None:
    source, found = problems("services: {web: {image: a}}\n---\nservices: {web: {tty: 5}}\n")
    assert [(one.message, source.position(one.start).line) for one in found] == [
        ("`services.web.tty` must be `true` or `false` or a string, found a whole number", 3)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "environment: [{a: hunter2}]",
        "environment: {PASSWORD: [hunter2]}",
        "secrets: hunter2",
        "cgroup: hunter2",
        "read_only: hunter2",
        "mem_limit: hunter2",
        "command: '${hunter2'",
        "gpus: hunter2",
        "command: {PASSWORD=hunter2: 1}",
        "pull_policy: hunter2",
    ],
)
def test_no_value_is_ever_repeated(line: str) -> None:
    _, found = problems(service(line))
    assert found
    assert not [one for one in found if "hunter2" in f"{one.message}{one.expected}{one.suggestion}"]


def test_names_that_are_none_are_not_repeated() -> None:
    assert shown("KEY=hunter2") == shown("a\nb") == shown("x" * 200) == shown("") == shown("\x1b[31m") == "..."
    assert shown("read_only") == "read_only"


def test_the_number_of_problems_is_bounded() -> None:
    text = "services: {web: {image: a, command: [" + "1, " * 5000 + "1]}}"
    assert len(messages(text)) == MAX_PROBLEMS


def test_shared_data_costs_one_visit() -> None:
    levels = ["l0: &l0 [5, 5, 5, 5, 5, 5, 5, 5, 5]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 5)]
    text = "x-bomb:\n  " + "\n  ".join(levels) + "\nservices: {web: {image: a, command: *l4, cap_add: *l4, dns: *l4}}"
    assert len(messages(text)) == 3 * 9
