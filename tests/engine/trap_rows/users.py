"""Starting as the service's own user, and asking for its health, where that does not work."""

from __future__ import annotations

from tests.engine.probes import runs
from tests.engine.traps import EVERY, SETTINGS, Naive, Trap, all_of, owned_by, runs_as

from .settings import dropped

AS_ITSELF = {"user": "999:999", **dropped()}
ANSWERS = all_of(runs("redis-cli", "set", "key", "value", expected="OK"), runs_as(999))

TRAPS = (
    Trap(
        name="user-and-folder-of-another",
        image="redis:7",
        files={"data/of-somebody": ""},
        prepare=owned_by("data", 1234, 0o700),
        keys={"command": "redis-server --appendonly yes", "volumes": ["./data:/data"]},
        lives=ANSWERS,
        passes=EVERY,
        gains=SETTINGS | {"healthcheck"},
        naive={"no-permission": Naive(AS_ITSELF, r"Permission denied")},
    ),
    Trap(
        name="user-and-secret-of-another",
        image="postgres:15",
        files={"password": "not-a-secret-only-for-tests"},
        prepare=owned_by("password", 1234, 0o600),
        keys={
            "environment": {"POSTGRES_PASSWORD_FILE": "/run/secrets/password"},
            "secrets": ["password"],
            "volumes": ["data:/var/lib/postgresql/data"],
        },
        model={"secrets": {"password": {"file": "./password"}}},
        lives=runs("psql", "-h", "127.0.0.1", "-U", "postgres", "-c", "SELECT 1"),
        passes=EVERY,
        gains=SETTINGS | {"healthcheck"},
        naive={"no-permission": Naive(AS_ITSELF, r"/run/secrets/password: Permission denied")},
    ),
    Trap(
        name="user-of-an-empty-volume",
        image="redis:7",
        # The image has nothing there, so the volume is of root until the entry point gives it away.
        keys={"command": "redis-server --appendonly yes", "working_dir": "/srv", "volumes": ["data:/srv"]},
        lives=ANSWERS,
        starts=2,
        passes=EVERY,
        gains=SETTINGS | {"healthcheck"},
        naive={"no-permission": Naive(AS_ITSELF, r"Permission denied")},
    ),
    Trap(
        name="probe-of-a-guess",
        image="redis:7",
        keys={"volumes": ["data:/data"]},
        lives=ANSWERS,
        passes=EVERY,
        gains=SETTINGS | {"user", "healthcheck"},
        naive={
            "no-curl": Naive(
                {"healthcheck": {"test": "curl -f http://127.0.0.1:6379", "interval": "1s", "retries": 2}},
                r"is unhealthy",
            )
        },
    ),
)
