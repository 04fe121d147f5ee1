"""The table of traps: each with its tests, and the guard without which they fail."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("traps.toml")
ENGINE = "tests/engine/"


@dataclass(frozen=True)
class Edit:
    """One place of a guard: a text that a file has once, and what it becomes where the guard is taken away."""

    file: str
    text: str
    becomes: str = ""

    def problem(self, root: Path) -> str:
        """Why it cannot be made in a tree; empty where it can."""
        path = root / self.file
        count = path.read_text("utf-8").count(self.text) if path.is_file() else 0
        return "" if count == 1 else f"{self.file} has this text {count} times, not once: {self.text}"


@dataclass(frozen=True)
class Trap:
    """Something that looks safe and is not, the tests that say so, and the guard that the tool has against it."""

    id: str
    trap: str
    tests: tuple[str, ...]
    """Node ids. One without parameters stands for all its cases, of which one has to fail."""
    guard: tuple[Edit, ...]
    """All of them are made at once."""

    @property
    def on_engine(self) -> bool:
        """Whether one of its tests runs on an engine."""
        return any(test.startswith(ENGINE) for test in self.tests)


def traps() -> list[Trap]:
    """Every trap, in the order of the table."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["trap"]
    return [
        Trap(row["id"], row["trap"], tuple(row["tests"]), tuple(Edit(**edit) for edit in row["guard"])) for row in rows
    ]
