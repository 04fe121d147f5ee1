"""The health checks that the image facts offer: each can run in its image, and cannot do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from composeharden.images.catalog import BUILT_IN

FAMILIES = [entry.family for entry in BUILT_IN.entries()]
CLIENTS = ("bash", "curl", "nc", "wget")
DATABASES = ("mariadb", "mysql", "postgres")


def documents(family: str) -> Iterator[Mapping[str, Any]]:
    """The facts as they are without a variant, and with each."""
    document = next(entry.document for entry in BUILT_IN.entries() if entry.family == family)
    yield document
    for variant in document.get("variant", ()):
        yield {**document, **variant}


def probes(family: str) -> Iterator[str]:
    for document in documents(family):
        for row in document.get("healthcheck", ()):
            if not row.get("image"):  # what an image brings itself is not ours
                yield " ".join(row["test"])


@pytest.mark.parametrize("family", FAMILIES)
def test_no_dollar_is_left_to_compose(family: str) -> None:
    """A single one would be replaced when the file is read, by whatever the host has under that name."""
    assert [text for text in probes(family) if "$" in text.replace("$$", "")] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_no_probe_asks_localhost(family: str) -> None:
    """It may mean ::1 first, where not every server listens."""
    assert [text for text in probes(family) if "localhost" in text] == []


@pytest.mark.parametrize("family", DATABASES)
def test_the_server_of_the_first_start_is_not_taken_for_the_real_one(family: str) -> None:
    """It has a socket only: a probe must ask over TCP."""
    assert [text for text in probes(family) if "127.0.0.1" not in text and "--connect" not in text] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_only_bash_knows_dev_tcp(family: str) -> None:
    for document in documents(family):
        for row in document.get("healthcheck", ()):
            assert "/dev/tcp" not in " ".join(row["test"]) or "bash" in row["needs"]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_password_is_in_an_argument(family: str) -> None:
    assert [text for text in probes(family) if re.search(r"\s(?:-a|-p|--?pass(?:word)?)[ =]?\S*PASS", text)] == []


def test_a_probe_of_root_does_not_make_the_cookie_of_the_broker() -> None:
    """Made by root before the first start it would keep the server, which is another user, from starting."""
    assert all(".erlang.cookie" in text for text in probes("rabbitmq"))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_program_of_a_probe_is_in_the_image(family: str) -> None:
    document = next(documents(family))
    for row in document.get("healthcheck", ()):
        called = [name for name in CLIENTS if re.search(rf"(?<![\w-]){name}\s", " ".join(row["test"]))]
        assert set(called) <= set(row["needs"]), row["test"]
        assert not {*row["needs"]} & {*document.get("programs", {}).get("absent", ())}, row["test"]
