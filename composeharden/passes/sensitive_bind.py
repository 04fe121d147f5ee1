"""Report files and folders of the host that give away more than a service should have.

System folders, the engine's data, homes and keys: writable they are a way to become root on the host, readable a way
to its secrets. The severity follows what is mounted and whether it can be written to. Sockets of container engines
are found by `docker-socket`.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.binds import binds
from composeharden.host_paths import of_bind
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.6", "OWASP Docker #8", "NIST SP 800-190 4.5.5")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/:/host']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/:/host:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes:\n"
    "      - {type: bind, source: /etc, target: /host/etc}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['${HOME}/.ssh:/root/.ssh:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['data:/data']\n"
    "volumes:\n  data: {driver_opts: {type: none, o: bind, device: /root}}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/var/lib/docker:/var/lib/docker:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/boot:/boot', '/dev/sda:/dev/sda']\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes: {data: {}}\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/etc/localtime:/etc/localtime:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/srv/app/etc:/etc/app', '/opt/app:/app']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['./.docker/php.ini:/usr/local/etc/php/php.ini:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/usr/share/zoneinfo:/usr/share/zoneinfo:ro']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/home/ada/photos:/photos']\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['${DATA}/etc:/etc/app', '${DATA}/home:/root']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each bind mount that the table of host paths has something against."""
    for bind in binds(posture.service):
        hazard = of_bind(bind.path, bind.read_only)
        if hazard is None:
            continue
        how = "can read" if bind.read_only else "can read and write"
        yield Proposal(
            message=f"it {how} {hazard.what} ({bind.path})",
            key="volumes",
            item=bind.item,
            severity=hazard.severity,
            advice=_advice(bind.read_only),
        )


def _advice(read_only: bool) -> str:
    narrow = "mount only the files it needs, or copy them into a named volume"
    return narrow if read_only else f"{narrow}; read-only where it only reads them"
