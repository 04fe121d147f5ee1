"""The whole trial of a stack: as it is, hardened, and where that is worse, change by change until it is not.

Whether a set of changes works is not monotone: more capabilities can break what fewer did not. So nothing is concluded
from parts; every set that is reported was run itself, all of it, with all services.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from composeharden.compose.project import Project
from composeharden.decide import Options
from composeharden.engine import Docker, OverdueError, Throwaway
from composeharden.outcome import Confidence, Finding
from composeharden.verify.allowed import Allowed, Patience
from composeharden.verify.compare import Difference, differences, is_comparable, noise
from composeharden.verify.evidence import Candidate, ImageFiles, candidates
from composeharden.verify.isolation import Isolation, images_of, needs
from composeharden.verify.life import Probes, Run, Tell
from composeharden.verify.model import canonical, variables_of_secrets
from composeharden.verify.plan import Look, Plan, Planned, waits_for
from composeharden.verify.provide import provide
from composeharden.verify.seen import PHASES, Complaint, Life

MOST_LIVES = 24
"""After that many, no more changes are tried."""


@dataclass
class Result:
    """What a trial has shown."""

    isolation: Isolation
    before: Life = field(default_factory=Life)
    first: Planned | None = None
    """The fixes that were tried first."""
    after: Life = field(default_factory=Life)
    found: list[Difference] = field(default_factory=list)
    """What was worse with them, twice."""
    once: list[Difference] = field(default_factory=list)
    """What was worse one time, and not the other: nothing is concluded from it."""
    unconfirmed: list[Difference] = field(default_factory=list)
    """What was worse one time, when the time was over before it could be tried again."""
    blamed: list[Candidate] = field(default_factory=list)
    repaired: Planned | None = None
    """The fixes that the stack lives with, where the first were too much; it was run with all of them."""
    unfinished: str = ""
    """Why no repaired plan was found, or nothing can be said at all."""
    quiet: dict[str, list[str]] = field(default_factory=dict)
    """New complaints that a service survived, by service."""
    lives: int = 0
    starts: int = 0
    seconds: float = 0.0

    def verdict(self, service: str) -> str:
        """`same`, `worse`, `not-comparable` or `not-run`."""
        if service in self.isolation.left_out:
            return "not-run"
        if not is_comparable(self.before, service) or not self.after.phases:
            return "not-comparable"
        if any(one.service == service for one in self.unconfirmed):
            return "not-comparable"
        return "worse" if any(one.service == service for one in self.found) else "same"

    def shows(self, fix: Finding) -> bool:
        """Whether the runs tell anything of a fix: its service was compared, and all that it waits for was run."""
        service = fix.service or ""
        return self.verdict(service) in ("same", "worse") and not waits_for(fix) & self.isolation.left_out.keys()

    @property
    def survived(self) -> Planned | None:
        """The fixes that the whole stack was seen to live with."""
        return self.repaired or (self.first if not self.found and not self.unfinished else None)


class Trial:
    """Runs one stack, in a run of our own that the caller opens and closes."""

    def __init__(
        self,
        docker: Docker,
        own: Throwaway,
        project: Project,
        look: Look,
        options: Options,
        allowed: Allowed,
        patience: Patience,
        probes: Probes | None = None,
        tell: Tell = lambda text: None,
    ) -> None:
        self.docker, self.own, self.project = docker, own, project
        self.look, self.options = look, options
        self.tell = tell
        self._models = 0
        self.model = self._canonical([])
        directory = os.path.abspath(project.directory or ".")
        built = provide(docker, own, self.model, allowed, tell)
        images = images_of(docker, self.model, built)
        self.isolation = Isolation(self.model, directory, allowed, patience, images, options.services, built)
        self.isolation.variables = variables_of_secrets(self.model, project.variables)
        self.run = Run(docker, own, self.isolation, patience, probes or {}, tell)
        self.files = ImageFiles(docker, own)
        self.result = Result(self.isolation)
        self.is_written = False
        """Whether the plan that the stack lives with goes into the file with nobody asked."""

    def _canonical(self, changes: Sequence[Any]) -> dict[str, Any]:
        self._models += 1
        file = os.path.join(self.own.folder, f"model-{self._models}.json")
        return canonical(self.docker, self.project, changes, file)

    # -- the course of it ----------------------------------------------------------------------------------------------

    def verify(self, chosen: Planned, try_assumed: bool = False) -> Result:
        """Compare the stack as it is with the stack after `chosen`, and mend that where it is worse.

        With `try_assumed`, `chosen` only says what is done anyway: what is assumed to work is tried, too, of services
        that live well enough here for anything to be told.
        """
        began = time.monotonic()
        result, self.is_written = self.result, try_assumed
        try:
            result.before = self.run.live(self.model, "as it is")
            planned = self._with_assumed(chosen) if try_assumed else chosen
            result.first = planned
            result.after, found = self._try(planned, "hardened")
            if found:
                self._confirm(planned, found)
            if result.found:
                self._mend(planned, result.after)
        except OverdueError as error:
            result.unfinished = str(error)
        for service in self.isolation.services:
            lines = [one.line for one in noise(result.before, result.after, service)]
            if lines and result.verdict(service) == "same":
                result.quiet[service] = lines[:5]
        result.lives, result.starts, result.seconds = self.run.lives, self.run.starts, time.monotonic() - began
        return result

    def planned(self, plan: Plan, assume: bool) -> Planned:
        """What a plan comes to."""
        options = replace(self.options, tried=plan.tried, additions=plan.additions, assume=assume)
        return Planned(plan, self.look(options))

    def _with_assumed(self, chosen: Planned) -> Planned:
        """The fixes with those that are assumed, as far as a run can show anything of their service."""
        usual = {(fix.service, fix.rule) for fix in chosen.fixes}
        plan = chosen.plan
        while True:
            planned = self.planned(plan, assume=True)
            blind = [
                fix
                for fix in planned.fixes
                if (fix.service, fix.rule) not in usual and fix.service and not self._can_be_told_of(fix)
            ]
            if not blind:
                return planned
            for fix in blind:
                plan = plan.without(str(fix.service), fix.rule, "nothing could be told of it on this engine")

    def _can_be_told_of(self, fix: Finding) -> bool:
        is_run = fix.service in self.isolation.services and not waits_for(fix) & self.isolation.left_out.keys()
        return is_run and is_comparable(self.result.before, str(fix.service))

    def _try(self, planned: Planned, title: str, until: frozenset[str] = frozenset()) -> tuple[Life, list[Difference]]:
        strict = planned.assumed()
        life = self.run.live(self._canonical(planned.changes), title, self.result.before, strict, until)
        return life, differences(self.result.before, life, self.isolation.services, strict)

    def _confirm(self, planned: Planned, found: list[Difference]) -> None:
        """What is worse in two lives of three: a machine can be busy, and a service in a mood."""
        self.tell("worse: once more, to be sure")
        self.result.unconfirmed = found
        _, again = self._try(planned, "hardened, again", _services(found))
        services, once = _services(found) & _services(again), _services(found) ^ _services(again)
        if once:
            self.tell("worse one time of two: a third time")
            services |= once & _services(self._try(planned, "hardened, a third time")[1])
        seen = [*found, *(one for one in again if one.service not in _services(found))]
        self.result.unconfirmed = []
        self.result.found = [one for one in seen if one.service in services]
        self.result.once = [one for one in seen if one.service not in services]

    # -- who is to blame -----------------------------------------------------------------------------------------------

    def _mend(self, planned: Planned, life: Life) -> None:
        """Try one change for each service that is the cause, until a plan leaves nothing worse."""
        found, kept = list(self.result.found), planned
        queues: dict[str, Iterator[Candidate]] = {}
        applied: dict[str, Candidate] = {}
        while found:
            causes = self._causes(found)
            for service in causes:
                if service not in queues:
                    mine = [one for one in found if one.service == service]
                    queues[service] = self._candidates(service, mine, life, kept)
            chosen = [one for service in causes if (one := next(queues[service], None)) is not None]
            if not chosen or self.run.lives >= MOST_LIVES:
                self.result.unfinished = "no set of the changes was found that it lives with"
                return
            plan = kept.plan
            for candidate in chosen:
                plan = candidate.applied(plan)
                self.tell(f"without {', '.join(candidate.rules)}" if not candidate.addition else candidate.words)
            tried = self.planned(plan, assume=self.options.assume or self._assumes(planned))
            now, left = self._try(tried, "hardened, changed", frozenset(causes))
            if not left:
                self.result.blamed = [*applied.values(), *chosen]
                self.result.repaired = tried
                return
            for candidate in chosen:
                mine = [one for one in left if one.service == candidate.service]
                was = [one for one in found if one.service == candidate.service]
                if not mine or (candidate.addition and _is_progress(was, mine)):
                    kept = Planned(candidate.applied(kept.plan), kept.outcome)
                    applied[candidate.service + candidate.words] = candidate
                    queues.pop(candidate.service, None)
                    found = [one for one in found if one.service != candidate.service] + mine
                    life = _joined(life, now, candidate.service)
            if len(now.phases) == len(PHASES):  # those that only waited for another may be well now
                worse = {one.service for one in left}
                found = [one for one in found if one.service in causes or one.service in worse]
            known = {one.service for one in found}
            new = [one for one in left if one.service not in known]
            found += new
            self.result.found += new
            kept = self.planned(kept.plan, assume=self.options.assume or self._assumes(planned))

    @staticmethod
    def _assumes(planned: Planned) -> bool:
        return any(fix.confidence is Confidence.ASSUMED for fix in planned.fixes)

    def _causes(self, found: Sequence[Difference]) -> list[str]:
        """The services that are worse and need none that is: the others may only wait for them."""
        worse = list(dict.fromkeys(one.service for one in found))
        services: Mapping[str, Any] = self.model["services"]
        return [name for name in worse if not set(_needs_all(services, name)) & (set(worse) - {name})] or worse[:1]

    def _candidates(
        self, service: str, mine: Sequence[Difference], life: Life, planned: Planned
    ) -> Iterator[Candidate]:
        image = self.isolation.images[service] or {}
        rules = planned.rules(service)
        before = self.result.before.of(service)
        yield from candidates(service, mine, life.of(service), before, rules, image, self.files, self.is_written)
        for fix in planned.fixes:  # what was done to those around it
            if fix.service != service and fix.service in self.isolation.services:
                yield Candidate(str(fix.service), (fix.rule,), f"{service} does not live with it")


def _services(found: Iterable[Difference]) -> frozenset[str]:
    return frozenset(one.service for one in found)


def _needs_all(services: Mapping[str, Any], name: str) -> list[str]:
    found: list[str] = []
    left = needs(services[name])
    while left:
        one = left.pop()
        if one in services and one not in found:
            found.append(one)
            left += needs(services[one])
    return found


def _is_progress(was: Sequence[Difference], now: Sequence[Difference]) -> bool:
    """Whether what is worse is another thing than before, so that a part of the cause is found."""
    return _signs(was) != _signs(now)


def _signs(found: Sequence[Difference]) -> set[tuple[str, ...]]:
    return {(one.check, one.phase, *(Complaint(line, False).key for line in one.lines[:2])) for one in found}


def _joined(life: Life, now: Life, service: str) -> Life:
    """What was seen, with the newest of one service."""
    phases = [dict(phase) for phase in now.phases]
    for number, phase in enumerate(life.phases[: len(phases)]):
        phases[number] = {**phase, service: phases[number].get(service, phase[service])}
    return Life(phases, now.said)
