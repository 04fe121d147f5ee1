"""`learn` on a real engine: what it finds is what is known, and the ways to be misled are planted in one program."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from composeharden.engine import LABEL, Docker
from composeharden.learn import trace
from composeharden.learn.search import Start
from composeharden.learn.session import Count, NothingToLearn, Plan, learn
from composeharden.learn.subject import Subject

from .learning import learn_row, run_of_our_own, unexplained
from .rows import ROWS

ROOT = Path(__file__).parents[2]
PYTHON = "python:3.11-slim"

PLANTED = """\
import os, pathlib, signal, socket, sys, time

data = pathlib.Path("/data")
os.chown(data, 1000, 1000)
if (data / "private").exists():
    os.listdir(data / "private")  # from the second start on: it belongs to the worker, and nobody else may look
try:
    os.chmod(data, 0o755)  # checked, and not needed
except PermissionError:
    pass
lock = pathlib.Path("/run/app.lock")
lock.touch()
lock.unlink()  # so that nothing of it is left to be seen
worker = os.fork()
if worker == 0:
    try:
        os.setgroups([])
        os.setgid(1000)
        os.setuid(1000)
    except PermissionError:
        pass  # it serves as root then
    os.makedirs(data / "private", 0o700, exist_ok=True)
    server = socket.create_server(("", 8000))
    while True:
        call, _ = server.accept()
        call.recv(100)
        call.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nfine")
        call.close()


def end(number, frame):
    try:
        os.kill(worker, signal.SIGTERM)
    except PermissionError:
        pass  # it waits for a worker that nobody has told
    os.waitpid(worker, 0)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
while True:
    time.sleep(1)
"""
HEALTH = {
    # As root it changes what belongs to the worker: nothing else of the service takes FOWNER.
    "test": ["CMD", "python3", "-c", "import os; os.chmod('/data/private', 0o700)"],
    "timeout": "5s",
    "start_period": "5s",
}


def learn_program(
    source: str, traces: bool = True, keys: Mapping[str, Any] | None = None
) -> tuple[Start, Start | None, Count]:
    """Learn a program that is run by the image of a language."""
    body = {"image": PYTHON, "command": ["python3", "-c", source], "stop_grace_period": "3s", **(keys or {})}
    model = {"services": {"app": {**body, "volumes": ["data:/data"]}}, "volumes": {"data": {}}}
    with run_of_our_own() as (docker, own, _):
        details = docker.image(PYTHON)
        assert details is not None
        subject = Subject(PYTHON, details, model, "app", frozenset(("/data",)))
        record, count = learn(docker, own, subject, Plan(traces=traces, window=2))
        assert docker.listed("container", f"{LABEL}={own.name}") == []
    return record.found.own, record.found.user, count


@pytest.mark.long
def test_each_planted_need_is_found_where_it_shows(images: Callable[[str], None]) -> None:
    images(PYTHON)
    own, user, _ = learn_program(PLANTED, keys={"healthcheck": HEALTH})
    assert own.setting is not None
    assert own.setting.capabilities == frozenset(("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"))
    assert own.setting.read_only
    assert own.setting.no_new_privileges
    assert "second start" in own.reasons["DAC_OVERRIDE"].words
    assert "its health check does not succeed" in own.reasons["FOWNER"].words
    assert "stop: had to be killed" in own.reasons["KILL"].words
    for name in ("SETGID", "SETUID"):
        assert "runs as uid 0, as 0, 1000 before" in own.reasons[name].words
    assert {row.path for row in own.setting.writable} == {"/run", "/tmp"}
    assert any("/run/app.lock" in line for line in own.paths["/run"].log)
    # Only root can hand the volume over.
    assert user is not None
    assert user.setting is None


def test_a_job_is_learned_by_its_exit_code_without_a_trace(images: Callable[[str], None]) -> None:
    images(PYTHON)
    own, user, _ = learn_program("open('/data/x', 'w').write('x'); import os; os.chown('/data/x', 7, 7)", traces=False)
    assert own.setting is not None
    # The second time the file is there, and belongs to somebody else.
    assert own.setting.capabilities == frozenset(("CHOWN", "DAC_OVERRIDE"))
    assert "second start" in own.reasons["DAC_OVERRIDE"].words
    assert user is None


def test_what_does_not_run_at_all_teaches_nothing(images: Callable[[str], None]) -> None:
    images(PYTHON)
    with pytest.raises(NothingToLearn, match="ended with exit code 3"):
        learn_program("raise SystemExit(3)")


@pytest.mark.long
@pytest.mark.parametrize("name", ["nginx"])
def test_what_is_found_of_a_service_is_what_is_known_or_explained(name: str, images: Callable[[str], None]) -> None:
    """`make engine-full` has them all."""
    for image in ROWS[name].images:
        images(image)
    learned = learn_row(name)
    assert list(unexplained(learned)) == []
    assert (learned.record.seen.traced is None) == bool(trace.unavailable())
    root = learned.start("root")
    assert root is not None
    assert root.setting is not None
    assert root.setting.capabilities == frozenset(("CHOWN", "SETGID", "SETUID"))


def test_the_command_writes_facts_that_the_next_diff_uses(images: Callable[[str], None], tmp_path: Path) -> None:
    """Under another name, so that nothing is known of the image beforehand."""
    images("caddy:2")
    docker = Docker.find()
    image = "example.org:5000/team/caddy:1"
    docker.run("tag", "caddy:2", image)
    try:
        (tmp_path / "compose.yaml").write_text(
            f"services:\n  web:\n    image: {image}\n    volumes: ['data:/data', 'config:/config']\n"
            "volumes:\n  data:\n  config:\n"
        )
        before = program(tmp_path, "diff")
        assert "cap_drop" not in before.stdout
        done = program(tmp_path, "learn", "--probe", "wget -q -O /dev/null http://127.0.0.1/", image)
        assert done.returncode == 0, done.stderr
        file = tmp_path / ".composeharden" / "images" / "example-org-5000-team-caddy.toml"
        document = tomllib.loads(file.read_text())
        assert (
            document["capabilities"]["root"].keys() == document["capabilities"]["file"].keys() == {"NET_BIND_SERVICE"}
        )
        after = program(tmp_path, "diff", "-v")
        for line in (
            "+    cap_drop:",
            "+    cap_add: [NET_BIND_SERVICE]",
            "+    read_only: true",
            "no-new-privileges",
            "proven",
        ):
            assert line in after.stdout + after.stderr
        assert docker.run_compose("--file", str(tmp_path / "compose.yaml"), "ps", "-aq", cwd=str(tmp_path)).stdout == ""
        file.write_text(file.read_text() + "# mine\n")
        assert program(tmp_path, "learn", image).returncode == 2
    finally:
        docker.attempt("rmi", image)


STACK = """\
name: learned
services:
  cache:
    image: memcached:1.6
    container_name: cache
    read_only: true
    ports: ["21211:11211"]
    depends_on: [store]
    environment: {CACHE_PASSWORD: hunter2-and-more}
    volumes: ["./conf:/conf:ro", "data:/data"]
  store:
    image: redis:7
volumes:
  data:
    external: true
"""


def test_a_service_is_learned_with_what_it_depends_on_and_nothing_of_the_user_s_is_touched(
    images: Callable[[str], None], tmp_path: Path
) -> None:
    for image in ("memcached:1.6", "redis:7"):
        images(image)
    (tmp_path / "compose.yaml").write_text(STACK)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "settings").write_text("as it was")
    done = program(tmp_path, "learn", "--service", "cache", "--probe", "test -f /conf/settings && test -d /data")
    assert done.returncode == 0, done.stderr
    assert "also run: store" in done.stderr
    text = (tmp_path / ".composeharden" / "images" / "memcached.toml").read_text()
    document = tomllib.loads(text)
    assert document["start"]["user"] == "11211:11211"
    assert document["capabilities"]["user"] == {}
    assert {row["path"] for row in document["data"]} == {"/data"}
    assert "hunter2" not in text + done.stdout + done.stderr
    assert (tmp_path / "compose.yaml").read_text() == STACK
    assert (tmp_path / "conf" / "settings").read_text() == "as it was"
    docker = Docker.find()
    assert docker.listed("container", "com.docker.compose.project=learned") == []
    after = program(tmp_path, "diff", "-v", "--service", "cache")
    assert "+    cap_drop:" in after.stdout
    assert "(proven)" in after.stderr


def program(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The real program in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *argv],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
