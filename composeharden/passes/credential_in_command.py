"""Report credentials in commands and health checks.

Besides being in the file, they are in the list of processes for every user of the host and in what Docker shows of the
container. Messages never contain the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from composeharden.compose.entries import items, mapping, plain
from composeharden.compose.project import Service
from composeharden.compose.values import as_text
from composeharden.credential_findings import REFERENCES as REFERENCES
from composeharden.credential_findings import severity, wording
from composeharden.credentials import in_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
ABOUT_TEXT = True

REPORTED = (
    "services:\n  cache:\n    image: redis:8\n    command: redis-server --requirepass hunter2\n",
    "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n      test: [CMD, mysqladmin, ping, -phunter2]\n",
    "services:\n  app:\n    image: example/app:1\n    entrypoint: [app, --api-token, hunter2hunter2]\n",
    "services:\n  app:\n    image: example/app:1\n    command: migrate postgres://app:hunter2@db/app\n",
)
UNCHANGED = (
    "services:\n  cache:\n    image: redis:8\n    command: redis-server --requirepass ${PASSWORD:?}\n",
    "services:\n  db:\n    image: mysql:8.4\n    healthcheck:\n"
    "      test: [CMD-SHELL, 'mysqladmin ping -p$$(cat /run/secrets/db)']\n",
    "services:\n  app:\n    image: example/app:1\n    command: [app, --password-file, /run/secrets/app]\n",
    "services:\n  app:\n    image: example/app:1\n    command: [app, --token-ttl, '3600', --password]\n",
    "services:\n  db:\n    image: postgres:16\n    healthcheck: {test: [CMD-SHELL, 'pg_isready -U app -p 5432']}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each key whose words hold a credential."""
    service = posture.service
    for key, what, raw in _texts(service):
        found = in_text(raw)
        if found is not None:
            yield Proposal(
                message=wording(found, f"its {what}"),
                key=key,
                severity=severity(found, service.project),
                advice="let the program read it from a file secret or, inside the container, from a variable ($$NAME); "
                "replace it, since copies and history keep it"
                + ("" if key == "healthcheck" else "; `fix --migrate --only secrets` can move it to .env"),
            )


def _texts(service: Service) -> Iterator[tuple[str, str, str]]:
    probe = mapping(service.raw.get("healthcheck")).get("test")
    for key, what, value in (
        ("command", "command", service.raw.get("command")),
        ("entrypoint", "entrypoint", service.raw.get("entrypoint")),
        ("healthcheck", "health check", probe),
    ):
        yield key, what, " ".join(as_text(plain(word)) for word in items(value))
