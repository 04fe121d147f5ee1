"""The graph of a stack: an arrow leads from a service to each one that Compose starts before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from composeharden.compose.project import Project
from composeharden.compose.references import dependencies

Graph = Mapping[str, Iterable[str]]
"""Services by name, each with those that come before it."""


def existing(project: Project) -> dict[str, dict[str, str]]:
    """What comes before each service by now, and the key that says so first: also what `links` and the like imply.

    Services whose profile is not active count like the others.
    """
    found: dict[str, dict[str, str]] = {}
    for name, service in project.services.items():
        seen = {key: service.get(key) for key in _KEYS if key in service}
        rows = {one.name: str(one.path[2]) for one in reversed(list(dependencies(name, seen)))}
        found[name] = {other: rows[other] for other in reversed(rows) if other in project.services}
    return found


_KEYS = ("depends_on", "links", "volumes_from", "network_mode", "ipc", "pid", "uts", "cgroup")


def reachable(graph: Graph, start: str) -> set[str]:
    """Every service that comes before `start`, directly or through others; `start` itself only in a circle."""
    found: set[str] = set()
    todo = list(graph.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(graph.get(name, ()))
    return found


def loops(graph: Graph) -> Iterator[list[str]]:
    """One circle for each knot of services that wait for each other, its first service again at its end."""
    for knot in knots(graph):
        if len(knot) > 1 or knot[0] in graph.get(knot[0], ()):
            yield _loop(graph, knot)


def _loop(graph: Graph, knot: list[str]) -> list[str]:
    """A shortest circle through the first service of a knot."""
    start, within = knot[0], set(knot)
    came: dict[str, str] = {}
    todo = [start]
    for name in todo:
        for other in graph.get(name, ()):
            if other == start:
                trail = [name]
                while trail[-1] != start:
                    trail.append(came[trail[-1]])
                return [*reversed(trail), start]
            if other in within and other not in came:
                came[other] = name
                todo.append(other)
    raise AssertionError("every service of a knot is on a circle")


def knots(graph: Graph) -> list[list[str]]:
    """The strongly connected components, services in the order of the graph. Tarjan's algorithm, without recursion."""
    place = {name: number for number, name in enumerate(graph)}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    held: set[str] = set()
    found: list[list[str]] = []
    for root in graph:
        trail: list[tuple[str, Iterator[str]]] = []
        if root not in index:
            _enter(root, index, low, stack, held)
            trail.append((root, iter(graph[root])))
        while trail:
            name, rest = trail[-1]
            step = next((other for other in rest if other in place), None)
            if step is None:
                trail.pop()
                if trail:
                    low[trail[-1][0]] = min(low[trail[-1][0]], low[name])
                if low[name] == index[name]:
                    at = stack.index(name)
                    found.append(sorted(stack[at:], key=place.__getitem__))
                    held.difference_update(stack[at:])
                    del stack[at:]
            elif step not in index:
                _enter(step, index, low, stack, held)
                trail.append((step, iter(graph[step])))
            elif step in held:
                low[name] = min(low[name], index[step])
    return sorted(found, key=lambda knot: place[knot[0]])


def _enter(name: str, index: dict[str, int], low: dict[str, int], stack: list[str], held: set[str]) -> None:
    index[name] = low[name] = len(index)
    stack.append(name)
    held.add(name)
