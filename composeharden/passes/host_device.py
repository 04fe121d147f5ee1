"""Report devices of the host that a service gets.

A disk holds every file of the host below all its permissions, and `/dev/mem` all of its memory. Others, such as a
serial adapter or a tunnel device, are what the service is there for: they are reported for the record.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.binds import host_path
from composeharden.compose.entries import entries, mapping
from composeharden.compose.values import as_text
from composeharden.host_paths import of_device
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.18", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    devices: ['/dev/sda:/dev/sda']\n",
    "services:\n  app:\n    image: example/app:1\n    devices:\n      - {source: /dev/mem, target: /dev/mem}\n",
    "services:\n  app:\n    image: example/app:1\n    devices: [/dev/ttyUSB0]\n",
    "services:\n  app:\n    image: example/app:1\n    devices: ['vendor.example/class=one']\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    devices: []\n",
    "services:\n  app:\n    image: example/app:1\n    devices: ['/dev/urandom:/dev/random']\n",
    "services:\n  app:\n    image: example/app:1\n    environment: {DEVICE: /dev/sda}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['/dev/null:/etc/nothing']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each device but those every container has."""
    for entry in entries(posture.service, "devices", "source"):
        source = as_text(mapping(entry.value).get("source")) or as_text(entry.value)
        path = host_path(source.split(":")[0]) if source.startswith("/") else ""
        hazard = of_device(path)
        if not source or hazard is None:
            continue
        yield Proposal(
            message=f"it has {hazard.what} ({path or source})",
            key="devices",
            item=entry.item,
            severity=hazard.severity,
            advice="remove it, or map the one device it uses under a stable name (/dev/serial/by-id/...), with the "
            "permissions it needs: r, w or m",
        )
