"""The project as others get it: a clone for pre-commit, and an action folder that is installed as on a runner.

Where the tool cannot be installed (no package index), these tests are skipped with the reason, or fail when CI=true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .runner import ROOT, Runner, git

LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv",
    "venv",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "data",
    "tests",
    "fixtures",
    "docs",
    "build",
    "dist",
)
INSTALL_SECONDS = 300


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what is shipped, as it is in the work tree."""
    copy = tmp_path_factory.mktemp("shipped") / "composeharden"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    git(copy, "init", "--quiet", "--initial-branch=main")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "-m", "As it is")
    return copy


@pytest.fixture(scope="session")
def installed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the first step of the action makes."""
    temporary = tmp_path_factory.mktemp("runner")
    done = subprocess.run(
        ["bash", str(project / "ci/action/install.sh")],
        cwd=temporary,
        env={**os.environ, "RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": str(project)},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        unavailable(f"composeharden could not be installed: {done.stderr[-2000:]}")
    return temporary / "composeharden"


def unavailable(reason: str) -> None:
    """Skip, so that it is seen; fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def runner(project: Path, installed: Path, tmp_path: Path) -> Runner:
    """A runner with a clone of a scratch repository."""
    return Runner(project, installed, tmp_path)
