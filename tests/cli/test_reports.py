"""--format and --report on the command line: one document per run, whatever the number of files and processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import CLEAN, DANGEROUS, LEGACY, run
from tests.report import readers

CHECK = ("json", "sarif", "github", "gitlab", "rdjson", "junit", "markdown")
OTHERS = {"diff": ("json", "sarif", "rdjson", "markdown"), "fix": ("json", "markdown")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three stacks, one of them broken, seen from a folder in it."""
    (tmp_path / ".git").mkdir()
    for name, text in (("a b", LEGACY), ("bad", "a: ["), ("c", DANGEROUS)):
        (tmp_path / "sub" / name).mkdir(parents=True)
        (tmp_path / "sub" / name / "compose.yaml").write_text(text)
    monkeypatch.chdir(tmp_path / "sub")
    return tmp_path / "sub"


@pytest.mark.parametrize("form", CHECK)
def test_one_document_for_all_files_and_the_exit_code_stays(form: str) -> None:
    done = run("check", "-r", ".", "--format", form)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert run("check", "-r", ".", "-j", "2", "--format", form).stdout == done.stdout
    files = ["sub/a b/compose.yaml", "sub/bad/compose.yaml", "sub/c/compose.yaml"]
    if form == "sarif":
        results = readers.sarif(done.stdout)["results"]
        uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
        assert list(dict.fromkeys(uris)) == ["sub/a%20b/compose.yaml", "sub/c/compose.yaml"]
    elif form == "github":
        told = readers.commands(done.stdout)
        assert {one.properties["file"] for one in told[1:]} == set(files)
    elif form == "gitlab":
        assert list(dict.fromkeys(one["location"]["path"] for one in readers.gitlab(done.stdout))) == files
    elif form == "rdjson":
        paths = [one["location"]["path"] for one in readers.rdjson(done.stdout)]
        assert list(dict.fromkeys(paths)) == ["a b/compose.yaml", "bad/compose.yaml", "c/compose.yaml"]
    elif form == "junit":
        assert [suite.name for suite in readers.junit(done.stdout)] == files
    elif form == "markdown":
        assert re.search(r"\*\*3 files\*\*: 1 problem, \d+ fixes ready", done.stdout)
        readers.markdown(done.stdout)
    else:
        assert json.loads(done.stdout)["summary"]["files"] == 3


def test_sarif_explains_the_rules_it_names() -> None:
    rules = readers.sarif(run("check", "--format", "sarif", "c").stdout)["tool"]["driver"]["rules"]
    assert all(rule["help"]["markdown"] and rule["shortDescription"]["text"] for rule in rules)
    (privileged,) = [rule for rule in rules if rule["id"] == "privileged"]
    assert privileged["properties"]["security-severity"] == "9.5"


@pytest.mark.parametrize(("command", "form"), [(name, form) for name, forms in OTHERS.items() for form in forms])
def test_other_commands_take_the_formats_that_make_sense(command: str, form: str) -> None:
    done = run(command, "a b", "--format", form)
    assert done.returncode == 0
    assert "memcached" in done.stdout or form in ("sarif", "rdjson")
    refused = run(command, "a b", "--format", "junit")
    assert refused.returncode == 2
    assert "'junit' is not one of" in refused.stderr


def test_several_reports_at_once(folder: Path) -> None:
    reports = [f"--report={form}=out.{form}" for form in CHECK]
    done = run("check", "-r", ".", "-j", "2", *reports, "--format", "github")
    assert done.returncode == 2
    for form in CHECK:
        assert (folder / f"out.{form}").read_text("utf-8") == run("check", "-r", ".", "--format", form).stdout
    assert done.stdout == (folder / "out.github").read_text("utf-8")
    assert (folder / "out.sarif").stat().st_mode & 0o777 == 0o644
    assert not list(folder.glob(".composeharden-*"))


def test_a_report_beside_the_text(folder: Path) -> None:
    text = run("check", "c").stdout
    done = run("check", "c", "--report", "sarif=r.sarif")
    assert done.stdout == text
    readers.sarif((folder / "r.sarif").read_text())
    written = run("fix", "c", "--report", "markdown=fixed.md")
    assert written.returncode == 0
    assert "nothing to harden" not in (folder / "fixed.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("sarif", "'sarif' is not FORMAT=FILE; the format is one of json, sarif"),
        ("sarif=", "is not FORMAT=FILE"),
        ("xml=a", "the format is one of json, sarif"),
        ("text=a", "the format is one of json, sarif"),
        ("sarif=no/such/folder/a", "cannot be written"),
    ],
)
def test_a_wrong_report_is_an_error(report: str, words: str) -> None:
    done = run("check", "c", "--report", report)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_report_that_cannot_be_written_does_not_hide_the_undo(folder: Path) -> None:
    done = run("fix", "c", "a b", "--report", "json=no/such/folder/a")
    assert done.returncode == 2
    assert "no/such/folder/a cannot be written" in done.stderr
    assert "To go back:" in done.stderr


def test_the_result_and_a_report_cannot_both_go_to_standard_output() -> None:
    done = run("fix", "-", "--format", "markdown", stdin=LEGACY)
    assert done.returncode == 2
    assert "leave --format markdown out" in done.stderr
    assert run("check", "-", "--format", "sarif", stdin=CLEAN).returncode == 0


def test_the_root_is_found_by_the_git_folder_or_file(folder: Path) -> None:
    (folder / "c" / ".git").write_text("gitdir: elsewhere\n")

    def path() -> str:
        done = subprocess.run(
            [*command, "check", "--format", "gitlab"], cwd=folder / "c", capture_output=True, text=True, check=False
        )
        return str(readers.gitlab(done.stdout)[0]["location"]["path"])

    command = [sys.executable, "-m", "composeharden"]
    assert path() == "compose.yaml"
    (folder / "c" / ".git").unlink()
    assert path() == "sub/c/compose.yaml"
