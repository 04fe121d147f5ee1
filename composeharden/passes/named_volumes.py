"""Give the data of a service a volume with a name, where it lies on one without, or on none.

Without a name the data is in an anonymous volume, which `docker compose down` leaves behind and the next `up` does not
find again, or in the container itself, gone with it. A stack that ran has its data in the old place, and would come up
empty: so this is only done when asked for. `--migrate` has `up` stop until a script has moved the data; `--new-stack`
is for a stack that never ran. Folders that a build or an installation fills anew are left alone.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from composeharden.compose.project import Project
from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.volumes.changes import Mounted, changes, mark_key
from composeharden.volumes.nameless import Nameless, nameless
from composeharden.volumes.naming import names
from composeharden.volumes.script import script
from composeharden.words import series

SEVERITY = Severity.LOW
EFFECT = Effect.DATA
REFERENCES = ("NIST SP 800-190 4.4.4", "https://docs.docker.com/engine/storage/volumes/#named-and-anonymous-volumes")

EXAMPLE = Case(
    before="services:\n  db:\n    image: postgres:16\n    volumes:\n      - ./init:/docker-entrypoint-initdb.d:ro\n",
    after="services:\n  db:\n    image: postgres:16\n    volumes:\n      - ./init:/docker-entrypoint-initdb.d:ro\n"
    "      - db-data:/var/lib/postgresql/data\n"
    "      - db-data-ready:/mnt/db-data-ready:ro\n"
    "volumes:\n  db-data: {}\n  db-data-ready:\n"
    "    name: ${COMPOSE_PROJECT_NAME}_db-data.run-migrate-volumes.sh\n    external: true\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:16\n    tmpfs: [/var/lib/postgresql/data]\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: ['./data:/var/lib/postgresql']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['.:/app', /app/node_modules, /app/cache]\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: [/srv/app/vendor, /tmp/work]\n",
)

_STEPS = (
    "give it a volume with a name ({entries}, and {names} under the top-level volumes). If the stack ran, its data is "
    "in the old place and has to be copied before the next start: fix --migrate does both, with a script that copies. "
    "If it never ran: fix --new-stack"
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterator[Proposal]:
    """Propose names for what can have one; report the rest, with the reason."""
    taken: set[str] = set()
    for service, posture in postures.items():
        found = nameless(posture)
        able = [one for one in found if one.is_kept and not one.reason]
        chosen = names(project, service, [one.path for one in able], taken)
        taken |= {*chosen.values(), *map(mark_key, chosen.values())}
        if able:
            yield _named(posture, able, chosen)
        for one in found:
            if one not in able:
                yield _reported(posture, one)


def _named(posture: Posture, able: list[Nameless], chosen: Mapping[str, str]) -> Proposal:
    service = posture.service
    mounts = [Mounted(one.path, chosen[one.path], one.item) for one in able]
    rows = tuple(f"{service.name} {posixpath.normpath(one.path)} {one.volume}" for one in mounts)
    entries = ", ".join(f"{one.volume}:{one.path}" for one in mounts)
    return Proposal(
        message=f"its data in {series(one.path for one in able)} is on "
        + ("a volume without a name" if len(able) == 1 else "volumes without a name"),
        service=service.name,
        key="volumes" if "volumes" in service else None,
        item=next((one.item for one in able), ""),
        changes=changes(service, mounts, marked=True),
        never_ran=changes(service, mounts, marked=False),
        files=(script(service.project, rows),),
        confidence=min(one.confidence for one in able),
        why="\n".join(f"{one.path}: {_why(one)}" for one in able),
        advice=_STEPS.format(entries=entries, names=series(chosen.values())),
        evidence=tuple(dict.fromkeys(line for one in able for line in one.evidence)),
    )


def _reported(posture: Posture, one: Nameless) -> Proposal:
    where = "a volume without a name" if one.is_kept else "no volume, and lost with the container"
    advice = f"mount a named volume on {one.path}; copy the data over before the first start with it"
    return Proposal(
        message=f"its data in {one.path} is on {where}",
        service=posture.service.name,
        key="volumes" if "volumes" in posture.service else None,
        item=one.item,
        effect=Effect.NONE,
        advice=f"{advice} ({one.reason})" if one.reason else advice,
    )


def _why(one: Nameless) -> str:
    return "its entry has no name" if one.item else "the image declares a volume there, and nothing is mounted"
