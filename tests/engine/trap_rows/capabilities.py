"""Capabilities that seem not to be needed."""

from __future__ import annotations

import os

from tests.engine.harness import Stack
from tests.engine.probes import http_get, runs, serves
from tests.engine.traps import NO_NEW_PRIVILEGES, SETTINGS, Naive, Trap, all_of, owned_by, runs_as

from .settings import (
    AT_ONCE,
    BASE,
    NGINX_CAPABILITIES,
    PRIVILEGES,
    dropped,
    facts,
    read_only,
)

# In 127.0.0.0/8, so that two runs at a time do not meet.
_LOOPBACK = f"127.{os.getpid() >> 16 & 127}.{os.getpid() >> 8 & 255}.{(os.getpid() & 255) or 1}"
_LOW_PORT = 919


def _serves_on_the_host(stack: Stack, service: str) -> None:
    answer = http_get(stack, service, _LOOPBACK, _LOW_PORT)
    assert "on the host" in answer, answer


PING = """\
cp /usr/bin/sleep /work/ping
setcap cap_net_raw+ep /work/ping
"""

TRAPS = (
    Trap(
        name="postgres",
        image="postgres:15",
        keys={
            "environment": {"POSTGRES_PASSWORD": "not-a-secret-only-for-tests"},
            "volumes": ["data:/var/lib/postgresql/data"],
        },
        lives=runs("psql", "-h", "127.0.0.1", "-U", "postgres", "-c", "SELECT 1"),
        starts=2,
        naive={
            # What was made on the first start is closed to root on the second.
            "second-start": Naive(dropped("CHOWN", "SETGID", "SETUID"), r"find: .*Permission denied"),
            "socket-of-root": Naive(
                read_only("/var/run/postgresql", "/tmp") | dropped("DAC_OVERRIDE", "SETGID", "SETUID"),
                r"chown: .*Operation not permitted",
            ),
            "no-socket": Naive(read_only("/tmp"), r"Read-only file system"),
        },
    ),
    Trap(
        name="redis",
        image="redis:7",
        keys={"command": "redis-server --appendonly yes", "volumes": ["data:/data"]},
        lives=all_of(runs("redis-cli", "set", "key", "value", expected="OK"), runs_as(999)),
        starts=2,
        naive={
            "second-start": Naive(dropped("SETGID", "SETUID"), r"find: .*Permission denied"),
            "no-step-down": Naive(dropped(), r"operation not permitted"),
        },
    ),
    Trap(
        name="init",
        image="redis:7",
        keys={"init": True, "volumes": ["data:/data"]},
        lives=runs("redis-cli", "set", "key", "value", expected="OK"),
        stops=0,
        naive={"no-kill": Naive(dropped("CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"), r"stopped with exit code [1-9]")},
    ),
    Trap(
        name="httpd",
        image="httpd:2.4",
        # It answers whoever it runs as: only the processes show it.
        lives=all_of(serves(80, contains="It works!"), runs_as(33)),
        naive={
            "stays-root": Naive(
                read_only("/usr/local/apache2/logs") | dropped() | PRIVILEGES, r"the work is done by uid \[0\]"
            ),
            "no-logs": Naive(read_only("/tmp"), r"Read-only file system"),
        },
    ),
    Trap(
        name="nginx",
        image="nginx:1.22",
        lives=all_of(serves(80, contains="nginx"), runs_as(101)),
        naive={
            "no-chown": Naive(dropped("SETGID", "SETUID"), r"chown\(.*Operation not permitted"),
            "no-step-down": Naive(dropped("CHOWN"), r"set[gu]id\(101\) failed .*Operation not permitted"),
            "no-tmpfs": Naive(read_only(), r"Read-only file system"),
        },
    ),
    Trap(
        name="mosquitto",
        image="eclipse-mosquitto:2",
        files={"mosquitto.conf": "listener 1883\nallow_anonymous true\n"},
        prepare=owned_by("mosquitto.conf", 1234, 0o600),
        keys={"volumes": ["./mosquitto.conf:/mosquitto/config/mosquitto.conf:ro"]},
        lives=all_of(runs("mosquitto_pub", "--topic", "here", "--message", "hello"), runs_as(1883)),
        naive={
            "foreign-file": Naive(dropped("CHOWN", "SETGID", "SETUID"), r"Unable to open config file"),
            "no-step-down": Naive(dropped("DAC_OVERRIDE"), r"Operation not permitted"),
        },
    ),
    Trap(
        name="caddy",
        image="caddy:2",
        keys={"user": "1000:1000", "volumes": ["data:/data", "config:/config"]},
        lives=runs("wget", "-q", "-O", "-", "http://127.0.0.1/", expected="Caddy"),
        gains=SETTINGS - {"read_only"},
        naive={"program-with-capability": Naive(dropped(), r"operation not permitted")},
    ),
    Trap(
        name="ping",
        image=BASE,
        model={
            "services": {"make": {"image": "caddy:2", "command": ["sh", "-ec", PING], "volumes": ["work:/work"]}},
        },
        keys={
            "command": ["/work/ping", "infinity"],
            "volumes": ["work:/work"],
            "depends_on": {"make": {"condition": "service_completed_successfully"}},
            **AT_ONCE,
        },
        lives=runs("true"),
        waits=False,
        options=("--assume", "--service", "app"),
        naive={"program-with-capability": Naive(dropped("DAC_OVERRIDE"), r"operation not permitted")},
    ),
    Trap(
        name="host-network",
        image="nginx:1.22",
        files={"site.conf": f'server {{ listen {_LOOPBACK}:{_LOW_PORT}; return 200 "on the host"; }}\n'},
        keys={"network_mode": "host", "volumes": ["./site.conf:/etc/nginx/conf.d/default.conf:ro"]},
        lives=_serves_on_the_host,
        naive={"low-port": Naive(dropped(*NGINX_CAPABILITIES), r"bind\(\) .*Permission denied")},
    ),
    Trap(
        name="closed-low-ports",
        image="nginx:1.22",
        keys={"sysctls": {"net.ipv4.ip_unprivileged_port_start": 1024}},
        lives=serves(80),
        naive={"low-port": Naive(dropped(*NGINX_CAPABILITIES), r"bind\(\) .*Permission denied")},
    ),
    Trap(
        name="foreign-folder",
        image=BASE,
        files={"data/of-somebody": "", **facts("")},
        prepare=owned_by("data", 1234, 0o755),
        keys={
            "command": ["sh", "-ec", "echo here > /data/note; chmod 700 /data; chown 0:0 /data; exec sleep infinity"],
            "volumes": ["./data:/data"],
            **AT_ONCE,
        },
        lives=runs("cat", "/data/note", expected="here"),
        options=("--assume",),
        naive={
            "no-override": Naive(dropped("CHOWN", "FOWNER"), r"Permission denied"),
            "no-fowner": Naive(dropped("CHOWN", "DAC_OVERRIDE"), r"Operation not permitted"),
            "no-chown": Naive(dropped("DAC_OVERRIDE", "FOWNER"), r"Operation not permitted"),
        },
    ),
    Trap(
        name="foreign-secret",
        image=BASE,
        files={"key": "key", **facts("")},
        prepare=owned_by("key", 1234, 0o600),
        # Compose ignores the mode that is asked for: the file keeps its own.
        keys={
            "command": ["sh", "-ec", "cat /run/secrets/key; exec sleep infinity"],
            "secrets": [{"source": "key", "mode": 0o444}],
            **AT_ONCE,
        },
        model={"secrets": {"key": {"file": "./key"}}},
        lives=runs("true"),
        options=("--assume",),
        naive={"no-override": Naive(dropped(), r"key: Permission denied")},
    ),
    Trap(
        name="user-root",
        image="prom/prometheus",
        keys={"user": "root", "volumes": ["data:/prometheus"]},
        lives=runs("wget", "-q", "-O", "-", "http://127.0.0.1:9090/-/ready"),
        gains=NO_NEW_PRIVILEGES,
        naive={"data-of-another": Naive(dropped(), r"permission denied")},
    ),
)
