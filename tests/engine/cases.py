"""The forms in which each row is run: as it is, with `user:`, started as root, with data that is somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from composeharden.images.catalog import lookup

from .lifecycle import Row
from .rows import ROWS

FULL = frozenset(("read_only", "cap_drop", "no_new_privileges"))
ASSUMED = ("--assume",)


@dataclass(frozen=True)
class Foreign:
    """A folder of the host, beside the compose file, that another user owns than the one who works with it."""

    name: str
    mode: int
    owner: str = "1000:1000"


@dataclass(frozen=True)
class Case:
    """One row in one form."""

    name: str
    form: str
    row: Row
    worker_uid: int
    """Whom the hardened service works as."""
    settings: frozenset[str] = FULL
    """What it gets: of an image that runs other people's programs, the default leaves some alone."""
    foreign: Foreign | None = None

    @property
    def id(self) -> str:
        """Name of the row and of the form."""
        return f"{self.name}-{self.form}"


RUNTIMES: Mapping[str, frozenset[str]] = {
    "php-apache": frozenset(("no_new_privileges",)),
    "python-app": frozenset(("cap_drop", "no_new_privileges")),
    "node-app": frozenset(("cap_drop", "no_new_privileges")),
}
"""What the default gives to programs that it cannot know."""

USERS = {
    "postgres": "999:999",
    "redis": "999:999",
    "redis-append-only": "999:999",
    "mariadb": "999:999",
    "nginx": "101:101",
    "rabbitmq": "999:999",
    "httpd": "33:33",
    "mosquitto": "1883:1883",
    "caddy": "1000:1000",
    "php-apache": "33:33",
    "wordpress": "33:33",
}
"""Rows that start as root, with the user that they can be given instead."""

MODES = {
    "postgres": 0o700,
    "redis": 0o700,
    "redis-append-only": 0o700,
    "mariadb": 0o700,
    "rabbitmq": 0o700,
    "mosquitto": 0o700,
    "caddy": 0o700,
    # Apache's workers have to get in, and nobody hands the folder to them.
    "php-apache": 0o777,
    "wordpress": 0o755,
    # Its own user's, as that of a developer often is.
    "python-app": 0o700,
}
"""Rows whose data may lie in a folder of the host. Prometheus never starts as root, so it needs one of its own user."""

SHOWN_BY_ANOTHER = frozenset(
    (
        # They keep the same capabilities whoever owns their data: see `bind`.
        "postgres-root",
        "wordpress-root",
        "redis-append-only-root",
        # The default gives them the same: see `plain`.
        "redis-append-only-user",
        "mosquitto-root",
        "caddy-root",
    )
)
"""Cases that would cost time and show nothing new."""

ON_ASSUMPTION = frozenset(("haproxy", "python-app", "node-app"))
"""Rows that need --assume for everything, or did before there was evidence: that must be possible to gather anew."""


def all_cases() -> list[Case]:
    """Every row in every form that has something of its own to show."""
    return [case for name, row in ROWS.items() for case in cases_of(name, row) if case.id not in SHOWN_BY_ANOTHER]


def cases_of(name: str, row: Row) -> Iterator[Case]:
    """The forms of one row: as it is first."""
    yield Case(name, "plain", row, row.worker_uid, RUNTIMES.get(name, FULL))
    assumed = replace(_without_own_probe(row), options=ASSUMED)
    rooted = replace(assumed, options=(*ASSUMED, "--skip", "user"))
    if name in USERS:
        user = USERS[name]
        yield Case(name, "user", replace(assumed, keys={**assumed.keys, "user": user}), int(user.split(":")[0]))
        yield Case(name, "root", rooted, row.worker_uid)
    if name in ON_ASSUMPTION:
        yield Case(name, "assume", assumed, row.worker_uid)
    if name in MODES:
        mounts = [str(mount).replace("data:", "./data:", 1) for mount in row.keys["volumes"]]
        bound = replace(rooted, keys={**rooted.keys, "volumes": mounts})
        yield Case(name, "bind", bound, row.worker_uid, foreign=Foreign("data", MODES[name]))


def _without_own_probe(row: Row) -> Row:
    """The row without a health check of its own, where one is known of its image: that one shall be tried then."""
    facts = lookup(row.image)
    if "build" in row.keys or facts is None or not facts.rows("healthcheck"):
        return row
    return replace(row, keys={key: value for key, value in row.keys.items() if key != "healthcheck"})
