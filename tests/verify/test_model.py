"""What Compose is given to read before a trial."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from composeharden.compose.files import Files
from composeharden.decide import Options
from composeharden.engine import Docker, EngineError
from composeharden.pipeline import load_project
from composeharden.verify.model import canonical, variables_of_secrets

TEXT = "services:\n  app:\n    image: example/app:1\n    {key}: {value}\n"


def asked(folder: Path, key: str, value: str) -> dict[str, Any]:
    """What Compose makes of a service with one more key."""
    file = folder / "compose.yaml"
    file.write_text(TEXT.format(key=key, value=value))
    project, _ = load_project(Files((os.fspath(file),), alone=True), lambda path: Path(path).read_bytes(), Options())
    assert project is not None
    compose = Path(sys.executable).with_name("docker-compose")
    docker = Docker("docker", (os.fspath(compose),), "")
    return canonical(docker, project, (), os.path.abspath(folder / "model.json"))


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("env_file", "{path}"),
        ("env_file", "[{path}]"),
        ("env_file", "[{{path: {path}, required: false}}]"),
        ("label_file", "{path}"),
        ("label_file", "[{path}]"),
    ],
)
@pytest.mark.parametrize("path", ["/dev/zero", "pipe", ".", "large"])
def test_a_file_without_end_is_not_read(key: str, form: str, path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as large:
        large.truncate(10**12)
    with pytest.raises(EngineError, match=f"the {key} of app, is no file"):
        asked(tmp_path, key, form.format(path=path))


def test_variables_of_a_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text("A=1\n")
    assert asked(tmp_path, "env_file", "app.env")["services"]["app"]["environment"] == {"A": "1"}


def test_compose_gets_the_variables_that_secrets_are_made_of_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_HAS", "this one")
    model = {
        "secrets": {"a": {"environment": "A"}, "b": {"environment": "SHELL_HAS"}, "c": {"file": "/x"}},
        "configs": {"d": {"environment": "D"}, "e": {"environment": "NOWHERE"}},
    }
    variables = {"A": "1", "D": "2", "SHELL_HAS": "another", "OTHER": "3"}
    assert variables_of_secrets(model, variables) == {"A": "1", "D": "2"}
    assert variables_of_secrets({}, variables) == {}


def test_the_project_is_called_as_compose_would_call_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "My Shop"
    folder.mkdir()
    assert asked(folder, "init", "true")["name"] == "myshop"
    monkeypatch.chdir(folder)
    assert asked(Path(), "init", "true")["name"] == "myshop"
    (folder / ".env").write_text("COMPOSE_PROJECT_NAME=other\n")
    assert asked(Path(), "init", "true")["name"] == "other"
