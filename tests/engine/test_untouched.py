"""A user's stack runs with its data beside it while it is verified, and is killed now and then: it is as it was."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from composeharden.engine import Docker
from composeharden.engine.throwaway import EXPIRES, OWNER, is_gone

from .commands import compose_program, run
from .models import block_yaml
from .stand_ins import BASE_TAG, build_base
from .test_verify import FULL

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("alone")]
RUNS, KILLED = (20, 5) if FULL else (2, 2)
WRITES = "trap 'exit 0' TERM; while :; do date >>/data/mine; date >>/kept/x; sleep 0.2; done"
STILL = "trap 'exit 0' TERM; while :; do sleep 0.2; done"


class Mine:
    """The stack of somebody who works with it, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"ch-test-{uuid.uuid4().hex[:10]}"
        (folder / "data").mkdir()
        (folder / "data" / "precious").write_text("precious")
        (folder / "conf").write_text("as it is")
        mounts = ["./data:/data", "kept:/kept", "outside:/outside", "./conf:/etc/shop.conf"]
        app = {"image": BASE_TAG, "command": ["sh", "-c", WRITES], "volumes": mounts, "container_name": self.name}
        model = {
            "name": self.name,
            "services": {"app": app, "other": {"image": BASE_TAG, "command": ["sh", "-c", STILL], "ports": ["80"]}},
            "volumes": {"kept": {}, "outside": {"external": True, "name": f"{self.name}-outside"}},
        }
        (folder / "compose.yaml").write_text(block_yaml(model))

    def compose(self, *argv: str) -> None:
        run([compose_program(), *argv], timeout=120, cwd=self.folder)

    def __enter__(self) -> Mine:
        run(["docker", "volume", "create", f"{self.name}-outside"], timeout=60)
        self.compose("up", "--detach")
        self.exec("echo precious >/kept/p; echo precious >/outside/p")
        # Nothing writes any more: from here on every byte is compared.
        run(["docker", "pause", self.name], timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        run(["docker", "unpause", self.name], timeout=60)
        self.compose("down", "--volumes", "--timeout", "1")
        run(["docker", "volume", "rm", f"{self.name}-outside"], timeout=60)

    def exec(self, script: str) -> str:
        return run(["docker", "exec", self.name, "sh", "-c", script], timeout=60).stdout

    def seen(self) -> list[object]:
        """Everything that could have been touched: files with times and owners, containers, networks, volumes."""
        files = [
            (str(path.relative_to(self.folder)), *_signs(path), path.read_bytes() if path.is_file() else b"")
            for path in sorted(self.folder.rglob("*"))
        ]
        project = ["--filter", f"label=com.docker.compose.project={self.name}"]
        ids = run(["docker", "ps", "--all", "--quiet", "--no-trunc", *project], timeout=60).stdout.split()
        form = "{{.Id}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}} {{.Name}} {{json .NetworkSettings}}"
        containers = run(["docker", "inspect", "--format", form, *ids], timeout=60).stdout
        networks = run(["docker", "network", "ls", "--quiet", *project], timeout=60).stdout
        volumes = [f"{self.name}_kept", f"{self.name}-outside"]
        held = [_content(name) for name in volumes]
        return [files, containers, networks, held]


def _signs(path: Path) -> tuple[int, ...]:
    info = path.lstat()
    return info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns, info.st_ctime_ns, info.st_ino


def _content(volume: str) -> str:
    script = "cd /v && find . -type f -exec md5sum {} + | sort && find . -printf '%p %U %G %m %T@ %C@\\n' | sort"
    mount = ["--volume", f"{volume}:/v:ro"]
    shown = run(["docker", "run", "--rm", "--network", "none", *mount, BASE_TAG, "sh", "-c", script], timeout=60)
    return hashlib.sha256(shown.stdout.encode()).hexdigest()


@pytest.fixture
def mine(engine: None, tmp_path: Path) -> Iterator[Mine]:
    build_base()
    with Mine(tmp_path) as stack:
        yield stack


def left_behind() -> list[str]:
    """Whatever a run that is over has left: things of the engine, and folders."""
    docker = Docker.find()
    found = [
        f"{kind} {name}"
        for kind in ("container", "network", "volume")
        for name, made_by, expires in docker.listed(kind, OWNER, OWNER, EXPIRES)
        if is_gone(made_by, expires)
    ]
    for folder in Path(tempfile.gettempdir()).iterdir():
        if re.fullmatch(r"composeharden-[0-9a-f]{12}", folder.name) and (folder / "owner").is_file():
            made_by, expires = (folder / "owner").read_text().split("\n")[:2]
            found += [str(folder)] if is_gone(made_by, expires) else []
    return found


def test_a_running_stack_is_untouched_and_nothing_is_left(mine: Mine) -> None:
    before = mine.seen()
    chance = random.Random(7)
    killed = set(chance.sample(range(RUNS - 1), KILLED)) if FULL else {0, 1}
    argv = [sys.executable, "-m", "composeharden", "verify", "--assume", "--yes", "--window", "1"]
    took = 30.0
    for turn in range(RUNS):
        began = time.monotonic()
        with subprocess.Popen(argv, cwd=mine.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            if turn in killed:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(chance.uniform(0.5, min(20.0, took * 0.8)))
                process.send_signal(signal.SIGKILL)
                continue
            out, err = process.communicate(timeout=600)
        took = time.monotonic() - began
        assert process.returncode in (0, 1), (out, err)
        assert b"2 as before" in out, (out, err)
        assert left_behind() == []
        assert mine.seen() == before
    if RUNS - 1 in killed:  # what the last one left goes with the next
        done = subprocess.run(argv, cwd=mine.folder, capture_output=True, check=False, timeout=600)
        assert b"2 as before" in done.stdout, done
    assert left_behind() == []
    assert mine.seen() == before


def test_an_interrupted_run_ends_clean(mine: Mine) -> None:
    before = mine.seen()
    argv = [sys.executable, "-m", "composeharden", "verify", "--assume", "--yes"]
    with subprocess.Popen(argv, cwd=mine.folder, stderr=subprocess.PIPE, start_new_session=True) as process:
        time.sleep(6)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert b"nothing of it is left" in err
    assert left_behind() == []
    assert mine.seen() == before
