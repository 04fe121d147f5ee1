"""A stack that ran before anybody hardened it: its data lies on volumes without a name, and is to be moved."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from .commands import Finished, attempt, compose_program, run
from .harness import TEST_LABEL

SCRIPT = "migrate-volumes.sh"


class Entry(NamedTuple):
    """Everything about one file that a copy has to keep."""

    mode: int
    owner: tuple[int, int]
    links: int
    seconds: int
    content: str
    attributes: tuple[tuple[str, bytes], ...]


class LegacyStack:
    """A Compose project in a folder, with everything that it leaves on the engine gone on exit."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.file.write_text(text)
        self.project = f"ch-test-{uuid.uuid4().hex[:10]}"
        self.volumes: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in ("com.docker.compose.project", "dev.composeharden.migration"):
            self._remove("ps", "--all", "rm", f"label={name}={self.project}")
        self._remove("network ls", "", "network rm", f"label=com.docker.compose.project={self.project}")
        left = set(run(["docker", "volume", "ls", "--quiet"], timeout=30).stdout.split())
        for volume in left:
            if volume.startswith(self.project) or volume in self.volumes:
                attempt(["docker", "volume", "rm", volume], timeout=30)

    def _remove(self, listing: str, every: str, removing: str, match: str) -> None:
        command = ["docker", *listing.split(), *every.split(), "--quiet", "--filter", match]
        found = run(command, timeout=30).stdout.split()
        force = ["--force", "--volumes"] if removing == "rm" else []
        if found:
            attempt(["docker", *removing.split(), *force, *found], timeout=60)

    @property
    def file(self) -> Path:
        """The Compose file."""
        return self.folder / "compose.yaml"

    def compose(self, *arguments: str) -> Finished:
        """Docker Compose for this project, whatever comes of it."""
        env = {"COMPOSE_PROJECT_NAME": self.project}
        return attempt([compose_program(), *arguments], timeout=150, cwd=self.folder, env=env)

    def up(self) -> str:
        """Bring it up; it has to work. Returns what Compose says."""
        done = self.compose("up", "--detach", "--pull", "never")
        assert done.code == 0, done.describe()
        return done.stderr

    def fix(self, *arguments: str) -> Finished:
        """The program, on the Compose file."""
        command = [sys.executable, "-m", "composeharden", "fix", *arguments]
        return attempt(command, timeout=60, cwd=self.folder)

    def migrate(self, *arguments: str) -> Finished:
        """The script that moves the data."""
        return attempt(["sh", SCRIPT, *arguments], timeout=120, cwd=self.folder, env=self._env)

    def migrate_and_kill(self, seconds: float) -> bool:
        """Start the script and kill it, with all it started, after that time; whether it was still running."""
        started = subprocess.Popen(
            ["sh", SCRIPT],
            cwd=self.folder,
            env={**os.environ, **self._env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            started.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            return True
        return False

    @property
    def _env(self) -> dict[str, str]:
        beside = str(Path(compose_program()).parent)
        return {"COMPOSE_PROJECT_NAME": self.project, "PATH": f"{beside}:{os.environ['PATH']}"}

    def container(self, service: str) -> dict[str, Any]:
        """What the engine says about the one container of a service."""
        ids = self.compose("ps", "--all", "--quiet", service).stdout.split() or self._by_label(service)
        (found,) = json.loads(run(["docker", "inspect", *ids], timeout=30).stdout)
        known: dict[str, Any] = found
        self.volumes |= {mount["Name"] for mount in known["Mounts"] if mount["Type"] == "volume"}
        return known

    def _by_label(self, service: str) -> list[str]:
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        return run(["docker", "ps", "--all", "--quiet", *filters], timeout=30).stdout.split()

    def volume(self, service: str, path: str) -> str:
        """The volume that a service has mounted on a path."""
        mounts = self.container(service)["Mounts"]
        return str(next(mount["Name"] for mount in mounts if mount["Destination"] == path))

    def exec(self, service: str, *command: str) -> str:
        """The output of a command in the service."""
        return run(["docker", "exec", self.container(service)["Id"], *command], timeout=60).stdout.strip()

    def has_volume(self, name: str) -> bool:
        """Whether the engine has a volume of that name."""
        return attempt(["docker", "volume", "inspect", name], timeout=30).code == 0


def label(text: str) -> str:
    """A Compose file whose services carry the label of tests: put it where `LABELS` stands."""
    return text.replace("LABELS", f"labels: {{{TEST_LABEL}: volumes}}")


def folder_of(volume: str) -> Path:
    """Where the engine keeps a volume, on this machine."""
    command = ["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", volume]
    return Path(run(command, timeout=30).stdout.strip())


def contents(folder: Path) -> dict[str, Entry]:
    """Everything in a folder, itself included, by relative path."""
    found = {}
    for at, _, names in [(str(folder), [], [""]), *os.walk(folder)]:
        folders = os.listdir(at) if names != [""] else []
        for name in {*names, *folders}:
            path = Path(at) / name
            found[str(path.relative_to(folder))] = _entry(path)
    return found


def _entry(path: Path) -> Entry:
    info = path.lstat()
    names = os.listxattr(path, follow_symlinks=False)
    attributes = tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(names))
    return Entry(
        info.st_mode,
        (info.st_uid, info.st_gid),
        info.st_nlink if not stat.S_ISDIR(info.st_mode) else 0,
        int(info.st_mtime),
        _content(path, info.st_mode),
        attributes,
    )


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""
