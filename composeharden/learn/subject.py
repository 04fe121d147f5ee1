"""What is learned about: an image in a stack of its own, which is run again and again in different settings."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from composeharden.learn.setting import Setting

ALONE = "image"
"""The service of a stack that consists of the image alone."""
SIZE = "64m"
_MEMORY, _PIDS = "4g", 2048
_INTERVAL = "2s"
_SECONDS = 10.0
"""A service without a grace period of its own."""


@dataclass(frozen=True)
class Subject:
    """One service of a model that is fit to be thrown away."""

    image: str
    """The image as the user named it."""
    details: Mapping[str, Any]
    """What the engine knows of it."""
    model: Mapping[str, Any]
    """A Compose model with images that are there, internal networks, and volumes of its own."""
    service: str = ALONE
    mounted: frozenset[str] = field(default_factory=frozenset)
    """Where the service has volumes that its stack gives it."""

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
    def probe(self) -> tuple[str, ...]:
        """The image's own HEALTHCHECK; empty without one."""
        test = (self.config.get("Healthcheck") or {}).get("Test") or ()
        return () if list(test[:1]) == ["NONE"] else tuple(map(str, test))


def alone(image: str, details: Mapping[str, Any], environment: Mapping[str, str], command: tuple[str, ...]) -> Subject:
    """An image by itself, with each of its VOLUMEs on a volume that can be emptied."""
    body: dict[str, Any] = {"image": image}
    if environment:
        body["environment"] = dict(environment)
    if command:
        body["command"] = [word.replace("$", "$$") for word in command]
    volumes = _declared(details)
    body["volumes"] = [f"{name}:{path}" for name, path in volumes.items()]
    model = {"services": {ALONE: body}, "volumes": {key: {} for key in volumes}}
    return Subject(image, details, model)


def _declared(details: Mapping[str, Any]) -> dict[str, str]:
    paths = sorted((details.get("Config") or {}).get("Volumes") or {})
    return {f"declared-{number}": path for number, path in enumerate(paths)}


def staged(subject: Subject, setting: Setting, labels: Mapping[str, str]) -> dict[str, Any]:
    """The model in which the service runs in a setting: bounded, with an internal network only, and labelled."""
    model = copy.deepcopy(dict(subject.model))
    model.setdefault("networks", {}).setdefault("default", {})
    for network in model["networks"].values():
        # Without an address on the bridge, not even this machine can be reached.
        options = {"com.docker.network.bridge.inhibit_ipv4": "true"}
        network.update(internal=True, driver="bridge", driver_opts=options, labels=dict(labels))
    for body in model["services"].values():
        _bound(body, labels)
    _set(model["services"][subject.service], setting, model)
    for volume in model.setdefault("volumes", {}).values():
        volume["labels"] = dict(labels)
    return model


def _bound(body: dict[str, Any], labels: Mapping[str, str]) -> None:
    body["labels"] = dict(labels)
    body["restart"] = "no"
    body["pull_policy"] = "never"
    body.setdefault("mem_limit", _MEMORY)
    body.setdefault("pids_limit", _PIDS)
    if "healthcheck" in body and not body["healthcheck"].get("disable"):
        body["healthcheck"] = {**body["healthcheck"], "interval": _INTERVAL}


def _set(body: dict[str, Any], setting: Setting, model: dict[str, Any]) -> None:
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
            model.setdefault("volumes", {})[name] = {}
            body["volumes"] = [*body.get("volumes", ()), f"{name}:{row.path}"]
        else:
            owner = setting.user or (setting.service if row.owner == "service" else "")
            body["tmpfs"] = [*_strings(body.get("tmpfs")), _tmpfs(row.path, owner)]


def _strings(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _tmpfs(path: str, owner: str) -> str:
    uid, _, gid = owner.partition(":")
    options = [f"uid={uid}" if uid else "", f"gid={gid}" if gid else "", f"size={SIZE}"]
    return f"{path}:{','.join(filter(None, options))}"


def grace(subject: Subject) -> float:
    """Seconds that the engine waits before it kills the service."""
    found = str(subject.body.get("stop_grace_period") or "")
    number = found.removesuffix("s")
    return float(number) if number.replace(".", "").isdigit() else _SECONDS
