"""What is built: a source archive, a wheel from it, and the schema in both."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from composeharden import __version__
from composeharden.compose.schema import specification

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive, built where no schema lies ready."""
    copy = tmp_path_factory.mktemp("build") / "composeharden"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "data", "tests")
    )
    return build(copy, "sdist")


def build(folder: Path, target: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", "out"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return next((folder / "out").iterdir())


def test_a_wheel_built_from_the_source_archive_is_complete(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path)  # our own, and Python 3.11.2 has no filters yet
    with zipfile.ZipFile(build(tmp_path / f"composeharden-{__version__}", "wheel")) as wheel:
        names = set(wheel.namelist())
        shipped = wheel.read("composeharden/compose/data/compose-spec.json").decode()
    assert shipped == hatch_build.shipped_text()
    wanted = [path.relative_to(ROOT).as_posix() for path in (ROOT / "composeharden").rglob("*.toml")]
    wanted += [path.relative_to(ROOT).as_posix() for path in (ROOT / "composeharden").rglob("*.sh")]
    wanted += [f"composeharden/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")]
    wanted += ["composeharden/py.typed", f"composeharden-{__version__}.dist-info/licenses/LICENSE"]
    assert [name for name in wanted if name not in names] == []
    assert not [name for name in names if name.startswith("tests/")]


def test_the_installed_schema_is_that_of_the_pinned_package() -> None:
    assert specification() == json.loads(hatch_build.shipped_text())


def test_only_annotations_are_left_out() -> None:
    spec = find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    full = json.loads((Path(spec.origin).parent / hatch_build.VENDORED).read_text("utf-8"))
    shipped = {key: value for key, value in specification().items() if key != "$comment"}
    lost = leaves(full) - leaves(shipped)
    assert leaves(shipped) <= leaves(full)
    assert {path[-2] for path in lost} <= hatch_build.ANNOTATIONS
    assert not [path for path in lost if path[-3] in hatch_build.NAMED]


def leaves(value: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every scalar and empty collection with the way to it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = {leaf for key, child in items for leaf in leaves(child, (*path, str(key)))}
    return inner or {("", "", *path, repr(value))}


def test_names_that_look_like_annotations_stay() -> None:
    schema = {"title": "a", "properties": {"title": {"type": "string", "description": "b"}}, "enum": [{"default": 1}]}
    assert hatch_build.without_annotations(schema) == {
        "properties": {"title": {"type": "string"}},
        "enum": [{"default": 1}],
    }


def test_build_and_tests_use_the_same_schema() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pinned = [name for name in project["build-system"]["requires"] if name.startswith("check-jsonschema==")]
    assert pinned
    assert pinned[0] in project["project"]["optional-dependencies"]["test"]
