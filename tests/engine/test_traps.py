"""Services that plausible hardening breaks: each is shown to break so, and to live as composeharden hardens it.

The table of all traps, those that need no engine too, is tests/traps/traps.toml.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .commands import EngineError
from .stand_ins import BASE_TAG, build_base
from .trap_rows import TRAPS
from .traps import ALSO, SETTINGS, Naive, Trap

BREAKS = [pytest.param(trap, naive, id=f"{trap.name}-{name}") for trap in TRAPS for name, naive in trap.naive.items()]


@pytest.fixture
def folder(request: pytest.FixtureRequest, images: Callable[[str], None], tmp_path: Path) -> Path:
    """A folder for a stack, once the engine has every image of the trap that is asked for."""
    trap: Trap = request.node.callspec.params["trap"]
    if trap.prepare is not None and os.geteuid():
        pytest.skip("files of other owners take root")
    others = [str(service["image"]) for service in trap.model.get("services", {}).values()]
    for image in {trap.image, *others}:
        build_base() if image == BASE_TAG else images(image)
    return tmp_path


@pytest.mark.parametrize(("trap", "naive"), BREAKS)
def test_plausible_hardening_breaks_it(trap: Trap, naive: Naive, folder: Path) -> None:
    trap.write(folder, naive.keys)
    with pytest.raises((EngineError, AssertionError), match=naive.fails):
        trap.breaks(folder, naive.fails)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_it_lives_as_composeharden_hardens_it(trap: Trap, folder: Path) -> None:
    trap.write(folder, {})
    settings = trap.live(folder)
    assert (SETTINGS | ALSO) & settings.keys() - trap.keys.keys() == trap.gains
