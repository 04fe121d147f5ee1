"""hadolint, where it is installed: what of it is reported and where, and what it is never given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from composeharden.cli import hadolint
from composeharden.cli.hadolint import Hadolint, program
from composeharden.cli.run import Settings, described, look, words
from composeharden.compose.lint import LintError, Remark
from composeharden.decide import Options

needed = pytest.mark.skipif(program() is None, reason="hadolint is not installed")

STACK = "services:\n  app:\n    build: .\n  job:\n    build: .\n    restart: 'no'\n"
BUILT = "FROM python:3.13-slim\nRUN cd /tmp && make\nUSER 1000:1000\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def found_again() -> Any:
    """Programs are looked for once per process."""
    program.cache_clear()
    yield
    program.cache_clear()


def run(*arguments: str, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in the current folder, with `text` as compose.yaml."""
    Path("compose.yaml").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *arguments],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent), **environment},
    )


def reported(dockerfile: str, *options: str, **environment: str) -> list[dict[str, Any]]:
    """The findings of the pass on STACK with this Dockerfile."""
    Path("Dockerfile").write_text(dockerfile)
    done = run("diff", "--format", "json", *options, text=STACK, **environment)
    assert done.returncode == 0, done.stderr
    return [item for item in json.loads(done.stdout)["files"][0]["findings"] if item["rule"] == "hadolint"]


def fake(folder: Path, script: str) -> Path:
    """A program of that name which is none: what it does shows what it was given."""
    path = folder / "hadolint"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{script}\n")
    path.chmod(0o755)
    return path


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, text: str = BUILT) -> tuple[Remark, ...]:
    monkeypatch.setattr(hadolint, "program", lambda: str(fake(folder, script)))
    return Hadolint()(text)


# -- nothing is said ---------------------------------------------------------------------------------------------------


@needed
@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM python:3.13-slim\nCOPY app /app\nUSER 1000:1000\n",
        "FROM python\nENV DB_PASSWORD=hunter2\nUSER 0\n",  # other passes say all of this
        "# hadolint global ignore=DL3003,SC2164 # the folder is there\n" + BUILT,
    ],
)
def test_says_nothing(dockerfile: str) -> None:
    assert reported(dockerfile) == []


@needed
def test_can_be_left_out() -> None:
    assert reported(BUILT)
    assert reported(BUILT, "--skip", "hadolint") == []


@needed
def test_settings_of_the_project_and_of_the_environment_do_not_count() -> None:
    Path(".hadolint.yaml").write_text("ignored: [DL3003, SC2164]\n")
    Path(".config").mkdir()
    Path(".config/hadolint.yaml").write_text("ignored: [DL3003, SC2164]\n")
    assert reported(BUILT, HOME=os.getcwd(), HADOLINT_IGNORE="DL3003,SC2164", XDG_CONFIG_HOME=f"{os.getcwd()}/.config")


# -- what is said ------------------------------------------------------------------------------------------------------


@needed
def test_a_finding_stands_at_its_line_of_the_dockerfile_once() -> None:
    found = [item for item in reported(BUILT) if "DL3003" in item["references"]]
    assert [(*list(item["location"].values())[:2], item["service"], item["status"]) for item in found] == [
        ("Dockerfile", 2, "app", "report")
    ]
    assert found[0]["message"].startswith("line 2 of its Dockerfile: ")


@needed
def test_an_inline_dockerfile_has_the_lines_of_the_compose_file() -> None:
    text = "services:\n  app:\n    build:\n      dockerfile_inline: |\n" + "".join(
        f"        {line}\n" for line in BUILT.splitlines()
    )
    done = run("diff", "--format", "json", "--only", "hadolint", text=text)
    found = json.loads(done.stdout)["files"][0]["findings"]
    assert {(item["location"]["file"], item["location"]["line"]) for item in found} == {("compose.yaml", 6)}


@pytest.mark.parametrize("line", ["ENV API_TOKEN=xK9mQ2vL7pR4", "RUN curl -u app:xK9mQ2vL7pR4 https://example.com/"])
def test_what_it_repeats_of_a_dockerfile_is_redacted(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remark = "dict(code='SC2154', level='info', line=2, message='odd: xK9mQ2vL7pR4 ' + sys.stdin.read())"
    script = f"print(json.dumps([{remark}]))"
    monkeypatch.setattr(hadolint, "program", lambda: str(fake(tmp_path, script)))
    Path("Dockerfile").write_text(f"FROM alpine:3.22\n{line}\n")
    Path("compose.yaml").write_text(STACK)
    settings = Settings("diff", Options(), "json", verbose=True)
    outcome, redactor = look("compose.yaml", settings)
    shown = [words(outcome, redactor, settings, sys.stderr), str(described(outcome, redactor, settings))]
    for text in shown:
        assert "odd: ***" in text
        assert "xK9mQ2vL7pR4" not in text


@needed
def test_what_it_cannot_read_is_no_more_than_a_note() -> None:
    found = reported("FROM alpine:3.22\nRUN --mount=type=hunter2 make\nUSER 1000\n")
    assert [(item["severity"], item["message"]) for item in found] == [
        ("info", "hadolint does not understand line 2 of its Dockerfile")
    ]


# -- what it is given --------------------------------------------------------------------------------------------------


def test_it_gets_the_text_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    script = (
        "said = [sys.argv[1:], sorted(os.environ), os.listdir('.'), sys.stdin.read()]\n"
        "print(json.dumps([dict(code='DL1', level='info', line=1, message=json.dumps(said))]))"
    )
    (remark,) = asked(tmp_path, monkeypatch, script, "FROM é\n")
    arguments, environment, files, text = json.loads(remark.message)
    assert arguments == ["--no-fail", "--no-color", "--format", "json", "-"]
    assert "SECRET_OF_THE_SHELL" not in environment
    assert "PATH" not in environment
    assert (files, text) == ([], "FROM é\n")


def test_a_dockerfile_is_asked_about_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = tmp_path / "count"
    monkeypatch.setattr(
        hadolint, "program", lambda: str(fake(tmp_path, f"open({str(count)!r}, 'a').write('x'); print('[]')"))
    )
    lint = Hadolint()
    assert [lint(BUILT), lint(BUILT), lint("FROM scratch\n")] == [(), (), ()]
    assert count.read_text() == "xx"


@pytest.mark.parametrize(
    "script", ["print('no json')", "sys.exit(3)", "print('[' * 100000)", "os.kill(os.getpid(), 9)"]
)
def test_an_answer_that_is_none_is_an_error_that_says_so(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LintError, match="no answer that can be read"):
        asked(tmp_path, monkeypatch, script)


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("{}", 0),
        ("[1, {}, null]", 0),
        ('[{"code": 1, "level": "info", "line": 1, "message": "m"}]', 0),
        ('[{"code": "DL1", "level": "fatal", "line": 1, "message": "m"}]', 0),
        ('[{"code": "DL1", "level": "info", "line": 1000000, "message": "m\\n m"}]', 1),
        ("[" + '{"code": "DL1", "level": "info", "line": 1, "message": "m"},' * 9 + "1]", 1),
    ],
)
def test_an_odd_answer_is_taken_for_what_it_is(
    answer: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(tmp_path, monkeypatch, f"print({answer!r})")
    assert len(found) == count
    assert all(remark.line <= 4 and remark.message in ("m", "m m") for remark in found)


def test_it_is_stopped_and_then_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hadolint, "_SECONDS", 0.5)
    monkeypatch.setattr(hadolint, "program", lambda: str(fake(tmp_path, "time.sleep(600)")))
    lint = Hadolint()
    with pytest.raises(LintError, match="took too long"):
        lint(BUILT)
    with pytest.raises(LintError, match="already took too long"):
        lint("FROM scratch\n")


@needed
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")
def test_a_dockerfile_made_to_take_all_memory_gets_no_answer() -> None:
    with pytest.raises(LintError):
        Hadolint()("FROM alpine:3.22\nRUN " + "(" * 3000 + "x" + ")" * 3000 + "\n")


def test_a_very_large_one_is_not_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LintError, match="too large"):
        asked(tmp_path, monkeypatch, "print('[]')", "#" * 70_000)


# -- where it is looked for --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("found_again")
def test_it_is_taken_from_path_but_never_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    fake(tmp_path, "print('[]')")
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", "..", os.path.join("..", tmp_path.name))))
    assert program() is None
    program.cache_clear()
    monkeypatch.setenv("PATH", os.pathsep.join(("", str(tmp_path))))
    assert program() == str(tmp_path / "hadolint")


@pytest.mark.usefixtures("found_again")
def test_without_it_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    (tmp_path / "hadolint").write_text("not a program")
    assert Hadolint()(BUILT) == ()


@pytest.mark.parametrize(
    ("text", "options", "times"),
    [
        ("services:\n  db:\n    image: postgres:16\n", Options(), 0),
        (STACK, Options(skip=frozenset(("hadolint",))), 0),
        (STACK, Options(only=frozenset(("cap-drop",))), 0),
        ("services:\n  db:\n    build: ./elsewhere\n", Options(), 0),
        (STACK, Options(), 1),
    ],
)
def test_it_is_only_started_for_a_dockerfile_that_was_read(
    text: str, options: Options, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    script = f"open({str(mark)!r}, 'a').write('x'); print('[]')"
    monkeypatch.setattr(hadolint, "program", lambda: str(fake(tmp_path, script)))
    Path("Dockerfile").write_text(BUILT)
    Path("compose.yaml").write_text(text)
    look("compose.yaml", Settings("diff", options))
    assert (mark.read_text() if mark.exists() else "") == "x" * times
