"""A way to run the image, and what was seen of a run: plain frozen records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Path:
    """A path that gets something writable of its own under a read-only root."""

    path: str
    kind: str = "tmpfs"
    """`tmpfs`, or `volume` for what holds data or content of the image."""
    owner: str = "root"
    """Of a tmpfs when the container starts as root: `root` or `service`."""


@dataclass(frozen=True)
class Setting:
    """How the container is run. The default is as the image has it."""

    user: str = ""
    """uid:gid; empty for the image's own."""
    capabilities: frozenset[str] | None = None
    """Drop all and add these; None for what the engine gives."""
    read_only: bool = False
    writable: tuple[Path, ...] = ()
    no_new_privileges: bool = False
    service: str = ""
    """uid:gid of whoever serves in the end: what a tmpfs with the owner `service` is given to."""
    start: str = ""
    """uid:gid that the container starts as by itself, where that is not root: what each tmpfs is given to."""

    @property
    def words(self) -> str:
        """The setting as people say it."""
        parts = [f"user {self.user}" if self.user else ""]
        if self.capabilities is not None:
            parts.append(" ".join(sorted(self.capabilities)) or "no capability")
        if self.read_only:
            parts.append(f"read-only with {' '.join(row.path for row in self.writable) or 'nothing'} writable")
        parts.append("no-new-privileges" if self.no_new_privileges else "")
        return ", ".join(filter(None, parts)) or "as it is"


@dataclass(frozen=True)
class Work:
    """One kind of process that was seen: a program, and whom it runs as."""

    command: str
    uid: int
    gid: int = 0


@dataclass(frozen=True)
class Moment:
    """What a container looks like once it is ready."""

    first: Work | None = None
    """Its first process; None where the container has ended."""
    works: frozenset[Work] = frozenset()
    """All its processes that stay, the first one too."""
    ports: frozenset[tuple[str, int]] = frozenset()
    """Protocol and number of what it listens on."""
    answers: frozenset[tuple[int, str]] = frozenset()
    """How each TCP port answers a stranger."""
    health: str = ""
    """`healthy`, `unhealthy`, or empty without a health check."""
    ended: int | None = None
    """The exit code of a container that has ended: of a job, that is."""


@dataclass(frozen=True)
class Stop:
    """How it ended when it was asked to."""

    code: int
    seconds: float
    killed: bool
    """Whether it took until the end of its grace time."""


@dataclass(frozen=True)
class Life:
    """A whole life: first start on empty volumes, stop, start again."""

    moments: tuple[Moment, ...]
    """After each start."""
    stop: Stop | None
    """None for what ends by itself."""
    seconds: float = 0
    """From the start to being ready."""
    written: tuple[tuple[str, str], ...] = ()
    """What `docker diff` says: A, C or D, and the path."""
    sockets: frozenset[str] = frozenset()
    """The paths that sockets were bound to."""


@dataclass(frozen=True)
class Shortfall:
    """In what a run was worse than the one before hardening."""

    stage: str
    """`first start`, `second start`, `new container`, `stop`."""
    what: str
    log: tuple[str, ...] = ()
    """Lines of the log that may say why. They are data of the user's: to be redacted before they are shown."""

    @property
    def words(self) -> str:
        """The shortfall as a sentence without its log."""
        return f"{self.stage}: {self.what}"
