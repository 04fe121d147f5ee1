"""Measures the corpus once for all tests, and prints the figures at the end of the run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.corpus.figures import summary
from tests.corpus.measure import Measured, measure

_FOUND = pytest.StashKey[list[Measured]]()


@pytest.fixture(scope="session")
def corpus(pytestconfig: pytest.Config) -> list[Measured]:
    """Every file of the folder in COMPOSEHARDEN_CORPUS with what became of it."""
    folder = os.environ.get("COMPOSEHARDEN_CORPUS")
    if not folder:
        pytest.skip("COMPOSEHARDEN_CORPUS names no folder of Compose files")
    found = measure(Path(folder).resolve())
    pytestconfig.stash[_FOUND] = found
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _FOUND in config.stash:
        terminalreporter.section("corpus")
        for line in summary(config.stash[_FOUND]):
            terminalreporter.write_line(line)
