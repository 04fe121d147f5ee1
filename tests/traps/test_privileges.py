"""Capabilities that are needed later, elsewhere, or for no apparent reason, and programs that gain privileges."""

from __future__ import annotations

import pytest

from tests.traps.hardening import hardened, held, kept

OWN = '[start]\nuser = "root"\nevidence = ["read"]\n[capabilities]\nevidence = ["read"]\n[capabilities.root]\n'


@pytest.mark.parametrize(
    ("image", "capabilities"),
    [
        ("postgres:16", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        ("redis:7", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        # Without the first two it serves as root and says nothing; the third lets it empty its own bounding set.
        ("redis:8", "SETGID SETUID SETPCAP"),
        ("httpd:2.4", "SETGID SETUID"),
        ("nginx:1.28", "CHOWN SETGID SETUID"),
        ("mariadb:11.4", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        ("mysql:8.4", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        ("mongo:8", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        ("rabbitmq:4", "CHOWN DAC_OVERRIDE SETGID SETUID"),
        ("wordpress:6.8", "CHOWN DAC_OVERRIDE FOWNER KILL SETGID SETUID"),
        ("eclipse-mosquitto:2", "SETGID SETUID"),
        ("caddy:2.11", "NET_BIND_SERVICE"),
        ("certbot/certbot:v4.0.0", "CHOWN DAC_OVERRIDE FOWNER"),
    ],
)
def test_capabilities_that_stay(image: str, capabilities: str) -> None:
    assert set(capabilities.split()) <= kept(f"image: {image}", assume=True)


def test_what_the_container_never_had_is_not_granted() -> None:
    """Docker gives DAC_OVERRIDE, but not DAC_READ_SEARCH."""
    facts = OWN + 'DAC_READ_SEARCH = "it reads files of others"\n'
    assert kept("image: example/it:1", facts=facts) == set()
    assert kept("image: example/it:1\ncap_add: [DAC_READ_SEARCH]", facts=facts) == {"DAC_READ_SEARCH"}


def test_a_volume_that_is_a_folder_of_the_host() -> None:
    volumes = "volumes: {data: {driver_opts: {type: none, o: bind, device: /srv/data}}}\n"
    assert {"CHOWN", "DAC_OVERRIDE", "FOWNER"} <= kept("image: example/it:1\nvolumes: ['data:/d']", volumes, facts=OWN)
    assert kept("image: example/it:1\nvolumes: ['data:/d']", "volumes: {data: }\n", facts=OWN) == set()


def test_low_ports_that_a_sysctl_closes() -> None:
    keys = "image: nginx:1.28\nsysctls: {net.ipv4.ip_unprivileged_port_start: 1024}"
    assert "NET_BIND_SERVICE" in kept(keys)
    assert "NET_BIND_SERVICE" not in kept("image: nginx:1.28\nsysctls: {net.core.somaxconn: 1024}")


@pytest.mark.parametrize(
    "keys",
    [
        "command: [ping, peer]",
        "entrypoint: /bin/ping -c1",
        "healthcheck: {test: [CMD, ping, -c1, peer]}",
        "healthcheck: {test: 'test -e /ready && ping -c1 peer || exit 1'}",
        "command: sh -c 'until ping -c1 peer; do sleep 1; done; exec app'",
    ],
)
def test_ping_carries_a_capability(keys: str) -> None:
    assert "NET_RAW" in kept(f"image: example/app\n{keys}", assume=True)


@pytest.mark.parametrize(
    "keys",
    [
        "healthcheck: {test: [CMD, redis-cli, ping]}",
        "healthcheck: {test: 'mysqladmin ping -h 127.0.0.1'}",
        "healthcheck: {test: [CMD, curl, 'http://127.0.0.1/ping']}",
        "command: [app, --ping]",
        "command: pinger",
    ],
)
def test_not_every_ping_is_the_program(keys: str) -> None:
    assert "NET_RAW" not in kept(f"image: example/app\n{keys}", assume=True)


def test_root_of_an_image_that_is_not() -> None:
    keys = "image: prom/prometheus:v3.5.0\nuser: root"
    assert "user: makes it root" in held("cap-drop", keys)
    assert "user: makes it root" in held("read-only", keys)


def test_beside_privileged_everything_else_is_void() -> None:
    for rule in ("cap-drop", "no-new-privileges", "read-only"):
        assert "privileged" in held(rule, "image: redis:7\nprivileged: true", assume=True)


@pytest.mark.parametrize(
    "keys",
    [
        "command: sudo start",
        "command: sh -c 'exec /usr/bin/sudo start'",
        "entrypoint: [su, app, -c, start]",
        "healthcheck: {test: 'sudo check'}",
    ],
)
def test_a_setuid_program_that_is_used(keys: str) -> None:
    assert "setuid" in held("no-new-privileges", f"image: example/app\n{keys}", assume=True)


@pytest.mark.parametrize("image", ["dpage/pgadmin4:9", "hashicorp/vault:1.20", "openbao/openbao:2.0.0"])
def test_an_image_that_gains_privileges(image: str) -> None:
    assert held("no-new-privileges", f"image: {image}", assume=True)


HOOK = "post_start: [{command: chown app /data, user: %s}]"


@pytest.mark.parametrize(
    "keys",
    [
        f"image: memcached:1.6\n{HOOK}" % "root",
        f"image: memcached:1.6\n{HOOK}" % "'0:0'",
        "image: memcached:1.6\npre_stop: [{command: sync, user: root}]",
        f"image: redis:7\nuser: '999:999'\n{HOOK}" % "root",
        f"image: example/app\n{HOOK}" % "root",
    ],
)
def test_a_hook_that_runs_as_root_in_a_service_that_does_not(keys: str) -> None:
    assert "hook runs as root" in held("no-new-privileges", keys, assume=True)


@pytest.mark.parametrize(
    "keys",
    [
        f"image: redis:7\n{HOOK}" % "root",
        f"image: memcached:1.6\n{HOOK}" % "'1000'",
        "image: memcached:1.6\npost_start: [{command: chown app /data}]",
        "image: memcached:1.6\npost_start: [{command: chown app /data, user: root, privileged: true}]",
        "image: memcached:1.6\npre_start: [{image: 'alpine:3.22', command: chown app /data, user: root}]",
    ],
)
def test_any_other_hook_keeps_what_it_can_do(keys: str) -> None:
    assert hardened(keys)["security_opt"] == ["no-new-privileges:true"]


def test_a_hook_may_need_more_than_its_service() -> None:
    assert "hooks" in held("cap-drop", f"image: redis:7\n{HOOK}" % "root")


def test_an_init_that_is_added_signals_another_user_too() -> None:
    step_down = '[start]\nuser = "root"\nservice = "70:71"\nevidence = ["read"]\n'
    caps = '[capabilities]\nevidence = ["read"]\n[capabilities.root]\nSETUID = "it steps down"\n'
    init = '[init]\ncompatible = true\nhelps = true\nevidence = ["read"]\n'
    both = frozenset(("cap-drop", "init"))
    assert kept("image: example/it:1", facts=step_down + caps + init, only=both, assume=True) == {"KILL", "SETUID"}
    assert kept("image: example/it:1", facts=step_down + caps, only=both, assume=True) == {"SETUID"}
