"""`--overlay` on a real file system: what is written, what is never touched, what is said. Runs the real program."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from composeharden.cli.write import WriteError, create_file
from tests.corpus import real_compose

LEGACY = "services:\n  cache:\n    image: memcached:1.6\n"
SECRET = "correct-horse-battery"
FOREIGN = "services:\n  cache:\n    init: true\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(LEGACY)
    return tmp_path


def run(*arguments: str, stdin: str = "", umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        umask=umask,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent), "PYTHONIOENCODING": "utf-8"},
    )


def names() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


# -- writing -----------------------------------------------------------------------------------------------------------


def test_it_is_the_only_file_that_is_written_and_undone_as_told() -> None:
    done = run("fix", "--overlay", "hard.yaml")
    assert done.returncode == 0, done.stderr
    assert names() == {"compose.yaml", "hard.yaml"}
    assert Path("compose.yaml").read_text() == LEGACY
    assert "docker compose -f compose.yaml -f hard.yaml up -d" in done.stderr
    assert "COMPOSE_FILE=compose.yaml:hard.yaml" in done.stderr
    assert "compose.override.yaml" in done.stderr
    subprocess.run(done.stderr.rsplit("To go back:", 1)[1], shell=True, check=True)
    assert names() == {"compose.yaml"}


def test_compose_makes_the_stack_of_the_fix_in_place_of_it() -> None:
    run("fix", "--overlay", "hard.yaml")
    program = real_compose.binary()
    assert program is not None
    merged = real_compose.model(program, Path("compose.yaml").resolve(), "hard.yaml")
    assert run("fix").returncode == 0
    assert merged == real_compose.model(program, Path("compose.yaml").resolve())
    assert merged is not None
    assert merged["services"]["cache"]["read_only"] is True


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_it_has_the_mode_of_a_normal_file(umask: int, mode: int) -> None:
    run("fix", "--overlay", "hard.yaml", umask=umask)
    assert stat.S_IMODE(Path("hard.yaml").stat().st_mode) == mode


def test_a_second_run_writes_nothing() -> None:
    run("fix", "--overlay", "hard.yaml")
    before = Path("hard.yaml").stat()
    done = run("fix", "--overlay", "hard.yaml")
    after = Path("hard.yaml").stat()
    assert (done.returncode, after.st_ino, after.st_mtime_ns) == (0, before.st_ino, before.st_mtime_ns)
    assert "To go back" not in done.stderr
    assert run("diff", "--exit-code", "--overlay", "hard.yaml").returncode == 0


def test_what_an_update_replaces_is_kept() -> None:
    run("fix", "--overlay", "hard.yaml", "--only", "cap-drop")
    first = Path("hard.yaml").read_text()
    done = run("fix", "--overlay", "hard.yaml")
    assert Path("hard.yaml.orig").read_text() == first
    assert Path("hard.yaml").read_text().startswith(first)
    subprocess.run(done.stderr.rsplit("To go back:", 1)[1], shell=True, check=True)
    assert Path("hard.yaml").read_text() == first


def test_as_the_override_file_compose_reads_it_by_itself() -> None:
    done = run("fix", "--overlay", "compose.override.yaml")
    assert "docker compose up -d" in done.stderr
    assert "COMPOSE_FILE" not in done.stderr
    assert run("fix", "--overlay", "compose.override.yaml").returncode == 0


def test_an_override_file_of_somebody_else_is_named_between_both() -> None:
    Path("compose.override.yaml").write_text("services:\n  other:\n    image: memcached:1.6\n")
    done = run("fix", "--overlay", "hard.yaml")
    assert "docker compose -f compose.yaml -f compose.override.yaml -f hard.yaml up -d" in done.stderr
    assert "call the overlay" not in done.stderr


def test_a_bare_name_is_beside_the_stack_and_a_path_is_where_it_says() -> None:
    Path("sub/deep").mkdir(parents=True)
    Path("sub/compose.yaml").write_text(LEGACY)
    assert run("fix", "sub/compose.yaml", "--overlay", "hard.yaml").returncode == 0
    assert run("fix", "sub/compose.yaml", "--overlay", "./hard.yaml").returncode == 0
    assert run("fix", "sub", "--overlay", "sub/deep/../../other.yaml").returncode == 0
    assert names() == {
        "compose.yaml",
        "sub",
        "sub/deep",
        "sub/compose.yaml",
        "sub/hard.yaml",
        "hard.yaml",
        "other.yaml",
    }


def test_each_stack_of_a_tree_gets_its_own() -> None:
    Path("sub").mkdir()
    Path("sub/compose.yaml").write_text(LEGACY)
    assert run("fix", "-r", ".", "--overlay", "compose.hard.yaml").returncode == 0
    assert names() == {"compose.yaml", "compose.hard.yaml", "sub", "sub/compose.yaml", "sub/compose.hard.yaml"}
    assert run("fix", "-r", ".", "--overlay", "compose.hard.yaml").returncode == 0
    assert run("check", "-r", ".").returncode == 1


def test_it_can_come_from_standard_input() -> None:
    done = run("fix", "-", "--overlay", "hard.yaml", stdin=LEGACY)
    assert (done.returncode, done.stdout) == (0, "")
    assert Path("hard.yaml").exists()
    assert run("fix", "-", "--overlay", "hard.yaml", stdin="a: [").stdout == ""


# -- showing -----------------------------------------------------------------------------------------------------------


def test_the_difference_is_shown_and_git_applies_it() -> None:
    shown = run("diff", "--overlay", "hard.yaml")
    assert "--- /dev/null\n+++ b/hard.yaml\n" in shown.stdout
    assert names() == {"compose.yaml"}
    assert run("diff", "--exit-code", "--overlay", "hard.yaml").returncode == 1
    patch = run("diff", "--overlay", "hard.yaml", "--patch", "-").stdout
    subprocess.run(["git", "apply", "-"], input=patch, text=True, check=True)
    assert names() == {"compose.yaml", "hard.yaml"}
    assert run("diff", "--exit-code", "--overlay", "hard.yaml").returncode == 0


def test_programs_get_it_too() -> None:
    done = run("fix", "--overlay", "hard.yaml", "--format", "json")
    (file,) = json.loads(done.stdout)["files"]
    assert [patch["path"] for patch in file["patches"]] == ["hard.yaml"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["compose.yaml", "foreign.yaml", ".env", "folder", "pipe", "missing/hard.yaml"])
def test_what_is_no_overlay_is_never_written_to(name: str) -> None:
    Path("foreign.yaml").write_text(FOREIGN)
    Path(".env").write_text(f"PASSWORD={SECRET}\n")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    before = {path: Path(path).read_bytes() for path in ("compose.yaml", "foreign.yaml", ".env")}
    there = names()
    done = run("fix", "--overlay", name)
    assert done.returncode == 2
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert names() == there
    assert all(Path(path).read_bytes() == data for path, data in before.items())


def test_a_link_is_not_followed_out_of_its_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run("fix", "--overlay", "hard.yaml", "--only", "cap-drop")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "hard.yaml"
    Path("hard.yaml").rename(elsewhere)
    Path("hard.yaml").symlink_to(elsewhere)
    before = elsewhere.read_text()
    done = run("fix", "--overlay", "hard.yaml")
    assert done.returncode == 2
    assert "leads out of its folder" in done.stderr
    assert elsewhere.read_text() == before
    assert Path("hard.yaml").is_symlink()


def test_a_link_to_nothing_is_left_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "new.yaml"
    Path("hard.yaml").symlink_to(elsewhere)
    done = run("fix", "--overlay", "hard.yaml")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert not elsewhere.exists()
    assert names() == {"compose.yaml", "hard.yaml"}


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_takes_none(folder: Path) -> None:
    folder.chmod(0o555)
    try:
        done = run("fix", "--overlay", "hard.yaml")
        assert done.returncode == 2
        assert "cannot be written" in done.stderr
    finally:
        folder.chmod(0o755)
    assert names() == {"compose.yaml"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no folder that takes no file even from root")
def test_a_folder_that_takes_no_file_is_told_of() -> None:
    done = run("fix", "--overlay", "/proc/hard.yaml")
    assert done.returncode == 2
    assert "/proc/hard.yaml cannot be written" in done.stderr
    assert names() == {"compose.yaml"}


def test_what_appears_meanwhile_is_not_overwritten(folder: Path) -> None:
    Path("hard.yaml").write_text(FOREIGN)
    with pytest.raises(WriteError, match="is there already"):
        create_file("hard.yaml", b"new")
    assert Path("hard.yaml").read_text() == FOREIGN
    assert names() == {"compose.yaml", "hard.yaml"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--overlay", "-"],
        ["--overlay", "sub/"],
        ["--overlay", ".."],
        ["--overlay", "hard.yaml", "-o", "other.yaml"],
        ["--overlay", "./hard.yaml", "compose.yaml", "compose2.yaml"],
        ["--overlay", "hard.yaml", "compose.yaml", "compose2.yaml"],
    ],
)
def test_what_makes_no_sense_is_an_error_before_anything_is_written(arguments: list[str]) -> None:
    Path("compose2.yaml").write_text(LEGACY)
    done = run("fix", *arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert names() == {"compose.yaml", "compose2.yaml"}


def test_no_secret_of_the_stack_gets_into_it_or_is_printed() -> None:
    stack = LEGACY + f"    environment: {{DB_PASSWORD: {SECRET}}}\n    command: [-m, '64']\n    labels: [a={SECRET}]\n"
    Path("compose.yaml").write_text(stack)
    shown = run("diff", "--overlay", "hard.yaml", "-v")
    done = run("fix", "--overlay", "hard.yaml", "-v")
    assert SECRET not in shown.stdout + shown.stderr + done.stdout + done.stderr + Path("hard.yaml").read_text()


def test_names_that_a_shell_or_a_terminal_would_act_on_are_quoted(folder: Path) -> None:
    name = "a b;$(x)\x1b[31m\n.yaml"
    Path(name).write_text(LEGACY)
    done = run("fix", name, "--overlay", "hard 'n'.yaml")
    assert done.returncode == 0
    assert "\x1b" not in done.stderr
    assert "'hard '\"'\"'n'\"'\"'.yaml'" in done.stderr
