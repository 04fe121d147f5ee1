"""A legacy stack of web server, database and cache, hardened from the command line, lives as before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import hardening
from .checks import check_capabilities, check_settings, check_stop, check_workers
from .harness import QUICK, Stack
from .lifecycle import Life, Row, live_through
from .probes import WRITTEN, runs, serves

pytestmark = pytest.mark.xdist_group("hardened-stack")
LEGACY = Path(__file__).with_name("stacks") / "legacy"

PSQL = ("psql", "--no-psqlrc", "--tuples-only", "--host=127.0.0.1", "--username=shop")
REDIS = ("env", "REDISCLI_AUTH=not-a-secret-only-for-tests", "redis-cli")

ROWS = [
    Row(
        service="db",
        image="postgres:15",
        write=runs(*PSQL, "-c", f"DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT '{WRITTEN}' AS v"),
        read=runs(*PSQL, "-c", "SELECT v FROM t", expected=WRITTEN),
        worker_uid=999,
    ),
    Row(
        service="cache",
        image="redis:7",
        write=runs(*REDIS, "set", "key", WRITTEN, expected="OK"),
        read=runs(*REDIS, "get", "key", expected=WRITTEN),
        worker_uid=999,
    ),
    Row(
        service="web",
        image="nginx:1.22",
        # Nothing to write to. Asked from a neighbour: the network between the services must work as well.
        write=serves(80, contains="legacy shop", via="cache"),
        read=serves(80, contains="legacy shop", via="cache"),
        worker_uid=101,
    ),
]


@pytest.fixture(scope="module")
def before(images: Callable[[str], None]) -> Life:
    """The life of the stack as it is."""
    for row in ROWS:
        images(row.image)
    with Stack(LEGACY, interval=QUICK) as stack:
        return live_through(stack, ROWS)


@pytest.fixture(scope="module")
def after(before: Life) -> Life:
    """The life of the stack once hardened."""
    with Stack(LEGACY, interval=QUICK) as stack:
        hardening.harden(stack.folder)
        return live_through(stack, ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.service)
class TestHardenedStack:
    """`after` has by itself proved that the stack starts three times, works, and keeps its data."""

    def test_the_engine_enforces_the_settings(self, row: Row, after: Life) -> None:
        check_settings(after.inspected[row.service])

    def test_processes_have_the_declared_capabilities_only(self, row: Row, after: Life) -> None:
        check_capabilities(after, row.service)

    def test_workers_run_as_the_same_user(self, row: Row, before: Life, after: Life) -> None:
        check_workers(row, before, after)

    def test_it_stops_as_it_did(self, row: Row, before: Life, after: Life) -> None:
        check_stop(row.service, before, after)
