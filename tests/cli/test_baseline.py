"""A baseline is a ratchet: what it knows does not count, what is new does, and what is gone is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import CLEAN, DANGEROUS, LEGACY, run, write

FILE = "accepted.json"


def baseline(folder: Path, *arguments: str) -> list[dict[str, str]]:
    """Write a baseline of a folder, and return its findings."""
    done = run(folder, "check", "-r", ".", "--write-baseline", FILE, *arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / FILE).read_text("utf-8"))
    assert document["schema"] == 1
    findings: list[dict[str, str]] = document["findings"]
    return findings


def test_a_clean_repository_has_an_empty_baseline(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN})
    assert baseline(tmp_path, "--only", "privileged") == []
    assert run(tmp_path, "check", "--baseline", FILE).returncode == 0


def test_what_is_in_the_baseline_is_shown_and_does_not_count(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": DANGEROUS})
    assert {"privileged", "no-limits"} <= {row["rule"] for row in baseline(tmp_path)}
    done = run(tmp_path, "check", "--baseline", FILE)
    assert done.returncode == 0
    assert "privileged" in done.stdout
    assert "suppressed: in the baseline" in done.stdout
    report = json.loads(run(tmp_path, "check", "--baseline", FILE, "--format", "json").stdout)
    assert {item["suppressed_by"] for item in report["files"][0]["findings"]} == {"baseline"}


def test_a_new_service_and_a_new_finding_of_an_old_one_count(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    baseline(tmp_path)
    assert run(tmp_path, "check", "--baseline", FILE).returncode == 0
    write(tmp_path, {"compose.yaml": LEGACY + "    pid: host\n"})
    assert run(tmp_path, "check", "--baseline", FILE).returncode == 1
    write(tmp_path, {"compose.yaml": LEGACY + "  new:\n    image: memcached:1.6\n"})
    done = run(tmp_path, "check", "--baseline", FILE)
    assert done.returncode == 1
    assert "recreates new." in done.stdout
    write(tmp_path, {"other/compose.yaml": LEGACY, "compose.yaml": LEGACY})
    assert run(tmp_path, "check", "--baseline", FILE).returncode == 0
    assert run(tmp_path, "check", "-r", "--baseline", FILE).returncode == 1


def test_other_lines_and_another_folder_to_call_from_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"app/compose.yaml": DANGEROUS})
    baseline(tmp_path)
    write(tmp_path, {"app/compose.yaml": "# a comment\n\n" + DANGEROUS})
    calls = [(tmp_path, ["-r"]), (tmp_path, ["app"]), (tmp_path, [str(tmp_path / "app" / "compose.yaml")])]
    for folder, arguments in [*calls, (tmp_path / "app", [])]:
        path = str(tmp_path / FILE)
        assert run(folder, "check", "--baseline", path, *arguments).returncode == 0, arguments


def test_fix_leaves_what_is_in_the_baseline(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    baseline(tmp_path)
    write(tmp_path, {"compose.yaml": LEGACY + "  new:\n    image: memcached:1.6\n"})
    assert run(tmp_path, "fix", "--baseline", FILE).returncode == 0
    text = (tmp_path / "compose.yaml").read_text()
    assert text.startswith(LEGACY)
    assert text.count("read_only: true") == 1
    assert run(tmp_path, "check", "--baseline", FILE).returncode == 0


def test_what_is_gone_is_told_so_that_the_file_can_shrink(tmp_path: Path) -> None:
    write(tmp_path, {"a/compose.yaml": LEGACY, "b/compose.yaml": LEGACY})
    before = baseline(tmp_path)
    run(tmp_path, "fix", "a", "--only", "read-only,cap-drop,no-new-privileges")
    done = run(tmp_path, "check", "-r", "--baseline", FILE)
    assert done.returncode == 0
    assert f"note: {FILE}: 3 findings of the baseline are gone (" in done.stderr
    assert "gone" not in run(tmp_path, "check", "b", "--baseline", FILE).stderr
    assert "gone" not in run(tmp_path, "check", "-r", "--only", "privileged", "--baseline", FILE).stderr
    after = baseline(tmp_path, "--baseline", FILE)
    assert len(after) == len(before) - 3
    assert run(tmp_path, "check", "-r", "--baseline", FILE).stderr == ""
    (tmp_path / "b" / "compose.yaml").unlink()
    assert "are gone" in run(tmp_path, "check", "-r", "--baseline", FILE).stderr


def test_what_is_suppressed_anyway_is_in_no_baseline(tmp_path: Path) -> None:
    text = DANGEROUS.replace("  other:", "  # composeharden: ignore[privileged] a router\n  other:")
    write(tmp_path, {"compose.yaml": text, ".composeharden.yaml": "exceptions: [{rules: no-limits, reason: x}]\n"})
    assert {"privileged", "no-limits"}.isdisjoint(row["rule"] for row in baseline(tmp_path))


def test_a_baseline_holds_no_value(tmp_path: Path) -> None:
    text = (
        DANGEROUS + "    environment: {DB_PASSWORD: correct-horse-battery, URL: 'postgres://u:staple-of-doom@db/x'}\n"
    )
    write(tmp_path, {"compose.yaml": text})
    for row in baseline(tmp_path):
        assert sorted(row) == ["file", "fingerprint", "rule", "service"]
        assert row["service"] in ("", "cache", "other")
        assert row["file"] == "compose.yaml"
    assert "horse" not in (tmp_path / FILE).read_text()
    assert "doom" not in (tmp_path / FILE).read_text()


def test_the_same_findings_give_the_same_file_with_a_finding_on_each_line(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}/compose.yaml": DANGEROUS for name in "cab"})
    rows = baseline(tmp_path)
    first = (tmp_path / FILE).read_text()
    baseline(tmp_path, "-j", "2")
    assert (tmp_path / FILE).read_text() == first
    assert first.count("\n") == len(rows) + 6
    assert rows == sorted(rows, key=lambda row: (row["file"], row["service"], row["rule"]))


@pytest.mark.parametrize("part", [["--shard", "1/2"], ["--changed-since", "HEAD"]])
def test_a_part_of_a_repository_writes_no_baseline(tmp_path: Path, part: list[str]) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    assert run(tmp_path, "check", "-r", "--write-baseline", FILE, *part).returncode == 2
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": 2, "findings": []}', '{"schema": 1, "findings": [1]}', "[" * 100_000, "\xff"],
)
def test_what_is_no_baseline_is_told(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    for command in ("check", "fix"):
        done = run(tmp_path, command, "--baseline", FILE)
        assert done.returncode == 2
        assert FILE in done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "compose.yaml").read_text() == LEGACY
    assert run(tmp_path, "check", "--baseline", "missing.json").returncode == 2
