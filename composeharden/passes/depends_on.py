"""Wait for a dependency to be ready, not just started, and name dependencies that the stack shows but does not say.

The short list form of `depends_on` only waits until the other container was created. The long form can wait for
`service_healthy`, but a probe that fails although the service works then stops the whole stack. So the condition is
only used where the probe is the image's own or runs a program that is known to be in the image. A job that ends by
itself is waited for with `service_completed_successfully`. Where no dependency gains a condition the short list stays
as it is.

A service that connects to a database, a cache or a queue of the stack (`DB_HOST: db`, a connection string, `links`,
a shared network) without waiting for it is proposed as assumed. Nothing is proposed that would close a circle, or that
needs a service whose profile may be inactive. `links` that only order and name go with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from composeharden.compose.project import Project, Service
from composeharden.outcome import Confidence, Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.start_order import Readiness, StartOrder, aliases, loops, plain_links
from composeharden.yaml.change import Append, Change, Remove, Reshape, Set

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("https://docs.docker.com/compose/how-tos/startup-order/",)

EXAMPLE = Case(
    before="services:\n  app:\n    image: example/app\n    depends_on:\n      - db\n  db:\n    image: postgres:16\n"
    "    healthcheck:\n      test: [CMD-SHELL, pg_isready]\n",
    after="services:\n  app:\n    image: example/app\n    depends_on:\n      db:\n        condition: service_healthy\n"
    "  db:\n    image: postgres:16\n    healthcheck:\n      test: [CMD-SHELL, pg_isready]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app\n    depends_on: [db]\n  db:\n    image: example/db\n",
    "services:\n  app:\n    image: example/app\n    depends_on: [db]\n  db:\n    image: postgres:16\n"
    "    healthcheck: {disable: true, test: [CMD, pg_isready]}\n",
    "services:\n  app:\n    image: example/app\n    depends_on: {db: {condition: service_started}}\n"
    "  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n",
    "services:\n  app:\n    image: example/app\n    environment: {DB_HOST: db}\n"
    "  db:\n    image: example/db\n    environment: {DB_HOST: db, REDIS_URL: 'redis://app'}\n",
    "services:\n  app:\n    image: example/app\n    environment: {DB_HOST: db}\n"
    "  db:\n    image: example/db\n    profiles: [db]\n",
    "services:\n  app:\n    image: example/app\n    environment: {DB_HOST: db}\n    networks: [front]\n"
    "  db:\n    image: example/db\n    networks: [back]\nnetworks: {front: {}, back: {}}\n",
    "services:\n  app:\n    image: example/app\n    environment: {VIRTUAL_HOST: db, APP_URL: 'http://db'}\n"
    "  db:\n    image: example/db\n",
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Propose better conditions and missing dependencies, and report circles."""
    order = StartOrder(project, postures)
    for loop in loops(order.graph):
        yield Proposal(
            message=f"these services wait for each other once their profiles are active: {' -> '.join(loop)}",
            key=order.graph[loop[0]][loop[1]],
            service=loop[0],
            severity=Severity.MEDIUM,
            advice="remove one of these dependencies: Compose starts none of them",
        )
    for name, service in project.services.items():
        if name in postures:
            yield from _Judged(order, postures[name], service).proposals()


class _Judged:
    """What could be said under `depends_on` of one service."""

    def __init__(self, order: StartOrder, posture: Posture, service: Service) -> None:
        self.order, self.posture, self.service = order, posture, service
        raw = service.raw.get("depends_on")
        self.raw = raw
        self.is_list = isinstance(raw, list) and bool(raw) and all(isinstance(item, str) for item in raw)
        self.names: list[str] = list(raw) if isinstance(raw, list) and self.is_list else []
        self.said = frozenset(service.depends_on)
        self.missing = order.missing[service.name]

    def proposals(self) -> Iterator[Proposal]:
        """What is known, and with it what is only assumed."""
        if self.raw is None or (self.is_list and len(set(self.names)) == len(self.names)):
            sure, everything = self._sure(), self._everything()
            if sure is not None and everything is not None:
                if sure.confidence >= Confidence.SOURCED:
                    yield replace(sure, narrower=True)
                yield everything
            elif sure is not None or everything is not None:
                yield sure or everything or Proposal("")
        else:
            yield from self._missing_entries()
        yield from self._report_aliases()

    # -- proposals -------------------------------------------------------------------------------------------------

    def _sure(self) -> Proposal | None:
        """Conditions for the list as it is, where they are sure to come true."""
        judged = {name: self._readiness(name) for name in self.names}
        sure = [one.confidence for one in judged.values() if one.confidence is not None and one.is_sure]
        judged = {name: one if one.is_sure else Readiness() for name, one in judged.items()}
        return self._proposal(judged, min(sure)) if sure else None

    def _everything(self) -> Proposal | None:
        """Also what is only assumed, or None where that is nothing more."""
        links = plain_links(self.service) or []
        judged = {name: self._readiness(name) for name in self.names}
        more = {name: self._readiness(name) for name in self.order.implied(self.service.name)}
        judged |= {name: one for name, one in more.items() if one.confidence is not None or name in links}
        judged |= {name: self._readiness(name) for name in self.missing}
        doubtful = any(one.confidence is Confidence.ASSUMED for one in judged.values())
        if not doubtful and not links and list(judged) == self.names:
            return None
        return self._proposal(judged, Confidence.ASSUMED, links)

    def _proposal(self, judged: Mapping[str, Readiness], least: Confidence, links: Iterable[str] = ()) -> Proposal:
        changes = self._changes(judged)
        if links:
            changes = (*changes, Remove((0, "services", self.service.name, "links")))
        return Proposal(
            message=self._message(judged, bool(links)),
            key="depends_on" if self.names or not links else "links",
            changes=changes,
            confidence=self.posture.confidence("depends-on", least),
            held=self.posture.blocked("depends-on"),
            doubt="; ".join(self._doubts(judged, bool(links))),
            why="\n".join(f"{name}: {one.reason}" for name, one in judged.items() if one.reason),
            needs=tuple(f"{name}/healthcheck" for name, one in judged.items() if self._gains_probe(name, one)),
            service=self.service.name,
        )

    def _changes(self, judged: Mapping[str, Readiness]) -> tuple[Change, ...]:
        path = (0, "services", self.service.name, "depends_on")
        rows = {name: self._row(name, one) for name, one in judged.items()}
        if all(row == {"condition": "service_started"} for row in rows.values()):
            new = [name for name in rows if name not in self.names]
            if not self.names:
                return (Set(path, new),) if new else ()
            return (Append(path, tuple(new)),) if new else ()
        return (Reshape(path, rows) if self.names else Set(path, rows),)

    def _row(self, name: str, one: Readiness) -> dict[str, Any]:
        restart = name not in self.said and self.order.restarts_with(self.service.name, name)
        return {"condition": one.condition, "restart": True} if restart else {"condition": one.condition}

    def _readiness(self, name: str) -> Readiness:
        return self.order.readiness(self.service.name, name)

    def _gains_probe(self, name: str, one: Readiness) -> bool:
        other = self.order.postures.get(name)
        return one.condition == "service_healthy" and other is not None and other.probe is not None

    # -- words -----------------------------------------------------------------------------------------------------

    def _message(self, judged: Mapping[str, Readiness], links: bool) -> str:
        new = [name for name in judged if name in self.missing]
        if new:
            return f"it connects to {' and '.join(new)} without waiting"
        if links and not any(one.confidence is not None for one in judged.values()):
            return "its links only order and name what depends_on and the network do"
        return "it starts before its dependencies are ready"

    def _doubts(self, judged: Mapping[str, Readiness], links: bool) -> Iterator[str]:
        for name, one in judged.items():
            if name in self.missing:
                yield f"{name}: only {self.missing[name]} shows that it is needed"
            elif one.confidence is Confidence.ASSUMED:
                yield f"{name}: {one.reason}"
            elif name not in self.said:
                yield f"{name}: {self.order.graph[self.service.name][name]} implies it"
        if links:
            yield "a link also names containers by their number"

    # -- reports ---------------------------------------------------------------------------------------------------

    def _missing_entries(self) -> Iterator[Proposal]:
        """Entries for a mapping, whose own conditions stay: who wrote them has thought about whom to wait for."""
        judged = {name: self._readiness(name) for name in self.missing}
        if isinstance(self.raw, dict) and judged:
            path = (0, "services", self.service.name, "depends_on")
            entries = tuple(Set((*path, name), self._row(name, one)) for name, one in judged.items())
            yield replace(self._proposal(judged, Confidence.ASSUMED), changes=entries)

    def _report_aliases(self) -> Iterator[Proposal]:
        for alias, name in aliases(self.service).items():
            yield Proposal(
                message=f"a link gives {name} the name {alias}, which links are not needed for",
                key="links",
                service=self.service.name,
                severity=Severity.INFO,
                advice=f"give {name} the alias {alias} in a network that both are in, and remove the link",
            )
