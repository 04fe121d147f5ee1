"""Fixtures of the engine tests. Without an engine: skipped with the reason, or failed when CI=true."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .commands import engine_problem
from .locks import in_turn, named
from .models import block_yaml
from .stand_ins import STAND_INS, build, build_base, labels_of

OWN_IMAGES = "COMPOSEHARDEN_OWN_IMAGES"

_NO_ENGINE = "no engine: "


@pytest.fixture(scope="session")
def engine() -> None:
    """Stops the test unless a Docker engine and Compose answer."""
    problem = engine_problem()
    if problem is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"the engine tests must run under CI=true: {problem}", pytrace=False)
    pytest.skip(_NO_ENGINE + problem)


@pytest.fixture(scope="session", autouse=True)
def _heed_interrupts() -> None:
    """What a shell runs in the background ignores SIGINT, and so would all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps a test that looks at all of the engine away from those that use it at the same time."""
    with in_turn(named("engine"), alone=request.node.get_closest_marker("alone") is not None):
        yield


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes: it must not be all that is left in the end, where several run at a time."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it in words: a line of skip marks is easily taken for success."""
    skipped = (report.longrepr for report in terminalreporter.getreports("skipped"))
    texts = {told[2].removeprefix("Skipped: ") for told in skipped if isinstance(told, tuple)}
    for reason in sorted(text.removeprefix(_NO_ENGINE) for text in texts if text.startswith(_NO_ENGINE)):
        terminalreporter.write_sep("!", "no stack was run", yellow=True)
        terminalreporter.write_line(reason)
