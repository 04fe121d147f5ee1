"""No dangerous file is clean: every control of the benchmarks that a Compose file can express has a pass."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from composeharden.outcome import Severity
from composeharden.passes import all_passes
from tests.passes.running import reported

CIS_IN_COMPOSE = (
    *(f"4.{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10)),
    *(f"5.{number}" for number in (*range(2, 23), *range(25, 33))),
)
"""CIS Docker Benchmark; 4.8 is what no-new-privileges is for, 5.1, 5.23 and 5.24 are no settings of a service."""
OWASP_IN_COMPOSE = ("1", "2", "3", "4", "5", "5a", "6", "7", "8", "12", "13")
"""OWASP Docker Security Cheat Sheet; the rest is about hosts, daemons and pipelines."""


def mentioned() -> set[str]:
    """Every id that some pass refers to, also in single findings."""
    found = {reference for rule in all_passes().values() for reference in rule.references}
    for rule in all_passes().values():
        for text in getattr(rule.module, "REPORTED", ()):
            found.update(reference for _, proposal in reported(text, rule.name) for reference in proposal.references)
    return found


@pytest.mark.parametrize(
    ("prefix", "ids"), [("CIS Docker ", CIS_IN_COMPOSE), ("OWASP Docker #", OWASP_IN_COMPOSE)], ids=["cis", "owasp"]
)
def test_every_control_has_a_pass(prefix: str, ids: tuple[str, ...]) -> None:
    assert {f"{prefix}{number}" for number in ids} - mentioned() == set()


def test_only_known_ids_are_named() -> None:
    known = {f"CIS Docker {number}" for number in CIS_IN_COMPOSE}
    known |= {f"OWASP Docker #{number}" for number in OWASP_IN_COMPOSE}
    for reference in mentioned():
        if re.fullmatch(r"(DL|SC)\d{4}", reference) is None:  # what hadolint calls its rules
            assert reference in known or reference.startswith(("https://", "NIST SP 800-190 4."))


DANGEROUS = {
    "privileged: true": "critical privileged",
    "use_api_socket: true": "critical api-socket",
    "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']": "critical docker-socket",
    "volumes: ['${SOCKET}:/var/run/docker.sock']": "critical docker-socket",
    "volumes: ['//var/run/docker.sock:/var/run/docker.sock']": "critical docker-socket",
    "volumes: ['/var/run/../run/docker.sock:/x']": "critical docker-socket",
    "volumes: ['/:/host']": "critical sensitive-bind",
    "volumes: ['/:/host:ro']": "high sensitive-bind",
    "volumes: [{type: bind, source: /, target: /host, read_only: true}]": "high sensitive-bind",
    "volumes: ['/etc:/host:ro']": "high sensitive-bind",
    "volumes: ['/root/.ssh:/keys:ro']": "medium sensitive-bind",
    "volumes: ['~/.ssh:/keys']": "high sensitive-bind",
    "volumes: ['C:\\:/host']": "high sensitive-bind",
    "volumes: ['/var/run/dbus:/run/dbus']": "medium sensitive-bind",
    "volumes: ['/run/libvirt/libvirt-sock:/run/libvirt/libvirt-sock']": "high sensitive-bind",
    "volumes: ['/mnt:/mnt:rshared']": "medium shared-propagation",
    "cap_add: [all]": "critical added-capability",
    "cap_add: [CAP_SYS_ADMIN]": "critical added-capability",
    "cap_add: [sys_module]": "critical added-capability",
    "cap_add: [SYS_RAWIO]": "high added-capability",
    "cap_add: [NET_ADMIN]": "medium added-capability",
    "cap_add: [BPF]": "high added-capability",
    "pid: host": "high host-namespace",
    "ipc: host": "high host-namespace",
    "uts: host": "medium host-namespace",
    "userns_mode: host": "medium host-namespace",
    "cgroup: host": "medium host-namespace",
    "network_mode: host": "medium host-network",
    "devices: ['/dev/sda:/dev/sda:r']": "high host-device",
    "devices: [{source: /dev/mem, target: /dev/mem}]": "high host-device",
    "device_cgroup_rules: ['b *:* rwm']": "high device-cgroup-rules",
    "security_opt: ['seccomp=unconfined']": "high unconfined-profile",
    "security_opt: ['apparmor:unconfined']": "high unconfined-profile",
    "security_opt: ['label=disable']": "medium unconfined-profile",
    "ports: ['5432:5432']": "high published-database-port",
    "ports: [{target: 6379, published: '16379', host_ip: 0.0.0.0}]": "high published-database-port",
    "ports: ['2375:2375']": "critical published-admin-port",
    "environment: {AWS_KEY: AKIAABCDEFGHIJKLMNOP}": "high credential-in-environment",
    "environment: ['DATABASE_URL=postgres://a:hunter2@db.example-host.eu/a']": "high credential-in-environment",
    "environment: {DB_PASSWORD: hunter2}": "medium credential-in-environment",
    "environment: {POSTGRES_HOST_AUTH_METHOD: trust}": "medium unauthenticated-database",
    "build: {context: ., privileged: true}": "high build-privileges",
    "build: {context: ., entitlements: [network.host]}": "medium build-privileges",
    "build: {context: ., args: {API_TOKEN: hunter2hunter2}}": "medium build-secret",
    "build: 'https://github.com/example/app.git'": "medium remote-build-context",
    "post_start: [{command: 'true', privileged: true}]": "high lifecycle-hook",
    "post_start: [{command: 'true', user: root}]": "medium lifecycle-hook",
    "pre_start: [{image: 'a:1', privileged: true}]": "critical lifecycle-hook",
    "pre_start: [{volumes: ['/var/run/docker.sock:/s']}]": "critical lifecycle-hook",
    "provider: {type: cloud}": "high provider",
    "user: root": "medium root-user",
    "oom_kill_disable: true": "medium oom-kill-disable",
    "group_add: [docker]": "medium privileged-group",
    "env_file: ~/.aws/credentials": "medium file-outside-project",
}


@pytest.mark.parametrize(("setting", "expected"), DANGEROUS.items())
def test_is_reported_with_this_severity(setting: str, expected: str) -> None:
    text = f"services:\n  app:\n    image: example/app:1\n    {setting}\n"
    severity, name = expected.split()
    assert severity in {str(found) for found, _ in reported(text, name)}


HARMLESS_STACKS = {
    "a web application": """\
        services:
          web:
            image: nginx:1.28
            ports: ["80:80", "443:443"]
            volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro", "./certs:/etc/nginx/certs:ro"]
            depends_on: [app]
            restart: unless-stopped
          app:
            build: .
            environment:
              DATABASE_URL: postgres://app:${DB_PASSWORD:?}@db/app
              SECRET_KEY_FILE: /run/secrets/key
              TOKEN_LIFETIME: 3600
            secrets: [key]
            depends_on: {db: {condition: service_healthy}}
          db:
            image: postgres:16
            environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}
            volumes: ["data:/var/lib/postgresql/data"]
            healthcheck: {test: [CMD, pg_isready]}
            secrets: [db]
        volumes: {data: {}}
        secrets:
          key: {file: ./secrets/key}
          db: {file: ./secrets/db}
        """,
    "a cache beside a service of the host": """\
        services:
          app:
            image: example/app:2.1
            ports: ["127.0.0.1:8080:8080"]
            environment: {REDIS_URL: "redis://cache:6379", LOG_LEVEL: info}
            volumes: ["/etc/localtime:/etc/localtime:ro", "app:/data"]
          cache:
            image: redis:8
            volumes: ["cache:/data"]
        volumes: {app: {}, cache: {}}
        """,
}


@pytest.mark.parametrize("text", HARMLESS_STACKS.values(), ids=HARMLESS_STACKS)
def test_an_ordinary_stack_has_nothing_from_medium_on(text: str) -> None:
    found = [(severity, proposal) for severity, proposal in reported(dedent(text)) if severity >= Severity.MEDIUM]
    assert [proposal.message for _, proposal in found if not proposal.changes] == []


def test_a_hardened_service_has_nothing_but_reminders() -> None:
    text = """\
        services:
          cache:
            image: memcached:1.6@sha256:0000000000000000000000000000000000000000000000000000000000000000
            user: "11211:11211"
            read_only: true
            cap_drop: [ALL]
            security_opt: ["no-new-privileges:true"]
            mem_limit: 128m
            cpus: 0.5
            pids_limit: 50
            restart: on-failure:5
            healthcheck: {test: [CMD, check]}
        """
    assert [(severity, proposal.message) for severity, proposal in reported(dedent(text)) if severity] == []
