"""The command line as people and CI use it: exit codes, streams, formats. Each test runs the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

CLEAN = """\
services:
  cache:
    image: memcached:1.6
    read_only: true
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true]
    healthcheck: {test: [CMD, "true"]}
"""
LEGACY = "services:\n  cache:\n    image: memcached:1.6\n"
DANGEROUS = CLEAN + "  other:\n    image: example/other:1\n    privileged: true\n"
UNKNOWN = "services:\n  app:\n    image: example/app:1\n    security_opt: [no-new-privileges:true]\n"
REFUSED = "services:\n  cache:\n    image: memcached:1.6\n    command: |\n      -m 64"
FRAGMENT = "services:\n  cache:\n    ports: ['1:1']\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    *arguments: str, text: str | None = None, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in the current folder, with `text` as compose.yaml."""
    if text is not None:
        Path("compose.yaml").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent.parent.parent),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
    )


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        (["check"], CLEAN, 0),
        (["check"], LEGACY, 1),
        (["check"], DANGEROUS, 1),
        (["check", "--fail-on", "info"], CLEAN, 1),
        (["check"], UNKNOWN, 0),
        (["check", "--fail-on-held"], UNKNOWN, 1),
        (["check"], FRAGMENT, 2),
        (["check"], "a: [", 2),
        (["check", "missing.yaml"], CLEAN, 2),
        (["check", "--only", "no-such-pass"], CLEAN, 2),
        (["check", "--no-such-option"], CLEAN, 2),
        (["check", "--service", "no-such-service"], CLEAN, 2),
        (["diff"], LEGACY, 0),
        (["diff", "--exit-code"], LEGACY, 1),
        (["diff", "--exit-code"], CLEAN, 0),
        (["diff"], "a: [", 2),
        (["fix"], LEGACY, 0),
        (["fix"], CLEAN, 0),
        (["fix"], DANGEROUS, 0),
        (["fix"], REFUSED, 2),
        (["fix"], FRAGMENT, 2),
        (["explain"], CLEAN, 0),
        (["explain", "cap-drop"], CLEAN, 0),
        (["explain", "no-such-pass"], CLEAN, 2),
    ],
)
def test_exit_codes(arguments: list[str], text: str, code: int) -> None:
    done = run(*arguments, text=text)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_check_and_diff_write_nothing(folder: Path) -> None:
    run("check", text=LEGACY)
    run("diff")
    assert sorted(path.name for path in folder.iterdir()) == ["compose.yaml"]
    assert (folder / "compose.yaml").read_text() == LEGACY


def test_fix_then_check_is_clean() -> None:
    assert run("fix", text=LEGACY).returncode == 0
    assert run("check").returncode == 0
    assert run("diff", "--exit-code").returncode == 0


def test_fix_says_how_to_undo_and_which_services_come_up_anew() -> None:
    done = run("fix", text=LEGACY)
    assert "mv -- compose.yaml.orig compose.yaml" in done.stderr
    assert "recreates cache" in done.stderr
    assert done.stdout == ""


def test_the_patch_applies_and_is_private(folder: Path) -> None:
    run("diff", "--patch", "harden.patch", text=LEGACY)
    assert (folder / "harden.patch").stat().st_mode & 0o777 == 0o600
    subprocess.run(["git", "apply", "harden.patch"], check=True)
    assert run("check").returncode == 0


def test_standard_input_goes_to_standard_output() -> None:
    done = run("fix", "-", stdin=LEGACY)
    assert done.returncode == 0
    assert "read_only: true" in done.stdout
    assert run("check", "-", stdin=done.stdout).returncode == 0


def test_output_to_another_file_leaves_the_input_alone(folder: Path) -> None:
    assert run("fix", "-o", "out.yaml", text=LEGACY).returncode == 0
    assert (folder / "compose.yaml").read_text() == LEGACY
    assert "read_only" in (folder / "out.yaml").read_text()


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "compose.yaml").write_text("a: [")
    (folder / "b").mkdir()
    (folder / "b" / "compose.yaml").write_text(LEGACY)
    done = run("fix", "-r", ".", "--jobs", "2")
    assert done.returncode == 2
    assert "read_only: true" in (folder / "b" / "compose.yaml").read_text()


def test_the_json_report_is_what_its_schema_says() -> None:
    import jsonschema

    schema = json.loads((Path(__file__).parent.parent.parent / "schemas" / "report.schema.json").read_text())
    for command in ("check", "diff", "fix"):
        done = run(command, "--format", "json", "-r", ".", text=LEGACY)
        jsonschema.validate(json.loads(done.stdout), schema)


def test_jobs_change_nothing_but_the_time(folder: Path) -> None:
    for name in "abcdef":
        (folder / name).mkdir()
        (folder / name / "compose.yaml").write_text(LEGACY)
    assert run("check", "-r", ".").stdout == run("check", "-r", ".", "-j", "3").stdout


def test_no_worker_outlives_a_program_that_was_killed(folder: Path) -> None:
    for number in range(400):
        (folder / str(number)).mkdir()
        (folder / str(number) / "compose.yaml").write_text(LEGACY)
    command = [sys.executable, "-m", "composeharden", "check", "-r", ".", "-j", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as program:
        while len(_others_of(program.pid)) < 2:
            assert program.poll() is None
        program.kill()
    for _ in range(600):
        if not _others_of(program.pid):
            return
        time.sleep(0.1)
    pytest.fail("a worker stays")


def _others_of(session: int) -> list[str]:
    """The processes of a session besides its leader."""
    shown = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(session)], capture_output=True, text=True, check=False)
    rows = (line.split() for line in shown.stdout.splitlines())
    return [pid for pid, state in rows if pid != str(session) and not state.startswith("Z")]


def test_only_skip_and_service_choose() -> None:
    two = LEGACY + "  other:\n    image: memcached:1.6\n"
    assert run("diff", "--only", "read-only", text=two).stdout.count("+    ") == 2
    assert run("diff", "--skip", "read-only,cap-drop", "--service", "other").stdout.count("no-new-privileges:true") == 1


def test_colour_is_for_terminals_and_for_who_asks() -> None:
    assert "\x1b[" not in run("diff", text=LEGACY).stdout
    assert "\x1b[" in run("diff", FORCE_COLOR="1").stdout
    assert "\x1b[" not in run("diff", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_terminal_without_unicode_gets_ascii() -> None:
    done = run("check", text=LEGACY, PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()
    assert done.returncode == 1


def test_secrets_of_the_file_are_in_no_output() -> None:
    text = (
        LEGACY
        + "    environment:\n      DB_PASSWORD: correct-horse-battery\n      URL: postgres://u:staple-of-doom@db/x\n"
    )
    for arguments in (["check", "-v"], ["diff"], ["fix", "-o", "out.yaml"], ["check", "--format", "json"]):
        done = run(*arguments, text=text)
        for secret in ("correct-horse-battery", "staple-of-doom"):
            assert secret not in done.stdout + done.stderr
    assert "correct-horse-battery" in Path("out.yaml").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert "_COMPOSEHARDEN_COMPLETE" in done.stdout


def test_a_bug_shows_no_data_and_no_traceback() -> None:
    script = (
        "import composeharden.cli.run as r\n"
        "def crash(*a): raise ValueError('hunter2-secret')\n"
        "r.harden = crash\n"
        "import sys; sys.argv = ['composeharden', 'check']\n"
        "from composeharden.cli import main; main()\n"
    )
    Path("compose.yaml").write_text(LEGACY)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )
    assert done.returncode == 2
    assert "internal error (ValueError" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_bug_in_one_file_does_not_hide_the_others(folder: Path) -> None:
    for name in "ab":
        (folder / name).mkdir()
        (folder / name / "compose.yaml").write_text(LEGACY)
    script = (
        "import composeharden.cli.run as r\n"
        "real = r.harden\n"
        "def some(files, *rest):\n"
        "    if files.paths[0].startswith('a'): raise ValueError('hunter2-secret')\n"
        "    return real(files, *rest)\n"
        "r.harden = some\n"
        "import sys; sys.argv = ['composeharden', 'check', '-r', '.', *sys.argv[1:]]\n"
        "from composeharden.cli import main; main()\n"
    )
    for form in ("text", "json"):
        done = subprocess.run(
            [sys.executable, "-c", script, "--format", form],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        )
        assert done.returncode == 2
        assert "cap-drop" in done.stdout
        assert "internal error (ValueError" in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr


def test_an_override_file_that_leads_elsewhere_is_not_read(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "override.yaml"
    elsewhere.write_text("services: {cache: {privileged: true}}\n")
    (folder / "compose.override.yaml").symlink_to(elsewhere)
    done = run("diff", text=LEGACY)
    assert (done.stdout, done.returncode) == ("", 2)
    assert "compose.override.yaml: error: cannot be read: lies outside the project" in done.stderr
    assert "--allow-outside" in done.stderr
    done = run("diff", "compose.yaml")
    assert done.stdout == ""
    assert "compose.override.yaml changes it" in done.stderr
    assert run("diff", "--exit-code", "--allow-outside").returncode == 1
