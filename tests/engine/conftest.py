"""Fixtures of the engine tests. Without an engine: skipped with the reason, or failed when CI=true."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .commands import engine_problem
from .models import block_yaml
from .stand_ins import STAND_INS, build, build_base, labels_of

OWN_IMAGES = "COMPOSEHARDEN_OWN_IMAGES"

_reasons: list[str] = []


@pytest.fixture(scope="session")
def engine() -> None:
    """Stops the test unless a Docker engine and Compose answer."""
    problem = engine_problem()
    if problem is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"the engine tests must run under CI=true: {problem}", pytrace=False)
    _reasons.append(problem)
    pytest.skip(problem)


@pytest.fixture(scope="session")
def images(engine: None) -> Callable[[str], None]:
    """A function that makes sure the engine has an image, by building its stand-in when it has none.

    With COMPOSEHARDEN_OWN_IMAGES=1 an image that is there is used as it is, whoever made it.
    """

    def provide(tag: str) -> None:
        tagged = tag if ":" in tag else f"{tag}:latest"
        if os.environ.get(OWN_IMAGES) == "1" and labels_of(tagged) is not None:
            return
        names = {official: name for name, official in STAND_INS.items()}
        build(names[tagged], build_base())

    return provide


@pytest.fixture
def stack_folder(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """A function that writes a compose model as compose.yaml into a folder and returns the folder."""

    def write(model: dict[str, Any]) -> Path:
        folder = tmp_path / "stack"
        folder.mkdir(exist_ok=True)
        (folder / "compose.yaml").write_text(block_yaml(model))
        return folder

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it in words: a line of skip marks is easily taken for success."""
    for reason in sorted(set(_reasons)):
        terminalreporter.write_sep("!", "no stack was run", yellow=True)
        terminalreporter.write_line(reason)
