"""A thin client: the `docker` and `docker compose` programs of this machine, and what they answer as plain data."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from composeharden.engine.commands import Deadline, EngineError, Finished, NoEngineError, attempt, failed

COMMAND_SECONDS = 60.0
STOP_SECONDS = 180.0
_OLDEST_COMPOSE = 2
_VOLUME_ID = re.compile(r"[0-9a-f]{64}")
_LOCAL = ("unix://", "npipe://", "/")
# A variable of the caller's must not choose other files, another project or other services.
_OWN_CHOICE = {
    "COMPOSE_FILE": "",
    "COMPOSE_PROFILES": "",
    "COMPOSE_ENV_FILES": "",
    "COMPOSE_PROJECT_NAME": "",
    "COMPOSE_PROGRESS": "plain",
    "COMPOSE_MENU": "false",
    "COMPOSE_REMOVE_ORPHANS": "",
    "DOCKER_CLI_HINTS": "false",
}


@dataclass(frozen=True)
class Process:
    """A process of a container, with numbers as the engine's host sees them."""

    pid: int
    parent: int
    uid: int
    command: str


@dataclass(frozen=True)
class Stopped:
    """How a container ended: exit code, and seconds from the request to the end."""

    code: int
    seconds: float


@dataclass
class Docker:
    """The engine of this machine. Every command has a time limit, and none waits longer than `deadline`."""

    docker: str
    compose: tuple[str, ...]
    engine_version: str
    deadline: Deadline = field(default_factory=Deadline)

    @classmethod
    def find(cls, deadline: Deadline | None = None) -> Docker:
        """The engine and the programs that drive it. Raises NoEngineError, which says what to do."""
        docker = shutil.which("docker")
        if docker is None:
            raise NoEngineError("this needs Docker: there is no program called docker (https://docs.docker.com/engine)")
        _refuse_remote(docker)
        try:
            version = attempt([docker, "info", "--format", "{{.ServerVersion}}"], 20).stdout.strip()
        except EngineError:
            version = ""
        if not version:
            raise NoEngineError("no Docker engine answers: start it, or get the right to use it, then try again")
        return cls(docker, _compose(docker), version, deadline or Deadline())

    # -- commands --------------------------------------------------------------------------------------------------

    def attempt(self, *argv: str, timeout: float = COMMAND_SECONDS, stdin: bytes = b"", **more: Any) -> Finished:
        """`docker ARGV`, whatever its exit code. Raises OverdueError."""
        return attempt([self.docker, *argv], self.deadline.left(timeout), stdin=stdin, **more)

    def run(self, *argv: str, timeout: float = COMMAND_SECONDS, stdin: bytes = b"", **more: Any) -> Finished:
        """`docker ARGV`. Raises EngineError unless it exits with 0."""
        finished = self.attempt(*argv, timeout=timeout, stdin=stdin, **more)
        if finished.code != 0:
            raise failed(finished)
        return finished

    def attempt_compose(
        self, *argv: str, cwd: str, timeout: float = COMMAND_SECONDS, env: Mapping[str, str] | None = None
    ) -> Finished:
        """`docker compose ARGV` in a folder, blind to the variables that choose files and projects."""
        own = {**_OWN_CHOICE, **(env or {})}
        return attempt([*self.compose, *argv], self.deadline.left(timeout), cwd=cwd, env=own)

    def run_compose(
        self, *argv: str, cwd: str, timeout: float = COMMAND_SECONDS, env: Mapping[str, str] | None = None
    ) -> Finished:
        """The same. Raises EngineError unless it exits with 0."""
        finished = self.attempt_compose(*argv, cwd=cwd, timeout=timeout, env=env)
        if finished.code != 0:
            raise failed(finished)
        return finished

    # -- answers ---------------------------------------------------------------------------------------------------

    def inspect(self, *names: str) -> list[dict[str, Any]]:
        """What the engine knows of containers, in this order."""
        if not names:
            return []
        found: list[dict[str, Any]] = json.loads(self.run("container", "inspect", *names).stdout)
        return found

    def unnamed_volumes(self, *containers: str) -> list[str]:
        """The volumes without a name that containers use.

        Compose hands those of a container over to the one that replaces it, by their id: then the engine takes them for
        named ones, and `docker rm --volumes` leaves them behind.
        """
        shown = self.attempt("container", "inspect", *containers) if containers else None
        try:
            found = json.loads(shown.stdout) if shown is not None else []
        except ValueError:
            return []
        mounts = [mount for one in found for mount in one.get("Mounts") or ()]
        names = {str(mount.get("Name") or "") for mount in mounts if mount.get("Type") == "volume"}
        return sorted(name for name in names if _VOLUME_ID.fullmatch(name))

    def image(self, reference: str) -> dict[str, Any] | None:
        """What the engine knows of an image that is there; None where it is not. Nothing is pulled."""
        answer = self.attempt("image", "inspect", "--", reference)
        if answer.code == 0:
            return dict(json.loads(answer.stdout)[0])
        if re.search("no such image|invalid reference", answer.stderr, re.IGNORECASE):
            return None
        raise failed(answer)

    def listed(self, kind: str, label: str, *wanted: str) -> list[tuple[str, ...]]:
        """All things of a kind (container, network, volume, image) with a label: id or name, then `wanted` labels."""
        name = "{{.Name}}" if kind == "volume" else "{{.ID}}"
        labels = "".join(f'\t{{{{.Label "{one}"}}}}' for one in wanted)
        argv = {
            "container": ("ps", "--all", "--no-trunc"),
            "network": ("network", "ls", "--no-trunc"),
            "volume": ("volume", "ls"),
            "image": ("image", "ls", "--no-trunc"),
        }[kind]
        form = name if kind == "image" else name + labels
        shown = self.run(*argv, "--filter", f"label={label}", "--format", form).stdout
        return [tuple(line.split("\t")) for line in dict.fromkeys(shown.splitlines()) if line.strip()]

    def exec(
        self, container: str, *argv: str, user: str | None = None, timeout: float = COMMAND_SECONDS, most: int = 200_000
    ) -> Finished:
        """Run a command in a container, whatever its exit code."""
        who = ("--user", user) if user else ()
        return self.attempt("exec", *who, container, *argv, timeout=timeout, most=most)

    def logs(self, container: str, tail: int | None = None, most: int = 2_000_000) -> list[tuple[str, str]]:
        """The log of a container: the engine's time and the text of each line, both streams in the order of time."""
        last = ("--tail", str(tail)) if tail is not None else ()
        shown = self.attempt("logs", "--timestamps", *last, container, most=most)
        lines = [line.partition(" ") for line in f"{shown.stdout}\n{shown.stderr}".split("\n") if line.strip()]
        return sorted(((time, text) for time, _, text in lines), key=lambda line: line[0])

    def processes(self, container: str, pid: int = 0) -> list[Process]:
        """The service's own processes: its first one and what that started, without health checks and `exec`.

        `pid` is that of its first one, where it is known already. Empty where the container does not run, or the engine
        cannot tell.
        """
        if not pid:
            state = self.attempt("container", "inspect", "--format", "{{.State.Pid}}", container)
            pid = int(state.stdout) if state.stdout.strip().isdigit() else 0
        shown = self.attempt("top", container, "-eo", "pid,ppid,uid,comm")
        if not pid or shown.code:
            return []
        rows = [line.split(None, 3) for line in shown.stdout.splitlines()[1:]]
        return _tree(
            [Process(int(row[0]), int(row[1]), int(row[2]), row[3].strip()) for row in rows if _is_row(row)], pid
        )

    def written(self, container: str) -> list[tuple[str, str]]:
        """What `docker diff` says: A, C or D, and the path. Volumes and tmpfs are not part of it."""
        shown = self.run("container", "diff", container).stdout
        return [(line[0], line[2:]) for line in shown.splitlines() if line[1:2] == " "]

    def stop(self, container: str) -> Stopped:
        """Stop a container with its own signal; the engine kills it after its own grace time."""
        began = time.monotonic()
        self.run("container", "stop", container, timeout=STOP_SECONDS)
        seconds = time.monotonic() - began
        return Stopped(int(self.inspect(container)[0]["State"]["ExitCode"]), seconds)

    def until(self, done: Callable[[], bool], seconds: float, pause: float = 0.3) -> bool:
        """Ask again and again; False when the time is over. Raises OverdueError when that of the whole run is."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                return False
            self.deadline.left(1)
            time.sleep(pause)
        return True


def _is_row(row: Sequence[str]) -> bool:
    return len(row) == 4 and all(re.fullmatch(r"\d+", part) for part in row[:3])


def _tree(processes: Iterable[Process], top: int) -> list[Process]:
    by_pid = {process.pid: process for process in processes}

    def is_below(process: Process | None) -> bool:
        for _ in by_pid:
            if process is None or process.pid == top:
                break
            process = by_pid.get(process.parent)
        return process is not None and process.pid == top

    return sorted(filter(is_below, by_pid.values()), key=lambda process: (process.pid != top, process.pid))


def _refuse_remote(docker: str) -> None:
    """Raise NoEngineError where the engine is not of this machine: nobody expects trials there."""
    host = os.environ.get("DOCKER_HOST", "")
    if not host:
        try:
            shown = attempt([docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], 20)
            host = shown.stdout.strip() if shown.code == 0 else ""
        except EngineError:
            return
    if host and not host.startswith(_LOCAL):
        raise NoEngineError("the Docker engine is on another machine, where nothing is tried: use one on this machine")


def _compose(docker: str) -> tuple[str, ...]:
    """The Compose program: the plugin, or the program of its own on PATH or beside Python."""
    beside = os.path.join(os.path.dirname(sys.executable), "docker-compose")
    alone = shutil.which("docker-compose") or (beside if os.access(beside, os.X_OK) else None)
    for argv in ((docker, "compose"), (alone,) if alone else ()):
        if not argv:
            continue
        try:
            answer = attempt([*argv, "version", "--short"], 20)
        except EngineError:
            continue
        version = answer.stdout.strip().removeprefix("v")
        if answer.code == 0 and version.split(".")[0].isdigit() and int(version.split(".")[0]) >= _OLDEST_COMPOSE:
            return tuple(argv)
    raise NoEngineError("this needs Docker Compose 2 or newer, as `docker compose` or `docker-compose`")
