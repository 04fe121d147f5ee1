"""`images`, `explain IMAGE`, and facts of one's own on the command line. Each test runs the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = """\
family = "shop"
title = "The shop"
repositories = ["example/shop", "redis"]

[evidence.run]
kind = "source"
repository = "example/shop"
path = "Dockerfile"
read = "2026-01-31"
shows = "All that there is to see."

[start]
user = "1000:1000"
evidence = ["run"]

[read_only]
works = true
evidence = ["run"]
"""
SERVICE = "services:\n  it:\n    image: example/shop:1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
    )


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def test_images_lists_every_family() -> None:
    done = run("images")
    assert done.returncode == 0
    names = {line.split()[0] for line in done.stdout.splitlines() if line and line[0] != " "}
    assert {path.stem for path in (ROOT / "composeharden/images/facts").glob("*.toml")} <= names
    assert "hardened in full by default" in done.stdout


@pytest.mark.parametrize("name", ["postgres", "postgres:16", "pgvector/pgvector:pg17", "docker.io/library/postgres"])
def test_images_by_name(name: str) -> None:
    done = run("images", "--format", "json", name)
    (family,) = json.loads(done.stdout)["images"]
    assert family["family"] == "postgres"
    assert family["hardening"]["read-only"]["status"] == "fix"
    assert family["start"] == "root"
    assert family["evidence"]["source"] > 1


def test_images_that_nobody_knows() -> None:
    assert run("images", "no-such-image").returncode == 2
    assert json.loads(run("images", "no-such-image", "--format", "json").stdout) == {"images": []}


@pytest.mark.parametrize("name", ["postgres:16", "postgres", "library/redis", "ghcr.io/nginx/nginx-unprivileged"])
def test_explain_an_image(name: str) -> None:
    done = run("explain", name)
    assert done.returncode == 0
    for title in ("Start", "Capabilities", "Read-only root", "Evidence", f"image: {name}"):
        assert title in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("example/unknown:1", ".composeharden/images/NAME.toml"),
        ("unknown:1", "CONTRIBUTING.md"),
        ("postgers", "did you mean postgres?"),
        ("cap-dorp", "did you mean cap-drop?"),
        ("zzzz", "composeharden images"),
        ("post\x1bgres:16", "nothing is known"),
        ("redis: {}", "nothing is known"),
        ("", "no pass and no image"),
    ],
)
def test_explain_what_nobody_knows(name: str, said: str) -> None:
    done = run("explain", name)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_pass_comes_before_an_image() -> None:
    write(".composeharden/images/cap-drop.toml", OWN.replace('"shop"', '"cap-drop"').replace("redis", "cap-drop"))
    assert "Severity:" in run("explain", "cap-drop").stdout
    assert "The shop" in run("explain", "library/cap-drop").stdout


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        (".composeharden/images", ["check"]),
        (".composeharden/images", ["check", "stack/compose.yaml"]),
        ("stack/.composeharden/images", ["check", "stack/compose.yaml"]),
        ("elsewhere", ["check", "--images", "elsewhere"]),
    ],
)
def test_facts_of_ones_own_are_used(place: str, arguments: list[str]) -> None:
    write("compose.yaml", SERVICE)
    write("stack/compose.yaml", SERVICE)
    write(f"{place}/shop.toml", OWN)
    document = json.loads(run(*arguments, "--format", "json").stdout)
    found = {item["rule"]: item["status"] for item in document["files"][0]["findings"]}
    assert found["read-only"] == "fix"


def test_the_facts_of_one_project_are_not_those_of_another() -> None:
    write("a/compose.yaml", SERVICE)
    write("b/compose.yaml", SERVICE)
    write("a/.composeharden/images/shop.toml", OWN)
    for jobs in ("1", "2"):
        document = json.loads(run("check", "-r", ".", "-j", jobs, "--format", "json").stdout)
        status = [
            next(item["status"] for item in file["findings"] if item["rule"] == "read-only")
            for file in document["files"]
        ]
        assert status == ["fix", "held"]


def test_a_named_folder_wins_over_the_projects() -> None:
    write(".composeharden/images/shop.toml", OWN)
    write("first/shop.toml", OWN.replace("The shop", "The first"))
    write("second/shop.toml", OWN.replace("The shop", "The second"))
    assert "The first" in run("explain", "redis:7", "--images", "first", "--images", "second").stdout
    assert "The shop" in run("explain", "redis:7").stdout
    assert "Facts: .composeharden/images/shop.toml" in run("explain", "redis:7").stdout


@pytest.mark.parametrize(
    "arguments", [["check"], ["diff"], ["fix"], ["images"], ["explain", "redis:7"], ["check", "-"]]
)
def test_a_broken_file_ends_in_2_with_its_place(arguments: list[str]) -> None:
    write("compose.yaml", SERVICE)
    write(".composeharden/images/shop.toml", OWN.replace("works = true", "works = 1"))
    done = run(*arguments, stdin=SERVICE)
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert ".composeharden/images/shop.toml:17:1: error: `read_only.works` must be true or false" in said
    assert "Traceback" not in said
    assert "internal error" not in said
    assert Path("compose.yaml").read_text() == SERVICE


def test_a_folder_that_is_not_there_is_a_wrong_option() -> None:
    assert run("check", "--images", "nowhere").returncode == 2


def test_a_pipe_among_the_facts_does_not_hang() -> None:
    write("compose.yaml", SERVICE)
    Path(".composeharden/images").mkdir(parents=True)
    os.mkfifo(".composeharden/images/shop.toml")
    done = run("check")
    assert done.returncode == 2
    assert "is not a regular file" in done.stdout + done.stderr


def test_a_terminal_without_unicode() -> None:
    write(".composeharden/images/shop.toml", OWN.replace("The shop", "Käse \\u001b[31m"))
    for arguments in (["images", "shop"], ["explain", "redis:7"]):
        done = run(*arguments, PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert done.stdout.isascii()
        assert "\x1b" not in done.stdout


def read_only_of(*arguments: str) -> str:
    document = json.loads(run("check", "--format", "json", *arguments).stdout)
    return str(next(item["status"] for item in document["files"][0]["findings"] if item["rule"] == "read-only"))


@pytest.mark.parametrize("place", [".composeharden/images", "stack/.composeharden/images"])
def test_the_facts_of_a_project_can_be_left_out(place: str) -> None:
    """Somebody else's project may say of its images what it likes."""
    write("stack/compose.yaml", SERVICE)
    write(f"{place}/shop.toml", OWN)
    write("mine/shop.toml", OWN)
    assert read_only_of("stack/compose.yaml") == "fix"
    assert read_only_of("stack/compose.yaml", "--no-project-images") == "held"
    assert read_only_of("stack/compose.yaml", "--no-project-images", "--images", "mine") == "fix"


def test_no_broken_facts_of_a_project_stop_who_leaves_them_out() -> None:
    write("compose.yaml", SERVICE)
    write(".composeharden/images/shop.toml", "][")
    assert run("diff").returncode == 2
    for arguments in (["diff"], ["images"], ["explain", "redis:7"]):
        assert run(*arguments, "--no-project-images").returncode == 0


@pytest.mark.parametrize("link", [".composeharden", ".composeharden/images", ".composeharden/images/shop.toml"])
def test_links_out_of_the_project_are_not_followed(link: str) -> None:
    write("elsewhere/images/shop.toml", OWN)
    write("stack/compose.yaml", SERVICE)
    source = {1: "elsewhere", 2: "elsewhere/images", 3: "elsewhere/images/shop.toml"}[len(Path(link).parts)]
    place = Path("stack", link)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(Path(source).resolve())
    done = run("check", "stack/compose.yaml")
    assert done.returncode == 2
    assert "it is a link out of the project; use --images or --no-project-images" in " ".join(done.stdout.split())
    assert read_only_of("stack/compose.yaml", "--no-project-images", "--images", "elsewhere/images") == "fix"


def test_links_within_the_project_are_followed() -> None:
    write("stack/facts/shop.toml", OWN)
    write("stack/compose.yaml", SERVICE)
    Path("stack/.composeharden").mkdir()
    Path("stack/.composeharden/images").symlink_to("../facts")
    assert read_only_of("stack/compose.yaml") == "fix"
