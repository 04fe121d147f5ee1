"""Overlays and origins of stacks that are made of several files, with Docker Compose as the judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from composeharden.cli.inputs import reader
from composeharden.cli.overlay import with_overlay
from composeharden.compose.files import Files
from composeharden.compose.origins import Origins
from composeharden.decide import Options
from composeharden.outcome import Outcome, Status
from composeharden.pipeline import harden, load_project
from composeharden.redaction import Redactor
from composeharden.report.overlay import after
from tests.corpus import real_compose

ONLY = frozenset(("cap-drop", "depends-on", "no-new-privileges", "read-only"))
IMAGE = "    image: memcached:1.6\n"
STACKS = {
    "override": {
        "compose.yaml": "services:\n  cache:\n    image: memcached:1.6\n    cap_drop: [NET_RAW]\n",
        "over.yaml": "services:\n  cache:\n    cap_drop: [MKNOD]\n    tmpfs: [/run]\n  other:\n" + IMAGE,
    },
    "tags": {
        "compose.yaml": "services:\n  cache:\n    image: memcached:1.6\n    cap_drop: [NET_RAW]\n    tmpfs: [/a]\n",
        "over.yaml": "services:\n  cache:\n    cap_drop: !override [MKNOD]\n    tmpfs: !reset null\n",
    },
    "extends": {
        "compose.yaml": "services:\n  cache:\n    extends: {file: base/b.yaml, service: base}\n    command: [-v]\n",
        "base/b.yaml": "services:\n  base:\n" + IMAGE + "    cap_drop: [NET_RAW]\n    volumes: ['./d:/d']\n",
    },
    "include": {
        "compose.yaml": "include: [part/p.yaml]\nservices:\n  cache:\n" + IMAGE + "    depends_on: [db]\n",
        "part/p.yaml": "services:\n  db:\n    image: memcached:${TAG:-1}\n    tmpfs: ['$RUN']\n    env_file: [a.env]\n",
        "part/.env": "TAG=1.6\nRUN=/run\n",
        "part/a.env": "",
        ".env": "RUN=/elsewhere\n",
    },
    "anchors": {
        "compose.yaml": "x-a: &a {image: 'memcached:1.6', cap_drop: &d [NET_RAW]}\nservices:\n  a: *a\n  b: {<<: *a}\n",
        "over.yaml": "services:\n  b:\n    image: memcached:1.5\n    cap_drop: [MKNOD]\n",
    },
}


def written(folder: Path, stack: str) -> Files:
    """The files of a stack on disk; those that are named and not only extended or included."""
    for name, text in STACKS[stack].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return Files(tuple(name for name in STACKS[stack] if name in ("compose.yaml", "over.yaml")))


def run(files: Files, overlay: str = "hard.yaml") -> Outcome:
    return harden(files, with_overlay(reader("compose.yaml"), overlay), Options(only=ONLY, overlay=overlay))


def as_compose_sees_it(*files: str) -> dict[str, Any]:
    program = real_compose.binary()
    assert program is not None
    found = real_compose.model(program, Path(files[0]).resolve(), *files[1:])
    assert found is not None
    return {key: value for key, value in found.items() if not key.startswith("x-")}


@pytest.fixture(params=STACKS)
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, request.param)


def test_compose_sees_the_declared_changes_and_no_others(files: Files) -> None:
    before = as_compose_sees_it(*files.paths)
    outcome = run(files)
    assert outcome.problems == ()
    assert outcome.with_status(Status.REFUSED) == ()
    (patch,) = outcome.patches
    Path("hard.yaml").write_bytes(patch.data)
    after_ = as_compose_sees_it(*files.paths, "hard.yaml")
    for finding in outcome.with_status(Status.FIX):
        for change in finding.changes:
            name, key = str(change.path[2]), str(change.path[3])
            old, new = before["services"][name].pop(key, None), after_["services"][name].pop(key)
            assert old != new
            assert not isinstance(old, list) or new[: len(old)] == old
    assert before == after_


def test_a_second_run_changes_nothing_whether_the_overlay_is_named_or_not(files: Files) -> None:
    (patch,) = run(files).patches
    Path("hard.yaml").write_bytes(patch.data)
    for paths in (files.paths, (*files.paths, "hard.yaml"), (*files.paths, "./hard.yaml")):
        outcome = run(Files(paths))
        assert (outcome.patches, outcome.problems) == ((), ())


def test_the_next_steps_name_all_files(files: Files) -> None:
    outcome = run(files)
    said = after(outcome, {"hard.yaml": "rm -- hard.yaml"}, Redactor(), {"compose.yaml", "compose.override.yaml"})
    options = "".join(f" -f {path}" for path in files.paths)
    between = " -f compose.override.yaml" if len(files.paths) == 1 else ""
    assert f"docker compose{options}{between} -f hard.yaml up -d" in said


def test_what_only_an_included_file_can_say_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${RUN}` means something else in the overlay; what is added is said without it."""
    monkeypatch.chdir(tmp_path)
    files = written(tmp_path, "include")
    (patch,) = run(files).patches
    assert "RUN" not in patch.after.text


@pytest.mark.parametrize(
    ("stack", "path", "place"),
    [
        ("override", "services.cache.image", ("compose.yaml", 3)),
        ("override", "services.cache.cap_drop.0", ("compose.yaml", 4)),
        ("override", "services.cache.cap_drop.1", ("over.yaml", 3)),
        ("override", "services.other.image", ("over.yaml", 6)),
        ("tags", "services.cache.cap_drop.0", ("over.yaml", 3)),
        ("extends", "services.cache.image", ("base/b.yaml", 3)),
        ("extends", "services.cache.command.0", ("compose.yaml", 4)),
        ("extends", "services.cache.volumes.0", ("base/b.yaml", 5)),
        ("include", "services.db.image", ("part/p.yaml", 3)),
        ("include", "services.db.tmpfs.0", ("part/p.yaml", 4)),
        ("include", "services.cache.depends_on.0", ("compose.yaml", 5)),
        ("anchors", "services.a.image", ("compose.yaml", 1)),
        ("anchors", "services.b.image", ("over.yaml", 3)),
        ("anchors", "services.b.cap_drop.0", ("compose.yaml", 1)),
        ("anchors", "services.b.cap_drop.1", ("over.yaml", 4)),
    ],
)
def test_each_value_knows_its_file(
    stack: str, path: str, place: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project, _ = load_project(written(tmp_path, stack), reader("compose.yaml"), Options())
    assert project is not None
    found = {".".join(map(str, parts)): place for parts, place in Origins(project, project.model).walk()}
    assert found[path][:2] == place
