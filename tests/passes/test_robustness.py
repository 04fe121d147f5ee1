"""Passes on files that are malformed, hostile or full of secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.passes.running import reported

SERVICE_KEYS = (
    "annotations",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "cpus",
    "credential_spec",
    "depends_on",
    "deploy",
    "device_cgroup_rules",
    "devices",
    "entrypoint",
    "env_file",
    "environment",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "image",
    "ipc",
    "label_file",
    "labels",
    "logging",
    "mem_limit",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "ports",
    "post_start",
    "pre_start",
    "pre_stop",
    "privileged",
    "provider",
    "read_only",
    "restart",
    "runtime",
    "secrets",
    "security_opt",
    "sysctls",
    "tmpfs",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70000),
    st.sampled_from(
        (
            "",
            "host",
            "/",
            "/:/x:ro",
            "a:b:c:d",
            "$",
            "${X}",
            "${X:-y}",
            "$$",
            "::",
            "0.0.0.0::",
            "[::",
            "-",
            "root",
            "service:a",
            "a=b",
            "=",
            "*",
            "~",
            "!",
            "unix:///x",
            "seccomp:unconfined",
            "1-",
            "-1",
            "99999999999",
        )
    ),
    st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                (
                    "source",
                    "target",
                    "published",
                    "type",
                    "bind",
                    "path",
                    "test",
                    "args",
                    "context",
                    "user",
                    "limits",
                    "resources",
                    "image",
                    "options",
                    "command",
                    "environment",
                    "x",
                )
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(service=st.dictionaries(st.sampled_from(SERVICE_KEYS), VALUES, max_size=6), volumes=VALUES)
def test_no_shape_breaks_a_pass(service: dict[str, Any], volumes: Any) -> None:
    text = json.dumps(
        {
            "services": {"app": {"image": "postgres:16", **service}},
            "volumes": volumes,
            "networks": volumes,
            "secrets": volumes,
            "jobs": {"job": service},
            "include": volumes,
        }
    )
    for _, proposal in reported(text):
        assert proposal.message


SECRET = "Zx81SinclairQL"
PLACES = (
    "environment: {{DB_PASSWORD: {0}}}",
    "environment: ['DB_PASSWORD={0}', 'URL=https://user:{0}@example.eu/']",
    "environment: {{DB_PASSWORD: '${{PASSWORD:-{0}}}'}}",
    "command: app --password {0}",
    "entrypoint: [app, '--token={0}']",
    "healthcheck: {{test: [CMD, redis-cli, -a, {0}, ping]}}",
    "labels: {{app.password: {0}}}",
    "logging: {{driver: x, options: {{token: {0}}}}}",
    "build: {{context: ., args: {{API_TOKEN: {0}}}}}",
    "build: {{context: ., dockerfile_inline: 'RUN login --password {0}'}}",
    "build: 'https://user:{0}@example.eu/app.git'",
    "post_start: [{{command: 'login --password {0}', environment: {{TOKEN: {0}}}}}]",
    "pre_start: [{{image: x, environment: {{TOKEN: {0}}}, command: 'login --password {0}'}}]",
    "image: 'registry.example/x@{0}'",
    "provider: {{type: x, options: {{password: {0}}}}}",
    "extends: {{file: 'https://user:{0}@example.eu/stack.git', service: x}}",
    "env_file: ['/{0}']",
)


@pytest.mark.parametrize("place", PLACES[:-1])
def test_no_message_holds_a_secret(place: str) -> None:
    text = f"services:\n  app:\n    {place.format(SECRET)}\n"
    found = list(reported(text))
    assert found
    for _, proposal in found:
        words = (proposal.message, proposal.advice, proposal.why, *proposal.references, *proposal.evidence)
        assert not any(SECRET in word for word in words), proposal


def test_a_long_value_is_judged_quickly() -> None:
    long = "a:" * 20000 + "//" + "password=" * 5000 + "-----BEGIN " * 2000
    for key in ("environment: ['X_PASSWORD=%s']", "command: 'mysql %s'", "labels: ['a=%s']", "volumes: ['%s']"):
        list(reported(f"services:\n  app:\n    image: x:1\n    {key % long}\n"))
