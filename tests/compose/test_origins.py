"""Every value of an effective model is traced to a place that says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from composeharden.compose.load import build
from composeharden.compose.origins import Origins, Place
from composeharden.compose.project import Project
from composeharden.yaml.source import load

FIXTURES = sorted((Path(__file__).parent.parent.parent / "fixtures").glob("*/compose.yaml"))

SEVERAL = """\
x-base: &base
  image: base:1
  environment: &env {A: "1", B: "1"}
x-more: &more
  environment: {C: "1"}
  user: more
services:
  web:
    <<: [*base, *more]
    build: .
    depends_on: [db, cache]
    ports: ["80:80", {target: 81, published: "8081"}]
    volumes:
      - data:/data
      - data:/other
  heir:
    extends: web
    environment:
      B: "2"
  cache: &cache
    image: cache:1
    command: &serve [serve]
---
services:
  web:
    environment:
      - A=3
    tmpfs: /run
    ports: !override ["90:90"]
    volumes:
      - more:/data
    depends_on:
      db:
        condition: service_healthy
volumes: {data: , more: }
"""


def places(text: str) -> dict[str, int]:
    """Dotted path to line."""
    project = build("compose.yaml", load(text.encode()), {})
    return {".".join(map(str, path)): place.line for path, place in Origins(project, project.model).walk()}


def line_of(text: str, part: str) -> int:
    """The line of a text that only one line has."""
    (found,) = [number for number, line in enumerate(text.splitlines(), 1) if part in line]
    return found


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("services.web.image", "image: base:1"),
        ("services.web.user", "user: more"),
        ("services.web.build", "build: ."),
        ("services.web.environment.0", "- A=3"),
        ("services.web.environment.1", "environment: &env"),
        ("services.web.depends_on.db.condition", "condition: service_healthy"),
        ("services.web.depends_on.cache.condition", "depends_on: [db, cache]"),
        ("services.web.ports.0", "90:90"),
        ("services.web.volumes.0", "more:/data"),
        ("services.web.volumes.1", "data:/other"),
        ("services.web.tmpfs", "tmpfs: /run"),
        ("services.heir.image", "image: base:1"),
        ("services.heir.environment.0", "environment: &env"),
        ("services.heir.environment.1", 'B: "2"'),
        ("services.heir.ports.1.published", '"80:80"'),
        ("services.heir.extends", "extends: web"),
        ("services.cache.command.0", "[serve]"),
        ("volumes.data", "volumes: {data"),
        ("x-base.environment.A", "environment: &env"),
    ],
)
def test_a_value_is_where_it_is_really_written(path: str, written: str) -> None:
    assert places(SEVERAL)[path] == line_of(SEVERAL, written)


def test_an_empty_value_is_where_its_key_is() -> None:
    assert places("services:\n  a:\n    image: b\n    environment:\n      X:\n\nvolumes:\n  c:\n") == {
        "services.a.image": 3,
        "services.a.environment.X": 5,
        "volumes.c": 8,
    }


def test_large_lists_take_time_in_proportion() -> None:
    many = "services:\n  a:\n    image: b\n    expose:\n" + "".join(f"      - '{number}'\n" for number in range(20_000))
    assert places(many)["services.a.expose.19999"] == 20_004


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.parent.name)
def test_the_place_says_the_value(file: Path) -> None:
    source = load(file.read_bytes())
    project = build("compose.yaml", source, {})
    lines = source.text.split("\n")
    found = dict(Origins(project, project.model).walk())
    for path, place in found.items():
        value = _at(project.model, path)
        if isinstance(value, str) and value and "\n" not in value:
            said = {value, *value.split("=", 1)} if path[-2:-1] != ("test",) else {value}
            block = "".join(lines[place.line - 1 : place.line + 5]).replace("''", "'").replace('\\"', '"')
            assert any(_squeezed(one) in _squeezed(block) for one in said if one), (path, place)
        elif value == "service_started":
            assert str(path[-2]) in lines[place.line - 1]
    assert len(found) == sum(1 for _ in _leaves(project))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def _leaves(project: Project) -> Any:
    stack: list[Any] = [project.model]
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)) and (value or value is project.model):
            stack += value.values() if isinstance(value, dict) else value
        else:
            yield value


def test_places_count_from_one() -> None:
    project = build("f.yaml", load(b"services: {a: {image: b}}\n"), {})
    assert dict(Origins(project, project.model).walk()) == {("services", "a", "image"): Place("f.yaml", 1, 23)}
