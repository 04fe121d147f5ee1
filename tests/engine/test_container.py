"""The container image of the tool: built, and run as its compose file says, over mounted stacks.

The base is not the public one, which would have to be pulled: container/Dockerfile makes one from Debian packages.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .commands import Finished, attempt, compose_program, run
from .stand_ins import build_base

pytestmark = pytest.mark.xdist_group("container")
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ci" / "container"
BASE = "composeharden-test-python:bookworm"
IMAGE = f"composeharden-test-image:{uuid.uuid4().hex[:10]}"
LABEL = ("--label", "dev.composeharden.test=container")
LEGACY = "services:\n  cache:\n    image: memcached:1.6   # sessions\n"
STRICTEST = ("--fail-on", "info", "--fail-on-held", "--strict-evidence", "--assume")


def harden(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program of this work tree."""
    command = [sys.executable, "-m", "composeharden", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8", timeout=60)


def test_its_own_compose_file_passes_the_check_at_its_strictest() -> None:
    done = harden("check", *STRICTEST, str(FOLDER / "compose.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to harden" in done.stdout


def test_without_its_settings_it_would_not_pass(tmp_path: Path) -> None:
    copy = tmp_path / "ci" / "container"
    shutil.copytree(FOLDER, copy)
    whole = yaml.safe_load((copy / "compose.yaml").read_text("utf-8"))
    for key in ("read_only", "cap_drop", "security_opt", "mem_limit", "pids_limit"):
        less = {name: value for name, value in whole["services"]["check"].items() if name != key}
        (copy / "compose.yaml").write_text(yaml.safe_dump({"services": {"check": less}}))
        assert harden("check", *STRICTEST, str(copy / "compose.yaml")).returncode == 1, key


def test_its_base_is_pinned_and_its_user_is_a_number() -> None:
    text = (FOLDER / "Dockerfile").read_text("utf-8")
    (base,) = [line for line in text.splitlines() if line.startswith("ARG BASE=")]
    assert len(base.partition("@sha256:")[2]) == 64
    assert [line for line in text.splitlines() if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]


@pytest.fixture(scope="module")
def image(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image, on a base that is made here."""
    build_base()
    context = tmp_path_factory.mktemp("base")
    shutil.copy(Path(__file__).parent / "container" / "Dockerfile", context)
    _download(context / "wheels")
    classic = {"DOCKER_BUILDKIT": "0"}
    run(["docker", "build", "--force-rm", *LABEL, "--tag", BASE, str(context)], timeout=600, env=classic)
    command = ["docker", "build", "--force-rm", *LABEL, "--network", "none", "--build-arg", f"BASE={BASE}"]
    run([*command, "--file", str(FOLDER / "Dockerfile"), "--tag", IMAGE, str(ROOT)], timeout=600, env=classic)
    yield IMAGE
    attempt(["docker", "image", "rm", IMAGE], timeout=60)


def _download(folder: Path) -> None:
    """What the image is built from: the package's own requirements, for the Python of Debian bookworm."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"], "pip", "setuptools"]
    machine = platform.machine()
    platforms = [f"--platform={kind}_{machine}" for kind in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder), "--only-binary=:all:"]
    run([*command, "--python-version=3.11", *platforms, *wanted], timeout=300)


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A folder with a stack that anybody may read, and only its owner may write to."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "compose.yaml").write_text(LEGACY)
    (folder / "compose.yaml").chmod(0o644)
    return folder


@pytest.fixture
def compose(image: str, stacks: Path, tmp_path: Path) -> Iterator[Callable[..., Finished]]:
    """Docker Compose with the shipped file; only the name of the image is another."""
    override = tmp_path / "image.json"
    service = {"image": image, "pull_policy": "never", "labels": {"dev.composeharden.test": "container"}}
    override.write_text(json.dumps({"services": {"check": service}}))
    project = f"ch-test-{uuid.uuid4().hex[:10]}"
    head = [compose_program(), "--project-name", project, "-f", str(FOLDER / "compose.yaml"), "-f", str(override)]

    def call(*arguments: str) -> Finished:
        return attempt([*head, *arguments], timeout=120, env={"STACKS": str(stacks)})

    yield call
    call("down", "--volumes", "--timeout", "1")


def test_a_hardened_stack_passes_in_it(compose: Callable[..., Finished], stacks: Path) -> None:
    harden("fix", "--assume", str(stacks / "compose.yaml"))
    done = compose("run", "--rm", "check", "check", "-r", ".", "--fail-on", "critical")
    assert done.code == 0, done.describe()


def test_findings_come_out_of_it_and_nothing_goes_in(compose: Callable[..., Finished], stacks: Path) -> None:
    done = compose("run", "--rm", "check")
    assert done.code == 1, done.describe()
    assert "read-only" in done.stdout
    wrote = compose("run", "--rm", "check", "fix")
    assert wrote.code == 2, wrote.describe()
    assert "Read-only file system" in wrote.stderr + wrote.stdout
    assert (stacks / "compose.yaml").read_text() == LEGACY
    assert [path.name for path in stacks.iterdir()] == ["compose.yaml"]


def test_its_container_is_as_locked_as_the_file_says(compose: Callable[..., Finished], image: str) -> None:
    created = compose("create", "check")
    assert created.code == 0, created.describe()
    container = compose("ps", "--all", "--quiet", "check").stdout.strip()
    (shown,) = json.loads(run(["docker", "inspect", container], timeout=30).stdout)
    host: dict[str, Any] = shown["HostConfig"]
    assert (host["ReadonlyRootfs"], host["NetworkMode"], host["CapDrop"]) == (True, "none", ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert [mount["RW"] for mount in shown["Mounts"]] == [False]
    (config,) = json.loads(run(["docker", "image", "inspect", image], timeout=30).stdout)
    assert config["Config"]["User"] == "10001:10001"
    assert config["Config"]["Healthcheck"]["Test"] == ["NONE"]


def test_as_the_owner_of_the_files_it_fixes_them(image: str, stacks: Path) -> None:
    owner = f"{stacks.stat().st_uid}:{stacks.stat().st_gid}"
    locked = ("--read-only", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    command = ["docker", "run", "--rm", *LABEL, *locked, "--user", owner, "-v", f"{stacks}:/work", image, "fix"]
    done = attempt(command, timeout=60)
    assert done.code == 0, done.describe()
    assert "read_only: true" in (stacks / "compose.yaml").read_text()
    assert (stacks / "compose.yaml.orig").read_text() == LEGACY
    assert attempt(command, timeout=60).code == 0
    assert harden("diff", "--exit-code", str(stacks / "compose.yaml")).returncode == 0
