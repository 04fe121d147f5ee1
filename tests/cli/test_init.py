"""`init` accepts what is there today and nothing more, and never touches what somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from composeharden.configuration.document import from_yaml
from composeharden.configuration.reading import read
from composeharden.passes import all_passes
from tests.cli.program import CLEAN, DANGEROUS, LEGACY, ROOT, run, write

NAME = ".composeharden.yaml"
FILES = {"compose.yaml": LEGACY, "a/compose.yaml": LEGACY, "b/docker-compose.yml": DANGEROUS, "c/compose.yaml": CLEAN}


def test_a_clean_repository_gets_a_configuration_without_exceptions(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN})
    assert run(tmp_path, "init").returncode == 0
    assert (tmp_path / NAME).read_text().endswith("fail_on: high\n\nexceptions: []\n")


def test_what_fails_today_is_accepted_and_what_is_new_is_not(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert run(tmp_path, "check", "-r").returncode == 1
    assert run(tmp_path, "init").returncode == 0
    done = run(tmp_path, "check", "-r")
    assert done.returncode == 0
    assert "accepted as it was on 20" in done.stdout
    assert done.stderr == ""
    assert all((tmp_path / name).read_text() == text for name, text in FILES.items())
    for name, text in (("compose.yaml", DANGEROUS), ("d/compose.yaml", LEGACY)):
        write(tmp_path, {name: text})
        assert run(tmp_path, "check", "-r").returncode == 1
        write(tmp_path, {name: LEGACY if name in FILES else CLEAN})


def test_findings_that_occur_together_are_one_exception(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    run(tmp_path, "init")
    configuration, problems = read(from_yaml(NAME, (tmp_path / NAME).read_bytes()), all_passes())
    assert problems == []
    assert [
        (sorted(one.rules), one.services.patterns, sorted(one.files.patterns)) for one in configuration.exemptions
    ] == [
        (["privileged"], ("other",), ["b/docker-compose.yml"]),
        (["cap-drop", "no-new-privileges", "read-only"], ("cache",), ["a/compose.yaml", "compose.yaml"]),
    ]


def test_the_severity_that_was_asked_for_is_accepted_and_kept(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN})
    assert run(tmp_path, "init", "--fail-on", "info").returncode == 0
    assert run(tmp_path, "check").returncode == 0
    write(tmp_path, {"compose.yaml": CLEAN.replace("cache", "other")})
    assert run(tmp_path, "check").returncode == 1


def test_a_file_that_cannot_be_read_is_left_out_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN, "broken/compose.yaml": "a: ["})
    assert run(tmp_path, "init").returncode == 0
    assert "exclude:\n  # expected the node content" in (tmp_path / NAME).read_text()
    assert run(tmp_path, "check", "-r").returncode == 0


@pytest.mark.parametrize("existing", [NAME, ".composeharden.yml", "pyproject.toml"])
def test_a_configuration_that_is_there_stays(tmp_path: Path, existing: str) -> None:
    text = "[tool.composeharden]\nfail_on = 'low'\n" if existing.endswith("toml") else "fail_on: low\n"
    write(tmp_path, {"compose.yaml": LEGACY, existing: text})
    assert run(tmp_path, "init").returncode == 2
    assert (tmp_path / existing).read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"compose.yaml", existing})


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    write(tmp_path, {"repository/compose.yaml": LEGACY})
    (tmp_path / "repository" / NAME).symlink_to(tmp_path / "elsewhere")
    assert run(tmp_path / "repository", "init").returncode == 2
    assert not (tmp_path / "elsewhere").exists()


def test_what_has_a_configuration_of_its_own_is_left_to_it(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN, "a/compose.yaml": DANGEROUS, f"a/{NAME}": "fail_on: high\n"})
    run(tmp_path, "init")
    assert "exceptions: []" in (tmp_path / NAME).read_text()


def test_hostile_names_are_accepted_as_they_are(tmp_path: Path) -> None:
    """In folders: Compose itself takes only letters, digits and -._ for a service."""
    names = ["a*b", "[x]", "q?", "it's", "true", "- x", "a: b", "#", "~", "é\u202e", "n\nl", "\x1b[31m", "{}", "1"]
    write(tmp_path, {f"{name}/compose.yaml": DANGEROUS for name in names})
    assert run(tmp_path, "init").returncode == 0
    assert run(tmp_path, "check", "-r").returncode == 0
    assert "\x1b" not in (tmp_path / NAME).read_text()
    write(tmp_path, {"axb/compose.yaml": DANGEROUS, "x/compose.yaml": DANGEROUS})
    assert run(tmp_path, "check", "axb").returncode == 1
    assert run(tmp_path, "check", "x").returncode == 1


def test_the_schema_for_an_editor_is_printed_and_nothing_written(tmp_path: Path) -> None:
    done = run(tmp_path, "init", "--schema")
    assert done.returncode == 0
    assert done.stdout == (ROOT / "schemas" / "config.schema.json").read_text("utf-8")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_gets_none(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 2
    assert list(tmp_path.iterdir()) == []
