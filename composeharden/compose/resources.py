"""Definitions at the top level: what external volumes, secrets and configs may and must say.

Source: compose-go validation/validation.go, validation/external.go, transform/external.go, loader/validate.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composeharden.compose.evaluator import Variable
from composeharden.compose.problems import Failure, Fault, Path, either, place
from composeharden.compose.references import section

Data = Mapping[str, Any]

_CONTENT = {"secrets": ("file", "environment"), "configs": ("file", "environment", "content")}


def definitions(model: Data) -> Iterator[Failure]:
    """What is wrong with the project's volumes, networks, secrets and configs."""
    for kind in ("volumes", "networks", "secrets", "configs"):
        for name, resource in section(model, kind).items():
            if isinstance(resource, Mapping):
                yield from _two_names((kind, name), resource)
                if kind in _CONTENT:
                    yield from _content((kind, name), resource, _CONTENT[kind])
    for name, volume in section(model, "volumes").items():
        if isinstance(volume, Mapping) and is_external(volume):
            yield from _external_volume(("volumes", name), volume)


def is_external(resource: Data) -> bool:
    """True for what exists outside the project, also in the older form `external: {name: ...}`."""
    return resource.get("external") is True or isinstance(resource.get("external"), Mapping)


def _two_names(path: Path, resource: Data) -> Iterator[Failure]:
    external, name = resource.get("external"), resource.get("name")
    inner = external.get("name") if isinstance(external, Mapping) else None
    if name and inner and name != inner and not isinstance(name, Variable) and not isinstance(inner, Variable):
        yield Failure(
            (*path, "external"),
            f"`name` and `external.name` of {place(path)} disagree",
            "`external: true` and `name`",
            "write `external: true` and keep `name`",
            Fault.CONFLICT,
        )


def _external_volume(path: Path, volume: Data) -> Iterator[Failure]:
    for key in volume:
        if key not in ("external", "name") and not key.startswith("x-"):
            yield Failure(
                (*path, key),
                f"{place(path)} is external, so it cannot have the key `{key}`",
                suggestion="remove one of the two",
                fault=Fault.CONFLICT,
                at_key=True,
            )


def _content(path: Path, resource: Data, keys: tuple[str, ...]) -> Iterator[Failure]:
    given = [key for key in keys if key in resource]
    expected = "one of " + either(f"`{key}`" for key in keys)
    if len(given) > 1:
        yield Failure(
            (*path, given[1]), f"{place(path)} has several contents", expected, "keep one of them", Fault.CONFLICT, True
        )
    elif not given and ("external" not in resource or (path[0] == "secrets" and resource["external"] is False)):
        yield Failure(path, f"{place(path)} needs {expected}, or `external: true`", expected)
