"""Report mounts where another version of the image keeps its data, while this version keeps its own elsewhere.

Databases move their folder from one major version to the next. A mount that stays behind holds nothing: the data is
lost with the container, or the new version refuses to start beside what it finds there.
"""

from __future__ import annotations

from collections.abc import Iterator

from composeharden.compose.entries import entries
from composeharden.compose.mounts import mounts_of
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture
from composeharden.volumes.nameless import is_misplaced

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.4", "https://github.com/docker-library/postgres/pull/1259")

REPORTED = (
    "services:\n  db:\n    image: postgres:18\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres\n    volumes: ['./data:/var/lib/postgresql/data']\n",
    "services:\n  db:\n    image: influxdb:2.7\n    volumes:\n"
    "      - {type: volume, source: data, target: /var/lib/influxdb}\nvolumes: {data: {}}\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:17\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:18\n    volumes: ['data:/var/lib/postgresql']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:18\n    volumes: ['data:/var/lib/postgresql/data']\n"
    "    environment: {PGDATA: /var/lib/postgresql/data/18}\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:17\n    volumes: ['data:/var/lib/postgresql']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: clickhouse/clickhouse-server:25.3\n"
    "    volumes: ['./log:/var/log/clickhouse-server']\n",
    "services:\n  db:\n    image: 'postgres:$TAG'\n    volumes: ['./data:/var/lib/postgresql/data']\n",
)


def check(posture: Posture) -> Iterator[Proposal]:
    """Report each of them, with the place that would be right."""
    service, facts = posture.service, posture.facts
    own = ", ".join(str(row["path"]) for row in facts.rows("data")) if facts is not None else ""
    for entry in entries(service, "volumes", "target"):
        for mount in mounts_of(type(service)(service.project, service.name, {"volumes": [entry.value]})):
            if is_misplaced(posture, mount):
                yield Proposal(
                    message=f"other versions of its image keep their data in {mount.target}, this one in {own}",
                    key="volumes",
                    item=entry.item,
                    advice="look which version wrote the data; stay with that one, or move the data over as the "
                    f"documentation of the image says, and mount it on {own}",
                )
