"""Runs of our own on the engine: everything goes with them, whatever ends them, and nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from composeharden.engine import LABEL, Deadline, Docker, EngineError, NoEngineError, OverdueError, Throwaway, sweep
from composeharden.engine.commands import attempt
from composeharden.engine.throwaway import OWNER, is_gone, owner
from composeharden.verify.hostfiles import HostFile, fill

from .stand_ins import BASE_TAG, build_base

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("alone")]
SLEEP = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.2; done")
HELD = """
import sys, time
from composeharden.engine import Docker, Throwaway
docker = Docker.find()
with Throwaway(docker) as own:
    name = own.project()
    docker.run("network", "create", *own.label_arguments, name)
    docker.run("volume", "create", *own.label_arguments, name)
    docker.run("run", "-d", "--name", name, "--network", name, "-v", name + ":/x", "-v", "/anonymous",
        *own.label_arguments, sys.argv[1], "sleep", "600")
    print(own.name, own.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def docker(engine: None) -> Docker:
    build_base()
    return Docker.find()


def things(docker: Docker, label: str) -> list[str]:
    """Everything that the engine has with a label."""
    return [row[0] for kind in ("container", "network", "volume", "image") for row in docker.listed(kind, label)]


def anonymous(docker: Docker) -> set[str]:
    names = docker.run("volume", "ls", "--quiet", "--filter", "dangling=true").stdout.split()
    return {name for name in names if len(name) == 64}


@pytest.fixture
def held(docker: Docker) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """Another process with a run of its own, in the middle of it."""
    process = subprocess.Popen([sys.executable, "-c", HELD, BASE_TAG], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    name, folder = process.stdout.readline().split()
    yield process, name, Path(folder)
    process.kill()
    process.wait()
    process.stdout.close()
    sweep(docker)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_nothing(
    held: tuple[subprocess.Popen[str], str, Path], docker: Docker, number: signal.Signals
) -> None:
    process, name, folder = held
    before = anonymous(docker)
    assert len(things(docker, f"{LABEL}={name}")) == 3
    assert folder.is_dir()
    process.send_signal(number)
    process.wait(60)
    assert things(docker, f"{LABEL}={name}") == []
    assert not folder.exists()
    assert anonymous(docker) <= before


def test_a_killed_run_is_removed_by_the_next_one_and_a_living_one_is_not(
    held: tuple[subprocess.Popen[str], str, Path], docker: Docker
) -> None:
    process, name, folder = held
    sweep(docker)
    assert len(things(docker, f"{LABEL}={name}")) == 3, "it is alive"
    assert folder.is_dir()
    process.kill()
    process.wait()
    assert len(things(docker, f"{LABEL}={name}")) == 3
    sweep(docker)
    assert things(docker, f"{LABEL}={name}") == []
    assert not folder.exists()


def test_a_volume_without_a_name_goes_also_when_another_container_took_it_over(docker: Docker) -> None:
    with Throwaway(docker) as own:
        first, second = own.project(), own.project()
        docker.run("create", "--name", first, *own.label_arguments, "--volume", "/kept", BASE_TAG, "true")
        (volume,) = docker.unnamed_volumes(first)
        docker.run("rm", first)
        mount = f"{volume}:/kept"
        docker.run("create", "--name", second, *own.label_arguments, "--volume", mount, BASE_TAG, "true")
    assert docker.attempt("volume", "inspect", volume).code == 1


def test_what_fills_a_volume_leaves_none_of_its_image(docker: Docker, tmp_path: Path) -> None:
    with Throwaway(docker) as own:
        name = own.project()
        docker.run("create", "--name", name, *own.label_arguments, BASE_TAG, "true")
        docker.run("commit", "--change", "VOLUME /kept", name, f"{name}:trial")
        before = anonymous(docker)
        docker.run("volume", "create", *own.label_arguments, f"{name}-v")
        fill(docker, own, HostFile(str(tmp_path), "copy"), f"{name}-v", f"{name}:trial")
        assert anonymous(docker) <= before
        docker.run("rm", name)
        docker.run("image", "rm", f"{name}:trial")


def test_what_others_made_stays(docker: Docker) -> None:
    name = f"ch-test-{uuid.uuid4().hex[:10]}"
    docker.run("volume", "create", "--label", f"{OWNER}=somebody", name)
    docker.run("volume", "create", f"composeharden-{name}")
    try:
        sweep(docker)
        with Throwaway(docker) as own:
            assert own.name not in (name, f"composeharden-{name}")
        for one in (name, f"composeharden-{name}"):
            assert docker.attempt("volume", "inspect", one).code == 0
    finally:
        docker.run("volume", "rm", name, f"composeharden-{name}")


def test_a_container_tells_its_own_processes_its_end_and_what_it_wrote(docker: Docker) -> None:
    with Throwaway(docker) as own:
        name = own.project()
        docker.run("run", "-d", "--name", name, "--network", "none", *own.label_arguments, BASE_TAG, *SLEEP)
        assert docker.exec(name, "sh", "-c", "echo x >/srv/new").code == 0
        processes = docker.processes(name)
        assert processes[0].command == "sh"
        assert {process.uid for process in processes} == {0}
        assert ("A", "/srv/new") in docker.written(name)
        stopped = docker.stop(name)
        assert stopped.code == 0
        assert docker.processes(name) == []
    assert things(docker, f"{LABEL}={own.name}") == []


@pytest.mark.parametrize("name", ["--help", "--format={{.Id}}", "a b", "UPPER", "composeharden-nowhere:none"])
def test_what_is_no_image_is_not_there(docker: Docker, name: str) -> None:
    assert docker.image(name) is None


def test_an_owner_is_only_gone_for_sure() -> None:
    machine, pid, started = owner().split(":")
    assert not is_gone(owner(), "0")
    assert is_gone(f"{machine}:{pid}:{started}0", "99999999999"), "another process has its number now"
    assert not is_gone(f"other:{pid}:{started}", "99999999999")
    assert is_gone(f"other:{pid}:{started}", "1")
    assert not is_gone("", "")


def test_programs_are_held_to_time_and_output() -> None:
    shown = attempt(["sh", "-c", "yes | head -c 100000; echo told >&2; exit 3"], 20, most=1000)
    assert (shown.code, len(shown.stdout), shown.stderr) == (3, 1000, "told\n")
    assert attempt(["cat"], 20, stdin=b"x" * 300_000).raw == b"x" * 300_000
    assert attempt(["true"], 20, stdin=b"x" * 300_000).code == 0
    with pytest.raises(OverdueError):
        attempt(["sh", "-c", "trap '' TERM; sleep 30 & wait"], 0.5)
    with pytest.raises(EngineError, match="cannot be started"):
        attempt(["composeharden-no-such-program"], 1)
    with pytest.raises(OverdueError, match="whole run"):
        Deadline(0).left(10)


def test_without_an_engine_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://203.0.113.1:2376")
    with pytest.raises(NoEngineError, match="another machine"):
        Docker.find()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(NoEngineError, match="no Docker engine answers"):
        Docker.find()
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(NoEngineError, match="no program called docker"):
        Docker.find()
