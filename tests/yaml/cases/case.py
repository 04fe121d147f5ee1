"""What a case of the editor is, and short ways to write its changes. Service "a" is the one that is edited."""

from __future__ import annotations

from typing import Any, NamedTuple

from composeharden.yaml.change import Append, Change, Reshape, Set

A = (0, "services", "a")
HEALTHY = {"condition": "service_healthy"}


class Case(NamedTuple):
    """One edit: what it shows, the changes, the text before and after."""

    name: str
    changes: list[Change]
    before: str
    after: str
    needs_final_break: bool = False


def set_(key: str, value: Any) -> list[Change]:
    return [Set((*A, key), value)]


def append(key: str, *items: Any) -> list[Change]:
    return [Append((*A, key), items)]


def reshape(*names: str) -> list[Change]:
    return [Reshape((*A, "depends_on"), dict.fromkeys(names, HEALTHY))]
