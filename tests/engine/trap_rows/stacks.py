"""What a service has to do with others, with its hooks, and with programs that gain privileges."""

from __future__ import annotations

from typing import Any

from tests.engine.probes import runs
from tests.engine.traps import Naive, Trap

from .settings import AT_ONCE, BASE, PRIVILEGES, dropped, read_only

PING = runs("redis-cli", "ping", expected="PONG")
WAITS = {"depends_on": {"db": {"condition": "service_healthy"}}}
# As an image would have it, and not the host: a file that root made, with the setuid bit.
SETUID = "install -m 4755 /usr/bin/id /work/sudo"
SLOWLY = "sleep 2; touch /work/done"
JOB = {"depends_on": ["job"], "volumes": ["work:/work"], **AT_ONCE}
HEALTH = {
    "test": ["CMD", "healthcheck.sh", "--connect"],
    "interval": "2s",
    "timeout": "5s",
    "retries": 30,
}


def _beside(**keys: Any) -> dict[str, Any]:
    return {"services": {"db": {"image": "redis:7", **keys}}}


TRAPS = (
    Trap(
        name="probe-without-program",
        image="redis:7",
        keys={"depends_on": ["db"]},
        model=_beside(healthcheck={"test": ["CMD", "curl", "-f", "http://127.0.0.1"], "interval": "1s", "retries": 2}),
        lives=PING,
        waits=False,
        naive={"waits": Naive(WAITS, r"is unhealthy")},
    ),
    Trap(
        name="no-probe",
        image="redis:7",
        keys={"depends_on": ["db"]},
        model=_beside(),
        lives=PING,
        naive={"waits": Naive(WAITS, r"has no healthcheck configured")},
    ),
    Trap(
        name="job-not-done",
        image=BASE,
        keys={"command": ["sh", "-ec", "test -f /work/done; exec sleep infinity"], **JOB},
        model={"services": {"job": {"image": BASE, "command": ["sh", "-ec", SLOWLY], "volumes": ["work:/work"]}}},
        lives=runs("test", "-f", "/work/done"),
        passes=("--only", "depends-on"),
        options=("--assume",),
        waits=False,
        gains=frozenset(),
        starts=2,
        naive={"starts-only": Naive({}, r"ended while being probed|is not running")},
    ),
    Trap(
        name="dependency-not-said",
        image="redis:7",
        keys={
            "environment": {"REDIS_HOST": "cache"},
            "command": ["sh", "-ec", "redis-cli -h $$REDIS_HOST ping; exec sleep infinity"],
            **AT_ONCE,
        },
        model={
            "services": {
                "cache": {
                    "image": "redis:7",
                    "command": ["sh", "-ec", "sleep 3; exec redis-server --protected-mode no"],
                    "healthcheck": {"test": ["CMD", "redis-cli", "ping"], "interval": "1s", "retries": 30},
                }
            }
        },
        lives=runs("redis-cli", "-h", "cache", "ping", expected="PONG"),
        passes=("--only", "depends-on"),
        options=("--assume",),
        waits=False,
        gains=frozenset(),
        naive={"waits-for-nobody": Naive({}, r"ended while being probed|is not running")},
    ),
    Trap(
        name="probe-of-root",
        image="mariadb:10.11",
        keys={
            "environment": {"MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": "1"},
            "volumes": ["data:/var/lib/mysql"],
            "healthcheck": HEALTH,
        },
        # Run like the health check: by root, with what capabilities the service has.
        lives=runs("healthcheck.sh", "--connect"),
        waits=False,
        naive={
            "no-override": Naive(dropped("CHOWN", "SETGID", "SETUID"), r"my-healthcheck.cnf"),
            "no-tmp": Naive(read_only("/run/mysqld"), r"Read-only file system|Can't create/write"),
        },
    ),
    Trap(
        name="hook",
        image="memcached:1.6",
        keys={"post_start": [{"command": ["chown", "nobody", "/srv"], "user": "root"}]},
        lives=runs("stat", "--format", "%U", "/srv", expected="nobody"),
        gains=frozenset(),
        naive={
            "no-capabilities": Naive(dropped(), r"hook exited .*Operation not permitted"),
            # With it, whoever becomes root where nobody was gains nothing.
            "no-new-privileges": Naive(PRIVILEGES, r"hook exited .*Operation not permitted"),
        },
    ),
    Trap(
        name="setuid",
        image=BASE,
        model={
            "services": {"make": {"image": BASE, "command": ["sh", "-ec", SETUID], "volumes": ["work:/work"]}},
        },
        keys={
            "user": "1000",
            "command": ["sh", "-ec", 'test "$$(/work/sudo -u)" = 0; exec sleep infinity'],
            "volumes": ["work:/work"],
            "depends_on": {"make": {"condition": "service_completed_successfully"}},
            **AT_ONCE,
        },
        lives=runs("true"),
        waits=False,
        gains=frozenset(),
        naive={"no-new-privileges": Naive(PRIVILEGES, r"ended while being probed|is not running")},
    ),
)
