"""What lies in an image, read from `docker export`: nothing of it is run for that."""

from __future__ import annotations

import posixpath
import struct
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import IO

from composeharden.engine import Docker, EngineError, Throwaway
from composeharden.learn.trace import NAMES

_CAPABILITY = "SCHILY.xattr.security.capability"
_EFFECTIVE = 1
_RUNTIMES = frozenset(
    ("sh", "bash", "ash", "dash", "busybox", "python", "python3", "node", "ruby", "perl", "php", "java", "dotnet")
)
_PROGRAM_FOLDERS = frozenset(("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"))


@dataclass(frozen=True)
class Folder:
    """A folder of the image."""

    uid: int
    gid: int
    mode: int


@dataclass
class Contents:
    """The files of an image, as far as they matter."""

    folders: dict[str, Folder] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    """Folders with a file in them, or in one below."""
    links: dict[str, str] = field(default_factory=dict)
    """Links to folders or files, with where they lead."""
    capable: dict[str, frozenset[str]] = field(default_factory=dict)
    """Programs with file capabilities."""
    programs: set[str] = field(default_factory=set)
    """Names of what can be run."""

    @property
    def file_capabilities(self) -> Mapping[str, str]:
        """Every file capability, with the path of a program that has it."""
        found: dict[str, str] = {}
        for path, names in sorted(self.capable.items()):
            for name in names:
                found.setdefault(name, path)
        return found

    @property
    def has_runtime(self) -> bool:
        """Whether a shell or an interpreter is there, which may want /tmp at any time."""
        return bool(self.programs & _RUNTIMES)

    def real(self, path: str) -> str:
        """A path with the links of the image followed."""
        done = "/"
        rest = [part for part in path.split("/") if part]
        for _ in range(200):  # a loop of links ends here
            if not rest:
                break
            step = posixpath.join(done, rest.pop(0))
            if step in self.links:
                target = posixpath.normpath(posixpath.join(done, self.links[step]))
                rest = [part for part in target.split("/") if part] + rest
                done = "/"
            else:
                done = step
        return done


def read_contents(docker: Docker, own: Throwaway, image: str) -> Contents:
    """The contents of an image that is there. Raises EngineError where the engine does not hand it out."""
    made = docker.run("container", "create", *own.label_arguments, "--network", "none", image, "-")
    container = made.stdout.split()[-1]
    try:
        process = subprocess.Popen(
            [docker.docker, "container", "export", container],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            return from_archive(process.stdout, lambda: docker.deadline.left(1))
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise EngineError("the image could not be exported") from error
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
    finally:
        docker.attempt("container", "rm", "--force", "--volumes", container)


def from_archive(stream: IO[bytes], may_go_on: Callable[[], object] = lambda: None) -> Contents:
    """The contents of an archive as `docker export` writes it. `may_go_on` is called now and then, and may raise."""
    found = Contents()
    with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as archive:
        for number, member in enumerate(archive):
            if number % 1000 == 0:
                may_go_on()
            _take(found, member)
    for path in [path for path in found.filled if path in found.links]:
        found.filled.discard(path)
    return found


def _take(found: Contents, member: tarfile.TarInfo) -> None:
    path = "/" + member.name.strip("/")
    if member.isdir():
        found.folders[path] = Folder(member.uid, member.gid, member.mode)
        return
    parent, name = posixpath.split(path)
    if member.issym():
        found.links[path] = member.linkname
    if parent in _PROGRAM_FOLDERS:
        found.programs.add(name)
    found.filled.update(_ancestors(parent))
    if _CAPABILITY in member.pax_headers:
        names = capabilities_of(member.pax_headers[_CAPABILITY].encode("utf-8", "surrogateescape"))
        if names:
            found.capable[path] = names


def _ancestors(path: str) -> Iterable[str]:
    while path != "/":
        yield path
        path = posixpath.dirname(path)
    yield "/"


def capabilities_of(attribute: bytes) -> frozenset[str]:
    """The capabilities in a `security.capability` (struct vfs_cap_data) that execve fails without.

    Only where the effective bit is set: without it, a program starts and asks for them itself.
    """
    if len(attribute) < 12:
        return frozenset()
    (magic,) = struct.unpack_from("<I", attribute)
    if not magic & _EFFECTIVE:
        return frozenset()
    (bits,) = struct.unpack_from("<I", attribute, 4)
    if len(attribute) >= 20:
        bits |= struct.unpack_from("<I", attribute, 12)[0] << 32
    return frozenset(name for number, name in enumerate(NAMES) if bits >> number & 1)
