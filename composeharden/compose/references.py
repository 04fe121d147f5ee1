"""Names that a service uses and something else in the project has to define.

Source: compose-go loader/validate.go (checkConsistency), loader/normalize.go (implied dependencies), graph/cycle.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.compose.canonical import parse_volume
from composeharden.compose.evaluator import Variable
from composeharden.compose.problems import Failure, Fault, Path, did_you_mean, place, shown

Data = Mapping[str, Any]


class Reference(NamedTuple):
    """A name that is used, and where."""

    name: str
    path: Path


def undefined(model: Data, active: Mapping[str, Data]) -> Iterator[Failure]:
    """Names used by the `active` services that the project does not define."""
    services = section(model, "services")
    for name, service in active.items():
        for reference in dependencies(name, service):
            if reference.name not in services:
                yield _missing("service", reference, services)
        for kind, references in _RESOURCES.items():
            known = section(model, f"{kind}s")
            for reference in references(name, service):
                if reference.name not in known and not (kind == "network" and reference.name == "default"):
                    yield _missing(kind, reference, known)


def cycles(active: Mapping[str, Data]) -> Iterator[Failure]:
    """The first circle of dependencies, if there is one."""
    edges = {name: {one.name: one for one in dependencies(name, service)} for name, service in active.items()}
    done: set[str] = set()
    for start in edges:
        trail: dict[str, Iterator[str]] = {start: iter(edges[start])} if start not in done else {}
        while trail:
            last = next(reversed(trail))
            step = next((name for name in trail[last] if name in edges and name not in done), None)
            if step is None:
                done.add(last)
                del trail[last]
            elif step in trail:
                circle = [*list(trail)[list(trail).index(step) :], step]
                message = f"services wait for each other: {' -> '.join(map(shown, circle))}"
                yield Failure(edges[last][step].path, message, "", "remove one of these dependencies", Fault.CONFLICT)
                return
            else:
                trail[step] = iter(edges[step])


def section(model: Data, name: str) -> Data:
    """A top-level section as a mapping."""
    found = model.get(name)
    return found if isinstance(found, Mapping) else {}


def dependencies(name: str, service: Data) -> Iterator[Reference]:
    """Services that `service` needs: `depends_on`, `links`, `volumes_from` and `service:` namespaces."""
    base: Path = ("services", name)
    yield from _names(service.get("depends_on"), (*base, "depends_on"))
    for reference in _names(service.get("links"), (*base, "links")):
        parts = reference.name.split(":")
        yield reference._replace(name=parts[0]) if len(parts) == 2 else reference
    for reference in _names(service.get("volumes_from"), (*base, "volumes_from")):
        if not reference.name.startswith("container:"):
            yield reference._replace(name=reference.name.partition(":")[0])
    for key in ("network_mode", "ipc", "pid", "uts", "cgroup"):
        value = service.get(key)
        if isinstance(value, str) and not isinstance(value, Variable) and value.startswith("service:"):
            yield Reference(value.removeprefix("service:"), (*base, key))


def volumes(name: str, service: Data) -> Iterator[Reference]:
    """Named volumes: of several mounts at one target only the last counts."""
    items = service.get("volumes")
    by_target: dict[str, Reference | None] = {}
    for number, item in enumerate(items if isinstance(items, list) else ()):
        mount = parse_volume(item) if isinstance(item, str) and not isinstance(item, Variable) else item
        if not isinstance(mount, Mapping) or not isinstance(mount.get("target"), str):
            continue
        source = mount.get("source")
        named = mount.get("type") == "volume" and isinstance(source, str) and source
        known = named and not isinstance(source, Variable)
        by_target[mount["target"]] = Reference(str(source), ("services", name, "volumes", number)) if known else None
    yield from (reference for reference in by_target.values() if reference)


def _names(value: Any, path: Path) -> Iterator[Reference]:
    """Names of a list, or the keys of a mapping."""
    if isinstance(value, Mapping):
        yield from (Reference(key, (*path, key)) for key in value)
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str) and not isinstance(item, Variable):
            yield Reference(item, (*path, number))


def _grants(value: Any, path: Path) -> Iterator[Reference]:
    """Names of a list of names and of mappings with a `source`."""
    for number, item in enumerate(value if isinstance(value, list) else ()):
        source = item.get("source", "") if isinstance(item, Mapping) else item
        if isinstance(source, str) and not isinstance(source, Variable):
            yield Reference(source, (*path, number))


def _build_secrets(name: str, service: Data) -> Iterator[Reference]:
    build = service.get("build")
    if isinstance(build, Mapping):
        yield from _grants(build.get("secrets"), ("services", name, "build", "secrets"))


def _secrets(name: str, service: Data) -> Iterator[Reference]:
    yield from _grants(service.get("secrets"), ("services", name, "secrets"))
    yield from _build_secrets(name, service)


_RESOURCES: dict[str, Callable[[str, Data], Iterator[Reference]]] = {
    "network": lambda name, service: _names(service.get("networks"), ("services", name, "networks")),
    "volume": volumes,
    "secret": _secrets,
    "config": lambda name, service: _grants(service.get("configs"), ("services", name, "configs")),
    "model": lambda name, service: _names(service.get("models"), ("services", name, "models")),
}


def _missing(kind: str, reference: Reference, known: Data) -> Failure:
    where = "`services`" if kind == "service" else f"the top-level `{kind}s`"
    message = f"{place(reference.path)} names the {kind} `{shown(reference.name)}`, which {where} does not define"
    suggestion = did_you_mean(reference.name, known) or f"define it under {where}"
    return Failure(reference.path, message, f"the name of a {kind}", suggestion, Fault.REFERENCE)
