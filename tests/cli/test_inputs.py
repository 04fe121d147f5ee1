"""What a command line stands for, and what is never opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from composeharden.cli.inputs import InputError, expand, read, reader


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("services: {}\n")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"])
def test_without_arguments_it_is_the_file_compose_takes(name: str) -> None:
    touch(name)
    assert expand([], recursive=False) == [name]


def test_compose_prefers_the_modern_name() -> None:
    touch("docker-compose.yml", "compose.yml", "compose.yaml")
    assert expand([], recursive=False) == ["compose.yaml"]


def test_the_folders_above_are_searched_as_compose_does(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("compose.yaml", "deep/er/x")
    monkeypatch.chdir("deep/er")
    assert expand([], recursive=False) == ["../../compose.yaml"]


def test_nothing_to_work_on_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match=r"compose\.yaml"):
        expand([], recursive=False)
    with pytest.raises(InputError, match="no Compose file"):
        expand(["."], recursive=True)


def test_recursive_finds_what_looks_like_compose_and_skips_what_others_own() -> None:
    touch(
        "a/compose.yaml",
        "b/docker-compose.prod.yml",
        "b/docker-stack.yml",
        "c/node_modules/x/compose.yml",
        ".git/compose.yaml",
        "d/values.yaml",
        "e/my-compose.yml",
    )
    assert expand(["."], recursive=True) == [
        "a/compose.yaml",
        "b/docker-compose.prod.yml",
        "b/docker-stack.yml",
        "e/my-compose.yml",
    ]


def test_a_file_named_twice_is_one_input() -> None:
    touch("compose.yaml")
    assert expand(["compose.yaml", "compose.yaml", "."], recursive=False) == ["compose.yaml"]


def test_a_pipe_a_device_and_a_folder_are_not_read() -> None:
    os.mkfifo("pipe")
    for path in ("pipe", "/dev/zero", "."):
        with pytest.raises(OSError, match=r"is not a regular file|is a folder"):
            read(path)


def test_a_device_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape would rewind, a watchdog would start."""
    touch("compose.yaml")
    opened: list[str] = []
    really = os.open

    def recorded(path: str, flags: int) -> int:
        opened.append(path)
        return really(path, flags)

    monkeypatch.setattr(os, "open", recorded)
    os.mkfifo("pipe")
    Path("link").symlink_to("/dev/null")
    for path in ("pipe", "link", "/dev/null", "/dev/tty", "."):
        with pytest.raises(OSError, match=r"is not a regular file|is a folder"):
            read(path)
    assert opened == []
    assert read("compose.yaml")
    assert opened == ["compose.yaml"]


def test_a_link_that_a_search_finds_is_followed_within_the_folder_only(tmp_path: Path) -> None:
    touch("elsewhere/compose.yaml", "tree/real.yaml", "tree/a/x", "tree/b/x", "tree/c/x")
    Path("tree/a/compose.yaml").symlink_to("../real.yaml")
    Path("tree/b/compose.yaml").symlink_to("../../elsewhere/compose.yaml")
    Path("tree/c/compose.yaml").symlink_to(tmp_path / "elsewhere" / "compose.yaml")
    inside, out, far = expand(["tree"], recursive=True)
    assert (inside, out, far) == ("tree/a/compose.yaml", "tree/b/compose.yaml", "tree/c/compose.yaml")
    assert reader(inside)(inside) == b"services: {}\n"
    for path in (out, far):
        with pytest.raises(PermissionError, match="name it to use it"):
            reader(path)(path)
        (named,) = expand([str(path)], recursive=True)
        assert reader(named)(named) == b"services: {}\n"
    for arguments in (["tree", "tree/b/compose.yaml"], ["tree/b/compose.yaml", "tree"]):
        both = expand(arguments, recursive=True)
        named = next(path for path in both if path == "tree/b/compose.yaml")
        assert reader(named)(named) == b"services: {}\n"


def test_a_neighbour_of_a_folder_with_a_longer_name_is_outside() -> None:
    touch("tree/compose.yaml", "tree-too/conf")
    Path("tree/conf").symlink_to("../tree-too/conf")
    with pytest.raises(PermissionError):
        reader("tree/compose.yaml")("tree/conf")
