"""Every stack in fixtures/: what hardening makes of it, that this is stable, and that Docker Compose sees only that.

With COMPOSEHARDEN_UPDATE_FIXTURES=1 every hardened.yaml is written anew; review the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from deepdiff import DeepDiff

from composeharden.cli.inputs import reader
from composeharden.outcome import Outcome, Status
from composeharden.pipeline import harden
from composeharden.yaml.proof import same

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = sorted(path.parent.name for path in FIXTURES.glob("*/compose.yaml"))
UPDATE = os.environ.get("COMPOSEHARDEN_UPDATE_FIXTURES") == "1"
WRITTEN = {
    "read_only",
    "tmpfs",
    "cap_drop",
    "cap_add",
    "security_opt",
    "depends_on",
    "user",
    "volumes",
    "healthcheck",
    "init",
}
"""All that hardening may change in a service; of the top level it may only take `version` away."""

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[^\r\n]*", re.MULTILINE)
_COMPOSE = shutil.which("docker-compose", path=str(Path(sys.executable).parent)) or "docker-compose"
_TIMEOUT = 20


def run(folder: Path, text: bytes | None = None) -> Outcome:
    """Harden compose.yaml of a folder, or `text` in its place."""

    name = str(folder / "compose.yaml")
    beside = reader(name)
    return harden(name, lambda path: text if text is not None and path == name else beside(path))


def result(outcome: Outcome, before: bytes) -> bytes:
    return outcome.patches[0].data if outcome.patches else before


def model(folder: Path, name: str, home: Path) -> dict[str, Any]:
    """What Docker Compose makes of a file, the services of every profile included. Fails where it refuses the file."""
    done = subprocess.run(
        [_COMPOSE, "-p", "fixture", "--profile", "*", "-f", name, "config", "--format", "json"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if not key.startswith("x-")}


def differences(before: dict[str, Any], after: dict[str, Any]) -> set[tuple[str, str]]:
    """(service, key) of everything that two models of one stack do not have in common."""
    found = DeepDiff(before["services"], after["services"], view="tree")
    paths = [item.path(output_format="list") for group in found.values() for item in group]
    return {(str(path[0]), str(path[1])) for path in paths}


@pytest.fixture(params=CASES)
def folder(request: pytest.FixtureRequest) -> Path:
    return FIXTURES / str(request.param)


def test_hardening_gives_exactly_the_file_beside_it(folder: Path) -> None:
    before = (folder / "compose.yaml").read_bytes()
    hardened = result(run(folder), before)
    if UPDATE:
        (folder / "hardened.yaml").write_bytes(hardened)
    assert hardened.decode() == (folder / "hardened.yaml").read_bytes().decode()


def test_a_second_run_changes_nothing(folder: Path) -> None:
    hardened = (folder / "hardened.yaml").read_bytes()
    assert result(run(folder, hardened), hardened) == hardened


def test_nothing_could_not_be_read_or_done(folder: Path) -> None:
    outcome = run(folder)
    assert not outcome.with_status(Status.REFUSED)
    assert not [one for one in outcome.problems if "suppression needs a reason" not in one.message]


def test_comments_and_line_ends_are_kept(folder: Path) -> None:
    before, after = ((folder / name).read_bytes().decode() for name in ("compose.yaml", "hardened.yaml"))
    assert Counter(_COMMENT.findall(after)) == Counter(_COMMENT.findall(before))
    assert (after.count("\r\n") == after.count("\n")) == (before.count("\r\n") == before.count("\n"))
    assert after.endswith("\n") == before.endswith("\n")


def test_compose_sees_the_declared_changes_and_no_others(folder: Path, tmp_path: Path) -> None:
    changes = [change for one in run(folder).with_status(Status.FIX) for change in one.changes]
    declared = {(str(change.path[2]), str(change.path[3])) for change in changes if len(change.path) == 4}
    before, after = model(folder, "compose.yaml", tmp_path), model(folder, "hardened.yaml", tmp_path)
    assert differences(before, after) == declared
    assert {key for _, key in declared} <= WRITTEN
    assert [change.path for change in changes if len(change.path) != 4] in ([], [(0, "version")])
    assert same({**before, "services": {}}, {**after, "services": {}})


def test_it_is_explained(folder: Path) -> None:
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert 5 <= len(lines) <= 15
