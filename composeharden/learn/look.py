"""A look at a container from outside: its processes, what it listens on, and how that answers."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import threading
from collections.abc import Iterable
from typing import Any

from composeharden.engine import Docker
from composeharden.learn.setting import Moment, Work

_TABLES = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
_WAITING = {"tcp": "0A", "udp": "07"}
_RESOLVER = "0B00007F"
"""127.0.0.11: the name server that Docker puts into the container's network."""
_REQUEST = b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_ANSWER_SECONDS = 3
_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET."""


def moment(docker: Docker, container: str, asks: Iterable[int] | None = None) -> Moment:
    """What a container looks like now. TCP ports are asked for an answer: all, or those in `asks`."""
    known = docker.inspect(container)[0]
    state: dict[str, Any] = known["State"]
    health = str((state.get("Health") or {}).get("Status", ""))
    if not state["Running"]:
        return Moment(health=health, ended=int(state["ExitCode"]))
    works = [Work(process.command, process.uid) for process in docker.processes(container)]
    ports = listening(docker, container, int(state["Pid"]))
    wanted = {number for protocol, number in ports if protocol == "tcp"}
    asked = sorted(wanted if asks is None else wanted.intersection(asks))
    answers = _answers(container, int(state["Pid"]), asked) if asked else set()
    first = works[0] if works else None
    return Moment(first, frozenset(works), frozenset(ports), frozenset(answers), health)


def identities(docker: Docker, container: str) -> dict[tuple[str, int], int]:
    """The gid of each kind of process: by program and uid."""
    shown = docker.attempt("top", container, "-eo", "pid,uid,gid,comm")
    found = {}
    for line in shown.stdout.splitlines()[1:]:
        row = line.split(None, 3)
        if len(row) == 4 and row[1].isdigit() and row[2].isdigit():
            found[(row[3].strip(), int(row[1]))] = int(row[2])
    return found


def listening(docker: Docker, container: str, pid: int) -> set[tuple[str, int]]:
    """Protocol and number of each port that something in the container listens on."""
    return {
        (protocol, number)
        for table, protocol in _TABLES
        for number in _numbers(_table(docker, container, pid, table), _WAITING[protocol])
    }


def sockets(docker: Docker, container: str) -> frozenset[str]:
    """The paths that sockets in the container's network are bound to: `docker diff` shows them as any file."""
    pid = int(docker.inspect(container)[0]["State"]["Pid"])
    lines = _table(docker, container, pid, "unix").splitlines()[1:] if pid else []
    rows = (line.split(None, 7) for line in lines)
    return frozenset(row[7] for row in rows if len(row) == 8 and row[7].startswith("/"))


def _table(docker: Docker, container: str, pid: int, name: str) -> str:
    if _is_here(container, pid):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""
    shown = docker.exec(container, "cat", f"/proc/1/net/{name}")
    return shown.stdout if shown.code == 0 else ""


def _is_here(container: str, pid: int) -> bool:
    """Whether the container's processes are this machine's: an engine may run in a virtual machine."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            return container[:40] in file.read()
    except OSError:
        return False


def _numbers(table: str, waiting: str) -> set[int]:
    found = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == waiting:
            address, _, number = fields[1].partition(":")
            if not address.endswith(_RESOLVER) and re.fullmatch("[0-9A-F]{4}", number):
                found.add(int(number, 16))
    return found


def _answers(container: str, pid: int, ports: Iterable[int]) -> set[tuple[int, str]]:
    """How ports answer, asked from within the container's network, where only root gets; nothing otherwise."""
    found: set[tuple[int, str]] = set()
    if os.geteuid() != 0 or not _is_here(container, pid):
        return found

    def ask() -> None:
        try:
            with open(f"/proc/{pid}/ns/net", "rb") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _NEW_NETWORK) != 0:
                    return
            found.update((port, answer) for port in ports if (answer := _answer("127.0.0.1", port)))
        except OSError:
            return  # it has ended meanwhile

    # A thread of its own: the network of a thread is its own affair, and this one ends with it.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS * 4)
    return set(found)


def _answer(address: str, port: int) -> str:
    """How a port answers a stranger: the status of HTTP, or that somebody takes the call; empty where nobody does."""
    try:
        with socket.create_connection((address, port), _ANSWER_SECONDS) as call:
            call.settimeout(1)
            try:
                call.sendall(_REQUEST)
                said = call.recv(64)
            except OSError:
                return "open"
    except OSError:
        return ""
    status = re.match(rb"HTTP/1\.[01] (\d{3})", said)
    return f"HTTP {status[1].decode()}" if status else "open"
