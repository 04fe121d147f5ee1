"""What other decisions rest on: the user a service starts as, the probe it gets, an init in front of it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from composeharden.compose.load import build
from composeharden.decide import Options
from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden
from composeharden.posture import Posture, decide
from composeharden.yaml.source import load

VOLUMES = "volumes:\n  data:\n  nfs: {driver_opts: {type: nfs, device: ':/x'}}\n  old: {external: true}\n"


def posture(service: str, without: frozenset[str] = frozenset()) -> Posture:
    """The posture of a service `it`, given as the text of its keys; volumes are data, nfs and old."""
    text = "services:\n  it:\n" + "".join(f"    {line}\n" for line in dedent(service).strip().splitlines()) + VOLUMES
    return decide(build("compose.yaml", load(text.encode()), {}).services["it"], without=without)


def run(text: str, options: Options | None = None) -> Outcome:
    """Harden a stack; a second run must find nothing to do."""

    def read_from(content: bytes) -> Outcome:
        def read(path: str) -> bytes:
            if path != "compose.yaml":
                raise FileNotFoundError(2, "No such file or directory", path)
            return content

        return harden("compose.yaml", read, options)

    outcome = read_from(dedent(text).encode())
    for patch in outcome.patches:
        assert not read_from(patch.data).patches
    return outcome


def findings(outcome: Outcome, service: str) -> dict[str, Finding]:
    return {one.rule: one for one in outcome.findings if one.service == service and one.changes}


class TestUser:
    @pytest.mark.parametrize(
        ("service", "identity"),
        [
            ("image: redis:7\nvolumes: ['data:/data']", "999:999"),
            ("image: redis:7-alpine\nvolumes: ['data:/data']", "999:1000"),
            ("image: redis:7\nvolumes: ['/data']", "999:999"),
            ("image: redis:7", "999:999"),
            ("image: postgres:16\nvolumes: ['data:/var/lib/postgresql/data']", "999:999"),
            ("image: postgres:16-alpine\nvolumes: [{type: volume, source: data, target: /var/lib/postgresql/data}]",
             "70:70"),
            ("image: nginx:1.28\nvolumes: ['/etc/localtime:/etc/localtime:ro']", "101:101"),
            ("image: redis:7\ntmpfs: ['/tmp', '/run:uid=999']\nvolumes: ['data:/data']", "999:999"),
        ],
    )  # fmt: skip
    def test_a_service_whose_data_is_its_own_starts_as_itself(self, service: str, identity: str) -> None:
        found = posture(service)
        assert found.user == identity
        assert found.capabilities == {}
        assert not found.runs_as_root

    @pytest.mark.parametrize(
        "service",
        [
            "image: redis:7\nuser: redis",
            "image: redis:7\nuser: '0'",
            "image: redis:7\nvolumes: ['./data:/data']",
            "image: redis:7\nvolumes: ['data:/data', './redis.conf:/etc/redis.conf:ro']",
            "image: redis:7\nvolumes: ['nfs:/data']",
            "image: redis:7\nvolumes: ['old:/data']",
            "image: redis:7\nvolumes: ['data:/data:nocopy']",
            "image: redis:7\nvolumes: [{type: volume, source: data, target: /data, volume: {nocopy: true}}]",
            "image: redis:7\nvolumes: [{type: volume, source: data, target: /data, volume: {subpath: x}}]",
            "image: redis:7\nvolumes: ['data:/backup']",
            "image: redis:7\nvolumes: ['data:/data/below']",
            "image: redis:7\ntmpfs: [/data]",
            "image: redis:7\nnetwork_mode: host",
            "image: redis:7\nsysctls: {net.ipv4.ip_unprivileged_port_start: 1024}",
            "image: redis:7\ncap_add: [SYS_RESOURCE]",
            "image: redis:7\ndevices: [/dev/ttyUSB0]",
            "image: redis:7\nvolumes_from: ['container:x']",
            "image: redis:7\nsecrets: [password]",
            "image: redis:7\nconfigs: [{source: c, target: /etc/redis.conf}]",
            "image: redis:7\nvolumes: ['/var/run/docker.sock:/var/run/docker.sock']",
            "image: nginx:1.28\nread_only: true",
            "image: nginx:1.28\nvolumes: ['data:/var/cache/nginx']",
            "image: memcached:1.6",
            "image: traefik:3.3",
            "image: node:22",
            "image: example/app",
            "build: .",
        ],
    )
    def test_otherwise_the_root_start_stays(self, service: str) -> None:
        assert not posture(service).user

    def test_what_keeps_the_root_start_is_said(self) -> None:
        found = posture("image: redis:7\nvolumes: ['./data:/data']")
        assert "/data" in found.why_root
        assert {"SETGID", "SETUID"} <= found.capabilities.keys()

    def test_without_the_pass_the_capabilities_of_a_root_start_stay(self) -> None:
        found = posture("image: redis:7\nvolumes: ['data:/data']", frozenset({"user"}))
        assert {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"} <= found.capabilities.keys()

    def test_folders_of_root_need_the_tmpfs_that_only_a_read_only_root_gets(self) -> None:
        assert posture("image: nginx:1.28").asks["user"] == ("read-only",)
        assert not posture("image: nginx:1.28", frozenset({"read-only"})).user
        assert posture("image: redis:7").asks["user"] == ()

    def test_every_tmpfs_belongs_to_that_user(self) -> None:
        outcome = run("services: {web: {image: 'nginx:1.28'}}\n")
        text = outcome.patches[0].after.text
        assert text.count("uid=101,gid=101") == 3

    def test_only_cap_drop_gives_back_what_the_root_start_takes(self) -> None:
        outcome = run("services:\n  cache:\n    image: redis:7\n", Options(only=frozenset({"cap-drop"})))
        assert "SETUID" in outcome.patches[0].after.text
        assert "user:" not in outcome.patches[0].after.text

    def test_a_suppressed_need_is_named_and_the_rest_decided_without_it(self) -> None:
        outcome = run(
            """\
            services:
              web:
                image: nginx:1.28
                # composeharden: ignore[read-only] writes into itself
            """
        )
        found = findings(outcome, "web")
        assert found["user"].status is Status.HELD
        assert "read-only" in found["user"].reason
        assert "SETUID" in outcome.patches[0].after.text
        assert "user:" not in outcome.patches[0].after.text

    def test_a_suppressed_user_leaves_the_root_start_with_its_capabilities(self) -> None:
        text = "services:\n  cache:  # composeharden: ignore[user] shares its data\n    image: redis:7\n"
        outcome = run(text)
        assert findings(outcome, "cache")["user"].status is Status.SUPPRESSED
        assert "SETUID" in outcome.patches[0].after.text

    def test_what_rests_on_it_says_so(self) -> None:
        found = findings(run("services: {web: {image: 'nginx:1.28'}}\n"), "web")
        assert found["cap-drop"].needs == ("user",)
        assert found["read-only"].needs == ("user",)
        assert found["user"].needs == ("read-only",)


class TestHealthcheck:
    @pytest.mark.parametrize(
        "service",
        [
            "image: postgres:16\nhealthcheck: {disable: true}",
            "image: postgres:16\nhealthcheck: {interval: 5s}",
            "image: postgres:16\nrestart: 'no'",
            "image: louislam/uptime-kuma:1",
            "image: node:22",
            "image: example/app",
            "build: .",
        ],
    )
    def test_none_is_added(self, service: str) -> None:
        assert posture(service).probe is None

    def test_a_job_that_somebody_waits_for_gets_none(self) -> None:
        outcome = run(
            """\
            services:
              app: {image: example/app, depends_on: {job: {condition: service_completed_successfully}}}
              job: {image: 'postgres:16', command: postgres --version}
            """
        )
        assert "healthcheck" not in findings(outcome, "job")

    def test_a_program_that_is_not_the_images_own_is_not_asked(self) -> None:
        outcome = run("services: {job: {image: 'postgres:16', command: [pg_dump, -h, db]}}\n")
        assert findings(outcome, "job")["healthcheck"].status is Status.HELD

    def test_a_probe_that_would_leave_through_a_proxy_is_held_back(self) -> None:
        grafana = "image: grafana/grafana:11.1.0\nenvironment: {HTTP_PROXY: 'http://proxy:3128'%s}"
        assert posture(grafana % "").blocked("healthcheck")
        assert not posture(grafana % ", no_proxy: 'localhost,127.0.0.1'").blocked("healthcheck")
        assert not posture("image: postgres:16\nenvironment: {HTTP_PROXY: 'http://proxy:3128'}").blocked("healthcheck")

    def test_who_waits_for_the_service_then_waits_for_its_health(self) -> None:
        outcome = run(
            "services:\n  app:\n    image: example/app\n    depends_on:\n      - db\n  db:\n    image: postgres:16\n"
        )
        found = findings(outcome, "app")["depends-on"]
        assert found.status is Status.FIX
        assert found.needs == ("db/healthcheck",)
        assert outcome.patches[0].after.text.count("condition: service_healthy") == 1

    @pytest.mark.parametrize("skip", ["healthcheck", ""])
    def test_nobody_waits_for_a_probe_that_is_not_added(self, skip: str) -> None:
        mark = "" if skip else "  # composeharden: ignore[healthcheck] monitored from outside"
        outcome = run(
            f"services:\n  app:\n    image: example/app\n    depends_on: [db]\n  db:{mark}\n    image: postgres:16\n",
            Options(skip=frozenset({skip})),
        )
        assert "depends-on" not in findings(outcome, "app")
        assert "service_healthy" not in outcome.patches[0].after.text

    def test_where_the_text_refuses_the_probe_nobody_waits_for_it(self) -> None:
        outcome = run(
            """\
            services:
              app:
                image: example/app
                depends_on:
                  - db
              db: &db
                image: postgres:16
              other:
                <<: *db
                image: example/other
            """
        )
        text = outcome.patches[0].after.text
        assert ("service_healthy" in text) == (findings(outcome, "db")["healthcheck"].status is Status.FIX)


class TestTmpfsOptions:
    def test_a_comment_beside_the_entry_stays(self) -> None:
        outcome = run("services:\n  db:\n    image: postgres:16\n    tmpfs:\n      - '/tmp'   # scratch\n")
        assert "- '/tmp:size=64m'   # scratch\n" in outcome.patches[0].after.text

    def test_options_stay(self) -> None:
        outcome = run("services:\n  db:\n    image: postgres:16\n    tmpfs: ['/tmp:mode=1777,exec']\n")
        assert "/tmp:mode=1777,exec,size=64m" in outcome.patches[0].after.text

    def test_an_inherited_list_is_not_half_copied(self) -> None:
        outcome = run(
            """\
            x-base: &base
              tmpfs: [/tmp]
            services:
              db:
                <<: *base
                image: postgres:16
              app:
                <<: *base
                image: example/app
            """
        )
        text = outcome.patches[0].after.text
        assert text.count("tmpfs: [/tmp]\n") == 1
        assert 'tmpfs: ["/tmp:size=64m", "/var/run/postgresql:uid=999,gid=999,size=16m"]' in text
