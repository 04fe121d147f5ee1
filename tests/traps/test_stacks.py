"""What one service has to do with another, and what a stack must be left with."""

from __future__ import annotations

import pytest

from tests.traps.hardening import hardened, held, outcome, said

WRITTEN = {"read_only", "tmpfs", "cap_drop", "cap_add", "security_opt", "depends_on"}
MORE = {"user", "healthcheck", "init"}
"""Written by passes of their own, and only where the facts of the image say so."""


def waits(service: str, **more: str) -> bool:
    """Whether `it` waits for the service `db` to be healthy."""
    rest = "  db:\n" + "".join(f"    {line}\n" for line in service.splitlines())
    condition = hardened("image: example/app\ndepends_on: [db]", rest, **more)["depends_on"]
    return isinstance(condition, dict) and condition["db"]["condition"] == "service_healthy"


@pytest.mark.parametrize(
    "test",
    [
        "[CMD, curl, 'http://127.0.0.1/']",
        "'test -x /bin/true && wget -q http://127.0.0.1/'",
        "[CMD-SHELL, 'redis-cli ping | my-filter']",
    ],
)
def test_no_waiting_for_a_probe_whose_program_may_be_missing(test: str) -> None:
    assert not waits(f"image: redis:7\nhealthcheck: {{test: {test}}}")
    assert waits("image: redis:7\nhealthcheck: {test: [CMD, redis-cli, ping]}")


def test_no_waiting_for_a_probe_whose_page_may_be_missing() -> None:
    assert not waits("image: nginx:1.28\nhealthcheck: {test: [CMD, curl, -f, 'http://127.0.0.1/health']}")
    assert waits("image: nginx:1.28\nhealthcheck: {test: [CMD, curl, -f, 'http://127.0.0.1/']}")


def test_no_waiting_for_a_probe_that_takes_a_shell_where_there_is_none() -> None:
    facts = '[programs]\npresent = ["tool"]\nevidence = ["read"]\n'
    assert waits("image: example/it:1\nhealthcheck: {test: [CMD, tool, check]}", facts=facts)
    assert not waits("image: example/it:1\nhealthcheck: {test: tool check}", facts=facts)


@pytest.mark.parametrize("more", ["", "healthcheck: {disable: true}", "healthcheck: {test: [NONE]}", "restart: 'no'"])
def test_no_waiting_where_nothing_is_ever_healthy(more: str) -> None:
    assert not waits(f"image: redis:7\n{more}")


EVERYTHING = """
    image: postgres:17
    container_name: it
    user: "0:0"
    environment: {POSTGRES_PASSWORD: hunter2, OCTAL: 012345, FLOAT: 1e5, DAY: 2024-01-01, DOLLAR: a$$b}
    ports: ["5432:5432", "80:80"]
    volumes: ["./data:/var/lib/postgresql/data", /var/log]
    networks: [back]
    restart: unless-stopped
    deploy: {resources: {limits: {memory: 8g}}}
    shm_size: 256m
    stdin_open: true
    """
REST = "networks: {back: }\n"


def test_nothing_else_is_ever_written() -> None:
    """Limits and their two forms, published ports, data, networks and restart policies are left to people."""
    found = outcome(EVERYTHING, REST, only=frozenset(), assume=True)
    changed = {str(change.path[3]) for finding in found.findings for change in finding.changes if len(change.path) > 3}
    assert changed <= WRITTEN | MORE
    text = found.patches[0].after.text
    for line in EVERYTHING.strip().splitlines():
        assert line.strip() in text


@pytest.mark.parametrize(
    ("image", "path", "kept"),
    [
        ("postgres:17", "/var/lib/postgresql/data", True),
        ("postgres:18", "/var/lib/postgresql/data", False),
        ("postgres:18", "/var/lib/postgresql", True),
        ("postgres:latest", "/var/lib/postgresql/data", False),
        ("pgvector/pgvector:pg17", "/var/lib/postgresql/data", True),
        ("pgvector/pgvector:pg18", "/var/lib/postgresql/data", False),
    ],
)
def test_the_place_of_the_data_depends_on_the_version(image: str, path: str, kept: bool) -> None:
    found = said("named-volumes", f"image: {image}\nvolumes: ['data:{path}']", "volumes: {data: }\n")
    assert (found == []) is kept


def test_an_env_file_that_nobody_can_read_holds_back() -> None:
    """It may set the variable that has the entry point write elsewhere."""
    assert "env_file" in held("read-only", "image: nginx:1.28\nenv_file: of-somebody.env")
    assert hardened("image: nginx:1.28\nenv_file: it.env", files={"it.env": "A=b\n"})["read_only"] is True
