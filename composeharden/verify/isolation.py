"""From a stack to one that can be tried: nothing of the user's is touched, nothing of the world is reached.

A service keeps the keys that say how its program runs, and no others: what is not known here is left out. Names, ports,
networks, volumes and labels are our own. What cannot be kept apart from this machine is not run, nor what needs it.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from composeharden.engine import Docker
from composeharden.verify.allowed import Allowed, Patience
from composeharden.verify.bounds import bounded
from composeharden.verify.bystanders import overheard_by_nobody, without_routes
from composeharden.verify.hostfiles import HostFile, look_at
from composeharden.verify.model import is_remote, single
from composeharden.verify.network import unreachable, without_ipv6

_KEPT = (
    "cap_add",
    "cap_drop",
    "command",
    "domainname",
    "entrypoint",
    "environment",
    "expose",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "platform",
    "read_only",
    "restart",
    "runtime",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
)
_HOST_CAPABILITIES = frozenset(
    (
        "ALL",
        "AUDIT_CONTROL",
        "AUDIT_READ",
        "BLOCK_SUSPEND",
        "BPF",
        "DAC_READ_SEARCH",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "PERFMON",
        "SYSLOG",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_TIME",
        "WAKE_ALARM",
    )
)
_NEVER = {
    "provider": "it is made by a provider, which is never called",
    "models": "it uses a model, which is never fetched",
    "use_api_socket": "it uses the engine itself",
    "credential_spec": "it uses credentials of this machine",
}
_OF_THE_HOST = ("privileged", "devices", "device_cgroup_rules", "gpus", "uts", "userns_mode", "cgroup")
_HOST_NAMESPACES = {
    "pid": "processes",
    "ipc": "shared memory",
    "uts": "name",
    "userns_mode": "users",
    "cgroup": "cgroups",
}
_PROFILES = ("seccomp:", "apparmor:", "label:")
_USUAL_PROFILES = (":builtin", ":docker-default", ":runtime/default")
_CONFINING_RUNTIMES = frozenset(
    ("runc", "io.containerd.runc.v2", "crun", "youki", "runsc", "kata-runtime", "sysbox-runc")
)
_UNREACHABLE_DNS = "127.0.0.1"
_ALIAS = "COMPOSEHARDEN_GRANTED_"
_GRANTED = ("secrets", "configs")


@dataclass
class Isolation:
    """What is run of a stack, what is not and why, and what is different from real life.

    Made from the canonical model as it is; `apply` then turns that one, and hardened ones, into models to run.
    """

    model: Mapping[str, Any]
    directory: str
    allowed: Allowed
    patience: Patience
    images: Mapping[str, Mapping[str, Any] | None]
    """What the engine knows of each service's image; None where it has none."""
    wanted: frozenset[str] = frozenset()
    """Services to run, with what they need; all where it is empty."""
    built: Mapping[str, str] = field(default_factory=dict)
    """Tags of the images that were built for the trial, by service."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Those of the project that secrets and configs are made of."""
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: dict[tuple[str, str], HostFile] = field(default_factory=dict)
    """By service and target, for each mounted path of the host."""
    host_access: list[str] = field(default_factory=list)
    """What is run although it is not kept apart."""

    def __post_init__(self) -> None:
        services: Mapping[str, Any] = self.model.get("services") or {}
        chosen = _with_needs(services, self.wanted) if self.wanted else set(services)
        for name, body in services.items():
            reason = "" if name in chosen else "not asked for"
            self.left_out.update({name: reason} if (reason := reason or self._against(name, body)) else {})
        while True:  # what needs a service that is not run is not run either
            found = {
                name: f"it needs {missing[0]}, which is not run"
                for name, body in services.items()
                if name not in self.left_out and (missing := [one for one in needs(body) if one in self.left_out])
            }
            if not found:
                break
            self.left_out.update(found)
        for name in self.services:
            self._note(name, services[name])

    @property
    def services(self) -> list[str]:
        """The services that are run."""
        return [name for name in self.model.get("services") or {} if name not in self.left_out]

    @property
    def granted_variables(self) -> dict[str, str]:
        """What Compose needs in its environment, under names that mean nothing to any program: not PATH, say."""
        return {f"{_ALIAS}{name}": value for name, value in self.variables.items()}

    # -- what is run -------------------------------------------------------------------------------------------------

    def _against(self, name: str, body: Mapping[str, Any]) -> str:
        """Why a service is not run, or empty."""
        never = next((reason for key, reason in _NEVER.items() if body.get(key)), "")
        mode = str(body.get("network_mode") or "")
        joined = [mode, str(body.get("pid")), str(body.get("ipc")), *map(str, body.get("volumes_from") or ())]
        if any(one.startswith("container:") for one in joined):
            never = never or "it joins a container that is not of this stack"
        if never:
            return never
        missing = next((source for _, source in self._sources(body) if not os.path.exists(source)), "")
        if missing:
            return f"{missing}, which it gets as a secret or config, is not there"
        reasons = [*_host_reasons(body), *self._host_files(name, body)]
        if reasons and not self.allowed.host_access:
            return f"{reasons[0]}: it cannot be kept apart (--allow-host-access)"
        self.host_access += [f"{name}: {reason}" for reason in reasons]
        if self.images.get(name) is None:
            if body.get("build") and is_remote(body["build"]):
                return "its image is not here, and what is built from elsewhere is never built"
            return f"its image is not here ({'--build' if body.get('build') else '--pull, or docker compose pull'})"
        return ""

    def _host_files(self, name: str, body: Mapping[str, Any]) -> Iterable[str]:
        """Look at each mounted path of the host; yields what cannot be copied."""
        for mount in body.get("volumes") or ():
            kind = mount.get("type")
            if kind == "bind":
                target = single(mount["target"])
                found = look_at(single(mount["source"]), bool(mount.get("read_only")), self.directory, self.allowed)
                self.files[name, target] = found
                if found.is_refused:
                    yield found.note
            elif kind not in ("volume", "tmpfs"):
                yield f"{kind} mounts are not supported here"
        yield from self._granted_files(name, body)

    def _granted_files(self, name: str, body: Mapping[str, Any]) -> Iterable[str]:
        """Look at the files of secrets and configs: Compose mounts whatever lies there, a socket or a folder too."""
        for place, source in self._sources(body):
            found = look_at(source, True, self.directory, self.allowed)
            if found.treatment == "file":
                self.files[name, place] = found
            else:
                yield found.note if found.is_refused else f"{source} is a folder and no file for {place}"

    def _sources(self, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What the secrets and configs of a service are called, and where the files of those that have one lie."""
        for section in _GRANTED:
            for key in granted(body, section):
                source = ((self.model.get(section) or {}).get(key) or {}).get("file")
                if source:
                    yield f"{section}.{key}", single(source)

    def _note(self, name: str, body: Mapping[str, Any]) -> None:
        """What of a service is different from real life."""
        found = []
        if any(body.get(key) for key in ("post_start", "pre_stop", "pre_start")):
            found.append("its lifecycle hooks are not called")
        if not self.allowed.network and without_ipv6(body).get("sysctls", {}) != (body.get("sysctls") or {}):
            found.append("IPv6 stays switched off in it")
        found += [one.note for (owner, _), one in self.files.items() if owner == name and one.note]
        scale = (body.get("deploy") or {}).get("replicas", body.get("scale"))
        if scale is not None and int(scale) != 1:
            found.append(f"one container instead of {'several' if int(scale) else 'none'}")
        if any((row or {}).get("ipv4_address") or (row or {}).get("ipv6_address") for row in _networks(body).values()):
            found.append("its fixed address is not kept")
        self.notes += [f"{name}: {text}" for text in found]

    # -- models ------------------------------------------------------------------------------------------------------

    def apply(self, model: Mapping[str, Any], life: Mapping[str, Any]) -> dict[str, Any]:
        """A model to run.

        Args:
            model: canonical, as it is or hardened.
            life: `labels` for everything, `volumes` by source (name of a volume or path of a host folder) as names that
                exist, and `files` by path of the host as paths of copies.
        """
        labels = dict(life["labels"])
        networks: set[str] = set()
        volumes: dict[str, dict[str, Any]] = {}
        services = {}
        for name in self.services:
            own = self._service(name, model["services"][name], life, volumes)
            networks |= set(own.get("networks") or ())
            services[name] = {**own, "labels": {**overheard_by_nobody(self.images.get(name)), **labels}}
        made: dict[str, Any] = {"services": services}
        if networks:
            made["networks"] = {name: self._network(labels) for name in sorted(networks)}
        if volumes:
            made["volumes"] = volumes
        for section in _GRANTED:
            used = {key for name in self.services for key in granted(model["services"][name], section)}
            rows = {key: self._grant(row, life) for key, row in (model.get(section) or {}).items() if key in used}
            if rows:
                made[section] = rows
        return made

    def _grant(self, row: Mapping[str, Any], life: Mapping[str, Any]) -> dict[str, Any]:
        """A secret or config, with a copy for its file."""
        own = {key: value for key, value in row.items() if key != "name"}
        if row.get("environment") in self.variables:
            own["environment"] = f"{_ALIAS}{row['environment']}"
        source = single(row.get("file") or "")
        if source and (source in life["files"] or not self.allowed.host_access):
            own["file"] = life["files"][source].replace("$", "$$")
        return own

    def _network(self, labels: Mapping[str, str]) -> dict[str, Any]:
        return {"labels": labels} if self.allowed.network else unreachable(labels)

    def _service(
        self, name: str, body: Mapping[str, Any], life: Mapping[str, Any], volumes: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        own = without_routes({key: copy.deepcopy(body[key]) for key in _KEPT if body.get(key) is not None})
        own |= bounded(body, self.allowed)
        own = own if self.allowed.network else without_ipv6(own)
        own["image"] = self.built.get(name) or own.get("image") or (self.images[name] or {})["Id"]
        own["pull_policy"] = "never"
        own["logging"] = {"driver": "json-file", "options": {"max-size": "8m", "max-file": "2"}}
        if self.allowed.host_access:
            own |= {key: body[key] for key in _OF_THE_HOST if body.get(key)}
        self._probe(name, own)
        self._connect(name, body, own)
        mounts = [one for mount in body.get("volumes") or () if (one := self._mount(name, mount, life, volumes))]
        if mounts:
            own["volumes"] = mounts
        for key in ("secrets", "configs", "volumes_from", "pid", "ipc"):
            if body.get(key) and (self.allowed.host_access or body[key] != "host"):
                own[key] = copy.deepcopy(body[key])
        depends = {one: row for one, row in (body.get("depends_on") or {}).items() if one in self.services}
        if depends:
            own["depends_on"] = depends
        return own

    def _probe(self, name: str, own: dict[str, Any]) -> None:
        """Health checks are run more often than every half minute, and have as long to succeed as before."""
        image = ((self.images[name] or {}).get("Config") or {}).get("Healthcheck") or {}
        probe = dict(own.get("healthcheck") or {})
        if probe.get("disable") or (probe.get("test") or image.get("Test") or ["NONE"])[0] == "NONE":
            return
        interval = seconds(probe.get("interval")) or (image.get("Interval") or 0) / 1e9 or 30.0
        retries = int(probe.get("retries") or image.get("Retries") or 3)
        probe.pop("start_interval", None)
        if interval > self.patience.interval:
            probe["interval"] = f"{self.patience.interval}s"
            probe["retries"] = max(retries, int(retries * interval / self.patience.interval))
        own["healthcheck"] = probe

    def _connect(self, name: str, body: Mapping[str, Any], own: dict[str, Any]) -> None:
        """Networks of our own, under the names that others know the service by."""
        mode = str(body.get("network_mode") or "")
        if mode == "none" or mode.startswith("service:") or (mode == "host" and self.allowed.host_access):
            own["network_mode"] = mode
            return
        names = _networks(body) or {"default": None}
        also = [str(body["container_name"])] if body.get("container_name") else []
        own["networks"] = {one: {"aliases": [*((row or {}).get("aliases") or ()), *also]} for one, row in names.items()}
        if body.get("links"):
            own["links"] = [link for link in body["links"] if str(link).split(":")[0] in self.services]
        hosts = [entry for entry in _hosts(body) if "host-gateway" not in entry or self.allowed.network]
        if hosts:
            own["extra_hosts"] = hosts
        if not self.allowed.network:
            own |= {"dns": [_UNREACHABLE_DNS], "dns_opt": ["timeout:1", "attempts:2"]}
        elif body.get("dns"):
            own["dns"] = body["dns"]

    def _mount(
        self, name: str, mount: Mapping[str, Any], life: Mapping[str, Any], volumes: dict[str, dict[str, Any]]
    ) -> dict[str, Any] | None:
        own: dict[str, Any] = {key: mount[key] for key in ("type", "target", "read_only") if key in mount}
        kind = mount.get("type")
        if kind == "tmpfs":
            return {**own, "tmpfs": mount.get("tmpfs") or {}}
        if kind == "volume":
            if not mount.get("source"):
                return own
            extra = mount.get("volume") or {}
            key = str(mount["source"])
            volumes[key] = {"name": life["volumes"][key], "external": True}
            return {**own, "source": key, "volume": {"nocopy": True} if extra.get("nocopy") else {}}
        found = self.files.get((name, single(mount.get("target"))))
        if found is None:
            return None
        if found.treatment in ("copy", "empty"):
            key = life["volumes"][found.source]  # a name of ours, which no volume of the stack has
            volumes[key] = {"name": life["volumes"][found.source], "external": True}
            return {**own, "type": "volume", "source": key, "volume": {"nocopy": True}}
        if found.treatment == "file":
            return {
                **own,
                "source": life["files"][found.source].replace("$", "$$"),
                "bind": {"create_host_path": False},
            }
        return {**own, "source": mount["source"], "read_only": True, "bind": {"create_host_path": False}}


def needs(body: Mapping[str, Any]) -> list[str]:
    """The services that a service cannot be run without."""
    found = [name for name, row in (body.get("depends_on") or {}).items() if (row or {}).get("required", True)]
    for key in ("network_mode", "pid", "ipc"):
        value = str(body.get(key) or "")
        found += [value.removeprefix("service:")] if value.startswith("service:") else []
    found += [str(one).split(":")[0] for one in body.get("volumes_from") or ()]
    return [*found, *(str(link).split(":")[0] for link in body.get("links") or ())]


def granted(body: Mapping[str, Any], section: str) -> list[str]:
    """The names of the secrets or configs that a service of a canonical model gets."""
    return [str(row["source"] if isinstance(row, Mapping) else row) for row in body.get(section) or ()]


def image_names(model: Mapping[str, Any]) -> dict[str, str]:
    """The image that each service would be run from: a service that is built has one by its project's name."""
    project = str(model.get("name") or "")
    return {
        name: single(body.get("image") or f"{project}-{name}") for name, body in (model.get("services") or {}).items()
    }


def images_of(
    docker: Docker, model: Mapping[str, Any], built: Mapping[str, str]
) -> dict[str, Mapping[str, Any] | None]:
    """What the engine knows of the image of each service."""
    known: dict[str, Mapping[str, Any] | None] = {}
    found = {}
    for name, image in {**image_names(model), **built}.items():
        if image not in known:
            known[image] = docker.image(image) if image else None
        found[name] = known[image]
    return found


def seconds(duration: Any) -> float:
    """A duration as Compose writes it, `1m30s`; 0 where there is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    parts = re.findall(r"([\d.]+)(h|ms|us|µs|ns|m|s)", str(duration or ""))
    return sum(float(number) * units[unit] for number, unit in parts)


def _host_reasons(body: Mapping[str, Any]) -> list[str]:
    """What ties a service to this machine, files apart."""
    found = ["it is privileged"] if body.get("privileged") else []
    if body.get("network_mode") == "host":
        found.append("it uses the host's network")
    found += [f"it shares the host's {what}" for key, what in _HOST_NAMESPACES.items() if body.get(key) == "host"]
    if any(body.get(key) for key in ("devices", "device_cgroup_rules", "gpus")):
        found.append("it uses devices")
    added = {str(one).upper().removeprefix("CAP_") for one in body.get("cap_add") or ()}
    found += [f"it has the capability {name}" for name in sorted(added & _HOST_CAPABILITIES)]
    options = [str(one).replace("=", ":") for one in body.get("security_opt") or ()]
    if any(one.endswith(":unconfined") or one == "label:disable" for one in options):
        found.append("it switches a security profile off")
    elif any(one.startswith(_PROFILES) and not one.endswith(_USUAL_PROFILES) for one in options):
        found.append("it has a security profile of its own")
    runtime = str(body.get("runtime") or "")
    if runtime and runtime not in _CONFINING_RUNTIMES:
        found.append(f"it uses the runtime {runtime}, which can hand devices over")
    devices = ((body.get("deploy") or {}).get("resources") or {}).get("reservations") or {}
    return [*found, "it uses devices"] if devices.get("devices") else found


def _networks(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = body.get("networks") or {}
    return found if isinstance(found, Mapping) else dict.fromkeys(found)


def _hosts(body: Mapping[str, Any]) -> list[str]:
    found = body.get("extra_hosts") or []
    if isinstance(found, Mapping):
        return [f"{name}={address}" for name, address in found.items()]
    return [str(entry) for entry in found]


def _with_needs(services: Mapping[str, Any], wanted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name in services and name not in found:
            found.add(name)
            left += needs(services[name])
    return found


__all__ = ["Isolation", "image_names", "images_of", "needs", "seconds"]
