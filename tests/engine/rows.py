"""The services that are hardened on the engine, each as a stack of its own.

A service more is a row more in ROWS, and a folder more in images/ when no stand-in exists yet. cases.py says in which
forms each row is run.
"""

from __future__ import annotations

from .lifecycle import Row
from .probes import WRITTEN, runs, serves
from .site_rows import SITES

PSQL = ("psql", "--no-psqlrc", "--tuples-only", "--host=127.0.0.1", "--username=shop")
REDIS_KEYS = {"volumes": ["data:/data"]}
REDIS_WRITE = runs("redis-cli", "set", "key", WRITTEN, expected="OK")
REDIS_READ = runs("redis-cli", "get", "key", expected=WRITTEN)
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
# The sockets are where stacks put them: below the home of its user, and in /tmp.
HAPROXY = """\
global
    stats socket /var/lib/haproxy/stats mode 600 level admin
    stats socket /tmp/haproxy.sock mode 600

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

PROMETHEUS = """\
global:
  scrape_interval: 1s

scrape_configs:
  - job_name: itself
    static_configs:
      - targets: ["localhost:9090"]
"""
# It collects its own samples, writes them to its volume and is asked for them.
SAMPLES = ("wget", "-q", "-O", "-", "http://127.0.0.1:9090/api/v1/query?query=max_over_time(up[1h])")

DATABASES = {
    "postgres": Row(
        service="postgres",
        image="postgres:15",
        write=runs(*PSQL, "-c", f"DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT '{WRITTEN}' AS v"),
        read=runs(*PSQL, "-c", "SELECT v FROM t", expected=WRITTEN),
        worker_uid=999,
        keys={
            "environment": {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "not-a-secret-only-for-tests"},
            "volumes": ["data:/var/lib/postgresql/data"],
        },
    ),
    # A snapshot is written on a stop.
    "redis": Row("redis", "redis:7", REDIS_WRITE, REDIS_READ, worker_uid=999, keys=REDIS_KEYS),
    # Its files lie in a folder that only their owner may enter.
    "redis-append-only": Row(
        "redis",
        "redis:7",
        REDIS_WRITE,
        REDIS_READ,
        worker_uid=999,
        keys={"command": "redis-server --appendonly yes", **REDIS_KEYS},
    ),
    "mariadb": Row(
        service="mariadb",
        image="mariadb:10.11",
        write=runs(*MARIADB, "--execute", f"CREATE OR REPLACE TABLE kept.t AS SELECT '{WRITTEN}' AS v"),
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
                "timeout": "5s",
                "retries": 10,
            },
        },
    ),
}

QUEUES = {
    "rabbitmq": Row(
        service="rabbitmq",
        image="rabbitmq:3",
        # As the service's user: as root, the command might make the cookie file, and keep the server out.
        write=runs("rabbitmqctl", "add_vhost", WRITTEN, user="999"),
        read=runs("rabbitmqctl", "list_vhosts", expected=WRITTEN, user="999"),
        worker_uid=999,
        # No health check of its own: one as root that comes too early would make the cookie file as well. The one that
        # is known of the image waits for that file, and then has to read it, although it is the service's user's.
        keys={"hostname": "mq", "volumes": ["data:/var/lib/rabbitmq"]},
    ),
    "memcached": Row(
        service="memcached",
        image="memcached:1.6",
        # It keeps nothing across a restart: every probe writes and reads back.
        write=runs("bash", "-c", MEMCACHED, expected=f"\n{WRITTEN}\n"),
        read=runs("bash", "-c", MEMCACHED, expected=f"\n{WRITTEN}\n"),
        worker_uid=11211,
    ),
    "mosquitto": Row(
        service="mosquitto",
        image="eclipse-mosquitto:2",
        write=runs("mosquitto_pub", "--retain", "--topic", "kept", "--message", WRITTEN),
        read=runs("mosquitto_sub", "--topic", "kept", "-C", "1", "-W", "5", expected=WRITTEN),
        worker_uid=1883,
        keys={"volumes": ["./mosquitto.conf:/mosquitto/config/mosquitto.conf:ro", "data:/mosquitto/data"]},
        files={"mosquitto.conf": MOSQUITTO},
    ),
}

SERVERS = {
    "nginx": Row(
        service="nginx",
        image="nginx:1.22",
        write=serves(80, contains="Welcome to nginx!"),
        read=serves(80, contains="Welcome to nginx!"),
        worker_uid=101,
    ),
    "httpd": Row(
        service="httpd",
        image="httpd:2.4",
        write=serves(80, contains="It works!"),
        read=serves(80, contains="It works!"),
        worker_uid=33,
    ),
    "haproxy": Row(
        service="haproxy",
        image="haproxy:2.6",
        write=serves(80, contains="answered by haproxy"),
        read=serves(80, contains="answered by haproxy"),
        worker_uid=99,
        keys={"volumes": ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]},
        files={"haproxy.cfg": HAPROXY},
    ),
    "caddy": Row(
        service="caddy",
        image="caddy:2",
        write=runs("wget", "-q", "-O", "-", "http://127.0.0.1/", expected="Caddy"),
        read=runs("wget", "-q", "-O", "-", "http://127.0.0.1/", expected="Caddy"),
        worker_uid=0,
        keys={"volumes": ["data:/data", "config:/config"]},
    ),
    "prometheus": Row(
        service="prometheus",
        image="prom/prometheus",
        write=runs(*SAMPLES, expected='"1"'),
        read=runs(*SAMPLES, expected='"1"'),
        worker_uid=65534,
        keys={"volumes": ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro", "data:/prometheus"]},
        files={"prometheus.yml": PROMETHEUS},
    ),
}

ROWS = {**DATABASES, **QUEUES, **SERVERS, **SITES}
"""Name of the row -> the service."""
