"""Popular services, each alone, hardened from the command line: they live as they did before.

A service more is a row more in ROWS (and a folder more in images/ when no stand-in exists yet).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import hardening
from .checks import check_capabilities, check_settings, check_stop, check_workers
from .harness import Stack
from .lifecycle import Row, live_through
from .probes import WRITTEN, runs, serves

MARIADB = (
    "mariadb",
    "--user=root",
    "--password=not-a-secret-only-for-tests",
    "--batch",
    "--skip-column-names",
)
MEMCACHED = f"""\
exec 3<>/dev/tcp/127.0.0.1/11211
printf 'set key 0 0 {len(WRITTEN)}\\r\\n{WRITTEN}\\r\\nget key\\r\\nquit\\r\\n' >&3
timeout 5 cat <&3
"""
HAPROXY = """\
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s

frontend web
    bind :80
    http-request return status 200 content-type text/plain string "answered by haproxy"
"""
MOSQUITTO = """\
listener 1883
allow_anonymous true
persistence true
persistence_location /mosquitto/data/
"""

ROWS = [
    Row(
        service="mariadb",
        image="mariadb:10.11",
        write=runs(*MARIADB, "--execute", f"CREATE TABLE kept.t AS SELECT '{WRITTEN}' AS v"),
        read=runs(*MARIADB, "--execute", "SELECT v FROM kept.t", expected=WRITTEN),
        worker_uid=999,
        keys={
            "environment": {
                "MARIADB_ROOT_PASSWORD": "not-a-secret-only-for-tests",
                "MARIADB_DATABASE": "kept",
            },
            "volumes": ["data:/var/lib/mysql"],
            # Run as root, it reads a file of the service's user with mode 0600: that must stay possible.
            "healthcheck": {
                "test": ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"],
                "interval": "3s",
                "timeout": "5s",
                "retries": 10,
            },
        },
    ),
    Row(
        service="rabbitmq",
        image="rabbitmq:3",
        # As the service's user: as root, the command might make the cookie file, and keep the server out.
        write=runs("rabbitmqctl", "add_vhost", WRITTEN, user="999"),
        read=runs("rabbitmqctl", "list_vhosts", expected=WRITTEN, user="999"),
        worker_uid=999,
        keys={
            "hostname": "mq",
            "volumes": ["data:/var/lib/rabbitmq"],
            "healthcheck": {
                "test": ["CMD", "rabbitmq-diagnostics", "--quiet", "ping"],
                "interval": "10s",
                "timeout": "20s",
                "retries": 6,
            },
        },
    ),
    Row(
        service="memcached",
        image="memcached:1.6",
        # It keeps nothing across a restart: every probe writes and reads back.
        write=runs("bash", "-c", MEMCACHED, expected=f"\n{WRITTEN}\n"),
        read=runs("bash", "-c", MEMCACHED, expected=f"\n{WRITTEN}\n"),
        worker_uid=11211,
    ),
    Row(
        service="httpd",
        image="httpd:2.4",
        write=serves(80, contains="It works!"),
        read=serves(80, contains="It works!"),
        worker_uid=33,
    ),
    Row(
        service="mosquitto",
        image="eclipse-mosquitto:2",
        write=runs("mosquitto_pub", "--retain", "--topic", "kept", "--message", WRITTEN),
        read=runs("mosquitto_sub", "--topic", "kept", "-C", "1", "-W", "5", expected=WRITTEN),
        worker_uid=1883,
        keys={"volumes": ["./mosquitto.conf:/mosquitto/config/mosquitto.conf:ro", "data:/mosquitto/data"]},
        files={"mosquitto.conf": MOSQUITTO},
    ),
    Row(
        service="haproxy",
        image="haproxy:2.6",
        write=serves(80, contains="answered by haproxy"),
        read=serves(80, contains="answered by haproxy"),
        worker_uid=99,
        keys={"volumes": ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]},
        files={"haproxy.cfg": HAPROXY},
        options=("--assume",),
    ),
    Row(
        service="caddy",
        image="caddy:2",
        write=runs("wget", "-q", "-O", "-", "http://127.0.0.1/", expected="Caddy"),
        read=runs("wget", "-q", "-O", "-", "http://127.0.0.1/", expected="Caddy"),
        worker_uid=0,
        keys={"volumes": ["data:/data", "config:/config"]},
    ),
    Row(
        service="prometheus",
        image="prom/prometheus",
        write=runs("wget", "-q", "-O", "-", "http://127.0.0.1:9090/-/ready"),
        read=runs("wget", "-q", "-O", "-", "http://127.0.0.1:9090/-/ready"),
        worker_uid=65534,
        keys={"volumes": ["data:/prometheus"]},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.service)
def test_a_hardened_service_lives_as_before(row: Row, images: Callable[[str], None], tmp_path: Path) -> None:
    images(row.image)
    row.write_stack(tmp_path)
    with Stack(tmp_path) as stack:
        before = live_through(stack, [row])
    with Stack(tmp_path) as stack:
        hardening.harden(stack.folder, options=row.options)
        after = live_through(stack, [row])

    check_settings(after.inspected[row.service])
    check_capabilities(after, row.service)
    check_workers(row, before, after)
    check_stop(row.service, before, after)
