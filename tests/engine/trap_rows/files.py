"""Files that a read-only root file system keeps from being written."""

from __future__ import annotations

from tests.engine.probes import runs, serves
from tests.engine.traps import NO_NEW_PRIVILEGES, SETTINGS, Naive, Trap, copies

from .settings import NGINX_TMPFS, read_only

HELD = SETTINGS - {"read_only"}

TRAPS = (
    Trap(
        name="secret-of-the-environment",
        image="redis:7",
        files={".env": "TOKEN=only-for-tests\n"},
        keys={"secrets": ["token"], "volumes": ["data:/data"]},
        model={"secrets": {"token": {"environment": "TOKEN"}}},
        lives=runs("cat", "/run/secrets/token", expected="only-for-tests"),
        gains=HELD,
        naive={
            "read-only": Naive(read_only(), r"`file` is the sole supported option"),
            "hidden": Naive({"tmpfs": ["/run"]}, r"/run/secrets/token: No such file or directory"),
        },
    ),
    Trap(
        name="config-with-content",
        image="memcached:1.6",
        keys={"configs": ["motd"]},
        model={"configs": {"motd": {"content": "hello\n"}}},
        lives=runs("cat", "/motd", expected="hello"),
        gains=HELD,
        naive={"read-only": Naive(read_only(), r"`file` is the sole supported option")},
    ),
    Trap(
        name="watch",
        image="memcached:1.6",
        keys={"develop": {"watch": [{"action": "sync", "path": ".", "target": "/srv"}]}},
        lives=copies("compose.yaml", "/srv/"),
        gains=HELD,
        naive={"read-only": Naive(read_only(), r"marked read-only")},
    ),
    Trap(
        name="log-of-the-configuration",
        image="nginx:1.22",
        files={"site.conf": "server { listen 80; access_log /srv/access.log; root /usr/share/nginx/html; }\n"},
        keys={"volumes": ["./site.conf:/etc/nginx/conf.d/default.conf:ro"]},
        lives=serves(80),
        gains=HELD,
        naive={"read-only": Naive(read_only(*NGINX_TMPFS), r"/srv/access.log. failed .*Read-only file system")},
    ),
    Trap(
        name="templates",
        image="nginx:1.22",
        files={"templates/default.conf.template": 'server { listen 80; return 200 "for $HOSTNAME"; }\n'},
        keys={"hostname": "somebody", "volumes": ["./templates:/etc/nginx/templates:ro"]},
        lives=serves(80, contains="for somebody"),
        gains=HELD,
        # It even starts: with the page that nobody wants.
        naive={"read-only": Naive(read_only(*NGINX_TMPFS), r"'for somebody' is not in the answer")},
    ),
    Trap(
        name="command-of-its-own",
        image="redis:7",
        keys={"command": ["sh", "-ec", "echo '127.0.0.1 peer' >> /etc/hosts; exec redis-server"]},
        lives=runs("getent", "hosts", "peer", expected="127.0.0.1"),
        gains=NO_NEW_PRIVILEGES,
        # Docker's own file, mounted: read-only all the same.
        naive={"read-only": Naive(read_only(), r"/etc/hosts: Read-only file system")},
    ),
    Trap(
        name="option-with-a-path",
        image="redis:7",
        keys={"command": "redis-server --logfile /tmp/redis.log", "volumes": ["data:/data"]},
        lives=runs("test", "-s", "/tmp/redis.log"),
        gains=HELD,
        naive={"read-only": Naive(read_only(), r"Can't open the log file: Read-only file system")},
    ),
)
