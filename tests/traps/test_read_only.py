"""Images and settings that write where nobody expects it."""

from __future__ import annotations

import pytest

from tests.traps.hardening import hardened, held, tmpfs

CONF = "volumes: ['./it.conf:/etc/nginx/conf.d/default.conf:ro']"


@pytest.mark.parametrize(
    ("image", "paths"),
    [
        ("nginx:1.28", {"/var/cache/nginx", "/var/run", "/tmp"}),
        ("postgres:16", {"/var/run/postgresql", "/tmp"}),
        ("mariadb:11.4", {"/run/mysqld", "/tmp"}),
        ("mysql:8.4", {"/var/run/mysqld", "/tmp", "/var/lib/mysql-files"}),
        ("httpd:2.4", {"/usr/local/apache2/logs", "/tmp"}),
        ("rabbitmq:4", {"/tmp", "/var/log/rabbitmq"}),
        ("mongo:8", {"/tmp"}),
        ("certbot/certbot:v4.0.0", {"/var/log/letsencrypt", "/tmp"}),
        ("php:8.3-apache", {"/run", "/tmp"}),
        ("python:3.12", {"/tmp"}),
        ("node:22", {"/tmp"}),
    ],
)
def test_paths_that_stay_writable(image: str, paths: set[str]) -> None:
    entries = tmpfs(f"image: {image}", assume=True)
    assert paths <= {entry.partition(":")[0] for entry in entries}


@pytest.mark.parametrize(
    "image",
    [
        "couchdb:3",
        "neo4j:5",
        "dpage/pgadmin4:9",
        "gitea/gitea:1.24",
        "metabase/metabase:v0.55",
        "selenium/standalone-chrome:4",
        "hashicorp/vault:1.20",
        "rabbitmq:3.8",
    ],
)
def test_an_image_that_writes_into_its_own_folders(image: str) -> None:
    assert held("read-only", f"image: {image}", assume=True)


@pytest.mark.parametrize(
    "keys",
    [
        "volumes: ['./templates:/etc/nginx/templates:ro']",
        "environment: {NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE: '1'}",
        "environment: {NGINX_ENVSUBST_OUTPUT_DIR: /srv/conf}",
    ],
)
def test_an_entry_point_that_goes_on_without_what_it_could_not_write(keys: str) -> None:
    assert held("read-only", f"image: nginx:1.28\n{keys}", assume=True)


def test_a_probe_of_localhost_that_only_ipv6_would_answer() -> None:
    keys = "image: nginx:1.28\nhealthcheck: {test: [CMD, curl, -f, 'http://localhost/']}"
    assert "IPv6" in held("read-only", keys)
    assert hardened(keys.replace("localhost", "127.0.0.1"))["read_only"] is True


def test_a_configuration_that_cannot_be_looked_at() -> None:
    assert "cannot be looked at" in held("read-only", f"image: nginx:1.28\n{CONF}")


@pytest.mark.parametrize("path", ["/dev/stdout", "/var/log/nginx/error.log", "/var/run/errors"])
def test_a_configuration_that_writes_where_it_may(path: str) -> None:
    files = {"it.conf": f"error_log {path};\n"}
    assert hardened(f"image: nginx:1.28\n{CONF}", files=files)["read_only"] is True


@pytest.mark.parametrize("path", ["/srv/errors", "/var/log/nginx/mine.log"])
def test_a_configuration_that_writes_elsewhere(path: str) -> None:
    assert path in held("read-only", f"image: nginx:1.28\n{CONF}", files={"it.conf": f"error_log {path};\n"})


@pytest.mark.parametrize("command", ["--logfile /tmp/it", "--dir /srv", "/etc/redis.conf", "--unixsocket /srv/s"])
def test_an_option_with_a_path(command: str) -> None:
    keys = f"image: redis:7\ncommand: redis-server {command}\nvolumes: ['data:/data']"
    assert held("read-only", keys, "volumes: {data: }\n")


def test_a_cache_without_a_volume_that_refuses_to_write_once_saving_fails() -> None:
    assert held("read-only", "image: redis:8", assume=True)
    assert hardened("image: redis:8\nvolumes: ['data:/data']", "volumes: {data: }\n")["read_only"] is True


def test_certificates_that_lie_on_no_volume() -> None:
    keys = "image: traefik:3.3\ncommand: [--certificatesresolvers.le.acme.storage=/letsencrypt/acme.json]"
    assert held("read-only", keys, assume=True)


@pytest.mark.parametrize("keys", ["entrypoint: /srv/start", "command: sh -c 'date > /started; exec nginx'"])
def test_a_program_that_is_not_the_images_own(keys: str) -> None:
    assert held("read-only", f"image: nginx:1.28\n{keys}")
    assert held("cap-drop", f"image: nginx:1.28\n{keys}")


def test_a_user_that_the_image_was_not_made_for() -> None:
    assert "999:999" in held("read-only", "image: postgres:16\nuser: '1234'")


@pytest.mark.parametrize(
    "image", ["lscr.io/linuxserver/sonarr:4.0.15", "ghcr.io/immich-app/postgres:14", "example/nginx"]
)
def test_an_image_that_is_only_named_like_a_known_one(image: str) -> None:
    """It has another entry point: an s6-overlay that lives in /run, other folders, other users."""
    keys = hardened(f"image: {image}")
    assert not {"read_only", "tmpfs", "cap_drop"} & keys.keys()
