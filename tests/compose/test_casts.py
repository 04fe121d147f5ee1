"""Strings where Compose wants something else, and variables."""

from __future__ import annotations

import pytest

from composeharden.compose.schema import validate
from composeharden.yaml.source import load


def messages(line: str) -> list[str]:
    text = f"services:\n  web:\n    image: nginx\n    {line}\n"
    return [problem.message for root in load(text.encode()).documents for problem in validate(root)]


@pytest.mark.parametrize(
    "line",
    [
        "read_only: ${READ_ONLY}",
        "read_only: ${READ_ONLY:-true}",
        "cpus: ${CPUS}",
        "pids_limit: $PIDS",
        "stop_grace_period: ${GRACE:-10}s",
        "mem_limit: ${MEMORY}m",
        "pull_policy: ${PULL:-always}",
        "container_name: ${NAME}",
        "depends_on: {db: {condition: service_started, required: '${DB}'}}",
        "ports: ['${PORT}:80', {target: '${PORT}', published: '${PORT}'}]",
        "healthcheck: {test: ['${CMD}'], retries: '${N}', interval: '${S}'}",
        "command: echo $$HOME $ 5 a$",
    ],
)
def test_a_variable_fits_where_its_value_could(line: str) -> None:
    assert messages(line) == []


def test_a_variable_does_not_fit_where_compose_does_not_cast() -> None:
    assert messages("use_api_socket: ${SOCKET}") == [
        "`services.web.use_api_socket` must be `true` or `false`, found a string"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "read_only: 'yes'",
        "read_only: on",
        "read_only: TRUE",
        "tty: 'n'",
        "privileged: 'Off'",
        "cpus: '1.5'",
        "cpus: '.5'",
        "pids_limit: '+10'",
        "oom_score_adj: '-500'",
        "scale: '2'",
        "mem_limit: 512m",
        "mem_limit: 1.5 GiB",
        "mem_limit: '-1'",
        "shm_size: 64kb",
        "mem_limit: '5 '",
        "stop_grace_period: 1h30m",
        "stop_grace_period: 1.5d2h",
        "stop_grace_period: '0'",
        "stop_grace_period: 500us",
        "ulimits: {nofile: '1024', nproc: {soft: '1', hard: 2}}",
        "gpus: [{count: all}]",
        "configs: [{source: a, mode: '0440'}]",
    ],
)
def test_strings_are_cast_like_compose_does(line: str) -> None:
    assert messages(line) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read_only: 'maybe'", "`services.web.read_only` must be `true` or `false`"),
        ("read_only: ''", "`services.web.read_only` must be `true` or `false`"),
        ("read_only: '1'", "`services.web.read_only` must be `true` or `false`"),
        ("cpus: lots", "`services.web.cpus` must be a number"),
        ("pids_limit: '0x10'", "`services.web.pids_limit` must be a whole number"),
        ("pids_limit: '99999999999999999999'", "`services.web.pids_limit` must be a whole number"),
        ("oom_score_adj: '2000'", "`services.web.oom_score_adj` must be a number of at least -1000 and at most 1000"),
        ("mem_limit: lots", "`services.web.mem_limit` must be a size such as `512m` or `2g`"),
        ("mem_limit: 1ib", "`services.web.mem_limit` must be a size such as `512m` or `2g`"),
        ("stop_grace_period: 1m 30s", "`services.web.stop_grace_period` must be a duration such as `30s` or `1m30s`"),
        (
            "healthcheck: {interval: 1y}",
            "`services.web.healthcheck.interval` must be a duration such as `30s` or `1m30s`",
        ),
        (
            "configs: [{source: a, mode: '0998'}]",
            "`services.web.configs[0].mode` must be file permissions in octal, such as `0440`",
        ),
        ("pre_start: [{command: a, init: maybe}]", "`services.web.pre_start[0].init` must be `true` or `false`"),
    ],
)
def test_strings_that_cannot_be_cast(line: str, expected: str) -> None:
    assert messages(line) == [expected]
