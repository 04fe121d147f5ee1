"""Report credentials in `environment`: they are in the repository, its history, and every copy of the file.

Whoever may inspect the container or read its logs of a crash sees them too. A name that says password, secret, token or
key, a URL with a password in it, or a text of the shape of a well-known token counts. A reference to a variable, a file
or a secret does not. Messages never contain the value.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import item_of, plain
from composeharden.compose.values import as_mapping
from composeharden.credential_findings import REFERENCES as REFERENCES
from composeharden.credential_findings import advice, severity, wording
from composeharden.credentials import in_setting
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
ABOUT_TEXT = True

REPORTED = (
    "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: hunter2\n",
    "services:\n  db:\n    image: postgres:16\n    environment:\n      - POSTGRES_PASSWORD=${PASSWORD:-hunter2}\n",
    "services:\n  app:\n    image: example/app:1\n    environment:\n"
    "      DATABASE_URL: postgres://app:hunter2@db/app\n",
    "services:\n  app:\n    image: example/app:1\n    environment:\n      - API_KEY=changeme\n",
    "services:\n  app:\n    image: example/app:1\n    environment:\n"
    "      ConnectionStrings__Main: 'Server=db;User Id=app;Password=hunter2;'\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD: '${PASSWORD}'}\n",
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD: '${PASSWORD:?not set}'}\n",
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}\n",
    "services:\n  db:\n    image: postgres:16\n    environment: [POSTGRES_PASSWORD, 'PGPASSWORD=']\n",
    "services:\n  app:\n    image: example/app:1\n    environment:\n"
    "      DATABASE_URL: postgres://app:${PASSWORD}@db/app\n",
    "services:\n  app:\n    image: example/app:1\n"
    "    environment: {TOKEN_TTL: 3600, MAX_TOKENS: 4096, KEY_ID: abcdef}\n",
    "services:\n  app:\n    image: example/app:1\n"
    "    environment: {PUBLIC_KEY: abcdef, PASSWORD_RESET_ENABLED: 'true'}\n",
    "services:\n  db:\n    image: mysql:8.4\n"
    "    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes', REQUIRE_TOKEN: 'yes'}\n",
    "services:\n  app:\n    image: example/app:1\n    environment: {SESSION_SECRET: '$$(cat /run/secrets/s)'}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each variable that holds a credential."""
    service = posture.service
    raw = plain(service.raw.get("environment"))
    for name, value in as_mapping(raw).items():
        found = in_setting(name, value or "")
        if found is None:
            continue
        yield Proposal(
            message=wording(found, name),
            key="environment",
            item=item_of(raw, name),
            severity=severity(found, service.project),
            advice=f"{advice(found, name, _file_variable(posture, name))}; `fix --migrate --only secrets` can move it",
        )


def _file_variable(posture: Posture, name: str) -> str:
    rows = posture.facts.rows("secret") if posture.facts is not None else []
    return next((str(row["file"]) for row in rows if row["variable"] == name and row.get("file")), "")
