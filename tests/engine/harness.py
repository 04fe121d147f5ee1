"""Runs a compose file as a project of its own and looks at what came up.

All containers carry the label `dev.composeharden.test`, and every project name starts with `ch-test-`: what a
killed run left behind is found with `docker ps --all --filter label=dev.composeharden.test`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .commands import EngineError, Finished, attempt, compose_program, run
from .processes import READ_ALL, Process, parse_processes

T = TypeVar("T")

TEST_LABEL = "dev.composeharden.test"
UP_SECONDS = 120
COMMAND_SECONDS = 30
STOP_SECONDS = 150
# The engine waits ten seconds for a service without a stop_grace_period.
DEFAULT_GRACE = 10.0
QUICK = "1s"
"""A health check is first run when its interval is over, and the usual ones would be most of a test's time."""


class StackError(EngineError):
    """The stack did not do what was asked; the message ends with the state and the logs of its services."""


@dataclass(frozen=True)
class Stopped:
    """How a service ended: exit code of its process and seconds from the request to the end."""

    code: int
    seconds: float


class Stack:
    """A compose project on the engine, run from a private copy of its folder; gone, volumes too, on exit.

    In: the folder with the compose file, for how many seconds `until` tries, and an interval for all health checks,
    where theirs would take too long. Nothing is started on entry: call `up`. Images are never pulled; those that the
    stack builds go with it.
    """

    def __init__(
        self, folder: Path, compose_file: str = "compose.yaml", patience: float = 40, interval: str = ""
    ) -> None:
        self.source = folder
        self.interval = interval
        self.compose_file = compose_file
        self.patience = patience
        self.project = f"ch-test-{uuid.uuid4().hex[:10]}"
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix=f"{self.project}-")
        shutil.copytree(self.source, self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._scratch is not None
        try:
            # `local` are images without a name of their own: what this project has built.
            self._compose("down", "--volumes", "--rmi", "local", "--remove-orphans", "--timeout", "1", timeout=90)
        finally:
            self._scratch.cleanup()

    @property
    def folder(self) -> Path:
        """The private copy of the stack's folder."""
        if self._scratch is None:
            raise EngineError("the stack has no folder outside its `with` block")
        return Path(self._scratch.name) / "stack"

    @property
    def file(self) -> Path:
        """The compose file in the private copy."""
        return self.folder / self.compose_file

    def config(self) -> dict[str, Any]:
        """The file as Compose understands it."""
        shown = self._compose("config", "--format", "json", timeout=COMMAND_SECONDS)
        config: dict[str, Any] = json.loads(shown.stdout)
        return config

    def up(self) -> float:
        """Create what is missing, start everything, wait for the health checks; return the seconds taken.

        Raises StackError, with the logs, when a service does not come up.
        """
        self._write_override()
        waiting = ("--wait", "--wait-timeout", str(UP_SECONDS))
        result = self._attempt("up", "--detach", "--pull", "never", *waiting, timeout=UP_SECONDS + 30)
        if result.code != 0:
            raise self._error(result.describe())
        return result.seconds

    def remove_containers(self) -> None:
        """Stop and remove all containers, so that the next `up` makes new ones; named volumes stay."""
        # Anonymous volumes go with their container: nothing would ever find them again.
        self._compose("rm", "--stop", "--force", "--volumes", timeout=STOP_SECONDS)

    def down(self) -> None:
        """Remove containers, networks and volumes: the next `up` begins anew."""
        self._compose("down", "--volumes", timeout=STOP_SECONDS)

    def stop(self, service: str) -> Stopped:
        """Stop one service with its own stop signal; the engine kills it after its own grace time."""
        container = self.container(service)
        began = time.monotonic()
        run(["docker", "stop", container], timeout=STOP_SECONDS)
        seconds = time.monotonic() - began
        return Stopped(code=int(self.inspect(service)["State"]["ExitCode"]), seconds=seconds)

    def container(self, service: str) -> str:
        """The id of the service's container, running or not."""
        ids = self._compose("ps", "--all", "--quiet", service, timeout=COMMAND_SECONDS).stdout.split()
        if len(ids) != 1:
            raise self._error(f"{service}: expected one container, found {len(ids)}")
        return ids[0]

    def inspect(self, service: str) -> dict[str, Any]:
        """What `docker inspect` says about the service's container."""
        shown = run(["docker", "inspect", self.container(service)], timeout=COMMAND_SECONDS)
        answer: dict[str, Any] = json.loads(shown.stdout)[0]
        return answer

    def exec(self, service: str, *argv: str, user: str | None = None) -> str:
        """Run a command in the service and return its output. Raises StackError unless it exits with 0."""
        who = ("--user", user) if user else ()
        result = attempt(["docker", "exec", *who, self.container(service), *argv], timeout=COMMAND_SECONDS)
        if result.code != 0:
            raise self._error(result.describe())
        return result.stdout

    def processes(self, service: str) -> list[Process]:
        """The service's own processes, without health checks and `exec`."""
        return parse_processes(self.exec(service, "sh", "-c", READ_ALL))

    def logs(self, *services: str) -> str:
        """The last lines of the services' logs (of all, when none is named)."""
        return self._attempt("logs", "--no-color", "--tail", "40", *services, timeout=COMMAND_SECONDS).stdout

    def state(self) -> str:
        """One line for each service: running or exited, with which code."""
        return self._attempt("ps", "--all", "--format", "{{.Service}}: {{.Status}}", timeout=COMMAND_SECONDS).stdout

    def failed(self) -> list[str]:
        """Services that ended with an error. A job that is done is none of them."""
        lines = self._compose("ps", "--all", "--format", "json", timeout=COMMAND_SECONDS).stdout.splitlines()
        listed = [json.loads(line) for line in lines if line.strip()]
        return [str(one["Service"]) for one in listed if _is_failure(one["State"], one["ExitCode"])]

    def until(self, probe: Callable[[], T]) -> T:
        """Call the probe until it raises nothing, and return what it returned.

        Gives up with StackError when the time is over, or at once when a service ended with an error.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return probe()
            except (StackError, AssertionError) as error:
                failed = self.failed()
                if failed:
                    raise self._error(
                        f"ended while being probed: {', '.join(failed)}\n{_without_logs(error)}"
                    ) from error
                if time.monotonic() > deadline:
                    raise self._error(f"no good answer within {self.patience:.0f} s\n{_without_logs(error)}") from error
            time.sleep(0.5)

    def _write_override(self) -> None:
        # Beside the folder, not in it: the copy stays what the test put there. JSON is YAML.
        services: dict[str, dict[str, Any]] = {}
        for name, service in self.config()["services"].items():
            services[name] = {"labels": {TEST_LABEL: self.project}}
            if self.interval and service.get("healthcheck", {}).get("test"):
                services[name]["healthcheck"] = {"interval": self.interval}
        self._override.write_text(json.dumps({"services": services}))

    @property
    def _override(self) -> Path:
        return self.folder.with_name("override.json")

    def _attempt(self, *argv: str, timeout: float) -> Finished:
        files = ["--file", str(self.file)]
        if self._override.exists():
            files += ["--file", str(self._override)]
        head = [compose_program(), "--project-name", self.project, *files]
        # A variable of the caller's must not choose other files or profiles. The classic builder takes local images.
        quiet = {"COMPOSE_FILE": "", "COMPOSE_PROFILES": "", "COMPOSE_PROGRESS": "plain", "DOCKER_BUILDKIT": "0"}
        return attempt([*head, *argv], timeout=timeout, cwd=self.folder, env=quiet)

    def _compose(self, *argv: str, timeout: float) -> Finished:
        result = self._attempt(*argv, timeout=timeout)
        if result.code != 0:
            raise self._error(result.describe())
        return result

    def _error(self, message: str) -> StackError:
        return StackError(f"{message}\n--- state\n{self.state()}--- logs\n{self.logs()}")


def _is_failure(state: str, exit_code: int) -> bool:
    return state in {"dead", "restarting"} or (state == "exited" and exit_code != 0)


def _without_logs(error: BaseException) -> str:
    return str(error).split("\n--- state\n", 1)[0]
