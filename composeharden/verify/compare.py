"""What of a hardened life is worse than life was before. Better, or merely different, is nothing to tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from composeharden.verify.seen import PHASES, Complaint, Life, Seen

_SLOWER_BY = 5.0
"""Seconds that a stop may take longer than before, whatever it took: a machine may be busy."""


@dataclass(frozen=True)
class Difference:
    """One thing that is worse of one service."""

    service: str
    check: str
    """`start`, `health`, `restarts`, `exit-code`, `user`, `ports`, `probe`, `stop` or `log`."""
    phase: str
    message: str
    lines: tuple[str, ...] = ()
    """Its own words: lines of its log, or of the engine."""

    @property
    def key(self) -> tuple[str, str]:
        """What has to be the same for a difference to have shown again."""
        return self.service, self.check


def differences(
    before: Life, after: Life, services: Iterable[str], strict: frozenset[str] = frozenset()
) -> list[Difference]:
    """All that is worse, service by service.

    Args:
        before: the life of the stack as it is.
        after: that of the hardened one; phases that it did not live to count as not seen.
        services: those to compare.
        strict: services of which every new complaint counts, also one of the start that it survived.
    """
    return [
        found
        for service in services
        if is_comparable(before, service)
        for found in _of_service(service, before, after, service in strict)
    ]


def is_comparable(before: Life, service: str) -> bool:
    """Whether a service lived well enough as it is for anything to be told from its hardened life."""
    seen = before.of(service)
    return bool(seen) and seen[0].is_good


def noise(before: Life, after: Life, service: str) -> list[Complaint]:
    """New complaints in the log of a service, early and late, each once."""
    known = {complaint.key for seen in before.of(service) for complaint in seen.complaints}
    found: dict[str, Complaint] = {}
    for seen in after.of(service):
        for complaint in seen.complaints:
            if complaint.key not in known and (complaint.key not in found or complaint.late):
                found[complaint.key] = complaint
    return list(found.values())


def _of_service(service: str, before: Life, after: Life, strict: bool) -> Iterator[Difference]:
    always = Seen("running", ports=before.ports(service), answers=before.answers(service))
    told: set[str] = set()
    for phase, was, now in zip(PHASES, before.of(service), after.of(service), strict=False):
        if not was.is_good:
            continue
        for found in _in_phase(service, phase, was, now, always):
            if found.check not in told:  # the later phases only repeat it
                told.add(found.check)
                yield found
    yield from _of_stop(service, before.of(service), after.of(service))
    counted = [one for one in noise(before, after, service) if one.late or strict]
    if counted:
        when = "while it was up" if counted[0].late else "at its start"
        yield Difference(
            service, "log", "", f"something was not allowed {when}", tuple(one.line for one in counted[:5])
        )


def _in_phase(service: str, phase: str, was: Seen, now: Seen, always: Seen) -> Iterator[Difference]:
    words = (now.error,) if now.error else now.log[-6:]
    if was.state == "exited":
        if now.state != "exited" or now.code != was.code:
            yield Difference(
                service, "exit-code", phase, f"the job {now.words}, before it ended with exit code {was.code}", words
            )
        return
    if now.state != "running":
        yield Difference(service, "start", phase, f"it {now.words}", words)
        return
    if now.restarts > was.restarts:
        yield Difference(service, "restarts", phase, f"it {now.words}", words)
    if now.health not in ("", "healthy"):
        how = "healthy before" if was.health else "the health check is new"
        yield Difference(service, "health", phase, f"it is {now.health} ({how})", words)
    users = more_privileged(was, now)
    if users:
        yield Difference(service, "user", phase, users)
    if now.ports is not None and was.ports is not None and (missing := (always.ports or frozenset()) - now.ports):
        yield Difference(service, "ports", phase, f"it does not listen on {', '.join(sorted(missing))}")
    if unanswered := always.answers - now.answers:
        port, answer = min(unanswered)
        text = f"port {port} does not answer as before ({answer}){_instead(port, now)}"
        yield Difference(service, "ports", phase, text)
    failed = [name for name, succeeded in was.probes.items() if succeeded and not now.probes.get(name, True)]
    for name in failed:
        yield Difference(service, "probe", phase, f"the probe fails: {name}", words)


def _instead(port: int, now: Seen) -> str:
    return next((f": {answer}" for number, answer in now.answers if number == port), "")


def more_privileged(was: Seen, now: Seen) -> str:
    """In words where processes run as root that did not, or empty. Apache serves as root where it may not step down."""
    if not was.processes or not now.processes:
        return ""
    for command in sorted({name for name, _ in now.processes}):
        before = {uid for name, uid in was.processes if name == command}
        after = {uid for name, uid in now.processes if name == command}
        if after == {0} and before - {0}:
            return f"{command} runs as root, before as {_uids(before)}"
    if all(uid == 0 for _, uid in now.processes) and any(uid for _, uid in was.processes):
        return f"every process runs as root, before some as {_uids({uid for _, uid in was.processes})}"
    return ""


def _uids(found: set[int]) -> str:
    return "user " + ", ".join(str(uid) for uid in sorted(found - {0}))


def _of_stop(service: str, before: list[Seen], after: list[Seen]) -> Iterator[Difference]:
    """A stop is killed that was not, takes much longer, or ends with a code that it never ended with."""
    was = [seen.stop for seen in before if seen.stop is not None and seen.is_up]
    if not was:
        return
    codes, slowest = {stop.code for stop in was}, max(stop.seconds for stop in was)
    for phase, seen in zip(PHASES, after, strict=False):
        stop = seen.stop
        if stop is None or not seen.is_up:
            continue
        if stop.code not in codes:
            text = f"it stops with exit code {stop.code}, before with {', '.join(map(str, sorted(codes)))}"
            killed = stop.seconds >= seen.grace - 0.5 and stop.code == 137
            text = f"it does not stop by itself and is killed after {seen.grace:.0f} s" if killed else text
            yield Difference(service, "stop", phase, text)
            return
        if stop.seconds > slowest * 3 + _SLOWER_BY:
            text = f"it takes {stop.seconds:.0f} s to stop, before {slowest:.0f} s"
            yield Difference(service, "stop", phase, text)
            return
