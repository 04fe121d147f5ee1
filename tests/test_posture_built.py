"""Services that are built here: what their Dockerfile says for and against hardening, and where findings point to."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from composeharden.outcome import Confidence, Finding, Outcome, Status
from composeharden.pipeline import harden
from composeharden.posture import Posture, decide
from composeharden.yaml.change import Set
from tests.posture_of import project_of

APP = "FROM python:3.13-slim\nCOPY app.py /\nUSER 1000:1000\nCMD python /app.py\n"


def posture(dockerfile: str, service: str = "build: .", **files: str) -> Posture:
    """The posture of a service `it` with this Dockerfile beside the Compose file."""
    return decide(project_of(service, {"Dockerfile": dedent(dockerfile), **files}).services["it"])


def cap_drop(one: Posture) -> Confidence:
    return one.confidence("cap-drop", one.capabilities_confidence)


def read_only(one: Posture) -> Confidence:
    return one.confidence("read-only", one.read_only_confidence)


class TestCapabilities:
    @pytest.mark.parametrize(
        "text",
        [
            APP,
            "FROM node:24\nUSER node\n",
            "FROM golang:1.25 AS a\nRUN apt-get install -y sudo\nFROM scratch\nCOPY --from=a /app /app\nUSER 65532\n",
            "ARG V=3.22\nFROM alpine:$V AS base\nUSER app\nFROM base\nCOPY app /app\n",
        ],
    )
    def test_a_user_that_is_not_root_on_a_known_base_needs_none(self, text: str) -> None:
        found = posture(text)
        assert (cap_drop(found), found.capabilities, found.doubts("cap-drop")) == (Confidence.SOURCED, {}, "")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("FROM python:3.13\n", "runs as root"),
            ("FROM python:3.13\nUSER 1000\nUSER 0:0\n", "runs as root"),
            ("FROM scratch\nCOPY a /a\n", "runs as root"),
            ("FROM python:3.13\nARG U\nUSER $U\n", "nothing says"),
            ("FROM example/base\n", "nothing says"),
            ("FROM example/base\nUSER 1000\n", "runs as uid 1000, but nothing is known of its base image"),
            ("FROM alpine:3\nRUN apk add libcap && setcap cap_net_raw+ep /a\nUSER 1000\n", "file capability (line 2)"),
            ("FROM alpine:3\nRUN apk add sudo\nUSER app\n", "installs or uses sudo (line 2)"),
            ("FROM alpine:3\nRUN chmod u+s /a\nUSER app\n", "setuid program (line 2)"),
            (
                "FROM debian:12\nCOPY --from=caddy:2 /usr/bin/caddy /caddy\nUSER 1000\n",
                "it copies has a file capability",
            ),
        ],
    )
    def test_anything_else_is_only_assumed(self, text: str, reason: str) -> None:
        found = posture(text)
        assert cap_drop(found) is Confidence.ASSUMED
        assert reason in found.doubts("cap-drop")

    def test_a_program_with_a_file_capability_could_not_be_executed_without_it(self) -> None:
        text = "FROM alpine:3\nRUN setcap cap_net_bind_service=+ep /a\nUSER 1000\n"
        assert set(posture(text).capabilities) == {"NET_BIND_SERVICE"}

    def test_no_more_than_the_container_had(self) -> None:
        assert not posture("FROM alpine:3\nRUN setcap cap_net_admin=+ep /a\nUSER 1000\n").capabilities

    def test_lifecycle_hooks_may_be_root(self) -> None:
        found = posture(APP, "build: .\npost_start: [{command: chown -R app /data, user: root}]")
        assert cap_drop(found) is Confidence.ASSUMED


class TestUser:
    def test_of_the_dockerfile(self) -> None:
        found = posture(APP)
        assert (found.runs_as_root, found.identity) == (False, "1000:1000")

    def test_of_the_service_goes_before_it(self) -> None:
        found = posture(APP, "build: .\nuser: root")
        assert (found.runs_as_root, cap_drop(found)) == (True, Confidence.ASSUMED)
        found = posture("FROM alpine:3\n", "build: .\nuser: '1001'")
        assert (found.runs_as_root, found.identity, cap_drop(found)) == (False, "1001", Confidence.SOURCED)

    def test_the_tmpfs_belongs_to_it(self) -> None:
        found = posture(APP)
        assert [row.path for row in found.writable] == ["/tmp"]
        assert read_only(found) is Confidence.ASSUMED

    def test_a_declared_volume_can_be_written_to(self) -> None:
        assert not posture(APP + "VOLUME /tmp\n").writable


class TestProgramOfTheBase:
    @pytest.mark.parametrize(
        "text",
        [
            "FROM nginx:1.28\nCOPY site /usr/share/nginx/html\n",
            "FROM node:24 AS a\nRUN npm ci\nFROM nginx:1.28\nENV A=b\nCOPY --from=a /dist /usr/share/nginx/html\n",
            "FROM postgres:16\nLABEL a=b\nEXPOSE 5432\nCOPY init.sql /docker-entrypoint-initdb.d/\n",
        ],
    )
    def test_files_and_settings_leave_it_as_it_is(self, text: str) -> None:
        found = posture(text)
        assert (cap_drop(found), read_only(found)) == (Confidence.SOURCED, Confidence.SOURCED)

    @pytest.mark.parametrize(
        "line",
        [
            "RUN true",
            "USER nginx",
            'CMD ["nginx"]',
            "ENTRYPOINT /start.sh",
            "COPY start.sh /docker-entrypoint.sh",
            "COPY envs.sh /docker-entrypoint.d/",
            "COPY nginx /usr/sbin/nginx",
            "COPY site html",
            "COPY root /",
            "ADD site.tar /usr/share/nginx/html",
        ],
    )
    def test_anything_else_may_change_what_it_needs(self, line: str) -> None:
        found = posture(f"FROM nginx:1.28\n{line}\n")
        assert (cap_drop(found), read_only(found)) == (Confidence.ASSUMED, Confidence.ASSUMED)

    def test_a_copied_configuration_is_looked_at(self) -> None:
        text = "FROM nginx:1.28\nCOPY site.conf /etc/nginx/conf.d/\n"
        assert not posture(text, **{"site.conf": "server { listen 80; }"}).blocked("read-only")
        assert "/srv/log" in posture(text, **{"site.conf": "access_log /srv/log/a;"}).blocked("read-only")
        assert "cannot be looked at" in posture(text).doubts("read-only")

    def test_a_configuration_of_another_stage_cannot_be(self) -> None:
        text = "FROM alpine:3 AS a\nFROM nginx:1.28\nCOPY --from=a /site.conf /etc/nginx/conf.d/\n"
        assert "cannot be looked at" in posture(text, **{"site.conf": ""}).doubts("read-only")

    def test_variables_of_the_dockerfile_count(self) -> None:
        assert "data directory" in posture("FROM postgres:16\nENV PGDATA=/x\n").doubts("read-only")


class TestPrivileges:
    @pytest.mark.parametrize("step", ["apt-get install -y sudo", "chmod u+s /a", "setcap cap_net_admin+ep /a"])
    def test_what_was_made_to_gain_privileges_will_be_used(self, step: str) -> None:
        assert posture(f"FROM debian:12\nRUN {step}\nUSER app\n").blocked("no-new-privileges")

    @pytest.mark.parametrize(
        "text",
        [
            APP,
            "FROM debian:12\nRUN apt-get install -y gosu\nUSER app\n",
            "FROM debian:12\nRUN apt-get install -y sudo\n",
            "FROM debian:12\nRUN setcap cap_net_bind_service+ep /a\nUSER app\n",
        ],
    )
    def test_otherwise_they_are_not_needed(self, text: str) -> None:
        assert not posture(text).blocked("no-new-privileges")

    def test_a_command_of_the_dockerfile(self) -> None:
        assert "sudo" in posture("FROM debian:12\nUSER app\nCMD sudo start\n").blocked("no-new-privileges")

    def test_windows_has_none_of_this(self) -> None:
        found = posture("FROM mcr.microsoft.com/windows/servercore:ltsc2022\n")
        assert "Windows" in found.blocked("no-new-privileges")


class TestNotRead:
    @pytest.mark.parametrize(
        ("service", "reason"),
        [
            ("build: ./missing", "nothing is known of it"),
            ("build: ..", "outside of the project"),
            ("build: {context: sub, dockerfile: ../../Dockerfile}", "outside of the project"),
            ("build: {context: ., dockerfile: /etc/Dockerfile}", "outside of the project"),
            ("build: 'https://github.com/example/app.git'", "lies elsewhere"),
            ("build: 'git@github.com:example/app.git'", "lies elsewhere"),
            ("build: {context: '${DIR}'}", "depends on DIR"),
            ("build: {context: ., target: none}", "cannot be understood"),
            ("build: {dockerfile_inline: 'NOTHING'}", "cannot be understood"),
        ],
    )
    def test_says_why(self, service: str, reason: str) -> None:
        found = posture(APP, service)
        assert found.built is None
        assert all(reason in found.doubts(name) for name in ("read-only", "cap-drop", "no-new-privileges"))

    def test_nor_beyond_a_size(self) -> None:
        assert "too large" in posture("FROM alpine:3\n" + "#" * 300_000).doubts("cap-drop")

    @pytest.mark.parametrize(
        "service",
        [
            "build: ''",
            "build: {context: '', target: ''}",
            "build: {context: ./, dockerfile: ./Dockerfile}",
            "build: {context: sub, dockerfile: ../Dockerfile}",
            "build: {context: '${DIR:-.}'}",
            "build: {context: ., args: {V: '${V}'}}",
            "build: .\nimage: example/app",
        ],
    )
    def test_ways_to_name_it(self, service: str) -> None:
        assert posture(APP, service).runs_as_root is False

    def test_arguments_with_and_without_a_value(self) -> None:
        text = "ARG V=1\nFROM alpine:$V\nARG U=1000\nUSER $U\n"
        built = posture(text, "build: {context: ., args: [V=3, U]}").built
        assert built is not None
        assert (built.base.text, built.user and built.user.text) == ("alpine:3", "1000")
        built = posture(text, "build: {context: ., args: {V: '${V}', U: '${U:-root}'}}").built
        assert built is not None
        assert (built.base.text, built.user and built.user.text) == ("", "root")


def run(compose: str, **files: str) -> Outcome:
    stored = {"stack/compose.yaml": compose, **{f"stack/{name}": text for name, text in files.items()}}

    def read(path: str) -> bytes:
        if path not in stored:
            raise FileNotFoundError(2, "No such file or directory", path)
        return stored[path].encode()

    return harden("stack/compose.yaml", read)


def of_dockerfiles(outcome: Outcome) -> dict[str, tuple[str, int]]:
    """The place of each finding about a Dockerfile."""
    found = [one for one in outcome.findings if one.rule.startswith("docker") and one.rule != "docker-socket"]
    assert len({one.rule for one in found}) == len(found)
    return {one.rule: (one.location.file, one.location.line) for one in found}


BAD = "FROM alpine\nENV DB_PASSWORD=Zx81SinclairQL\nCOPY . /app\n"


class TestFindings:
    def test_none_of_a_good_one(self) -> None:
        text = APP + "HEALTHCHECK CMD python /probe.py\n"
        assert of_dockerfiles(run("services:\n  it:\n    build: .\n", Dockerfile=text)) == {}

    def test_are_at_their_own_lines(self) -> None:
        assert of_dockerfiles(run("services:\n  it:\n    build: app\n", **{"app/Dockerfile": BAD})) == {
            "dockerfile-latest-base": ("stack/app/Dockerfile", 1),
            "dockerfile-no-healthcheck": ("stack/app/Dockerfile", 1),
            "dockerfile-root": ("stack/app/Dockerfile", 1),
            "dockerfile-secret": ("stack/app/Dockerfile", 2),
            "dockerignore-missing": ("stack/app/Dockerfile", 3),
        }

    @pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
    def test_a_dockerignore_is_seen(self, name: str) -> None:
        files = {"app/Dockerfile": BAD, f"app/{name}": ".git\n"}
        assert "dockerignore-missing" not in of_dockerfiles(run("services:\n  it:\n    build: app\n", **files))

    def test_of_an_inline_one_are_in_the_compose_file(self) -> None:
        text = "services:\n  it:\n    build:\n      dockerfile_inline: |\n" + indent(BAD, " " * 8)
        found = of_dockerfiles(run(text))
        assert {file for file, _ in found.values()} == {"stack/compose.yaml"}
        assert [line for _, line in found.values()] == [5, 5, 5, 6, 7]
        folded = of_dockerfiles(
            run('services:\n  it:\n    build:\n      dockerfile_inline: "FROM alpine\\nCOPY . /"\n')
        )
        assert {line for _, line in folded.values()} == {4}

    def test_say_each_thing_once(self) -> None:
        rules = {one.rule for one in run("services:\n  it:\n    build: .\n", Dockerfile=BAD).findings}
        assert not rules & {"root-user", "healthcheck-missing", "build-secret", "dockerfile-inline"}
        rules = {one.rule for one in run("services:\n  it:\n    build: .\n").findings}
        assert rules >= {"root-user", "healthcheck-missing"}

    def test_show_nothing_of_the_text(self) -> None:
        outcome = run("services:\n  it:\n    build: .\n", Dockerfile=BAD)
        assert list(outcome.sources) == ["stack/compose.yaml"]
        for one in outcome.findings:
            assert "Zx81SinclairQL" not in repr(one)

    def test_can_be_suppressed_at_the_service(self) -> None:
        text = "services:\n  # composeharden: ignore[dockerfile-root] for development only\n  it:\n    build: .\n"
        found = [one for one in run(text, Dockerfile=BAD).findings if one.rule == "dockerfile-root"]
        assert [one.status for one in found] == [Status.SUPPRESSED]


class TestHealthcheck:
    COMPOSE = "services:\n  app:\n    image: example/app:1\n    depends_on: [it]\n  it:\n    build: .\n"

    def waits(self, dockerfile: str, extra: str = "") -> Finding | None:
        outcome = run(self.COMPOSE + extra, Dockerfile=dockerfile)
        return next((one for one in outcome.findings if one.rule == "depends-on"), None)

    @pytest.mark.parametrize(
        "probe", ['["python", "/probe.py"]', "python3 -c 'import x'", '["bash", "-c", "python /probe.py"]']
    )
    def test_one_with_programs_of_the_base_counts(self, probe: str) -> None:
        found = self.waits(APP + f"HEALTHCHECK CMD {probe}\n")
        assert found is not None
        assert found.status is Status.FIX

    def test_so_does_one_that_was_installed(self) -> None:
        text = (
            "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n{}HEALTHCHECK CMD curl localhost/health\n"
        )
        found = self.waits(text.format(""))
        assert found is not None
        assert found.status is Status.FIX
        found = self.waits(text.format("RUN apt-get purge -y curl\n"))
        assert found is not None
        assert found.status is Status.HELD

    @pytest.mark.parametrize("probe", ["curl -f localhost", '["/probe.sh"]'])
    def test_other_programs_may_not_be_there(self, probe: str) -> None:
        found = self.waits(APP + f"HEALTHCHECK CMD {probe}\n")
        assert found is not None
        assert (found.status, found.confidence) == (Status.HELD, Confidence.ASSUMED)

    @pytest.mark.parametrize(
        ("dockerfile", "extra"),
        [
            (APP, ""),
            (APP + "HEALTHCHECK NONE\n", ""),
            (APP + "HEALTHCHECK CMD python /a\n", "    healthcheck: {disable: true}\n"),
        ],
    )
    def test_without_any_there_is_nothing_to_wait_for(self, dockerfile: str, extra: str) -> None:
        assert self.waits(dockerfile, extra) is None


def test_the_fix_is_made_and_then_done() -> None:
    outcome = run("services:\n  it:\n    build: .\n", Dockerfile=APP)
    fixed = {one.rule: one for one in outcome.with_status(Status.FIX)}
    assert Set((0, "services", "it", "cap_drop"), ["ALL"]) in fixed["cap-drop"].changes
    assert "uid 1000" in fixed["cap-drop"].why
    assert fixed["cap-drop"].evidence == ("source: stack/Dockerfile:3",)
    assert "cap_add" not in outcome.patches[0].after.text
