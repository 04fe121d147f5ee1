"""What the programs of a container listen on, and how that answers, seen from outside of it.

Where its processes are this machine's the kernel is asked, else a program of the container. Answers are asked for from
within the container's network, which may well lead nowhere: that takes root.
"""

from __future__ import annotations

import ctypes
import os
import re
import socket
import threading
from collections.abc import Iterable, Iterator

from composeharden.engine.docker import Docker

_TABLES = ("tcp", "tcp6", "udp", "udp6")
_WAITING = {"tcp": "0A", "udp": "07"}
_RESOLVER = "0B00007F"
"""127.0.0.11: the name server that Docker puts into the container's network."""
_EPHEMERAL = 32768
"""From here on UDP ports are those of somebody who asks, and others each time."""
_MOST = 1_000_000
_REQUEST = b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_ANSWER_SECONDS = 3
_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET."""


def listening(docker: Docker, container: str, pid: int) -> frozenset[str] | None:
    """The ports that something in a container listens on, such as `80/tcp`; None where that cannot be seen."""
    tables = [(name[:3], _table(docker, container, pid, name)) for name in _TABLES]
    if tables[0][1] is None:
        return None
    return frozenset(f"{number}/{protocol}" for protocol, table in tables for number in numbers(protocol, table or ""))


def paths(docker: Docker, container: str, pid: int) -> frozenset[str]:
    """The paths that sockets in a container's network are bound to: `docker diff` shows them as any file."""
    rows = (line.split(None, 7) for line in (_table(docker, container, pid, "unix") or "").splitlines()[1:])
    return frozenset(row[7] for row in rows if len(row) == 8 and row[7].startswith("/"))


def answers(container: str, pid: int, ports: Iterable[int]) -> frozenset[tuple[int, str]]:
    """How TCP ports answer a stranger: `HTTP 200`, or `open`; those that do not, and all without root, are missing."""
    found: set[tuple[int, str]] = set()
    asked = list(ports)
    if not asked or getattr(os, "geteuid", int)() != 0 or not _is_here(container, pid):
        return frozenset()

    def ask() -> None:
        try:
            with open(f"/proc/{pid}/ns/net", "rb") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _NEW_NETWORK) != 0:
                    return
            found.update((port, answer) for port in asked if (answer := _answer("127.0.0.1", port)))
        except OSError:
            return  # it has ended meanwhile

    # A thread of its own: the network of a thread is its own affair, and this one ends with it.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_ANSWER_SECONDS * (len(asked) + 3))
    return frozenset(found.copy())


def numbers(protocol: str, table: str) -> Iterator[int]:
    """The ports that are waited on in a table of the kernel (/proc/net/tcp and the like), whatever else is in it."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != _WAITING[protocol]:
            continue
        address, _, port = fields[1].partition(":")
        if address.endswith(_RESOLVER) or not re.fullmatch("[0-9A-F]{4}", port):
            continue
        number = int(port, 16)
        if number and (protocol == "tcp" or number < _EPHEMERAL):
            yield number


def _table(docker: Docker, container: str, pid: int, name: str) -> str | None:
    if _is_here(container, pid):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii", errors="replace") as file:
                return file.read(_MOST)
        except FileNotFoundError:
            return ""  # there is no IPv6, or no such process any more
        except OSError:
            return None
    shown = docker.exec(container, "cat", f"/proc/net/{name}", timeout=15)
    return shown.stdout if shown.code == 0 else None


def _is_here(container: str, pid: int) -> bool:
    """Whether the container's processes are this machine's: an engine may run in a virtual machine."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="ascii", errors="replace") as file:
            return container[:40] in file.read()
    except OSError:
        return False


def _answer(address: str, port: int) -> str:
    """How a port answers: the status of HTTP, or that somebody takes the call; empty where nobody does."""
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
