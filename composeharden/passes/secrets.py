"""Move passwords, tokens and keys out of `environment` and commands: into file secrets, else into `.env`.

Only with `--migrate`. The value stays the same, so a database that was made with it still accepts it. Where the image
is known to read a file named by another variable (`POSTGRES_PASSWORD_FILE`), the service is granted a secret of that
file, and a health check that used the variable reads the file instead. Everything else, a word of a command too,
becomes a variable that has to be set in `.env`, and `up` says so where it is not. One value that several services share
becomes one secret.

The new files are on this host only: every other one needs them before its next `up`. Replace the values in time, for
the history of the repository still has them. What is started by `docker compose exec` no longer has the variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from composeharden.compose.project import Project
from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture

if TYPE_CHECKING:
    from composeharden.secret_moves import Kept, Move

SEVERITY = Severity.MEDIUM
EFFECT = Effect.DATA
MIGRATES = True
REFERENCES = ("OWASP Docker #12", "NIST SP 800-190 4.1.4", "https://docs.docker.com/compose/how-tos/use-secrets/")

EXAMPLE = Case(
    "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: hunter2\n",
    "services:\n  db:\n    image: postgres:16\n    environment:\n"
    "      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password\n    secrets:\n      - postgres_password\n"
    "secrets:\n  postgres_password:\n    file: ./secrets/postgres_password\n",
)
UNCHANGED = (
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD: '${PASSWORD:?not set}'}\n",
    "services:\n  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}\n",
    "services:\n  app:\n    image: example/app:1\n    environment: {TOKEN_TTL: 3600}\n",
    "services:\n  cache:\n    image: redis:8\n    command: redis-server --requirepass ${PASSWORD:?not set}\n",
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Move the credentials of each service, all that can be as one group."""
    from composeharden.secret_moves import Kept, Move, Moves, ignored, together  # few runs move anything

    moves = Moves(project, postures)
    for name, posture in postures.items():
        found = moves.of(posture)
        made = [one for one in found if isinstance(one, Move)]
        kept = [one for one in found if isinstance(one, Kept)]
        if not made:
            if kept:
                yield Proposal(
                    message=f"{', '.join(one.variable for one in kept)} cannot be moved",
                    key="environment",
                    service=name,
                    advice="; ".join(f"{one.variable} stays: {one.reason}" for one in kept),
                )
            continue
        yield Proposal(
            message=_message(made),
            key=str(made[0].changes[0].path[3]),
            service=name,
            changes=together(posture.service, made),
            files=(*(file for one in made for file in one.files), *ignored(project, made)),
            confidence=min(one.confidence for one in made),
            held=_against(project, posture),
            why="\n".join(_reasons(made, kept)),
            advice=_steps(made),
        )


def _message(made: list[Move]) -> str:
    places = [
        f"{one.variable} to " + (f"the secret {one.name}" if one.to_file else f"{one.name} in .env") for one in made
    ]
    return f"credentials move out of the file: {', '.join(places)}"


def _against(project: Project, posture: Posture) -> str:
    if project.is_for_swarm:
        return "the file is made for `docker stack deploy`, where secrets are made otherwise"
    return next(iter(posture.service.unclear), "")


def _reasons(made: list[Move], kept: list[Kept]) -> Iterable[str]:
    if any(one.to_file for one in made):
        yield (
            "the file has mode 0644, so that its reader in the container can open it under any user and without "
            "capabilities; the folder, which only its owner can enter, keeps it closed on the host"
        )
    for one in kept:
        yield f"{one.variable} stays: {one.reason}"


def _steps(made: list[Move]) -> str:
    files = sorted({f"{one.folder}/{one.name}" for one in made if one.to_file})
    names = sorted({one.name for one in made if not one.to_file})
    needed = [
        *([f"{', '.join(files)} (0644, in a folder of mode 0700)"] if files else []),
        *([f"{', '.join(names)} in .env (0600)"] if names else []),
    ]
    return (
        f"every other host needs {' and '.join(needed)} before its next up; then replace the values: "
        "the history still has them"
    )
