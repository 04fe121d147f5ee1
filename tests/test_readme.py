"""The README is true: its commands run and end as it says, its output is real, its tables are those of the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from composeharden.cli import cli
from composeharden.outcome import Confidence, Effect, Severity, Status
from composeharden.passes import all_passes
from tests import reference

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
STACK = ROOT / "fixtures" / "web-db-cache" / "compose.yaml"


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that follows a heading or a sentence, without its head."""
    lines = README.split(heading, 1)[1].lstrip("\n").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip("|"))
        table.append([cell.strip() for cell in cells])
    return table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the stack the README shows and the command `composeharden` in bin/."""
    shutil.copytree(STACK.parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "composeharden"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m composeharden "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


@pytest.mark.parametrize("block", blocks("sh"))
def test_every_command_ends_as_the_readme_says(block: str, folder: Path) -> None:
    for line in block.splitlines():
        wanted = re.search(r"# exits with (\d)", line)
        done = run(folder, line)
        assert done.returncode == (int(wanted.group(1)) if wanted else 0), f"{line}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_a_result_elsewhere_leaves_the_file_alone_and_says_so(folder: Path) -> None:
    done = run(folder, "composeharden fix compose.yaml -o result.yaml")
    assert "result.yaml is written; compose.yaml is as it was" in done.stderr
    assert (folder / "compose.yaml").read_bytes() == STACK.read_bytes()
    assert (folder / "result.yaml").read_bytes() == (STACK.parent / "hardened.yaml").read_bytes()


@pytest.mark.parametrize("block", blocks("console"))
def test_what_the_readme_shows_is_printed(block: str, folder: Path) -> None:
    command, shown = block.removeprefix("$ ").split("\n", 1)
    done = run(folder, command)
    assert _appears(shown, done.stdout + done.stderr)


def test_the_difference_at_the_top_is_real(folder: Path) -> None:
    (shown,) = blocks("diff")
    assert _appears(shown, run(folder, "composeharden diff").stdout)


def _appears(shown: str, output: str) -> bool:
    """Whether the parts between lines of three dots occur in the output, in their order."""
    place = 0
    for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE):
        place = output.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def test_the_python_example_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(example, names)
    assert names["hardened"] == (STACK.parent / "hardened.yaml").read_bytes()


FILES = {
    "done": (STACK.parent / "hardened.yaml").read_text("utf-8"),
    "to do": STACK.read_text("utf-8"),
    "dangerous": "services:\n  app:\n    image: example/app:1\n    privileged: true\n",
    "broken": "services: [",
    "no reason": "services:\n  # composeharden: ignore[read-only]\n  app:\n    image: example/app:1\n",
}


@pytest.mark.parametrize(
    ("command", "file", "code"),
    [
        ("check", "done", 0),
        ("check", "to do", 1),
        ("check", "dangerous", 1),
        ("check --fail-on critical", "done", 0),
        ("diff", "to do", 0),
        ("diff", "done", 0),
        ("diff --exit-code", "to do", 1),
        ("diff --exit-code", "done", 0),
        ("fix", "to do", 0),
        ("fix", "done", 0),
        *((command, file, 2) for command in ("check", "diff", "fix") for file in ("broken", "no reason")),
        *((f"{command} --no-such-option", "done", 2) for command in ("check", "diff", "fix")),
    ],
)
def test_exit_codes(command: str, file: str, code: int, folder: Path) -> None:
    (folder / "compose.yaml").write_text(FILES[file], "utf-8")
    assert run(folder, f"composeharden {command}").returncode == code
    assert str(code) in [row[0] for row in rows("### Exit codes")]


def test_the_options_are_those_of_the_commands() -> None:
    context = click.Context(cli)
    told = {
        (command, option)
        for cells in rows("# what it does, why, before and after")
        for option in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", cells[0])
        for command in cells[2].split(", ")
    }
    known: dict[str, dict[str, set[str]]] = {}
    for name in ("check", "config", "diff", "fix", "verify"):
        command = cli.get_command(context, name)
        assert command is not None
        options = [item for item in command.params if isinstance(item, click.Option)]
        known[name] = {opt: {*item.opts} for item in options for opt in item.opts}
    assert all(option in known[command] for command, option in told)
    for name, options_of in known.items():
        assert all(any((name, opt) in told for opt in group) for group in options_of.values()), name


def test_the_words_are_those_of_the_reports() -> None:
    assert [row[0].strip("`") for row in rows("**Confidence**")] == [str(one) for one in reversed(Confidence)]
    assert [row[0].strip("`") for row in rows("**Effect**")] == [str(one) for one in Effect]
    assert {row[1] for row in rows("Every other pass only reports")} == {str(one) for one in Status}
    assert all(str(severity) in README for severity in Severity)


def test_the_passes_are_those_of_the_program() -> None:
    assert reference.readme(README) == README, "run `make docs`"
    assert reference.PAGE.read_text("utf-8") == reference.page(), "run `make docs`"
    assert len(rows("<!-- passes -->")) == sum(1 for one in all_passes().values() if one.example)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_files_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    named = re.findall(r"`((?:composeharden|tests|fixtures|schemas|docs)/[\w./-]+)`", text)
    assert [target for target in (*targets, *named) if target and not (ROOT / target).exists()] == []


@pytest.mark.parametrize(
    ("language", "file"), [("python", "passes/logging_disabled.py"), ("toml", "images/facts/mailhog.toml")]
)
def test_what_contributors_are_shown_is_real(language: str, file: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (shown,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert _appears(shown.replace("\n\n...\n\n", "\n...\n"), (ROOT / "composeharden" / file).read_text("utf-8"))


def test_the_commands_of_make_exist() -> None:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    texts = README + (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", texts, re.MULTILINE)) <= set(known)
