"""What is learned about: an image in a stack of its own, which is run again and again in different settings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from composeharden.learn.setting import Setting
from composeharden.verify.bystanders import overheard_by_nobody
from composeharden.verify.model import doubled
from composeharden.verify.network import unreachable

ALONE = "image"
"""The service of a stack that consists of the image alone."""
SIZE = "64m"
_MEMORY, _PIDS = "4g", 2048
_INTERVAL = "2s"


class Place(NamedTuple):
    """Where one life is lived."""

    name: str
    """Of the Compose project."""
    folder: str
    """For copies of files."""
    labels: Mapping[str, str]
    """For everything that is made."""


@dataclass(frozen=True)
class Subject:
    """One service of a model that is fit to be thrown away."""

    image: str
    """The image as the user named it."""
    details: Mapping[str, Any]
    """What the engine knows of it."""
    model: Mapping[str, Any]
    """A Compose model with images that are there, and volumes of its own."""
    service: str = ALONE
    mounted: frozenset[str] = field(default_factory=frozenset)
    """Where the service has volumes that its stack gives it."""
    isolate: Callable[[Place], Mapping[str, Any]] | None = None
    """Makes a model that reaches nothing and is bounded, for one life; None where `model` has nothing of the host."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The image's own configuration."""
        found = self.details.get("Config")
        return found if isinstance(found, dict) else {}

    @property
    def volumes(self) -> frozenset[str]:
        """What the image declares as VOLUME."""
        return frozenset(self.config.get("Volumes") or {})

    @property
    def exposed(self) -> frozenset[tuple[str, int]]:
        """What the image declares as EXPOSE: protocol and number."""
        found = set()
        for text in self.config.get("ExposedPorts") or {}:
            number, _, protocol = str(text).partition("/")
            if number.isdigit():
                found.add((protocol or "tcp", int(number)))
        return frozenset(found)

    @property
    def body(self) -> Mapping[str, Any]:
        """The service as the model has it."""
        found: Mapping[str, Any] = self.model["services"][self.service]
        return found

    @property
    def command(self) -> tuple[str, ...]:
        """What the service says instead of the image's own command."""
        found = self.body.get("command")
        return (found,) if isinstance(found, str) else tuple(map(str, found or ()))

    @property
    def covered(self) -> frozenset[str]:
        """Where anything is mounted."""
        found = {*self.volumes, *self.mounted}
        for mount in self.body.get("volumes") or ():
            target = mount.get("target") if isinstance(mount, Mapping) else str(mount).split(":")[:2][-1]
            found.add(str(target))
        found |= {text.partition(":")[0] for text in _strings(self.body.get("tmpfs"))}
        return frozenset(found | ({"/run/secrets"} if self.body.get("secrets") else set()))

    @property
    def probe(self) -> tuple[str, ...]:
        """The image's own HEALTHCHECK; empty without one."""
        test = (self.config.get("Healthcheck") or {}).get("Test") or ()
        return () if list(test[:1]) == ["NONE"] else tuple(map(str, test))


def alone(image: str, details: Mapping[str, Any], environment: Mapping[str, str], command: tuple[str, ...]) -> Subject:
    """An image by itself, with each of its VOLUMEs on a volume that can be emptied."""
    body: dict[str, Any] = {"image": image}
    if environment:
        body["environment"] = doubled(environment)
    if command:
        body["command"] = doubled(list(command))
    volumes = _declared(details)
    body["volumes"] = [{"type": "volume", "source": name, "target": doubled(path)} for name, path in volumes.items()]
    model = {"services": {ALONE: body}, "volumes": {key: {} for key in volumes}}
    return Subject(image, details, model)


def _declared(details: Mapping[str, Any]) -> dict[str, str]:
    paths = sorted((details.get("Config") or {}).get("Volumes") or {})
    return {f"declared-{number}": path for number, path in enumerate(paths)}


def staged(subject: Subject, setting: Setting, place: Place) -> dict[str, Any]:
    """The model in which the service runs in a setting: bounded, with an internal network only, and labelled."""
    isolate = subject.isolate or (lambda place: _isolated(subject, place.labels))
    model = copy.deepcopy(dict(isolate(place)))
    for body in model["services"].values():
        body["restart"] = "no"
    _set(model["services"][subject.service], setting, model, place.labels)
    return model


def _isolated(subject: Subject, labels: Mapping[str, str]) -> dict[str, Any]:
    """A model of ours with bounds."""
    model, silent = subject.model, overheard_by_nobody(subject.details)
    services = {}
    for name, body in model["services"].items():
        bounds = {"labels": {**silent, **labels}, "pull_policy": "never"}
        services[name] = {"mem_limit": _MEMORY, "pids_limit": _PIDS, **body, **bounds}
        if "healthcheck" in body and not body["healthcheck"].get("disable"):
            services[name]["healthcheck"] = {**body["healthcheck"], "interval": _INTERVAL}
    volumes = {name: {"labels": dict(labels)} for name in model.get("volumes", {})}
    return {"services": services, "networks": {"default": unreachable(labels)}, "volumes": volumes}


def _set(body: dict[str, Any], setting: Setting, model: dict[str, Any], labels: Mapping[str, str]) -> None:
    if setting.user:
        body["user"] = setting.user
    if setting.capabilities is not None:
        body["cap_drop"] = ["ALL"]
        body["cap_add"] = sorted({*setting.capabilities, *body.get("cap_add", ())})
    if setting.no_new_privileges:
        body["security_opt"] = [*body.get("security_opt", ()), "no-new-privileges:true"]
    if setting.read_only:
        body["read_only"] = True
    rows = setting.writable if setting.read_only else ()
    for number, row in enumerate(rows):
        if row.kind == "volume":
            name = f"written-{number}"
            model.setdefault("volumes", {})[name] = {"labels": dict(labels)}
            body["volumes"] = [*body.get("volumes", ()), f"{name}:{row.path}"]
        else:
            owner = setting.user or setting.start or (setting.service if row.owner == "service" else "")
            body["tmpfs"] = [*_strings(body.get("tmpfs")), _tmpfs(row.path, owner)]


def _strings(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _tmpfs(path: str, owner: str) -> str:
    uid, _, gid = owner.partition(":")
    options = [f"uid={uid}" if uid else "", f"gid={gid}" if gid else "", f"size={SIZE}"]
    return f"{path}:{','.join(filter(None, options))}"
