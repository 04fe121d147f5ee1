"""What was seen of services in one life of a stack: plain records, and how each is read off the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from composeharden.engine import Stopped

PHASES = ("first start", "restart", "new containers")
"""Each life: started, stopped and started again, stopped and started as new containers over the same volumes."""

_COMPLAINT = re.compile(
    r"read-only file ?system|operation not permitted|permission denied|\bE(?:ROFS|PERM|ACCES)\b|\[Errno (?:1|13|30)\]",
    re.IGNORECASE,
)
_CHANGING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+", re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9_-]{6,}(?=\.tmp\b)|(?<=tmp)[A-Za-z0-9_]{6,}")
_LONGEST_LINE = 400


@dataclass(frozen=True)
class Complaint:
    """A line of a log about something that was not allowed."""

    line: str
    late: bool
    """Said when the service was up already."""

    @property
    def key(self) -> str:
        """The same for lines that only differ in numbers, times and temporary names."""
        return _CHANGING.sub("0", _RANDOM.sub("x", self.line)).lower()


@dataclass(frozen=True)
class Seen:
    """One service after one start."""

    state: str
    """`running`, `restarting`, `exited`, `created` (never started) or `missing`."""
    code: int | None = None
    """Its exit code, where it has ended."""
    health: str = ""
    """`healthy`, `unhealthy`, `starting`, or empty where nothing asks."""
    restarts: int = 0
    processes: frozenset[tuple[str, int]] = frozenset()
    """Command and uid of each."""
    ports: frozenset[str] | None = None
    """What it listens on, such as `80/tcp`; None where that cannot be seen."""
    answers: frozenset[tuple[int, str]] = frozenset()
    """How its TCP ports answer; none where they were not asked."""
    probes: Mapping[str, bool] = field(default_factory=dict)
    stop: Stopped | None = None
    grace: float = 10.0
    complaints: tuple[Complaint, ...] = ()
    error: str = ""
    """Why the engine could not start it, in its own words."""
    log: tuple[str, ...] = ()
    """The last lines it said, where it is not up."""

    @property
    def is_up(self) -> bool:
        """It runs, and is healthy where something asks."""
        return self.state == "running" and self.health in ("", "healthy")

    @property
    def is_good(self) -> bool:
        """It is up and was never restarted, or a job that is done."""
        return (self.is_up and not self.restarts) or (self.state == "exited" and self.code == 0)

    @property
    def words(self) -> str:
        """Its state for a person."""
        if self.state == "exited":
            return f"ended with exit code {self.code}"
        if self.state in ("created", "missing"):
            return "never started"
        if self.state == "restarting" or self.restarts:
            return f"was restarted {self.restarts} times" if self.restarts > 1 else "was restarted"
        return f"is {self.health}" if self.health not in ("", "healthy") else "is up"


Phase = Mapping[str, Seen]


@dataclass
class Life:
    """What was seen of a stack in one life."""

    phases: list[dict[str, Seen]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What Compose said where it failed, one for each phase."""
    settled: list[float] = field(default_factory=list)
    """Seconds until nothing changed any more, for each phase."""
    seconds: float = 0.0
    starts: int = 0
    """Containers that were started."""

    def of(self, service: str) -> list[Seen]:
        """One service in each phase."""
        return [phase[service] for phase in self.phases if service in phase]

    def ports(self, service: str) -> frozenset[str]:
        """What a service listens on after every start: others are chosen anew each time."""
        seen = [one.ports for one in self.of(service) if one.is_up]
        return frozenset.intersection(*(ports or frozenset() for ports in seen)) if seen else frozenset()

    def answers(self, service: str) -> frozenset[tuple[int, str]]:
        """How the ports of a service answer after every start."""
        seen = [one.answers for one in self.of(service) if one.is_up]
        return frozenset.intersection(*seen) if seen else frozenset()


def state_of(inspected: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Seen` that the engine itself knows."""
    state = inspected["State"]
    status = str(state["Status"])
    ended = status in ("exited", "dead", "restarting")
    restarts = int(inspected.get("RestartCount") or 0)
    grace = (inspected.get("Config") or {}).get("StopTimeout")
    return {
        "state": "exited" if status == "dead" else status,
        "code": int(state["ExitCode"]) if ended or (status == "created" and state.get("Error")) else None,
        "health": str((state.get("Health") or {}).get("Status") or "").replace("none", ""),
        "restarts": restarts,
        "error": str(state.get("Error") or ""),
        "grace": float(10 if grace is None else grace),
    }


Log = Sequence[tuple[str, str]]
"""The engine's time and the text of each line."""


def said_by_probe(inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """What the health check said the last time it failed."""
    runs = (inspected["State"].get("Health") or {}).get("Log") or []
    output = next((str(one.get("Output") or "") for one in reversed(runs) if one.get("ExitCode")), "")
    return tuple(f"health check: {line.strip()[:_LONGEST_LINE]}" for line in output.splitlines()[-5:] if line.strip())


def complaints_of(log: Log, up: tuple[str, str] | None) -> tuple[Complaint, ...]:
    """Lines about what was not allowed; late between the two times where the service was up."""
    return tuple(
        Complaint(text.strip()[:_LONGEST_LINE], up is not None and up[0] < time <= up[1])
        for time, text in log
        if _COMPLAINT.search(text)
    )


def last_lines(log: Log, count: int = 12) -> tuple[str, ...]:
    """The end of a log."""
    return tuple(text.strip()[:_LONGEST_LINE] for _, text in log[-count:] if text.strip())
