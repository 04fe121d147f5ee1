"""A look at a container from outside: its processes, what it listens on, and how that answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from composeharden.engine import Docker, sockets
from composeharden.learn.setting import Moment, Work


def moment(docker: Docker, container: str, asks: Iterable[int] | None = None) -> Moment:
    """What a container looks like now. TCP ports are asked for an answer: all, or those in `asks`."""
    known = docker.inspect(container)[0]
    state: dict[str, Any] = known["State"]
    health = str((state.get("Health") or {}).get("Status", ""))
    if not state["Running"]:
        return Moment(health=health, ended=int(state["ExitCode"]))
    works = [Work(process.command, process.uid) for process in docker.processes(container)]
    told = [name.partition("/") for name in sockets.listening(docker, container, int(state["Pid"])) or ()]
    ports = frozenset((protocol, int(number)) for number, _, protocol in told)
    wanted = {number for protocol, number in ports if protocol == "tcp"}
    asked = sorted(wanted if asks is None else wanted.intersection(asks))
    answers = sockets.answers(container, int(state["Pid"]), asked)
    first = works[0] if works else None
    return Moment(first, frozenset(works), ports, answers, health)


def identities(docker: Docker, container: str) -> dict[tuple[str, int], int]:
    """The gid of each kind of process: by program and uid."""
    shown = docker.attempt("top", container, "-eo", "pid,uid,gid,comm")
    found = {}
    for line in shown.stdout.splitlines()[1:]:
        row = line.split(None, 3)
        if len(row) == 4 and row[1].isdigit() and row[2].isdigit():
            found[(row[3].strip(), int(row[1]))] = int(row[2])
    return found


def sockets_of(docker: Docker, container: str) -> frozenset[str]:
    """The paths that its sockets are bound to; none where it has ended."""
    pid = int(docker.inspect(container)[0]["State"]["Pid"])
    return sockets.paths(docker, container, pid) if pid else frozenset()
