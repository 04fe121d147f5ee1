"""Stacks hardened wrongly, each in a way that was seen to break: these tests must notice every one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .checks import check_capabilities, check_settings, check_stop, check_workers
from .commands import EngineError
from .harness import Stack
from .lifecycle import Row, live_through
from .probes import WRITTEN, runs, serves

WriteStack = Callable[[dict[str, Any]], Path]

HARDENED = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}

POSTGRES = {
    "image": "postgres:15",
    "environment": {"POSTGRES_PASSWORD": "not-a-secret-only-for-tests"},
    "volumes": ["data:/var/lib/postgresql/data"],
}
REDIS = {"image": "redis:7", "command": "redis-server --appendonly yes", "volumes": ["data:/data"]}
NGINX = {"image": "nginx:1.22"}


def stack_of(service: dict[str, Any], **more: object) -> dict[str, Any]:
    """A compose model with one service, called `app`, and the volume `data`."""
    return {"services": {"app": {**service, **more}}, "volumes": {"data": {}}}


def row_of(image: str, probe: Callable[[Stack, str], object], worker_uid: int) -> Row:
    """A row for `app` that writes nothing."""
    return Row(service="app", image=image, write=probe, read=probe, worker_uid=worker_uid)


PSQL_ANSWERS = row_of("postgres:15", runs("psql", "-h", "127.0.0.1", "-U", "postgres", "-c", "SELECT 1"), 999)
REDIS_ANSWERS = row_of("redis:7", runs("redis-cli", "set", "key", WRITTEN, expected="OK"), 999)


@pytest.mark.parametrize(
    ("row", "model"),
    [
        # Without DAC_OVERRIDE, root cannot look into a folder that postgres has closed for others.
        pytest.param(
            PSQL_ANSWERS,
            stack_of(POSTGRES, cap_drop=["ALL"], cap_add=["CHOWN", "SETGID", "SETUID"]),
            id="postgres",
        ),
        # The folder of the append-only files has mode 0700 and belongs to redis.
        pytest.param(REDIS_ANSWERS, stack_of(REDIS, cap_drop=["ALL"], cap_add=["SETGID", "SETUID"]), id="redis"),
    ],
)
def test_too_few_capabilities_show_on_the_second_start(
    row: Row, model: dict[str, Any], images: Callable[[str], None], stack_folder: WriteStack
) -> None:
    images(row.image)
    with (
        Stack(stack_folder(model)) as stack,
        pytest.raises(EngineError, match=r"(?s)second start.*Permission denied"),
    ):
        live_through(stack, [row])


def test_a_read_only_root_without_its_tmpfs_ends_nginx(images: Callable[[str], None], stack_folder: WriteStack) -> None:
    images("nginx:1.22")
    model = stack_of(NGINX, **HARDENED, cap_add=["CHOWN", "SETGID", "SETUID"])
    with Stack(stack_folder(model)) as stack, pytest.raises(EngineError, match="Read-only file system"):
        live_through(stack, [row_of("nginx:1.22", serves(80), 101)])


def test_a_tmpfs_over_the_data_loses_it(images: Callable[[str], None], stack_folder: WriteStack) -> None:
    images("redis:7")
    model = {"services": {"app": {"image": "redis:7", "tmpfs": ["/data:uid=999,gid=999"]}}}
    write = runs("redis-cli", "set", "key", WRITTEN, expected="OK")
    read = runs("redis-cli", "get", "key", expected=WRITTEN)
    with (
        Stack(stack_folder(model), patience=3) as stack,
        pytest.raises(EngineError, match="after the second start"),
    ):
        live_through(stack, [Row("app", "redis:7", write, read, worker_uid=999)])


def test_a_server_that_stays_root_is_noticed(images: Callable[[str], None], stack_folder: WriteStack) -> None:
    """Apache without SETUID and SETGID answers every request, with workers that are root."""
    images("httpd:2.4")
    row = row_of("httpd:2.4", serves(80), 33)
    folder = stack_folder(stack_of({"image": "httpd:2.4"}))
    with Stack(folder) as stack:
        before = live_through(stack, [row])
    stack_folder(stack_of({"image": "httpd:2.4"}, **HARDENED, tmpfs=["/usr/local/apache2/logs"]))
    with Stack(folder) as stack:
        after = live_through(stack, [row])
    check_settings(after.inspected["app"])
    with pytest.raises(AssertionError):
        check_workers(row, before, after)


def test_a_stop_that_needs_a_kill_is_noticed(images: Callable[[str], None], stack_folder: WriteStack) -> None:
    images("redis:7")
    row = row_of("redis:7", runs("redis-cli", "ping", expected="PONG"), 0)
    folder = stack_folder(stack_of({"image": "redis:7"}))
    with Stack(folder) as stack:
        before = live_through(stack, [row])
    deaf = "redis-server --daemonize yes; trap '' TERM; while :; do sleep 0.2; done"
    stack_folder(stack_of({"image": "redis:7"}, command=["sh", "-c", deaf], stop_grace_period="1s"))
    with Stack(folder) as stack:
        after = live_through(stack, [row])
    assert after.stops["app"].code == 137
    with pytest.raises(AssertionError):
        check_stop("app", before, after)


def test_settings_that_are_not_there_are_noticed(images: Callable[[str], None], stack_folder: WriteStack) -> None:
    images("redis:7")
    with Stack(stack_folder(stack_of(REDIS))) as stack:
        life = live_through(stack, [REDIS_ANSWERS])
    with pytest.raises(AssertionError):
        check_settings(life.inspected["app"])
    with pytest.raises(AssertionError):
        check_capabilities(life, "app")


def test_an_image_that_is_missing_is_not_pulled(engine: None, stack_folder: WriteStack) -> None:
    model = stack_of({"image": "composeharden-stand-in-nowhere:none"})
    with Stack(stack_folder(model)) as stack, pytest.raises(EngineError, match="No such image"):
        stack.up()
