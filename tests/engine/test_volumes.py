"""Data on volumes without a name is moved to volumes with one: nothing is lost, and nothing starts empty."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .commands import EngineError, run
from .migration import LegacyStack, contents, folder_of, label

KILLS = int(os.environ.get("COMPOSEHARDEN_KILLS", "6"))
FIX = ("--migrate", "--only", "named-volumes")
LEGACY = label("""\
services:
  db:
    image: postgres:15   # the orders
    environment:
      POSTGRES_PASSWORD: orders-2019
    LABELS
  cache:
    image: redis:7
    command: [redis-server, --appendonly, "yes"]
    volumes:
      - /data
    LABELS
""")
CACHE = label("""\
services:
  cache:
    image: redis:7
    command: [redis-server, --appendonly, "yes"]
    LABELS
""")


@pytest.fixture
def legacy(tmp_path: Path, images: Callable[[str], None]) -> Iterator[LegacyStack]:
    """A database and a cache, started as they are."""
    images("postgres:15")
    images("redis:7")
    with LegacyStack(tmp_path / "shop", LEGACY) as stack:
        stack.up()
        yield stack


@pytest.fixture
def cache(tmp_path: Path, images: Callable[[str], None]) -> Iterator[LegacyStack]:
    """The cache alone, not started yet."""
    images("redis:7")
    with LegacyStack(tmp_path / "shop", CACHE) as stack:
        yield stack


def sql(stack: LegacyStack, statement: str) -> str:
    """What the database answers, once it answers."""
    for _ in range(60):
        try:
            return stack.exec("db", "psql", "-h", "127.0.0.1", "-U", "postgres", "-Atc", statement)
        except EngineError:
            time.sleep(0.5)
    raise AssertionError(stack.compose("logs", "db").describe())


def redis(stack: LegacyStack, *words: str) -> str:
    """What the cache answers, once it has loaded its data."""
    for _ in range(60):
        try:
            answer = stack.exec("cache", "redis-cli", *words)
        except EngineError:
            answer = "LOADING"
        if "LOADING" not in answer and "refused" not in answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(stack.compose("logs", "cache").describe())


def test_without_the_migration_nothing_starts_and_nothing_is_lost(legacy: LegacyStack) -> None:
    sql(legacy, "create table orders (id int)")
    before = legacy.container("db")["Id"], legacy.volume("db", "/var/lib/postgresql/data")
    assert legacy.fix(*FIX).code == 0
    done = legacy.compose("up", "--detach", "--pull", "never")
    assert done.code != 0
    assert "run-migrate-volumes.sh" in done.stderr
    assert "not found" in done.stderr
    assert (legacy.container("db")["Id"], legacy.volume("db", "/var/lib/postgresql/data")) == before
    assert legacy.container("db")["State"]["Running"]
    assert sql(legacy, "select count(*) from orders") == "0"


def test_all_data_is_there_after_the_migration_on_every_start(legacy: LegacyStack) -> None:
    sql(legacy, "create table orders (id int)")
    sql(legacy, "insert into orders select generate_series(1, 1000)")
    redis(legacy, "set", "cart", "full")
    run(["docker", "update", "--restart", "always", legacy.container("db")["Id"]], timeout=30)
    olds = {legacy.volume("db", "/var/lib/postgresql/data"), legacy.volume("cache", "/data")}
    fixed = legacy.fix(*FIX)
    assert fixed.code == 0, fixed.describe()
    moved = legacy.migrate()
    assert moved.code == 0, moved.describe()
    assert "copied and compared" in moved.stdout
    assert legacy.container("db")["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert "already exists" not in legacy.up()
    for again in ("up", "restart", "down and up"):
        assert sql(legacy, "select sum(id) from orders") == "500500", again
        assert redis(legacy, "get", "cart") == "full", again
        assert legacy.volume("db", "/var/lib/postgresql/data") == f"{legacy.project}_db-data"
        assert legacy.volume("cache", "/data") == f"{legacy.project}_cache-data"
        if again == "restart":
            assert legacy.compose("down").code == 0
        legacy.up() if again != "up" else legacy.compose("restart", "--timeout", "20")
    assert all(legacy.has_volume(old) for old in olds)
    second = legacy.migrate()
    assert (second.code, second.stdout.count("is ready")) == (0, 2), second.describe()
    assert legacy.fix(*FIX, "--check").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees what the engine keeps in a volume")
def test_everything_about_a_file_is_kept(cache: LegacyStack) -> None:
    cache.up()
    redis(cache, "set", "cart", "full")
    old = cache.volume("cache", "/data")
    place = folder_of(old)
    _plant(place)
    assert cache.fix(*FIX).code == 0
    run(["docker", "stop", cache.container("cache")["Id"]], timeout=60)
    before = contents(place)
    assert any(entry.attributes for entry in before.values())
    done = cache.migrate()
    assert done.code == 0, done.describe()
    new = folder_of(f"{cache.project}_cache-data")
    assert contents(new) == before == contents(place)
    assert (new / "sparse").stat().st_blocks < 100
    assert (new / "one").stat().st_ino == (new / "other").stat().st_ino


def _plant(place: Path) -> None:
    """Files of every kind."""
    (place / "one").write_text("linked")
    os.link(place / "one", place / "other")
    os.setxattr(place / "one", "user.origin", b"shop")
    os.symlink("one", place / "link")
    os.mkfifo(place / "pipe")
    with (place / "sparse").open("wb") as file:
        file.truncate(64 << 20)
    (place / "folder").mkdir()
    (place / "folder" / "with\nnewline and ümlaut").write_bytes(b"\0\xff")
    os.chown(place / "folder", 1234, 4321)
    (place / "folder").chmod(0o2750)
    (place / "setuid").write_text("#!/bin/sh\n")
    (place / "setuid").chmod(0o4711)
    (place / "nobody").write_text("secret")
    (place / "nobody").chmod(0)
    for path in place.iterdir():
        os.utime(path, (978307200, 978307200), follow_symlinks=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees what the engine keeps in a volume")
def test_a_kill_at_any_moment_is_mended_by_the_next_run(cache: LegacyStack) -> None:
    """After each kill, `up` either stops, or has everything."""
    cache.up()
    redis(cache, "set", "cart", "full")
    place = folder_of(cache.volume("cache", "/data"))
    for number in range(400):
        (place / f"file-{number}").write_bytes(random.Random(number).randbytes(40_000))
    assert cache.fix(*FIX).code == 0
    run(["docker", "stop", cache.container("cache")["Id"]], timeout=60)
    before, chance = contents(place), random.Random(20261123)
    new, mark = f"{cache.project}_cache-data", f"{cache.project}_cache-data.run-migrate-volumes.sh"
    started = time.monotonic()
    assert cache.migrate().code == 0
    whole = time.monotonic() - started
    for number in range(KILLS):
        run(["docker", "volume", "rm", mark, *([new] if number % 2 else [])], timeout=30)
        for _ in range(chance.randint(1, 3)):
            cache.migrate_and_kill(chance.uniform(0, whole * 1.1))
            if cache.has_volume(mark):
                break
            refused = cache.compose("up", "--detach", "--pull", "never")
            assert mark in refused.stderr, refused.describe()
        done = cache.migrate()
        assert done.code == 0, done.describe()
        assert contents(folder_of(new)) == before == contents(place), f"kill {number}"
    helpers = f"label=dev.composeharden.migration={cache.project}"
    assert run(["docker", "ps", "--all", "--quiet", "--filter", helpers], timeout=30).stdout == ""


def test_on_a_host_where_it_never_ran_it_starts_empty_only_when_asked(cache: LegacyStack) -> None:
    assert cache.fix(*FIX).code == 0
    assert "run-migrate-volumes.sh" in cache.compose("up", "--detach", "--pull", "never").stderr
    done = cache.migrate()
    assert done.code == 1
    assert "nothing to migrate" in done.stderr
    assert cache.migrate("--new").code == 0
    cache.up()
    assert redis(cache, "set", "cart", "full") == "OK"


def test_after_down_the_old_volume_can_be_named(cache: LegacyStack) -> None:
    cache.up()
    redis(cache, "set", "cart", "full")
    old = cache.volume("cache", "/data")
    assert cache.compose("down").code == 0
    assert cache.fix(*FIX).code == 0
    asked = cache.migrate()
    assert asked.code == 1
    assert old in asked.stderr
    done = cache.migrate("--from", f"cache-data={old}")
    assert done.code == 0, done.describe()
    cache.up()
    assert redis(cache, "get", "cart") == "full"
    assert cache.has_volume(old)


def test_several_containers_are_refused(cache: LegacyStack) -> None:
    assert cache.compose("up", "--detach", "--pull", "never", "--scale", "cache=2").code == 0
    for one in cache.compose("ps", "--quiet").stdout.split():
        name = run(["docker", "inspect", "--format", "{{range .Mounts}}{{.Name}}{{end}}", one], timeout=30).stdout
        cache.volumes.add(name.strip())
    assert cache.fix(*FIX).code == 0
    done = cache.migrate()
    assert done.code == 1
    assert "2 containers" in done.stderr
    assert not cache.has_volume(f"{cache.project}_cache-data")


def test_what_is_in_the_way_is_left_alone_and_the_service_runs_on(cache: LegacyStack) -> None:
    cache.up()
    redis(cache, "set", "cart", "full")
    new = f"{cache.project}_cache-data"
    run(["docker", "volume", "create", new], timeout=30)
    helper = ["docker", "run", "--rm", "--entrypoint", "touch", "--volume", f"{new}:/there", "redis:7", "/there/mine"]
    run(helper, timeout=30)
    assert cache.fix(*FIX).code == 0
    done = cache.migrate()
    assert done.code == 1
    assert "left alone" in done.stderr
    assert redis(cache, "get", "cart") == "full"
    assert not cache.has_volume(f"{new}.run-migrate-volumes.sh")


def test_a_dry_run_changes_nothing(cache: LegacyStack) -> None:
    cache.up()
    before = cache.container("cache")
    assert cache.fix(*FIX).code == 0
    done = cache.migrate("--dry-run")
    assert done.code == 0, done.describe()
    assert "would stop" in done.stdout
    assert cache.container("cache")["State"] == before["State"]
    assert not cache.has_volume(f"{cache.project}_cache-data")


def test_a_service_that_went_on_after_the_copy_is_not_forgotten(cache: LegacyStack) -> None:
    cache.up()
    old = cache.container("cache")["Id"]
    assert cache.fix(*FIX).code == 0
    assert cache.migrate().code == 0
    run(["docker", "start", old], timeout=30)
    done = cache.migrate()
    assert done.code == 1
    assert "in the old one only" in done.stderr


def test_hardened_in_the_same_run_it_still_has_its_data(legacy: LegacyStack) -> None:
    """The service starts as its own user then, on a root it cannot write to, and must own what was copied."""
    sql(legacy, "create table orders (id int)")
    sql(legacy, "insert into orders select generate_series(1, 10)")
    redis(legacy, "set", "cart", "full")
    for service, path in (("db", "/var/lib/postgresql/data"), ("cache", "/data")):
        legacy.volume(service, path)
    fixed = legacy.fix("--migrate")
    assert fixed.code == 0, fixed.describe()
    moved = legacy.migrate()
    assert moved.code == 0, moved.describe()
    for _ in range(2):
        legacy.up()
        assert sql(legacy, "select sum(id) from orders") == "55"
        assert redis(legacy, "get", "cart") == "full"
        for service in ("db", "cache"):
            shown = legacy.container(service)
            assert (shown["Config"]["User"], shown["HostConfig"]["ReadonlyRootfs"]) == ("999:999", True)
            assert "orders-2019" not in str(shown["Config"])
        assert legacy.compose("down").code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file what a container cannot copy")
def test_what_cannot_be_copied_stops_it_and_the_service_runs_on(cache: LegacyStack) -> None:
    cache.up()
    redis(cache, "set", "cart", "full")
    place = folder_of(cache.volume("cache", "/data"))
    (place / "odd").write_text("odd")
    os.setxattr(place / "odd", "security.origin", b"elsewhere")
    assert cache.fix(*FIX).code == 0
    done = cache.migrate()
    assert done.code == 1, done.describe()
    assert "not copied" in done.stderr
    assert redis(cache, "get", "cart") == "full"
    assert not cache.has_volume(f"{cache.project}_cache-data")
    os.removexattr(place / "odd", "security.origin")
    assert cache.migrate().code == 0
    cache.up()
    assert redis(cache, "get", "cart") == "full"


def test_two_runs_at_a_time_are_kept_apart(cache: LegacyStack, tmp_path: Path) -> None:
    cache.up()
    cache.volume("cache", "/data")
    assert cache.fix(*FIX).code == 0
    lock = Path(tempfile.gettempdir()) / f"composeharden-{cache.project}.lock"
    lock.mkdir()
    (lock / "pid").write_text(f"{os.getpid()}\n")
    done = cache.migrate()
    assert done.code == 2
    assert "running already" in done.stderr
    (lock / "pid").write_text("4194305\n")  # above the largest there can be: one that was killed
    assert cache.migrate().code == 0
    assert not lock.exists()
