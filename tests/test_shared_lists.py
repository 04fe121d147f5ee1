"""A list of dependencies that services share by alias becomes a mapping once, at its anchor, or in each of them."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from composeharden import Options, Status, harden
from composeharden.compose.files import Reader

STACK = """\
x-needed: &needed # for all of them
  - db
  - cache

services:
  db:
    image: postgres:16
    healthcheck: {test: [CMD, pg_isready]}
  cache:
    image: example/cache
  web:
    image: example/web
    depends_on: *needed
  worker:
    image: example/worker
    depends_on: *needed
"""
RESHAPED = """\
x-needed: &needed # for all of them
  db:
    condition: service_healthy
  cache:
    condition: service_started
"""
OPTIONS = Options(only=frozenset(["depends-on"]))


def only(data: bytes) -> Reader:
    """A reader of one file."""

    def read(path: str) -> bytes:
        if path != "compose.yaml":
            raise FileNotFoundError(path)
        return data

    return read


def hardened(text: str) -> str:
    outcome = harden("compose.yaml", only(text.encode()), OPTIONS)
    assert not outcome.problems
    assert not outcome.with_status(Status.REFUSED)
    (patch,) = outcome.patches
    assert not harden("compose.yaml", only(patch.data), OPTIONS).patches
    return patch.data.decode()


def dependencies(text: str, name: str) -> object:
    return YAML(typ="safe").load(text)["services"][name]["depends_on"]


def test_all_who_use_it_need_it_alike() -> None:
    after = hardened(STACK)
    assert after == STACK.replace(STACK[: STACK.index("\nservices")], RESHAPED)
    assert dependencies(after, "web") == dependencies(after, "worker")


def test_a_merged_body_counts_as_one_place_for_all_who_merge_it() -> None:
    shared = "x-app: &app\n  image: example/app\n  depends_on: *needed\n\nservices:"
    merged = STACK.replace("services:", shared).replace("    depends_on: *needed\n", "    <<: *app\n")
    after = hardened(merged)
    assert after.startswith(RESHAPED)
    assert after.count("service_healthy") == 1


@pytest.mark.parametrize(
    "other",
    [
        "  job:\n    image: example/job\n    networks: *needed\n\nnetworks:\n  db:\n  cache:\n",
        "  job:\n    image: example/job\n    command: *needed\n",
        "x-unused: *needed\n",
    ],
)
def test_where_it_is_used_for_something_else_it_stays(other: str) -> None:
    after = hardened(STACK + other)
    assert after.startswith(STACK[: STACK.index("  web:")])
    assert after.count("service_healthy") == 2
    assert after.endswith(other)


def test_the_anchor_may_be_in_one_of_the_services() -> None:
    text = STACK[STACK.index("services") :].replace("*needed", "&needed [db, cache]", 1)
    after = hardened(text)
    assert "depends_on: *needed" in after
    assert after.count("service_healthy") == 1
    assert dependencies(after, "web") == dependencies(after, "worker")


def test_an_anchor_of_a_service_that_another_one_uses_for_something_else_is_left_alone() -> None:
    text = STACK[STACK.index("services") :].replace("*needed", "&needed [db, cache]", 1)
    text = text.replace("depends_on: *needed", "command: *needed")
    outcome = harden("compose.yaml", only(text.encode()), OPTIONS)
    assert not outcome.patches
    (refused,) = outcome.with_status(Status.REFUSED)
    assert "&needed" in refused.reason
