"""A project as Compose would run it: effective services, each value knowing where it was written."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.extends import service_nodes
from composeharden.compose.files import Fault, Files, Layer, Reader
from composeharden.compose.interpolation import InvalidTemplate
from composeharden.compose.lint import Linter
from composeharden.compose.mounts import Mount, mounts_of, target_of
from composeharden.compose.neighbours import environment_names
from composeharden.compose.places import member
from composeharden.compose.values import as_bool, as_list, as_mapping, as_text, words
from composeharden.compose.written import Template, Written
from composeharden.yaml import nodes
from composeharden.yaml.scalars import Tagged
from composeharden.yaml.source import Source

if TYPE_CHECKING:
    from composeharden.compose.builds import Dockerfile


class Origin(NamedTuple):
    """Where an effective value is written: `kind` is own, merge key, extends, document or inherited."""

    layer: Layer
    node: nodes.Node
    kind: str

    @property
    def line(self) -> int:
        """Line in the file, from 1."""
        return self.layer.source.position(self.node.outer).line


class Service:
    """One effective service. `raw` is what it means before interpolation, `get` what Compose would see."""

    def __init__(self, project: Project, name: str, raw: Mapping[str, Any]) -> None:
        self.project = project
        self.name = name
        self.raw = raw
        self.bodies: list[tuple[Layer, nodes.Node]] = project.bodies(name)
        self._unset: set[str] = set()
        self._items: dict[str, dict[str, tuple[Layer, nodes.Node]]] = {}
        self.unclear: list[str] = list(project.unclear.get(name, ()))
        """Why this view may not be all that Compose sees; empty when it is."""

    def __contains__(self, key: str) -> bool:
        return key in self.raw

    def get(self, key: str) -> Any:
        """The interpolated value of a key, None where it is not set."""
        return self._view(self.raw.get(key))

    def _view(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.project.text(value, self._unset)
        if isinstance(value, dict):
            return {key: self._view(child) for key, child in value.items()}
        if isinstance(value, Tagged):
            return self._view(value.value)
        return [self._view(child) for child in value] if isinstance(value, list) else value

    def unset(self, key: str) -> frozenset[str]:
        """Variables without a value that the value of `key` depends on."""
        found: set[str] = set()
        self._collect_unset(self.raw.get(key), found)
        return frozenset(found)

    def _collect_unset(self, value: Any, found: set[str]) -> None:
        if isinstance(value, str):
            self.project.text(value, found)
        elif isinstance(value, (dict, list, Tagged)):
            for child in value.values() if isinstance(value, dict) else value:
                self._collect_unset(child, found)

    @cached_property
    def image(self) -> str:
        """The image name, empty when there is none or it depends on an unset variable alone."""
        return as_text(self.get("image"))

    @property
    def is_active(self) -> bool:
        """False for a service whose profiles are all inactive: Compose leaves it out."""
        return self.project.is_active(self.name)

    @cached_property
    def is_container(self) -> bool:
        """False for what Compose runs no container of ours for: a `provider` service."""
        return "provider" not in self.raw

    def flag(self, key: str) -> bool | None:
        """A boolean as Compose coerces it; None where not set or not to be told."""
        return as_bool(self.get(key))

    def strings(self, key: str) -> list[str]:
        """A list of strings (a lone string counts as one)."""
        return as_list(self.get(key))

    @cached_property
    def environment(self) -> dict[str, str | None]:
        """Environment by name; None for a name that takes its value from outside, such as from an env_file."""
        return {**dict.fromkeys(sorted(self._env_file[0])), **as_mapping(self.get("environment"))}

    @cached_property
    def _env_file(self) -> tuple[set[str], bool]:
        return environment_names(self.project, self.get("env_file"))

    @property
    def from_env_file(self) -> frozenset[str]:
        """The names of the variables that its environment files set."""
        return frozenset(self._env_file[0])

    @property
    def knows_environment(self) -> bool:
        """False when an env_file could not be read, so that variables may be set that `environment` does not show."""
        return self._env_file[1]

    @cached_property
    def dockerfile(self) -> Dockerfile | None:
        """What its Dockerfile says, or why it cannot be read; None where nothing is built."""
        from composeharden.compose.builds import dockerfile_of  # many stacks build nothing

        return dockerfile_of(self) if "build" in self.raw else None

    @cached_property
    def mounts(self) -> list[Mount]:
        """Everything mounted into the container: volumes, tmpfs, secrets and configs."""
        return mounts_of(self)

    @cached_property
    def unknown_targets(self) -> list[str]:
        """Variables without a value that the container path of a mount depends on (a source alone does not matter)."""
        found: set[str] = set()
        entries = self.raw.get("volumes")
        for item in entries if isinstance(entries, list) else ():
            raw = item.get("target") if isinstance(item, dict) else item
            if isinstance(raw, str) and "$" in raw:
                unset: set[str] = set()
                target = target_of(self.project.text(raw, unset))
                if unset and not (target.startswith("/") and target in raw):
                    found |= unset
        return sorted(found)

    @cached_property
    def command(self) -> list[str]:
        """The words of `command`; a string is split as a shell would."""
        return words(self.get("command"))

    @cached_property
    def entrypoint(self) -> list[str]:
        """The words of `entrypoint`."""
        return words(self.get("entrypoint"))

    @cached_property
    def probe(self) -> list[str]:
        """The words of `healthcheck.test`; a string counts as one word."""
        healthcheck = self.get("healthcheck")
        test = healthcheck.get("test") if isinstance(healthcheck, dict) else None
        return [as_text(word) for word in test] if isinstance(test, list) else [as_text(test)] if test else []

    @cached_property
    def depends_on(self) -> dict[str, str]:
        """Dependency to its condition."""
        value = self.get("depends_on")
        if isinstance(value, dict):
            return {
                name: as_text((row or {}).get("condition")) or "service_started"
                if isinstance(row, dict)
                else "service_started"
                for name, row in value.items()
            }
        return dict.fromkeys(as_list(value), "service_started")

    # -- where things are written ----------------------------------------------------------------------------------

    @property
    def body(self) -> tuple[Layer, nodes.Node]:
        """The node that holds the service's own keys: its first definition."""
        return self.bodies[0]

    def origin(self, key: str | None = None) -> Origin:
        """Where `key` (or the service itself) is written. Inherited keys fall back to the service's own name."""
        for layer, node in reversed(self.bodies):
            body = nodes.resolved(node)
            if key is not None and isinstance(body, nodes.Mapping) and key in body.index:
                kind = "alias" if isinstance(node, nodes.Alias) else "own"
                return Origin(layer, body.pairs[body.index[key]][0], kind)
        layer, node = self.bodies[0]
        services = nodes.resolved(layer.root.get("services"))
        name = services.key(self.name) if isinstance(services, nodes.Mapping) else None
        return Origin(layer, name or node, "inherited" if key is not None and key in self.raw else "own")

    def item(self, key: str, text: str) -> tuple[Layer, nodes.Node] | None:
        """Where `text` is written below `key`, as a name or a value; through merge keys, aliases and `extends`."""
        if key not in self._items:
            found = self._items[key] = {}
            for layer, body in (*reversed(self.project.bases.get(self.name, ())), *self.bodies):
                step = member(nodes.resolved(body), key)
                written = list(_reached(step[1])) if step is not None else []
                found.update((node.text, (layer, node)) for node in reversed(written))
        return self._items[key].get(text)


def _reached(node: nodes.Node) -> Iterator[nodes.Scalar]:
    """Every scalar below a node, aliases followed once each; what a mapping has of its own before what it merges."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        one = nodes.resolved(stack.pop())
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, nodes.Scalar):
            yield one
        elif isinstance(one, nodes.Mapping):
            pairs = sorted(one.pairs, key=lambda pair: pair[0].text == "<<")
            stack.extend(reversed([part for pair in pairs for part in pair]))
        else:
            stack.extend(reversed(list(nodes.children(one))))


@dataclass
class Project:
    """What Compose would run: its files in merge order and its effective services."""

    layers: list[Layer]
    model: dict[str, Any]
    """The effective model before interpolation, as plain data."""
    variables: Mapping[str, str] = field(default_factory=dict)
    read: Reader | None = None
    """For files in the project's folder that its services name; None when there is nothing to read them with."""
    lint: Linter | None = field(default=None, repr=False)
    """For the Dockerfiles of its services; None when there is nothing to ask."""
    bad_templates: set[str] = field(default_factory=set)
    dockerfile_characters: int = 4_000_000
    """How much of Dockerfiles is still read: many services can name the same large one."""
    files: Files = field(default_factory=lambda: Files(("compose.yaml",)))
    """What it was loaded from."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Every file that it is made of, by path: also those whose services are only extended."""
    bases: Mapping[str, list[tuple[Layer, nodes.Node]]] = field(default_factory=dict)
    """For each service those it extends, the nearest first. Their layers may be of files that are not merged."""
    unseen: list[Fault] = field(default_factory=list)
    """Parts that cannot be seen: what lies elsewhere is never fetched."""
    coming: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables that the fixes of this run define: they are seen once a file is patched."""
    in_git: bool = False
    """Whether its folder belongs to a work tree of git."""
    keeps_env: str = ""
    """Why nothing may be added to its `.env`; empty where nothing speaks against it."""
    taken_names: frozenset[str] = frozenset()
    """Variables of the caller's shell, which would go before those of `.env`."""
    scopes: list[Mapping[str, str]] = field(default_factory=list)
    """Variables that only included files see."""
    meant: dict[str, Any] = field(default_factory=dict)
    """The effective model as Compose sees it: variables filled in, paths as seen from the project directory."""
    stand_ins: Mapping[str, str] | None = None
    """Values for variables that have none."""
    unclear: Mapping[str, list[str]] = field(default_factory=dict)
    """For each service why this view may not be all of it."""

    @property
    def directory(self) -> str:
        """The project directory, where relative paths start."""
        given = self.files.directory
        return posixpath.dirname(self.files.paths[0]) if given is None else given

    @property
    def named_variables(self) -> Mapping[str, str]:
        """The variables that its files see, its own name among them where that is known."""
        return next((one.variables for one in self.layers if one.file in self.files.paths), self.variables)

    def is_own(self, file: str) -> bool:
        """Whether a file is part of the project's own folder, or was named as one of its files."""
        if file in self.files.paths:
            return True
        folder, path = posixpath.normpath(self.directory or "."), posixpath.normpath(file)
        if folder != ".":
            if not path.startswith(folder.rstrip("/") + "/"):
                return False
            path = path[len(folder.rstrip("/")) + 1 :]
        return not path.startswith(("../", "/")) and path != ".."

    def is_active(self, name: str) -> bool:
        """Whether Compose takes a service for part of the project: it has no profile, or one that is active."""
        profiles = as_list(self.services[name].get("profiles"))
        return not profiles or "*" in self.files.profiles or not self.files.profiles.isdisjoint(profiles)

    @cached_property
    def services(self) -> dict[str, Service]:
        """Every service by name."""
        found = self.model.get("services")
        if not isinstance(found, dict):
            return {}
        return {name: Service(self, name, raw if isinstance(raw, dict) else {}) for name, raw in found.items()}

    @cached_property
    def awaited_jobs(self) -> frozenset[str]:
        """Services whose successful end another one waits for."""
        rows = (row for service in self.services.values() for row in service.depends_on.items())
        return frozenset(name for name, condition in rows if condition == "service_completed_successfully")

    @cached_property
    def _definitions(self) -> dict[str, list[tuple[Layer, nodes.Node]]]:
        found: dict[str, list[tuple[Layer, nodes.Node]]] = {}
        for layer in self.layers:
            for name, node in service_nodes(layer):
                found.setdefault(name, []).append((layer, node))
        return found

    def bodies(self, name: str) -> list[tuple[Layer, nodes.Node]]:
        """Every node that defines the service `name`, in merge order."""
        return self._definitions.get(name) or [(self.layers[0], self.layers[0].root)]

    def text(self, value: str, unset: set[str]) -> str:
        """`value` interpolated; the names of variables without a value are added to `unset`."""
        if isinstance(value, Written):
            template = value.template
        elif "$" in value:
            template = Template(value, self.variables)
        else:
            return value
        try:
            result = template.fill(self.stand_ins)
        except InvalidTemplate:
            self.bad_templates.add(value)
            return value
        unset.update(result.unset)
        return result.value

    def top_level(self, section: str) -> dict[str, Any]:
        """A top-level section such as `volumes` as a mapping, empty where it is not set."""
        found = self.model.get(section)
        return found if isinstance(found, dict) else {}

    @cached_property
    def is_for_swarm(self) -> bool:
        """True for a file made for `docker stack deploy`: it has settings that only Swarm acts on."""
        if any(_is_swarm_service(service.raw) for service in self.services.values()):
            return True
        # Compose itself refuses external secrets and configs.
        granted = [*self.top_level("secrets").values(), *self.top_level("configs").values()]
        return any(isinstance(item, dict) and as_bool(item.get("external")) for item in granted) or any(
            isinstance(network, dict) and network.get("driver") == "overlay"
            for network in self.top_level("networks").values()
        )


_SWARM_ONLY = frozenset(("mode", "placement", "update_config", "rollback_config", "endpoint_mode"))


def _is_swarm_service(raw: Mapping[str, Any]) -> bool:
    deploy = raw.get("deploy")
    return isinstance(deploy, dict) and not _SWARM_ONLY.isdisjoint(deploy)


__all__ = ["Layer", "Origin", "Project", "Reader", "Service"]
