"""Parts of a large repository: what was touched since a revision, and shards; git is asked without running anything."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.cli.git import GitError, changed_since, repository
from composeharden.cli.scope import Shard, part_of
from tests.cli.program import CLEAN, LEGACY, git, run, write

BUILT = """\
services:
  app:
    build: ./app
    env_file: ./config/${NAME:-prod}.env
    volumes: ['./conf.d:/etc/app:ro']
    extends: {file: ../shared/base.yaml, service: base}
"""
FILES = {
    "stack/compose.yaml": BUILT,
    "stack/.env": "NAME=stage\n",
    "stack/app/Dockerfile": "FROM scratch\n",
    "stack/app/main.py": "\n",
    "stack/app/deep/more.Dockerfile": "FROM scratch\n",
    "stack/config/stage.env": "A=b\n",
    "stack/config/prod.env": "A=b\n",
    "stack/conf.d/a.conf": "a\n",
    "stack/conf.d/deep/b.conf": "b\n",
    "stack/README.md": "x\n",
    "shared/base.yaml": "services: {base: {image: a, env_file: base.env}}\n",
    "shared/base.env": "A=b\n",
    "other/compose.yaml": CLEAN,
    "other/src/main.py": "\n",
    "elsewhere/notes.txt": "x\n",
}
STACK, OTHER = "stack/compose.yaml", "other/compose.yaml"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit on main, and a branch that is checked out."""
    write(tmp_path, FILES)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "switch", "-qc", "work")
    return tmp_path


def touched(folder: Path, revision: str = "main", **environment: str) -> list[str]:
    """The inputs that a search with --changed-since works on."""
    done = run(folder, "check", "-r", "--format", "json", "--changed-since", revision, environment=environment)
    assert "Traceback" not in done.stderr
    return [file["path"] for file in json.loads(done.stdout)["files"]]


def change(folder: Path, name: str, how: str = "commit") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if how == "delete":
        path.unlink()
    else:
        path.write_text((path.read_text() if path.exists() else "") + "# changed\n")
    if how == "stage":
        git(folder, "add", name)
    elif how in ("commit", "delete"):
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "two")


def test_nothing_changed_is_nothing_to_do_and_no_error(tree: Path) -> None:
    assert touched(tree) == []
    done = run(tree, "check", "-r", "--changed-since", "main")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no Compose file touched since main" in done.stderr


@pytest.mark.parametrize("how", ["commit", "stage", "edit"])
def test_whatever_the_state_of_a_change_it_counts(tree: Path, how: str) -> None:
    change(tree, OTHER, how)
    assert touched(tree) == [OTHER]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("stack/compose.override.yaml", [STACK]),
        ("stack/.env", [STACK]),
        ("stack/README.md", [STACK]),
        ("stack/app/Dockerfile", [STACK]),
        ("stack/app/.dockerignore", [STACK]),
        ("stack/app/deep/more.Dockerfile", [STACK]),
        ("stack/app/deep/main.py", []),
        ("stack/config/stage.env", [STACK]),
        ("stack/config/prod.env", []),
        ("stack/conf.d/a.conf", [STACK]),
        ("stack/conf.d/deep/b.conf", []),
        ("shared/base.yaml", [STACK]),
        ("shared/base.env", [STACK]),
        ("other/src/main.py", []),
        ("elsewhere/notes.txt", []),
        (".composeharden.yaml", [OTHER, STACK]),
        ("pyproject.toml", [OTHER, STACK]),
        ("other/.composeharden.yaml", [OTHER]),
        ("other/.composeharden/images/app.toml", [OTHER]),
        (".composeharden/images/app.toml", [OTHER, STACK]),
    ],
)
def test_a_stack_is_touched_by_what_it_takes_part_of_itself_from(tree: Path, name: str, found: list[str]) -> None:
    change(tree, name)
    assert [path for path in touched(tree) if path in (STACK, OTHER)] == found


@pytest.mark.parametrize(("name", "found"), [("stack/.env", [STACK]), ("shared/base.env", [STACK]), (OTHER, [])])
def test_what_is_gone_counts_too(tree: Path, name: str, found: list[str]) -> None:
    change(tree, name, "delete")
    assert touched(tree) == found


def test_it_counts_from_where_the_branch_left(tree: Path) -> None:
    change(tree, OTHER)
    git(tree, "switch", "-q", "main")
    change(tree, STACK)
    git(tree, "switch", "-q", "work")
    assert touched(tree) == [OTHER]


def test_a_copy_of_a_repository_is_unchanged_though_it_looks_new(tree: Path) -> None:
    for name in FILES:
        os.utime(tree / name, (1, 1))
    assert touched(tree) == []


def test_ignored_files_are_unknown_to_git(tree: Path) -> None:
    write(tree, {".gitignore": "*.local\n"})
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "ignore")
    write(tree, {"other/.env.local": "A=b\n"})
    assert touched(tree, "HEAD") == []


def test_fix_writes_only_what_was_touched(tree: Path) -> None:
    write(tree, {"a/compose.yaml": LEGACY, "b/compose.yaml": LEGACY})
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "two")
    change(tree, "a/compose.yaml", "edit")
    assert run(tree, "fix", "-r", "--changed-since", "HEAD").returncode == 0
    assert "read_only" in (tree / "a/compose.yaml").read_text()
    assert (tree / "b/compose.yaml").read_text() == LEGACY


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("no-such", "git knows no revision 'no-such'"),
        ("--output=x", "no revision begins with a dash"),
        ("", "no revision"),
    ],
)
def test_a_revision_that_git_does_not_know_is_told(tree: Path, revision: str, message: str) -> None:
    done = run(tree, "check", "-r", f"--changed-since={revision}")
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tree / "x").exists()


def test_outside_a_repository_there_is_nothing_to_ask(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN})
    done = run(tmp_path, "check", "--changed-since", "main")
    assert done.returncode == 2
    assert "is in no git repository" in done.stderr


def test_a_shallow_clone_without_the_branching_point_is_told(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in (OTHER, STACK):
        change(tree, name)
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", "-b", "work", f"file://{tree}", clone], check=True)
    git(clone, "fetch", "-q", "--depth=1", "origin", "main:main")
    done = run(clone, "check", "-r", "--changed-since", "main")
    assert done.returncode == 2
    assert "fetch-depth: 0" in done.stderr
    git(clone, "fetch", "-q", "--unshallow")
    assert touched(clone) == [OTHER, STACK]


def test_it_works_in_a_second_work_tree_and_with_long_names(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    second = tmp_path_factory.mktemp("second") / "tree"
    git(tree, "worktree", "add", "-q", "-b", "more", str(second))
    change(second, OTHER, "edit")
    assert touched(second) == [OTHER]
    assert touched(tree) == []
    long = tmp_path_factory.mktemp("long")
    write(long, FILES)
    git(long, "init", "-q", "-b", "main", "--object-format=sha256")
    git(long, "add", ".")
    git(long, "commit", "-qm", "one")
    change(long, OTHER, "edit")
    assert touched(long) == [OTHER]


def test_a_repository_within_counts_as_one_change(tree: Path) -> None:
    write(tree, {"inner/compose.yaml": CLEAN})
    git(tree / "inner", "init", "-q", "-b", "main")
    git(tree / "inner", "add", ".")
    git(tree / "inner", "commit", "-qm", "one")
    found = changed_since(repository(str(tree)), "main")
    assert found == {"inner/"}
    assert touched(tree) == []  # for the inner repository nothing changed


# -- hostile -----------------------------------------------------------------------------------------------------------


def test_nothing_that_the_repository_configures_is_run(tree: Path) -> None:
    mark = tree.parent / "mark"
    program = tree.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "alias.diff-tree",
        "alias.ls-files",
        "uploadpack.packObjectsHook",
        "gpg.program",
        "credential.helper",
    ):
        git(tree, "config", key, str(program))
    git(tree, "config", "core.hooksPath", str(tree.parent))
    git(tree, "config", "extensions.partialClone", "origin")
    git(tree, "config", "remote.origin.url", f"ext::{program}")
    git(tree, "config", "remote.origin.promisor", "true")
    write(tree, {".gitattributes": "* filter=x diff=x\n"})
    for name in ("post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman"):
        hook = tree / ".git" / "hooks" / name
        hook.write_text(program.read_text())
        hook.chmod(0o755)
    (tree / OTHER).write_text(CLEAN + "# changed\n")
    mark.unlink(missing_ok=True)
    assert OTHER in touched(tree)
    assert run(tree, "check", "-r", "--changed-since", "0123456789" * 4).returncode == 2
    assert not mark.exists()
    subprocess.run(["git", "diff", "--stat"], cwd=tree, check=False, capture_output=True)
    assert mark.exists(), "the trap does not work"


def test_the_repository_is_as_it_was(tree: Path) -> None:
    change(tree, OTHER, "edit")

    def state() -> Mapping[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted((tree / ".git").rglob("*")) if path.is_file()}

    before = state()
    touched(tree)
    assert state() == before


@pytest.mark.parametrize("name", ["a\nb/compose.yaml", "é\u202e/compose.yaml", "-x/compose.yaml", '"q"/compose.yaml'])
def test_any_name_can_change(tree: Path, name: str) -> None:
    change(tree, name)
    found = changed_since(repository(str(tree)), "main")
    assert found == {name}
    assert len(touched(tree)) == 1


def test_what_git_exports_to_its_hooks_does_not_lead_astray(tree: Path) -> None:
    change(tree, OTHER)
    assert touched(tree, GIT_DIR="/nowhere", GIT_INDEX_FILE="/nowhere", GIT_WORK_TREE="/") == [OTHER]


def test_a_repository_without_a_commit_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(GitError, match="no commit yet"):
        changed_since(repository(str(tmp_path)), "main")


# -- shards ------------------------------------------------------------------------------------------------------------


@given(st.sets(st.text("abc/.", min_size=1, max_size=8).map(lambda name: f"x/{name}y"), max_size=40), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_every_file_is_in_one_shard(files: set[str], count: int) -> None:
    shards = [part_of(sorted(files), Shard(number, count)) for number in range(1, count + 1)]
    assert sorted(file for shard in shards for file in shard) == sorted(files)


def test_shards_are_balanced() -> None:
    files = [f"team-{number % 40}/service-{number}/compose.yaml" for number in range(4000)]
    sizes = [len(part_of(files, Shard(number, 8))) for number in range(1, 9)]
    assert 430 < min(sizes) <= max(sizes) < 570


def test_a_file_that_comes_or_goes_moves_no_other() -> None:
    files = [f"service-{number}/compose.yaml" for number in range(300)]
    for number in range(1, 6):
        shard = Shard(number, 5)
        assert set(part_of(files[10:], shard)) == set(part_of(files, shard)) - set(files[:10])


def test_shards_do_not_depend_on_where_the_tree_lies_or_is_looked_at_from(tmp_path: Path) -> None:
    names = [f"team/{letter}/compose.yaml" for letter in "abcdefgh"]
    found = []
    for place in (tmp_path / "one", tmp_path / "two" / "deeper"):
        write(place, dict.fromkeys(names, CLEAN))
        git(place, "init", "-q")
        for folder in (place, place / "team"):
            report = json.loads(run(folder, "check", "-r", "--shard", "1/2", "--format", "json").stdout)
            found.append(sorted(os.path.basename(os.path.dirname(file["path"])) for file in report["files"]))
    assert found[0] == found[1] == found[2] == found[3]
    assert 0 < len(found[0]) < len(names)


def test_shards_together_are_the_whole(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}/compose.yaml": LEGACY for number in range(12)})

    def paths(*arguments: str) -> list[str]:
        report = json.loads(run(tmp_path, "check", "-r", "--format", "json", *arguments).stdout)
        return [file["path"] for file in report["files"]]

    assert sorted(path for number in "123" for path in paths("--shard", f"{number}/3")) == sorted(paths())


def test_an_empty_shard_has_nothing_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    codes = {run(tmp_path, "check", "-r", "--shard", f"{number}/3").returncode for number in "123"}
    assert codes == {0, 1}


@pytest.mark.parametrize("value", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5", "99999999/99999999", "¹/3"])
def test_what_is_no_part_is_told(tmp_path: Path, value: str) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    done = run(tmp_path, "check", f"--shard={value}")
    assert done.returncode == 2
    assert "write 3/8 for the third of eight" in done.stderr
