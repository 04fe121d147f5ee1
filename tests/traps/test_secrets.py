"""Secrets and configurations: files that keep their owner, values that are no files."""

from __future__ import annotations

import pytest

from tests.traps.hardening import held, kept, outcome, said

TRAEFIK = "image: traefik:3.3"


def test_a_secret_in_long_syntax_is_one_too() -> None:
    reason = held(
        "read-only",
        "image: memcached:1.6\nsecrets: [{source: token, target: /t, mode: 0400, uid: '11211'}]",
        "secrets: {token: {environment: TOKEN}}\n",
        assume=True,
    )
    assert "no file" in reason


def test_the_mode_that_a_file_secret_asks_for_is_not_relied_on() -> None:
    keys = f"{TRAEFIK}\nsecrets: [{{source: key, mode: 0444, uid: '0'}}]"
    assert "DAC_OVERRIDE" in kept(keys, "secrets: {key: {file: ./key}}\n")


def test_a_configuration_file_of_another_owner_can_still_be_read() -> None:
    facts = '[start]\nuser = "root"\nevidence = ["read"]\n[capabilities]\nevidence = ["read"]\n[capabilities.root]\n'
    keys = "image: example/it:1\nconfigs: [conf]"
    assert kept(keys, "configs: {conf: {file: ./conf}}\n", facts=facts) == {"DAC_OVERRIDE"}
    assert kept("image: example/it:1", facts=facts) == set()


@pytest.mark.parametrize("section", ["secrets", "configs"])
def test_what_is_outside_the_file_is_for_swarm(section: str) -> None:
    reason = held("cap-drop", f"{TRAEFIK}\n{section}: [one]", f"{section}: {{one: {{external: true}}}}\n")
    assert "docker stack deploy" in reason


@pytest.mark.parametrize(
    ("image", "variable", "file"),
    [
        ("postgres:16", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"),
        ("postgres:16", "APP_PASSWORD", ""),
        ("redis:7", "REDIS_PASSWORD", ""),
        ("rabbitmq:4", "RABBITMQ_DEFAULT_PASS", ""),
    ],
)
def test_a_file_variable_is_only_advised_where_the_image_reads_it(image: str, variable: str, file: str) -> None:
    (found,) = said("credential-in-environment", f"image: {image}\nenvironment: {{{variable}: hunter2}}")
    advised = {word.strip(".,:;`") for word in found.advice.split() if word.strip(".,:;`").endswith("_FILE")}
    assert advised == ({file} if file else set())


def test_no_value_is_moved_or_changed() -> None:
    """A secret that moves has to move everywhere at once, and the data it opens does not follow."""
    keys = "image: postgres:16\nenvironment: {POSTGRES_PASSWORD: hunter2}"
    for finding in outcome(keys, only=frozenset(), assume=True).findings:
        assert not {change.path[3] for change in finding.changes if len(change.path) > 3} & {"environment", "secrets"}
