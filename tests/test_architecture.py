"""The shape of the house: imports point down, nothing is called utils, and files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "composeharden"

# From the bottom up: what each room may import, itself apart. A room is a package or a module of the top level.
_FACTS = {"compose", "images", "outcome", "yaml"}
_SHARED_BY_PASSES = {
    "credential_findings",
    "credentials",
    "host_paths",
    "inner_container",
    "port_uses",
    "secret_moves",
    "start_order",
    "words",
}
MAY_IMPORT: dict[str, set[str]] = {
    "yaml": set(),
    "compose": {"yaml"},
    "beside": set(),
    "outcome": {"beside", "yaml"},
    "engine": set(),
    "images": {"outcome"},
    "marks": {"compose"},
    "words": set(),
    "posture": _FACTS | {"marks"},
    "redaction": {"yaml"},
    "report": {"beside", "images", "outcome", "redaction", "yaml"},
    # What several passes have in common, each about one subject.
    "credentials": {"compose"},
    "credential_findings": {"compose", "credentials", "outcome"},
    "host_paths": {"outcome"},
    "port_uses": {"compose", "posture"},
    "secret_moves": {"beside", "compose", "credentials", "outcome", "posture", "yaml"},
    "start_order": {"compose", "outcome", "posture"},
    "inner_container": {"compose", "outcome", "passes", "posture"},
    "volumes": {"beside", "compose", "marks", "outcome", "posture", "yaml"},
    "passes": _FACTS | _SHARED_BY_PASSES | {"beside", "posture", "volumes"},
    # The pipeline and its steps.
    "suppress": {"compose", "yaml"},
    "validation": {"compose", "outcome", "yaml"},
    "plan": {"compose", "yaml"},
    "patching": {"compose", "outcome", "plan", "yaml"},
    "overlay": {"compose", "outcome", "plan", "redaction", "suppress", "validation", "yaml"},
    "decide": {"compose", "images", "outcome", "passes", "posture", "suppress", "yaml"},
    "sharing": {"compose", "decide", "outcome", "patching", "plan", "suppress", "yaml"},
    "migrating": {"beside", "compose", "decide", "outcome", "suppress"},
    "pipeline": {
        "beside",
        "compose",
        "decide",
        "images",
        "migrating",
        "outcome",
        "overlay",
        "sharing",
        "suppress",
        "validation",
        "yaml",
    },
    # Stacks on a real engine, as they are and hardened.
    "verify": {"compose", "decide", "engine", "images", "outcome", "pipeline", "plan", "yaml"},
    "learn": {"compose", "engine", "images", "posture", "verify"},
    # What a repository says about itself, read and applied; it is given the names of the passes.
    "configuration": {"compose", "images", "outcome", "yaml"},
    # The surfaces. The package itself only gives names to what is public.
    "": {"compose", "decide", "outcome", "pipeline"},
    "cli": {
        "",
        "beside",
        "compose",
        "configuration",
        "decide",
        "engine",
        "images",
        "learn",
        "outcome",
        "passes",
        "pipeline",
        "redaction",
        "report",
        "suppress",
        "verify",
        "yaml",
    },
    "__main__": {"cli"},
}
SAYS_NOTHING = {"utils", "util", "base", "common", "helpers", "misc", "core", "lib"}
MOST_LINES = 500

FILES = sorted(PACKAGE.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    """The room of a module, given its path below the package."""
    return "" if parts in ((), ("__init__",)) else parts[0]


def imports(path: Path) -> Iterator[str]:
    """The room of everything of this package that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            if first == "composeharden":
                yield rest[0] if rest and _is_module(rest[0]) else ""


def _is_module(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path: Path) -> None:
    own = room(path.relative_to(PACKAGE).with_suffix("").parts)
    assert own in MAY_IMPORT, f"give {own} a place in MAY_IMPORT"
    assert {name for name in imports(path) if name != own} <= MAY_IMPORT[own]


def test_the_table_is_in_order() -> None:
    """Every arrow points up in the table, so that there is no circle."""
    places = {name: place for place, name in enumerate(MAY_IMPORT)}
    arrows = [(name, other) for name, below in MAY_IMPORT.items() for other in below]
    wrong = {(name, other) for name, other in arrows if places[other] >= places[name]}
    # It makes proposals, whose type lives with the passes.
    assert wrong == {("inner_container", "passes")}


def test_no_room_stands_empty() -> None:
    there = {room(path.relative_to(PACKAGE).with_suffix("").parts) for path in FILES}
    assert set(MAY_IMPORT) == there


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_names_say_something_and_files_are_small(path: Path) -> None:
    assert not SAYS_NOTHING.intersection(path.relative_to(PACKAGE).with_suffix("").parts)
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


def test_no_pass_names_an_image() -> None:
    """What is known of an image is in its facts: a pass that names one would not be found by who mends them."""
    facts = {path.stem for path in (PACKAGE / "images" / "facts").glob("*.toml")} - {"vault", "registry", "node"}
    wrong = []
    for path in (PACKAGE / "passes").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Compare):
                named = [item for item in ast.walk(node) if isinstance(item, ast.Constant) and item.value in facts]
                wrong += [f"{path.name}:{item.lineno} {item.value!r}" for item in named]
    assert wrong == []
