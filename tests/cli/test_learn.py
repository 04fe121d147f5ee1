"""`learn` before it runs anything: what it refuses, and what it says without an engine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT

FACTS = """\
family = "app"
title = "App"
repositories = ["team/app"]
[evidence.read]
kind = "inference"
read = "2026-01-31"
shows = "nothing"
"""


def learn(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The real program on a machine without an engine: nothing but Python is to be found there."""
    environment = {"PATH": str(folder / "nowhere"), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "composeharden", "learn", *argv],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_without_an_engine_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = learn(tmp_path, "team/app:1")
    assert done.returncode == 3
    assert "docker" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_person_wrote_stays(tmp_path: Path) -> None:
    folder = tmp_path / ".composeharden" / "images"
    folder.mkdir(parents=True)
    (folder / "team-app.toml").write_text(FACTS.replace('"app"', '"team-app"', 1))
    done = learn(tmp_path, "team/app:1")
    assert done.returncode == 2
    assert "written or edited by a person" in done.stderr
    assert learn(tmp_path, "--force", "team/app:1").returncode == 3
    assert learn(tmp_path, "-o", "-", "team/app:1").returncode == 3


def test_facts_of_the_image_in_another_file_are_named(tmp_path: Path) -> None:
    folder = tmp_path / ".composeharden" / "images"
    folder.mkdir(parents=True)
    (folder / "app.toml").write_text(FACTS)
    done = learn(tmp_path, "--force", "team/app:1")
    assert done.returncode == 2
    assert "team/app has facts in .composeharden/images/app.toml already" in done.stderr


def test_facts_of_another_image_that_would_have_the_same_file_stay(tmp_path: Path) -> None:
    folder = tmp_path / ".composeharden" / "images"
    folder.mkdir(parents=True)
    text = FACTS.replace('"app"', '"my-org-app"', 1).replace("team/app", "my.org/app")
    own = f"# composeharden learn {hashlib.sha256(text.encode()).hexdigest()[:16]}\n{text}"
    (folder / "my-org-app.toml").write_text(own)
    done = learn(tmp_path, "my-org/app:1")
    assert done.returncode == 2
    assert "has facts of my.org/app" in done.stderr
    assert learn(tmp_path, "my.org/app:1").returncode == 3
    assert learn(tmp_path, "--force", "my-org/app:1").returncode == 3


@pytest.mark.parametrize("name", ["sha256:" + "a" * 64, "Registry.example:5000/app", "a/" + "b" * 250, "app_"])
def test_an_image_that_facts_cannot_name_is_told_before_anything_runs(name: str, tmp_path: Path) -> None:
    for more in ((), ("-o", "-")):
        done = learn(tmp_path, *more, name)
        assert done.returncode == 2, done
        assert "facts cannot be about" in done.stderr
    assert learn(tmp_path, "registry.example:5000/App:V1.2@sha256:" + "a" * 64).returncode == 2
    assert learn(tmp_path, "registry.example:5000/app:V1.2@sha256:" + "a" * 64).returncode == 3


def test_facts_that_cannot_be_used_are_told_before_anything_runs(tmp_path: Path) -> None:
    folder = tmp_path / ".composeharden" / "images"
    folder.mkdir(parents=True)
    (folder / "app.toml").write_text("family = [")
    done = learn(tmp_path, "team/other:1")
    assert done.returncode == 2
    assert "is no TOML" in done.stderr


def test_a_folder_that_is_a_link_out_of_the_project_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "project" / ".composeharden").mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere", tmp_path / "project" / ".composeharden" / "images")
    done = learn(tmp_path / "project", "team/app:1")
    assert done.returncode == 2
    assert "link out of the project" in done.stderr


WRONG = [
    (),
    ("--", "--help"),
    ("-f", "compose.yaml", "app"),
    ("--service", "app", "-e", "A=b"),
    ("--service", "app"),
    ("--service", "app", "one.yaml", "two.yaml"),
    ("-e", "NO_SUCH_VARIABLE", "app"),
    ("--window", "0", "app"),
    ("--nope", "app"),
]


@pytest.mark.parametrize("argv", WRONG)
def test_wrong_options_end_in_2(tmp_path: Path, argv: tuple[str, ...]) -> None:
    done = learn(tmp_path, *argv)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_service_is_looked_up_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  app:\n    image: team/app:1\n")
    done = learn(tmp_path, "--service", "other")
    assert done.returncode == 2
    assert "no service is called other" in done.stderr
    assert learn(tmp_path, "--service", "app").returncode == 3
    assert learn(tmp_path, "--service", "app", "-o", "-", "compose.yaml").returncode == 3
    (tmp_path / "compose.yaml").write_text("services: [")
    assert learn(tmp_path, "--service", "app").returncode == 2
