"""`composeharden verify` on the engine: what is broken is named, what is not is let be, and nothing is left behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .commands import Finished, attempt
from .faults import FAULTS, Fault
from .models import block_yaml
from .stand_ins import BASE_TAG, build_base

QUICK = ("--check-interval", "1", "--yes", "--format", "json")


def verify(folder: Path, *options: str, command: str = "verify") -> Finished:
    """The command as a user runs it."""
    argv = [sys.executable, "-m", "composeharden", command, *options]
    return attempt(argv, cwd=folder, timeout=600)


def verified(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the report of the one stack."""
    done = verify(folder, *QUICK, *options)
    assert done.stdout, done.describe()
    (stack,) = json.loads(done.stdout)["stacks"]
    return done.code, stack


def write(folder: Path, fault: Fault) -> list[str]:
    """Write the stack of a fault; returns the options that it takes."""
    (folder / "compose.yaml").write_text(block_yaml(fault.model))
    options = ["--assume", "--window", str(fault.window)]
    if fault.facts:
        (folder / "facts").mkdir()
        (folder / "facts" / "wrong.toml").write_text(fault.facts)
        options += ["--images", "facts"]
    return options


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_mended(name: str, images: Callable[[str], None], tmp_path: Path) -> None:
    fault = FAULTS[name]
    build_base() if fault.image == BASE_TAG else images(fault.image)
    before = (tmp_path / "compose.yaml", write(tmp_path, fault))
    text = before[0].read_bytes()
    code, stack = verified(tmp_path, *before[1])
    (service,) = stack["services"]
    assert (code, service["verdict"]) == (1, "worse"), stack
    assert (fault.check, fault.phase) in {(one["check"], one["phase"]) for one in service["worse"]}, stack
    assert [one["rule"] for one in service["blamed"]] == [fault.rule], stack
    assert fault.words in service["blamed"][0]["why"]
    assert fault.repaired in stack["repaired"]["diff"]
    assert before[0].read_bytes() == text, "nothing is written"
    print(name, stack["lives"], stack["starts"], stack["seconds"])
