"""Mount configuration read-only where the image's facts say that it is only read.

Whoever breaks into a service that can write its own configuration decides what the next start does, and changes a file
of the host. Folders that hold data as well, and files that a program or its entry point rewrites, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composeharden.compose.entries import Entry, entries
from composeharden.compose.mounts import Mount, is_below, mounts_of
from composeharden.outcome import Confidence, Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.posture.identity import other_program
from composeharden.words import series
from composeharden.yaml.change import Replace

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("OWASP Docker #8", "NIST SP 800-190 4.5.5", "https://docs.docker.com/engine/storage/bind-mounts/")

EXAMPLE = Case(
    before="services:\n  web:\n    image: nginx:1.28\n    volumes:\n"
    "      - ./nginx.conf:/etc/nginx/nginx.conf # ours\n",
    after="services:\n  web:\n    image: nginx:1.28\n    volumes:\n"
    "      - ./nginx.conf:/etc/nginx/nginx.conf:ro # ours\n",
)
UNCHANGED = (
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['conf:/etc/nginx/conf.d']\nvolumes: {conf: {}}\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['./nginx:/etc/nginx']\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['./logs:/var/log/nginx']\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: ['./data:/var/lib/postgresql/data']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['./app.conf:/etc/app.conf']\n",
)


def check(posture: Posture) -> Iterator[Proposal]:
    """Propose `ro` for each entry in short form, all of a service at once."""
    facts, service = posture.facts, posture.service
    rows = facts.rows("reads") if facts is not None and not facts.is_runtime else []
    found = [(entry, mount, row) for entry, mount in _writable(posture) for row in rows if is_below(mount, row["path"])]
    if facts is None or not found:
        return
    doubt = other_program(posture) or ("the image is built here, and may do more" if "build" in service else "")
    confidence = min(facts.confidence(row) for _, _, row in found)
    yield Proposal(
        message=f"it could write its configuration in {series(mount.target for _, mount, _ in found)}",
        key="volumes",
        item=found[0][0].item,
        changes=tuple(
            Replace((0, "services", service.name, "volumes"), entry.item, _read_only(entry.item, mount))
            for entry, mount, _ in found
        ),
        confidence=posture.confidence("read-only-bind", Confidence.ASSUMED if doubt else confidence),
        doubt=doubt,
        why="\n".join(f"{mount.target}: the program and its entry point only read it" for _, mount, _ in found),
        evidence=_sources(posture, [row for _, _, row in found]),
    )


def _writable(posture: Posture) -> Iterator[tuple[Entry, Mount]]:
    """Bind mounts in short form that can be written to."""
    service = posture.service
    for entry in entries(service, "volumes"):
        if isinstance(entry.value, str):
            mounts = mounts_of(type(service)(service.project, service.name, {"volumes": [entry.value]}))
            is_writable = mounts and mounts[0].kind == "bind" and mounts[0].source and not mounts[0].read_only
            # Modes that come from a variable cannot be told apart from the rest of the text.
            if is_writable and entry.item.endswith(f":{mounts[0].options}" if mounts[0].options else mounts[0].target):
                yield entry, mounts[0]


def _read_only(text: str, mount: Mount) -> str:
    """An entry with the mode `ro`, next to the others it has."""
    if not mount.options:
        return f"{text}:ro"
    modes = [mode for mode in mount.options.split(",") if mode not in ("rw", "ro")]
    return text.removesuffix(mount.options) + ",".join([*modes, "ro"])


def _sources(posture: Posture, rows: list[Mapping[str, Any]]) -> tuple[str, ...]:
    facts = posture.facts
    return tuple(dict.fromkeys(line for row in rows for line in facts.sources(row))) if facts is not None else ()
