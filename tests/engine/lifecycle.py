"""The life of a stack: first start, use, stop, second start, new containers over the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .commands import EngineError
from .harness import Stack, Stopped
from .models import block_yaml
from .processes import Process

Probe = Callable[[Stack, str], object]
"""Called with the stack and the name of the service; raises StackError or AssertionError when it fails."""


@dataclass(frozen=True)
class Row:
    """One service to live through: its image, the rest of its compose keys, and how to tell that it works.

    `write` is called once, `read` after every start. `files` are written beside the compose file. A service with a
    `build` is built by the stack itself, on `image`.
    """

    service: str
    image: str
    write: Probe
    read: Probe
    worker_uid: int
    keys: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """What `fix` is told."""
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other services of the stack, such as a database."""

    @property
    def images(self) -> tuple[str, ...]:
        """All images that the engine must have."""
        return (self.image, *(str(keys["image"]) for keys in self.beside.values()))

    def write_stack(self, folder: Path) -> None:
        """Write a stack of this service and those beside it; every named volume that is mounted is declared."""
        own = self.keys if "build" in self.keys else {"image": self.image, **self.keys}
        services = {self.service: dict(own)} | {name: dict(keys) for name, keys in self.beside.items()}
        mounts = [str(mount).split(":", 1)[0] for keys in services.values() for mount in keys.get("volumes", ())]
        named: dict[str, Any] = {name: {} for name in mounts if not name.startswith((".", "/"))}
        (folder / "compose.yaml").write_text(block_yaml({"services": services, "volumes": named}))
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)


@dataclass(frozen=True)
class Life:
    """What was seen of a stack that lived through everything, by service."""

    config: dict[str, Any]
    inspected: dict[str, dict[str, Any]]
    processes: dict[str, list[Process]]
    stops: dict[str, Stopped]


def live_through(stack: Stack, rows: Sequence[Row], starts: int = 3) -> Life:
    """Take the stack, whose volumes are empty, through its life and return what was seen of the rows.

    With two starts the second one is of new containers already; with one the life ends at the stop. Raises EngineError,
    with the step and the logs, when a service does not start, work or keep its data.
    """
    with _step("first start, on empty volumes"):
        stack.up()
    for row in rows:
        with _step(f"write to {row.service}"):
            stack.until(partial(row.write, stack, row.service))
    _read_all(stack, rows, "first start")
    services = [row.service for row in rows]
    inspected = {service: stack.inspect(service) for service in services}
    processes = {service: stack.processes(service) for service in services}
    stops = {service: stack.stop(service) for service in reversed(services)}

    if starts > 2:
        with _step("second start, same containers"):
            stack.up()
        _read_all(stack, rows, "second start")
    if starts > 1:
        last = "third start" if starts > 2 else "second start"
        stack.remove_containers()
        with _step(f"{last}, new containers"):
            stack.up()
        _read_all(stack, rows, last)
    return Life(stack.config(), inspected, processes, stops)


def _read_all(stack: Stack, rows: Sequence[Row], when: str) -> None:
    for row in rows:
        with _step(f"read from {row.service} after the {when}"):
            stack.until(partial(row.read, stack, row.service))
            # A restart policy would hide a start that failed, then worked on what the failed one had left.
            restarts = stack.inspect(row.service)["RestartCount"]
            if restarts:
                raise EngineError(f"restarted {restarts} times\n{stack.logs(row.service)}")


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise EngineError(f"{name}: {error}") from error
