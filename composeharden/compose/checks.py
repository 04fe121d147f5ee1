"""What `docker compose config` rejects although the schema allows it.

Works on the prepared model of a whole project. Services with a profile are left alone, as Compose does until the
profile is active; whoever depends on one is taken to be started with that profile.
Source: compose-go loader/validate.go (checkConsistency), validation/, transform/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from composeharden.compose.canonical import parse_volume
from composeharden.compose.evaluator import Variable
from composeharden.compose.problems import Failure, Fault, place, shown
from composeharden.compose.references import cycles, section, undefined
from composeharden.compose.resources import definitions
from composeharden.compose.specs import size, syntax

Data = Mapping[str, Any]


def failures(model: Data) -> Iterator[Failure]:
    """Everything in a prepared project model that does not fit together."""
    services = {name: service for name, service in section(model, "services").items() if isinstance(service, Mapping)}
    active = {name: service for name, service in services.items() if not service.get("profiles")}
    complete = "include" not in model  # otherwise other files may define what is missing here
    for name, service in active.items():
        if complete:
            yield from _nothing_to_run(name, service)
        for check in _CHECKS:
            yield from check(name, service)
        yield from syntax(name, service)
    yield from _same_container(active)
    yield from cycles(active)
    if complete:
        yield from undefined(model, active)
    yield from definitions(model)


def _nothing_to_run(name: str, service: Data) -> Iterator[Failure]:
    if not (service.get("image") or service.get("provider") or {"build", "extends"} & service.keys()):
        path = ("services", name)
        message = f"{place(path)} has neither `image` nor `build`"
        yield Failure(path, message, "a service with `image` or `build`", fault=Fault.INCOMPLETE)


def _conflict(name: str, first: str, second: str, because: str = "exclude each other") -> Failure:
    """Two keys of a service, as dotted paths, that cannot stand together."""
    path = ("services", name, *second.split("."))
    return Failure(
        path,
        f"`{first}` and `{second}` of {place(('services', name))} {because}",
        "one of the two",
        fault=Fault.CONFLICT,
    )


def _network_mode(name: str, service: Data) -> Iterator[Failure]:
    if service.get("network_mode") and service.get("networks"):
        yield _conflict(name, "network_mode", "networks")


def _build(name: str, service: Data) -> Iterator[Failure]:
    build = service.get("build")
    if not isinstance(build, Mapping):
        return
    if build.get("dockerfile") and build.get("dockerfile_inline"):
        yield _conflict(name, "build.dockerfile", "build.dockerfile_inline")
    platform, platforms = service.get("platform"), build.get("platforms")
    known = [platform, *platforms] if isinstance(platforms, list) and platforms and platform else []
    if known and platform not in known[1:] and not any(isinstance(item, Variable) for item in known):
        yield _conflict(name, "platform", "build.platforms", "disagree: the first must be one of the second")


def _test(name: str, service: Data) -> Iterator[Failure]:
    test = below(service, "healthcheck", "test")
    first = test[0] if isinstance(test, list) and test else "NONE"
    if first not in ("CMD", "CMD-SHELL", "NONE") and not isinstance(first, Variable):
        path = ("services", name, "healthcheck", "test")
        expected = "a list that starts with `CMD`, `CMD-SHELL` or `NONE`, or a string"
        yield Failure(path, f"{place(path)} must be {expected}", expected)


def _replicas(name: str, service: Data) -> Iterator[Failure]:
    scale, replicas = service.get("scale"), below(service, "deploy", "replicas")
    if isinstance(scale, int) and isinstance(replicas, int) and scale != replicas:
        yield _conflict(name, "scale", "deploy.replicas", "disagree")
    for value, key in ((scale, "scale"), (replicas, "deploy.replicas")):
        if not isinstance(value, int):
            continue
        if value > 1 and service.get("container_name"):
            yield _conflict(name, "container_name", key, "exclude each other: a name is for one container")
        if value < 0:
            path = ("services", name, *key.split("."))
            yield Failure(path, f"{place(path)} must be at least 0", "a number of at least 0")


_LIMITS = (
    ("mem_limit", "limits", "memory"),
    ("cpus", "limits", "cpus"),
    ("pids_limit", "limits", "pids"),
    ("mem_reservation", "reservations", "memory"),
)


def _limits(name: str, service: Data) -> Iterator[Failure]:
    """A limit that is set counts against `deploy.resources` even where that does not mention it: zero is not five."""
    for short, group, key in _LIMITS:
        resources = below(service, "deploy", "resources", group)
        if not isinstance(resources, Mapping) or short not in service:
            continue
        mine, theirs = (size(value) for value in (service[short], resources.get(key, 0)))
        if mine and theirs is not None and mine != theirs:
            yield _conflict(name, f"deploy.resources.{group}.{key}", short, "disagree")


def _tmpfs(name: str, service: Data) -> Iterator[Failure]:
    tmpfs = service.get("tmpfs")
    items = tmpfs if isinstance(tmpfs, list) else [tmpfs] if tmpfs else []
    taken = {str(item).partition(":")[0]: item for item in items}
    volumes = service.get("volumes")
    for number, item in enumerate(volumes if isinstance(volumes, list) else ()):
        target = item.get("target") if isinstance(item, Mapping) else _target(item)
        if target in taken and not isinstance(taken[target], Variable):
            path = ("services", name, "volumes", number)
            yield Failure(
                path,
                f"{place(path)} mounts something where `tmpfs` of the same service already does",
                "another target",
                fault=Fault.CONFLICT,
            )


def _target(text: Any) -> str | None:
    mount = parse_volume(text) if isinstance(text, str) and not isinstance(text, Variable) else None
    return None if mount is None else str(mount["target"])


def _watch(name: str, service: Data) -> Iterator[Failure]:
    rules = below(service, "develop", "watch")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        path = ("services", name, "develop", "watch", number)
        if not rule.get("target") and str(rule.get("action")).startswith("sync"):
            yield Failure(path, f"{place(path)} needs the key `target` for its action", "a mapping with `target`")
        if rule.get("path") == "":
            yield Failure((*path, "path"), f"{place((*path, 'path'))} must not be empty", "a path")


_CHECKS: tuple[Callable[[str, Data], Iterator[Failure]], ...] = (
    _network_mode,
    _build,
    _test,
    _replicas,
    _limits,
    _tmpfs,
    _watch,
)


def _same_container(active: Mapping[str, Data]) -> Iterator[Failure]:
    taken: dict[str, str] = {}
    for name, service in active.items():
        container = service.get("container_name")
        if not isinstance(container, str) or isinstance(container, Variable):
            continue
        first = taken.setdefault(container, name)
        if first != name:
            path = ("services", name, "container_name")
            yield Failure(
                path,
                f"{place(path)} is the container name of the service `{shown(first)}` already",
                "a name of its own",
                fault=Fault.CONFLICT,
            )


def below(data: Any, *keys: str) -> Any:
    """The value under nested keys, None where one is missing."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
