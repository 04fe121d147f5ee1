"""What is accepted takes with it what rests on it, and what comes up instead is accepted as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import ROOT, run, write

STACKS = sorted((ROOT / "fixtures").glob("*/compose.yaml"))


def test_nothing_rests_on_an_accepted_fix(tmp_path: Path) -> None:
    """Without the `user` that is accepted as missing, the service starts as root and needs its capabilities."""
    text = (
        "services:\n  db:\n    image: postgres:16\n    volumes: [data:/var/lib/postgresql/data]\nvolumes: {data: {}}\n"
    )
    write(tmp_path, {"compose.yaml": text, "own/compose.yaml": text})
    exception = "exceptions: [{rules: user, reason: backups run as root}]\n"
    write(tmp_path, {"own/.composeharden.yaml": exception})
    assert run(tmp_path, "fix", "compose.yaml", "own/compose.yaml").returncode == 0
    plain, accepted = ((tmp_path / name).read_text() for name in ("compose.yaml", "own/compose.yaml"))
    assert "user:" in plain
    assert "cap_add" not in plain
    assert "user:" not in accepted
    assert "SETUID" in accepted
    (tmp_path / "own/.composeharden.yaml").unlink()
    comment = text.replace("  db:", "  # composeharden: ignore[user] backups run as root\n  db:")
    write(tmp_path, {"own/compose.yaml": comment})
    assert run(tmp_path, "fix", "own/compose.yaml").returncode == 0
    lines = (tmp_path / "own/compose.yaml").read_text().splitlines()
    assert [line for line in lines if "composeharden" not in line] == accepted.splitlines()


@pytest.mark.parametrize("how", ["init", "baseline"])
def test_every_bundled_stack_passes_once_it_is_accepted(tmp_path: Path, how: str) -> None:
    for stack in STACKS:
        (tmp_path / stack.parent.name).mkdir()
        (tmp_path / stack.parent.name / "compose.yaml").write_bytes(stack.read_bytes())
    assert run(tmp_path, "check", "-r", "-j", "2").returncode in (1, 2)  # some fixes are refused
    if how == "init":
        assert run(tmp_path, "init", "-j", "2", "--fail-on", "info").returncode == 0
        known = []
    else:
        assert run(tmp_path, "check", "-r", "-j", "2", "--write-baseline", "known.json").returncode in (0, 2)
        known = ["--baseline", "known.json"]
    done = run(tmp_path, "check", "-r", "-j", "2", "--fail-on", "info", "--format", "json", *known)
    report = json.loads(done.stdout)
    left = [
        (file["path"], item["service"], item["rule"], item["status"])
        for file in report["files"]
        for item in file["findings"]
        if item["status"] in ("fix", "report", "refused")
    ]
    assert left == []
    assert report["notes"] == []
    problems = [file["path"] for file in report["files"] if file["problems"]]
    assert len(problems) < len(STACKS) / 4  # suppressions without a reason, for instance, cannot be accepted
    assert done.returncode == (2 if problems else 0)
    assert run(tmp_path, "fix", "-r", "-j", "2", *known).returncode == done.returncode
    for stack in STACKS:
        assert (tmp_path / stack.parent.name / "compose.yaml").read_bytes() == stack.read_bytes()
