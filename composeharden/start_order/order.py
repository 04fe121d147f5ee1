"""What could come before what in one project, decided for all services together so that no circle can come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from composeharden.compose.entries import mapping
from composeharden.compose.project import Project, Service
from composeharden.compose.values import as_list, as_text
from composeharden.posture import Posture
from composeharden.start_order.graph import existing, knots, reachable
from composeharden.start_order.readiness import Readiness, readiness
from composeharden.start_order.uses import Directory, mentions, networks_of, uses

_RESTARTS_TOO = frozenset(("links", "network_mode", "ipc", "pid", "uts", "cgroup"))
"""Keys for which Compose restarts the service with what it depends on: loader/normalize.go."""


class StartOrder:
    """The order of a project as it is, and what its settings show beyond that."""

    def __init__(self, project: Project, postures: Mapping[str, Posture]) -> None:
        self.project = project
        self.postures = postures
        self.graph = existing(project)
        self._directory = Directory(project)
        self._before: dict[str, set[str]] = {}

    def implied(self, name: str) -> dict[str, str]:
        """Dependencies that `links`, `volumes_from` and shared namespaces imply, each with the key."""
        return {other: key for other, key in self.graph[name].items() if key != "depends_on"}

    def restarts_with(self, name: str, other: str) -> bool:
        """Whether Compose restarts a service together with one whose dependency is only implied."""
        return self.graph[name].get(other) in _RESTARTS_TOO

    @cached_property
    def missing(self) -> dict[str, dict[str, str]]:
        """For each service those that it connects to and does not come after, with the place that shows it.

        All of them can be added to the graph together: what would be on a circle with anything is left out.
        """
        shown = {name: self._shown(service) for name, service in self.project.services.items()}
        whole = {name: [*self.graph[name], *shown[name]] for name in self.graph}
        knot = {name: number for number, names in enumerate(knots(whole)) for name in names}
        return {
            name: {other: place for other, place in found.items() if knot[name] != knot[other]}
            for name, found in shown.items()
        }

    def _shown(self, service: Service) -> dict[str, str]:
        if not service.is_container or not service.raw:
            return {}
        shown = uses(service, self.postures, self._directory)
        known = reachable(self.graph, service.name) if shown else ()
        return {
            use.service: use.place
            for use in shown
            if use.service not in known and self._is_there_with(service, self.project.services[use.service])
        }

    @staticmethod
    def _is_there_with(service: Service, other: Service) -> bool:
        """Whether Compose starts the other one whenever it starts the service: not so with a profile of its own."""
        profiles = set(as_list(other.get("profiles")))
        own = set(as_list(service.get("profiles")))
        replicas = [as_text(other.get("scale")), as_text(mapping(other.get("deploy")).get("replicas"))]
        return other.is_container and "0" not in replicas and (not profiles or (bool(own) and own <= profiles))

    def readiness(self, name: str, other: str) -> Readiness:
        """What a service can wait for in another one. The end of a job only where the job needs nothing of it."""
        found = readiness(self.postures.get(other))
        if found.condition == "service_completed_successfully" and self._may_need(other, name):
            return Readiness()
        return found

    def _may_need(self, job: str, name: str) -> bool:
        if job not in self._before:
            whole = {other: [*self.graph[other], *self.missing[other]] for other in self.graph}
            self._before[job] = reachable(whole, job)
        return name in self._before[job] or mentions(self.project.services[job], name)


def plain_links(service: Service) -> list[str] | None:
    """The services of `links` that only order and name them, as their network does; None where a link does more.

    A link across networks, under a name of its own, or to a container by its number cannot just go.
    """
    origin = service.origin("links")
    links = service.strings("links")
    if not links or origin.kind != "own" or len(service.bodies) != 1 or service.unset("links"):
        return None
    names = [link.partition(":")[0] for link in links]
    if aliases(service) or not all(_is_named_anyway(service, name) for name in names):
        return None
    return list(dict.fromkeys(names))


def aliases(service: Service) -> dict[str, str]:
    """The links that give a service another name, as name and service."""
    pairs = (link.split(":") for link in service.strings("links"))
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[0] != pair[1]}


def _is_named_anyway(service: Service, name: str) -> bool:
    other = service.project.services.get(name)
    if other is None or "network_mode" in service or "network_mode" in other:
        return False
    numbered = re.compile(rf"(?<![\w.]){re.escape(name)}[-_]\d|(?i:\b{re.escape(name)}_(?:PORT_|ENV_|NAME\b))")
    texts = [*service.command, *service.entrypoint, *service.probe, *service.environment]
    texts += [value for value in service.environment.values() if value]
    return bool(networks_of(service) & networks_of(other)) and not any(numbered.search(text) for text in texts)
