"""The hooks, run by pre-commit itself over a scratch repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from composeharden.cli import inputs

from .conftest import unavailable
from .runner import ROOT, git

HOOKS = ("composeharden-check", "composeharden-fix")
LEGACY = "services:\n  cache:\n    image: memcached:1.6   # sessions\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment that it installs."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def stacks(project: Path, cache: Path, tmp_path: Path) -> Path:
    """A repository with both hooks, ready to be run."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    hooks = [{"id": hook} for hook in HOOKS]
    wanted = {"repos": [{"repo": project.as_uri(), "rev": git(project, "rev-parse", "HEAD"), "hooks": hooks}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(wanted))
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "Start")
    done = pre_commit(tmp_path, cache, "install-hooks")
    if done.returncode:
        unavailable(f"pre-commit could not install the hooks: {done.stdout[-2000:]}")
    return tmp_path


def pre_commit(folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments, "--color=never"],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        timeout=300,
    )


def test_files_of_other_kinds_are_left_alone(stacks: Path, cache: Path) -> None:
    (stacks / "values.yaml").write_text(LEGACY)
    git(stacks, "add", "--all")
    done = pre_commit(stacks, cache, "run", "--verbose")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("no files to check") == len(HOOKS)


def test_the_first_run_fixes_and_fails_and_the_second_passes(stacks: Path, cache: Path) -> None:
    (stacks / "compose.yaml").write_text(LEGACY)
    git(stacks, "add", "--all")
    first = pre_commit(stacks, cache, "run")
    assert first.returncode == 1, first.stdout
    assert "files were modified by this hook" in first.stdout
    assert "read_only: true" in git(stacks, "diff")
    assert git(stacks, "ls-files", "--others") == ""
    git(stacks, "add", "--all")
    second = pre_commit(stacks, cache, "run")
    assert second.returncode == 0, second.stdout
    assert "# sessions" in (stacks / "compose.yaml").read_text()


def test_a_commit_is_stopped(stacks: Path, cache: Path) -> None:
    assert pre_commit(stacks, cache, "install").returncode == 0
    (stacks / "compose.yaml").write_text(LEGACY)
    git(stacks, "add", "--all")
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-m", "Add a cache"]
    for code in (1, 0):
        done = subprocess.run(
            command, cwd=stacks, env={**os.environ, "PRE_COMMIT_HOME": str(cache)}, check=False, timeout=120
        )
        assert done.returncode == code
        git(stacks, "add", "--all")
    assert "read_only: true" in git(stacks, "show", "HEAD:compose.yaml")


NAMES = [
    *("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.prod.yaml", "podman-compose.yml"),
    *("compose-dev.yml", "stack.yml", "docker-stack.yaml", "web.compose.yml", "my-stack.yaml", "Compose.YAML"),
    *("composer.yml", "compose.json", "compose.yaml.orig", "mycompose.yaml", "haystack.yml", "compose", ".yaml"),
    *("docker_compose.yml", "dockercompose.yml", "compose.override.yaml", "compose..yml", "stack.compose.yaml"),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_hooks_take_the_names_that_a_search_finds(name: str) -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")):
        found = bool(inputs._NAMES.fullmatch(name))
        assert bool(re.search(hook["files"], name)) is found
        assert bool(re.search(hook["files"], f"compose.yaml.d/{name}")) is found
