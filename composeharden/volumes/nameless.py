"""Which data of a service lies on a volume that has no name, and which on no volume at all."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from composeharden.compose.entries import entries
from composeharden.compose.mounts import Mount, covers, is_below, mounts_of, normal
from composeharden.compose.values import as_text
from composeharden.outcome import Confidence
from composeharden.posture import Posture, is_job
from composeharden.posture.built import declared
from composeharden.posture.identity import other_program

_REMADE = frozenset(
    (
        *("node_modules", "bower_components", "vendor", ".venv", "venv", "site-packages", "__pycache__", "elm-stuff"),
        *(".next", ".nuxt", ".svelte-kit", ".turbo", ".parcel-cache", ".gradle", ".m2", ".npm", ".yarn", ".pnpm-store"),
        *(".cargo", ".bundle", ".mix", ".stack-work", ".dart_tool", ".mypy_cache", ".pytest_cache", ".tox", "_build"),
        *("dist", "build", "target", "tmp", "temp", "cache", ".cache", "deps"),
    )
)
"""Names of folders that an installation or a build fills, again and again."""
_PASSING = ("/tmp", "/var/tmp", "/run", "/var/cache", "/dev/shm", "/usr/local/bundle", "/go/pkg", "/usr/src/app/tmp")
"""Folders of things that may be gone after a start."""
_PLAIN = re.compile(r"/[\w.@+/-]*\w/?", re.ASCII)


class Nameless(NamedTuple):
    """Data of a service without a volume that has a name."""

    path: str
    item: str
    """The entry of `volumes` that has no name, as it is written; empty where the image makes the volume."""
    is_kept: bool
    """Whether it outlives its container, on an anonymous volume."""
    confidence: Confidence = Confidence.SOURCED
    evidence: tuple[str, ...] = ()
    reason: str = ""
    """Why it cannot get a name by itself; empty where it can."""


def nameless(posture: Posture) -> list[Nameless]:
    """What a service keeps without a name, save what is made anew anyway: caches, dependencies, temporary files."""
    reason = _against_any(posture)
    found: dict[str, Nameless] = {}
    for one in (*_written(posture), *_of_facts(posture), *_of_dockerfile(posture)):
        if normal(one.path) not in found:
            found[normal(one.path)] = one._replace(reason=one.reason or reason)
    return list(found.values())


def is_misplaced(posture: Posture, mount: Mount) -> bool:
    """Whether a mount is where other versions of its image keep their data, and this version keeps its own elsewhere.

    A setting that names a place in the mount counts as an answer to that.
    """
    facts = posture.facts
    if facts is None or mount.kind not in ("volume", "bind", "anonymous") or posture.service.unset("image"):
        return False
    own = [str(row["path"]) for row in facts.rows("data")]
    if not any(normal(mount.target) == normal(path) for path in facts.data_of_other_tags):
        return False
    if any(covers(one, path) for one in posture.service.mounts for path in own):
        return False
    environment = (*posture.service.environment.values(), *posture.service.command)
    return not any(covers(mount, as_text(value)) for value in environment if value)


def _written(posture: Posture) -> Iterator[Nameless]:
    """Entries of `volumes` that have a container path only."""
    service = posture.service
    known = [str(row["path"]) for row in posture.facts.rows("data")] if posture.facts is not None else []
    for entry in entries(service, "volumes", "target"):
        view = type(service)(service.project, service.name, {"volumes": [entry.value]})
        for mount in mounts_of(view):
            is_data = any(normal(mount.target) == normal(path) for path in known)
            if mount.kind != "anonymous" or (_is_made_anew(posture, mount.target) and not is_data):
                continue
            reason = "" if isinstance(entry.value, str) else "it is written as a mapping: give it a source by hand"
            yield Nameless(mount.target, entry.item, True, reason=reason or _against_path(mount.target))


def _of_facts(posture: Posture) -> Iterator[Nameless]:
    """Data of the image that is on no mount; its volume is declared by the image, or it has none."""
    facts, service = posture.facts, posture.service
    if facts is None or facts.is_runtime or is_job(service):
        return  # a job such as a dump, whose image brings a server with it, keeps nothing there
    for row in facts.rows("data"):
        path = str(row["path"])
        if any(covers(mount, path) for mount in service.mounts):
            continue
        is_kept = bool(row.get("declared")) or any(covers(mount, path) for mount in declared(posture))
        yield Nameless(path, "", is_kept, facts.confidence(row), facts.sources(row), _of_another_program(posture))


def _of_dockerfile(posture: Posture) -> Iterator[Nameless]:
    for mount in declared(posture):
        covered = any(covers(one, mount.target) for one in posture.service.mounts)
        if not covered and not _is_made_anew(posture, mount.target):
            yield Nameless(mount.target, "", True, reason=_against_path(mount.target))


def _is_made_anew(posture: Posture, path: str) -> bool:
    """Whether a path is no data: below a folder that is mounted from the host, or called like what a build makes."""
    path = normal(path)
    if any(is_below(Mount("", "", path), folder) for folder in map(normal, _PASSING)):
        return True
    if not _REMADE.isdisjoint(path.split("/")):
        return True
    hosts = (mount for mount in posture.service.mounts if mount.kind == "bind" and normal(mount.target) != path)
    return any(covers(mount, path) for mount in hosts)


def _against_path(path: str) -> str:
    return "" if _PLAIN.fullmatch(path) and posixpath.normpath(path) != "/" else "its path has unusual characters"


def _of_another_program(posture: Posture) -> str:
    """Why what the image declares may hold nothing of this service."""
    facts, service = posture.facts, posture.service
    if facts is None:
        return ""
    if service.unset("image"):
        return f"its image depends on {', '.join(sorted(service.unset('image')))}, which has no value"
    if any(is_misplaced(posture, mount) for mount in service.mounts):
        return "another mount of it is where other versions keep their data: settle that before"
    return other_program(posture)


def _against_any(posture: Posture) -> str:
    """Why none of its volumes can get a name by itself."""
    service = posture.service
    if service.project.is_for_swarm:
        return "it is for Swarm, where a task can start on another node than its volume is on"
    if service.get("volumes_from"):
        return "what volumes_from mounts is not looked at"
    if service.unknown_targets:
        return f"a path in its container depends on {', '.join(service.unknown_targets)}"
    if service.unclear:
        return service.unclear[0]
    deploy = service.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, dict) else None
    counts = [as_text(value) for value in (service.get("scale"), replicas) if value is not None]
    if any(count not in ("0", "1") for count in counts):
        return "it runs more than once, each time with data of its own, which a volume with a name would mix"
    return ""
