"""Which project the command line means: options, variables, what Compose would find, and what lies below a folder."""

from __future__ import annotations

import os
import pickle
import resource
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from composeharden.cli import cli
from composeharden.cli.inputs import InputError
from composeharden.cli.stacks import Choice, Stack, stacks
from composeharden.cli.write import WriteError, replace_files
from composeharden.compose.files import Files

WEB = "services:\n  web:\n    image: example/web\n"
FRAGMENT = "services:\n  web:\n    user: u\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("COMPOSE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**files: str) -> None:
    """Write files; `__` in a name stands for a dot, `_SLASH_` for a slash."""
    for name, text in files.items():
        path = Path(name.replace("_SLASH_", "/").replace("__", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def found(*arguments: str, recursive: bool = False, **chosen: Any) -> list[Files | str]:
    """What a command line stands for."""
    inputs = stacks(arguments, recursive, Choice(**chosen))
    return [one.files if isinstance(one, Stack) else one for one in inputs]


def one(*arguments: str, **chosen: Any) -> Files:
    """The one project that a command line stands for."""
    (files,) = found(*arguments, **chosen)
    assert isinstance(files, Files)
    return files


def call(*arguments: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(cli, arguments)


# -- one project -----------------------------------------------------------------------------------------------------


def test_a_file_that_is_named_is_a_project_by_itself() -> None:
    write(compose__yaml=WEB, compose__override__yaml=FRAGMENT)
    assert found("compose.yaml") == ["compose.yaml"]


@pytest.mark.parametrize("arguments", [(), (".",)])
def test_what_compose_finds_comes_with_its_override_file(arguments: tuple[str, ...]) -> None:
    write(compose__yaml=WEB, docker_compose="", compose__override__yml=FRAGMENT, compose__override__yaml=FRAGMENT)
    assert one(*arguments).paths == ("compose.yaml", "compose.override.yml")


def test_it_is_found_in_the_folders_above(monkeypatch: pytest.MonkeyPatch) -> None:
    write(compose__yaml=WEB, compose__override__yaml=FRAGMENT, a_SLASH_b_SLASH_x="")
    monkeypatch.chdir("a/b")
    files = one()
    assert (files.paths, files.directory) == (("../../compose.yaml", "../../compose.override.yaml"), "../..")


def test_files_that_are_named_with_f_are_all(folder: Path) -> None:
    write(compose__yaml=WEB, compose__override__yaml=FRAGMENT, o_SLASH_b__yaml=FRAGMENT)
    files = one(files=("./compose.yaml", "o/b.yaml"))
    assert (files.paths, files.directory, files.name) == (("compose.yaml", "o/b.yaml"), "", folder.name)
    assert not files.alone


def test_the_project_directory_can_be_another() -> None:
    write(compose__yaml=WEB, d_SLASH_compose__yaml=WEB)
    assert one(directory="d").paths == ("d/compose.yaml",)
    assert one(directory="d", files=("compose.yaml",)) == Files(("compose.yaml",), "d", name="d")


@pytest.mark.parametrize("chosen", [{"files": ("a",)}, {"directory": "."}])
def test_f_and_other_files_exclude_each_other(chosen: dict[str, Any]) -> None:
    write(a=WEB)
    for arguments, recursive in ((("a",), False), ((), True)):
        with pytest.raises(InputError, match="-f and --project-directory"):
            found(*arguments, recursive=recursive, **chosen)


# -- variables that direct Compose -----------------------------------------------------------------------------------


def test_compose_file_names_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_FILE", f"a.yaml{os.pathsep}b.yaml")
    assert one().paths == ("a.yaml", "b.yaml")
    monkeypatch.setenv("COMPOSE_PATH_SEPARATOR", ",")
    monkeypatch.setenv("COMPOSE_FILE", "c.yaml,d.yaml")
    assert one().paths == ("c.yaml", "d.yaml")
    assert one(files=("e.yaml",)).paths == ("e.yaml",)


def test_the_env_file_of_the_folder_directs_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    write(__env="COMPOSE_FILE=a.yaml:sub/b.yaml\nCOMPOSE_PATH_SEPARATOR=:\nCOMPOSE_PROFILES=p,q\nCOMPOSE_ENV_FILES=e\n")
    files = one()
    assert files.paths == ("a.yaml", "sub/b.yaml")
    assert (files.profiles, files.env_files) == (frozenset("pq"), ("e",))
    monkeypatch.setenv("COMPOSE_PROFILES", "r")
    assert one().profiles == {"r"}
    files = one(profiles=("s",), env_files=("f", "g"))
    assert (files.profiles, files.env_files) == (frozenset("s"), ("f", "g"))


def test_the_env_file_of_the_current_folder_goes_before_that_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    write(compose__yaml=WEB, __env="A=1", sub_SLASH___env="A=2")
    assert one().env_files is None
    monkeypatch.chdir("sub")
    assert one().env_files == ("../.env", ".env")
    assert one(files=("../compose.yaml",)).env_files is None


def test_an_env_file_cannot_have_files_elsewhere_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "compose.yaml"
    elsewhere.write_text(WEB)
    write(__env=f"COMPOSE_FILE={elsewhere}\nCOMPOSE_ENV_FILES={elsewhere}\n")
    done = call("check", "--project-directory", ".")
    assert (done.exit_code, "lies outside the project" in done.output) == (2, True)


def test_an_env_file_that_cannot_be_read_directs_nothing() -> None:
    write(compose__yaml=WEB)
    Path(".env").write_bytes(b"COMPOSE_FILE=x\n\xff\x00")
    assert one().paths == ("compose.yaml",)


# -- projects below a folder -----------------------------------------------------------------------------------------


def paths(*arguments: str) -> list[tuple[str, ...]]:
    """The files of the projects below a folder."""
    return [files.paths if isinstance(files, Files) else (files,) for files in found(*arguments, recursive=True)]


def test_files_that_belong_to_others_are_no_projects() -> None:
    write(
        a_SLASH_compose__yaml="include: [part-compose.yaml, '../../outside/compose.yaml']\n",
        a_SLASH_compose__override__yaml=FRAGMENT,
        a_SLASH_part_compose__yaml="",
        b_SLASH_compose__yaml="services:\n  web:\n    extends: {file: base-compose.yaml, service: b}\n",
    )
    Path("a/part-compose.yaml").write_text(WEB)
    Path("b/base-compose.yaml").write_text(WEB)
    Path("a/part_compose.yaml").unlink()
    assert paths() == [("a/compose.yaml", "a/compose.override.yaml"), ("b/compose.yaml",)]


def test_a_variant_is_an_override_only_where_it_is_no_stack_by_itself() -> None:
    Path("docker-compose.yml").write_text(WEB)
    Path("docker-compose.prod.yml").write_text(FRAGMENT)
    Path("docker-compose.test.yml").write_text(WEB)
    Path("compose.prod.yml").write_text(FRAGMENT)
    assert paths() == [("compose.prod.yml",), ("docker-compose.test.yml",), ("docker-compose.yml",)]
    (main,) = [one for one in found(recursive=True) if isinstance(one, Files) and one.paths == ("docker-compose.yml",)]
    assert main.beside == ("docker-compose.prod.yml",)
    assert paths("docker-compose.prod.yml") == [("docker-compose.prod.yml",)]


def test_files_that_name_each_other_are_still_looked_at() -> None:
    Path("a-compose.yml").write_text("include: [b-compose.yml]\n")
    Path("b-compose.yml").write_text("include: [a-compose.yml]\n")
    assert paths() == [("a-compose.yml",)]


def test_projects_that_share_a_file_know_of_each_other() -> None:
    Path("a-compose.yml").write_text("include: [c-compose.yml]\n")
    Path("b-compose.yml").write_text("include: [c-compose.yml]\n")
    Path("c-compose.yml").write_text(WEB)
    Path("d-compose.yml").write_text(WEB)
    shared = {
        one.paths: [other.paths for other in one.shared] for one in found(recursive=True) if isinstance(one, Files)
    }
    assert shared == {
        ("a-compose.yml",): [("b-compose.yml",)],
        ("b-compose.yml",): [("a-compose.yml",)],
        ("d-compose.yml",): [],
    }


def test_a_project_can_be_sent_to_another_process() -> None:
    stack = Stack.of(Files(("a", "b"), profiles=frozenset("p")), True, ("a",))
    again = pickle.loads(pickle.dumps(stack))
    assert (again, again.files, again.allow_outside, again.named) == ("a", stack.files, True, frozenset("a"))


# -- commands --------------------------------------------------------------------------------------------------------


def test_fix_writes_every_file_of_the_project_and_says_how_to_go_back() -> None:
    write(
        compose__yaml=WEB,
        compose__override__yaml=FRAGMENT + "    security_opt: [label:user:a]\n  b:\n    image: example/b\n",
    )
    done = call("fix", "--only", "no-new-privileges")
    assert done.exit_code == 0, done.output
    assert "no-new-privileges" not in Path("compose.yaml").read_text()
    assert Path("compose.override.yaml").read_text().count("no-new-privileges:true") == 2
    assert "mv -- compose.override.yaml.orig" in done.output
    assert not Path("compose.yaml.orig").exists()
    assert call("diff", "--exit-code", "--only", "no-new-privileges").exit_code == 0


def test_fix_with_f_and_r() -> None:
    write(compose__yaml=WEB, b__yaml=FRAGMENT, a_SLASH_compose__yaml="include: [b.yaml]\n", a_SLASH_b__yaml=WEB)
    assert call("fix", "--only", "no-new-privileges", "-f", "compose.yaml", "-f", "b.yaml").exit_code == 0
    assert "no-new-privileges:true" in Path("compose.yaml").read_text()
    assert call("fix", "--only", "no-new-privileges", "-r", "-j", "2", "a").exit_code == 0
    assert "no-new-privileges:true" in Path("a/b.yaml").read_text()


def test_o_is_for_a_project_whose_changes_are_in_its_first_file() -> None:
    write(compose__yaml="include: [a.yaml]\n", a__yaml=WEB)
    done = call("fix", "--only", "no-new-privileges", "-o", "out.yaml")
    assert done.exit_code == 2
    assert "a.yaml" in done.output
    assert not Path("out.yaml").exists()


def test_what_cannot_be_seen_is_trouble_unless_it_is_accepted() -> None:
    write(compose__yaml="include: ['oci://example/stack']\n" + WEB + "    security_opt: ['no-new-privileges:true']\n")
    options = ("check", "--only", "no-new-privileges")
    assert call(*options).exit_code == 2
    assert call(*options, "--allow-partial").exit_code == 0
    assert call(*options, "--allow-partial", "compose.yaml").exit_code == 0


def test_files_outside_are_read_only_when_allowed() -> None:
    write(
        common__yaml=WEB,
        stack_SLASH_compose__yaml="services:\n  a:\n    extends: {file: ../common.yaml, service: web}\n",
    )
    options = ("diff", "--exit-code", "--only", "no-new-privileges", "stack")
    assert call(*options).exit_code == 2
    assert call(*options, "--allow-outside").exit_code == 1


def test_the_process_environment_counts_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", "1.6")
    write(compose__yaml="services:\n  a:\n    image: memcached:${TAG:?}\n")
    options = ("diff", "--exit-code", "--only", "read-only")
    assert call(*options).exit_code == 0
    assert call(*options, "--use-environment").exit_code == 1


def test_variables_come_from_the_files_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write(compose__yaml="services:\n  a:\n    image: memcached:${TAG}\n", e="TAG=1.6\n", bad="A=1\n\0\1=2\n")
    options = ("diff", "--exit-code", "--only", "read-only")
    assert call(*options, "--env-file", "e").exit_code == 1
    done = call(*options, "--env-file", "bad")
    assert (done.exit_code, "bad:2" in done.output) == (2, True)
    assert call(*options, "--env-file", "missing").exit_code == 2


def test_no_secret_of_an_included_scope_is_shown() -> None:
    write(
        compose__yaml="include: [sub/a.yaml]\n",
        sub_SLASH_a__yaml="services:\n  web:\n    image: example/web\n    command: run --key ${API_KEY}\n",
        sub_SLASH___env="API_KEY=hunter2-and-more\n",
    )
    for command in ("diff", "check", "fix"):
        for form in ("text", "json"):
            assert "hunter2" not in call(command, "-v", "--format", form).output


# -- writing several files -------------------------------------------------------------------------------------------


def test_of_several_files_all_are_written_or_none() -> None:
    write(a="a", b="b")
    with pytest.raises(WriteError, match="b: it was changed by someone else"):
        replace_files([("a", b"a", b"A"), ("b", b"x", b"B")])
    assert (Path("a").read_text(), Path("b").read_text()) == ("a", "b")
    replace_files([("a", b"a", b"A"), ("b", b"b", b"B")])
    assert (Path("a").read_text(), Path("b").read_text()) == ("A", "B")


def test_files_that_were_written_before_one_fails_are_put_back() -> None:
    write(a="a", b="b")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(WriteError, match="cannot be written"):
            replace_files([("a", b"a", b"A"), ("b", b"b", b"B" * 2000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (Path("a").read_text(), Path("b").read_text()) == ("a", "b")
