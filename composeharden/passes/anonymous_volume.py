"""Report data of known images that lies on no volume with a name.

Without one the data is in an anonymous volume, which `docker compose down` leaves behind without a name and the next
`up` does not find again, or in the container itself, gone with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.mounts import covers
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.4", "https://docs.docker.com/engine/storage/volumes/#named-and-anonymous-volumes")

REPORTED = (
    "services:\n  db:\n    image: postgres:16\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: [/var/lib/postgresql/data]\n",
    "services:\n  charts:\n    image: grafana/grafana:12.1.0\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:16\n    tmpfs: [/var/lib/postgresql/data]\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: ['./data:/var/lib/postgresql']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: [/app/node_modules]\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each data path of the image's facts without a mount that keeps it."""
    facts, service = posture.facts, posture.service
    for row in facts.rows("data") if facts is not None and not facts.is_runtime else ():
        path = str(row["path"])
        if any(covers(mount, path) and mount.kind != "anonymous" for mount in service.mounts):
            continue
        kept = bool(row.get("declared")) or any(covers(mount, path) for mount in service.mounts)
        yield Proposal(
            message=f"its data in {path} is on "
            + ("a volume without a name" if kept else "no volume, and lost with the container"),
            key="volumes" if "volumes" in service else None,
            severity=None if kept else Severity.LOW,
            advice=f"mount a named volume on {path}; copy the data over before the first start with it",
        )
