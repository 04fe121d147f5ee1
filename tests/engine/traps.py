"""A trap: a service that plausible hardening breaks, how it is seen to break, and how it is told that it lives."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .commands import EngineError, attempt
from .hardening import harden
from .harness import UP_SECONDS, Stack, StackError
from .lifecycle import Probe
from .models import block_yaml
from .processes import worker_uids

SERVICE = "app"
ONLY = ("--only", "cap-drop,depends-on,no-new-privileges,read-only")
"""Most traps are about a service that stays the user it was."""
EVERY: tuple[str, ...] = ()

SETTINGS = frozenset(("read_only", "cap_drop", "security_opt"))
ALSO = frozenset(("user", "healthcheck", "init"))
NO_NEW_PRIVILEGES = frozenset(("security_opt",))


@dataclass(frozen=True)
class Naive:
    """Keys that hardening without the knowledge of the trap would add, and what is seen then (an expression)."""

    keys: Mapping[str, Any]
    fails: str


@dataclass(frozen=True)
class Trap:
    """One service called SERVICE, alone unless `model` has others, and what may be thought to be safe for it."""

    name: str
    image: str
    lives: Probe
    """Succeeds after each start of the service as it was."""
    naive: Mapping[str, Naive]
    keys: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    """Other services, and other sections."""
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None
    """Called with the folder that is run: owners and modes, which take root."""
    gains: frozenset[str] = SETTINGS
    """Which of SETTINGS and ALSO the hardened service has in the end, and had not before."""
    passes: tuple[str, ...] = ONLY
    options: tuple[str, ...] = ()
    starts: int = 1
    waits: bool = True
    """False where a service is never healthy or ends: starting does not wait for that then."""
    stops: int | None = None
    """The exit code of the service when it is stopped, where that matters."""

    def write(self, folder: Path, keys: Mapping[str, Any]) -> None:
        """Write the stack, with `keys` added to the service, and its files into the folder."""
        others = self.model.get("services", {})
        services = {SERVICE: {"image": self.image, **self.keys, **keys}, **others}
        volumes: dict[str, Any] = {name: {} for service in services.values() for name in _named(service)}
        sections = {name: section for name, section in self.model.items() if name != "services"}
        (folder / "compose.yaml").write_text(block_yaml({"services": services, "volumes": volumes, **sections}))
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def live(self, folder: Path) -> dict[str, Any]:
        """Have composeharden harden the stack in the folder and run it; return the service's settings.

        Raises EngineError or AssertionError where the service does not live.
        """
        with self._stack(folder) as stack:
            harden(stack.folder, options=(*self.passes, *self.options))
            self._run(stack, self.lives)
            settings: dict[str, Any] = stack.config()["services"][SERVICE]
            return settings

    def breaks(self, folder: Path, fails: str) -> None:
        """Run the stack in the folder as it is. Raises EngineError or AssertionError as soon as `fails` is seen."""
        with self._stack(folder) as stack:
            self._run(stack, _once_seen(self.lives, fails))

    def _stack(self, folder: Path) -> Stack:
        return (Stack if self.waits else _Unwaited)(folder, patience=30)

    def _run(self, stack: Stack, lives: Probe) -> None:
        if self.prepare is not None:
            self.prepare(stack.folder)
        for number in range(self.starts):
            if number:
                stack.remove_containers()
            stack.up()
            stack.until(partial(lives, stack, SERVICE))
        if self.stops is not None:
            code = stack.stop(SERVICE).code
            assert code == self.stops, f"stopped with exit code {code}"


def _once_seen(probe: Probe, fails: str) -> Probe:
    """The probe, but not tried again once its error, with the logs that it has in it, is the expected one."""

    def once(stack: Stack, service: str) -> None:
        try:
            probe(stack, service)
        except (StackError, AssertionError) as error:
            if re.search(fails, str(error)):
                raise EngineError(str(error)) from error
            raise

    return once


class _Unwaited(Stack):
    """A stack that is up as soon as everything is started; Compose still waits for what `depends_on` asks for."""

    def up(self) -> float:
        self._write_override()
        result = self._attempt("up", "--detach", "--pull", "never", timeout=UP_SECONDS)
        if result.code != 0:
            raise self._error(result.describe())
        return result.seconds


def _named(service: Mapping[str, Any]) -> list[str]:
    sources = [str(mount).split(":", 1)[0] for mount in service.get("volumes", ())]
    return [source for source in sources if not source.startswith((".", "/"))]


def owned_by(name: str, uid: int, mode: int) -> Callable[[Path], None]:
    """A step that gives a file or folder beside the compose file to a user that nobody else is."""

    def prepare(folder: Path) -> None:
        path = folder / name
        path.chmod(mode)
        os.chown(path, uid, uid)

    return prepare


def copies(source: str, target: str) -> Probe:
    """A probe: a file beside the compose file can be copied into the running container."""

    def probe(stack: Stack, service: str) -> None:
        done = attempt(["docker", "cp", str(stack.folder / source), f"{stack.container(service)}:{target}"], timeout=30)
        if done.code != 0:
            raise EngineError(done.describe())

    return probe


def all_of(*probes: Probe) -> Probe:
    """A probe that succeeds where all of them do."""

    def probe(stack: Stack, service: str) -> None:
        for one in probes:
            one(stack, service)

    return probe


def runs_as(*uids: int) -> Probe:
    """A probe: the processes that do the work belong to these users."""

    def probe(stack: Stack, service: str) -> None:
        found = worker_uids(stack.processes(service))
        assert found == set(uids), f"the work is done by uid {sorted(found)}"

    return probe
