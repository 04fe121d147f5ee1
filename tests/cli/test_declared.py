"""Projects that a configuration lists are what a run works on, with and without -r."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from composeharden.cli import cli
from composeharden.cli.configuration import selection_of
from composeharden.cli.declared import declared
from composeharden.cli.stacks import Choice, Stack, stacks

BASE = "services:\n  web:\n    image: example/web:1\n"
MORE = "services:\n  web:\n    labels: {a: b}\n  worker:\n    image: example/worker:1\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two stacks, one of which has a file for production that stands by itself, too."""
    for name, text in {"app/compose.yaml": BASE, "app/compose.prod.yaml": MORE, "other/compose.yaml": BASE}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(tree: Path, text: str) -> None:
    from composeharden.cli import configuration

    (tree / ".composeharden.yaml").write_text(text)
    for cached in (configuration._nearest, configuration._real, configuration.repository_of):
        cached.cache_clear()


def inputs(*arguments: str, recursive: bool = False, chosen: Choice | None = None) -> list[tuple[str, ...]]:
    found = stacks(arguments, recursive, chosen or Choice(), selection_of, declared)
    return [one.files.paths if isinstance(one, Stack) else (one,) for one in found]


def test_without_a_list_each_file_is_taken_as_before(tree: Path) -> None:
    configure(tree, "fail_on: low\n")
    assert inputs(recursive=True) == [("app/compose.yaml",), ("other/compose.yaml",)]
    assert inputs("app") == [("app/compose.yaml",)]


@pytest.mark.parametrize("written", ["app/", "./app/"])
def test_a_listed_project_is_looked_at_as_a_whole_and_once(tree: Path, written: str) -> None:
    configure(tree, f"projects:\n  - files: [{written}compose.yaml, {written}compose.prod.yaml]\n")
    whole = ("app/compose.yaml", "app/compose.prod.yaml")
    assert inputs(recursive=True) == [whole, ("other/compose.yaml",)]
    assert inputs("app") == [whole]
    there = str(tree / "app")
    assert inputs(there, recursive=True) == [tuple(os.path.join(tree, path) for path in whole)]


def test_it_is_found_from_inside_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tree, "projects:\n  - files: [app/compose.yaml, app/compose.prod.yaml]\n")
    monkeypatch.chdir(tree / "app")
    assert inputs() == [("compose.yaml", "compose.prod.yaml")]
    assert inputs(recursive=True) == [("compose.yaml", "compose.prod.yaml")]


def test_a_file_that_the_user_names_is_that_file(tree: Path) -> None:
    configure(tree, "projects:\n  - files: [app/compose.yaml, app/compose.prod.yaml]\n")
    assert inputs("app/compose.yaml") == [("app/compose.yaml",)]
    assert inputs(chosen=Choice(files=("app/compose.yaml",))) == [("app/compose.yaml",)]


def test_one_file_may_begin_several_projects_which_know_of_each_other(tree: Path) -> None:
    (tree / "app" / "compose.dev.yaml").write_text(MORE)
    text = "".join(f"  - files: [app/compose.yaml, app/compose.{kind}.yaml]\n" for kind in ("prod", "dev"))
    configure(tree, "projects:\n" + text)
    both = [("app/compose.yaml", "app/compose.prod.yaml"), ("app/compose.yaml", "app/compose.dev.yaml")]
    assert inputs("app") == both
    assert inputs(recursive=True) == [*both, ("other/compose.yaml",)]
    first, second, _ = stacks([], True, Choice(), selection_of, declared)
    assert isinstance(first, Stack)
    assert isinstance(second, Stack)
    assert [files.paths for files in first.files.shared] == [second.files.paths]


def test_files_with_names_of_their_own_are_found(tree: Path) -> None:
    (tree / "app" / "base.yml").write_text(BASE)
    configure(tree, "projects:\n  - files: app/base.yml\n    profiles: [debug]\n    env_files: app/prod.env\n")
    assert ("app/base.yml",) in inputs(recursive=True)
    (found,) = (one for one in stacks([], True, Choice(), selection_of, declared) if one == "app/base.yml")
    assert isinstance(found, Stack)
    assert (found.files.profiles, found.files.env_files) == (frozenset(("debug",)), ("app/prod.env",))


def test_what_is_listed_and_not_there_is_said(tree: Path) -> None:
    configure(tree, "projects:\n  - files: [gone/compose.yaml]\n")
    result = CliRunner().invoke(cli, ["check", "-r"])
    assert result.exit_code == 2
    assert "gone/compose.yaml" in result.output


def test_a_fix_lands_in_the_file_that_has_the_service(tree: Path) -> None:
    configure(tree, "projects:\n  - files: [app/compose.yaml, app/compose.prod.yaml]\n")
    assert CliRunner().invoke(cli, ["fix", "--only", "no-new-privileges", "app"]).exit_code == 0
    for file in ("compose.yaml", "compose.prod.yaml"):
        assert (tree / "app" / file).read_text().count("no-new-privileges:true") == 1
    assert (tree / "other" / "compose.yaml").read_text() == BASE


def test_a_link_out_of_the_repository_is_not_followed(tree: Path) -> None:
    outside = tree.parent / f"{tree.name}-outside.yaml"
    outside.write_text(BASE)
    (tree / "app" / "link.yaml").symlink_to(outside)
    configure(tree, "projects:\n  - files: [app/compose.yaml, app/link.yaml]\n")
    result = CliRunner().invoke(cli, ["check", "app"])
    assert result.exit_code == 2
    assert "outside" in result.output
