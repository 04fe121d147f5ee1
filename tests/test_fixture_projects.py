"""Every project in fixtures/projects: what hardening makes of each of its files, and that Compose sees only that.

With COMPOSEHARDEN_UPDATE_FIXTURES=1 every folder `after` is written anew; review the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from composeharden.cli.inputs import project_reader
from composeharden.cli.stacks import Choice, discovered
from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden
from tests.corpus import real_compose
from tests.corpus.differential_projects import differences

PROJECTS = Path(__file__).parent.parent / "fixtures" / "projects"
CASES = sorted(path.name for path in PROJECTS.iterdir())
UPDATE = os.environ.get("COMPOSEHARDEN_UPDATE_FIXTURES") == "1"


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Path:
    return PROJECTS / str(request.param)


def run(folder: Path) -> Outcome:
    """Harden the project that Compose finds in a folder."""
    files = discovered(str(folder / "compose.yaml"), Choice()).files
    return harden(files, project_reader(files))


def copied(case: Path, folder: Path) -> Path:
    """A copy of the project before, with what hardening makes of it written."""
    shutil.copytree(case / "before", folder)
    for patch in run(folder).patches:
        Path(patch.path).write_bytes(patch.data)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """The Compose files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes().decode() for path in sorted(folder.rglob("*.yaml"))}


def test_hardening_gives_exactly_the_files_beside_it(case: Path, tmp_path: Path) -> None:
    found = contents(copied(case, tmp_path / "project"))
    if UPDATE:
        for name, text in found.items():
            (case / "after" / name).parent.mkdir(parents=True, exist_ok=True)
            (case / "after" / name).write_text(text, "utf-8")
    assert found == contents(case / "after")
    assert len([name for name, text in contents(case / "before").items() if found[name] != text]) > 1


def test_a_second_run_changes_nothing(case: Path, tmp_path: Path) -> None:
    folder = copied(case, tmp_path / "project")
    outcome = run(folder)
    assert not outcome.patches
    assert not outcome.with_status(Status.REFUSED)
    assert not outcome.problems


def test_compose_sees_the_declared_changes_and_no_others(case: Path, tmp_path: Path) -> None:
    program = real_compose.binary()
    if program is None:
        pytest.skip("docker-compose is neither beside this Python nor on the PATH")
    before, after = tmp_path / "before" / "project", copied(case, tmp_path / "project")
    shutil.copytree(case / "before", before)
    outcome = run(before)
    models = [model(program, folder) for folder in (before, after)]
    declared = {f".services.{one.service}.{change.path[3]}" for one in fixes(outcome) for change in one.changes}
    seen = {".".join(one.split(" ")[0].split("[")[0].split(".")[:4]) for one in differences(models[1], models[0])}
    assert seen == declared


def model(program: str, folder: Path) -> dict[str, Any]:
    """The project of a folder as Compose sees it, without the folder's name."""
    found = real_compose.project(program, discovered(str(folder / "compose.yaml"), Choice()).files.paths)
    assert found is not None
    plain = json.loads(json.dumps(found).replace(str(folder), "."))
    return {key: value for key, value in plain.items() if not key.startswith("x-")}


def fixes(outcome: Outcome) -> list[Finding]:
    """The findings that were fixed."""
    return list(outcome.with_status(Status.FIX))


def test_it_is_explained(case: Path) -> None:
    lines = (case / "README.md").read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert 5 <= len(lines) <= 15
