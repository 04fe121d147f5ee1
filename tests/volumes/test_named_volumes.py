"""Which volumes get a name, what it is, and what else is written for a stack that ran, or never did."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from composeharden.cli.inputs import reader
from composeharden.compose.files import Files
from composeharden.decide import Options
from composeharden.outcome import Effect, Finding, Outcome, Status
from composeharden.pipeline import harden
from tests.volumes.compose import model

ONLY = frozenset(("named-volumes",))
RAN = Options(only=ONLY, migrate=True)
NEVER_RAN = Options(only=ONLY, new_stack=True)
HEAD = "services:\n  db:\n    image: postgres:16\n"
REDIS = "services:\n  cache:\n    image: redis:7\n"


def run(text: str, options: Options = RAN, others: Mapping[str, str] | None = None) -> Outcome:
    """What is made of a file in a folder called shop."""
    files = {"shop/compose.yaml": text, **(others or {})}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path].encode()

    return harden(Files(("shop/compose.yaml",)), read, options)


def after(outcome: Outcome) -> str:
    """The text of the one file that is changed."""
    (patch,) = outcome.patches
    return patch.data.decode()


def one(outcome: Outcome) -> Finding:
    """The one finding."""
    (finding,) = outcome.findings
    return finding


@pytest.mark.parametrize(
    "body",
    [
        "volumes: [data:/var/lib/postgresql/data]",
        "volumes: [./data:/var/lib/postgresql/data]",
        "volumes: [/srv/db:/var/lib/postgresql]",
        "tmpfs: [/var/lib/postgresql/data]",
    ],
)
def test_data_that_has_its_place_stays_there(body: str) -> None:
    for options in (RAN, NEVER_RAN):
        outcome = run(f"{HEAD}    {body}\nvolumes: {{data: {{}}}}\n", options)
        assert (outcome.findings, outcome.patches, outcome.beside_files) == ((), (), ())


@pytest.mark.parametrize(
    "entries",
    [
        "['.:/app', /app/node_modules]",
        "['.:/app', /app/data]",
        "['./src:/srv/src', /srv/node_modules, /srv/vendor/bundle, /srv/.venv]",
        "[/tmp/work, /var/cache/app, /run/app]",
    ],
)
def test_what_is_made_anew_gets_no_name(entries: str) -> None:
    text = f"services:\n  app:\n    image: example/app:1\n    volumes: {entries}\n"
    assert run(text).findings == ()


def test_a_job_with_the_image_of_a_server_keeps_nothing() -> None:
    assert run(f"{HEAD}    restart: 'no'\n    command: [pg_dump, shop]\n").findings == ()


def test_a_path_that_the_file_names_needs_no_version() -> None:
    assert "cache-data:/data" in after(run("services:\n  cache:\n    image: redis:$TAG\n    volumes: [/data]\n"))


def test_without_being_asked_it_is_a_finding_with_steps() -> None:
    outcome = run(HEAD, Options(only=ONLY))
    finding = one(outcome)
    assert (finding.status, finding.effect, finding.changes) == (Status.REPORT, Effect.DATA, ())
    assert "db-data:/var/lib/postgresql/data" in finding.advice
    assert "--migrate" in finding.advice
    assert "--new-stack" in finding.advice
    assert (outcome.patches, outcome.beside_files) == ((), ())


def test_a_stack_that_never_ran_gets_volumes_and_nothing_else() -> None:
    outcome = run(HEAD, NEVER_RAN)
    assert (
        after(outcome) == f"{HEAD}    volumes:\n      - db-data:/var/lib/postgresql/data\nvolumes:\n  db-data: {{}}\n"
    )
    assert outcome.beside_files == ()


def test_a_stack_that_ran_gets_a_mark_that_stops_it_and_a_script() -> None:
    outcome = run(f"{REDIS}    volumes:\n      - /data # sessions\n")
    assert after(outcome) == (
        f"{REDIS}    volumes:\n      - cache-data:/data # sessions\n      - cache-data-ready:/mnt/cache-data-ready:ro\n"
        "volumes:\n  cache-data: {}\n  cache-data-ready:\n"
        "    name: ${COMPOSE_PROJECT_NAME}_cache-data.run-migrate-volumes.sh\n    external: true\n"
    )
    (script,) = outcome.beside_files
    assert (script.path, script.mode) == ("shop/migrate-volumes.sh", 0o755)
    assert b"\ncache /data cache-data\n" in script.after


@pytest.mark.parametrize("options", [RAN, NEVER_RAN])
def test_a_second_run_finds_nothing(options: Options) -> None:
    first = run(HEAD, options)
    second = run(after(first), options, {file.path: file.after.decode() for file in first.beside_files})
    assert (second.findings, second.patches, second.beside_files) == ((), (), ())


def test_a_mark_does_not_change_who_the_service_can_start_as() -> None:
    marked = run(after(run(HEAD)), Options(only=frozenset(("user", "read-only"))))
    assert {finding.rule for finding in marked.with_status(Status.FIX)} == {"user", "read-only"}


def test_a_later_run_adds_to_the_script() -> None:
    first = run(HEAD)
    text = after(first).replace("volumes:\n  db-data", "  cache:\n    image: redis:7\nvolumes:\n  db-data")
    second = run(text, RAN, {file.path: file.after.decode() for file in first.beside_files})
    (script,) = second.beside_files
    assert b"\ndb /var/lib/postgresql/data db-data\ncache /data cache-data\n" in script.after


def test_another_script_of_that_name_is_left_alone() -> None:
    outcome = run(HEAD, RAN, {"shop/migrate-volumes.sh": "#!/bin/sh\necho mine\n"})
    assert one(outcome).status is Status.REFUSED
    assert "never overwritten" in one(outcome).reason
    assert (outcome.patches, outcome.beside_files) == ((), ())


def test_several_paths_of_a_service_are_told_apart() -> None:
    found = after(run("services:\n  docs:\n    image: mongo:7\n"))
    assert "docs-data:/data/db" in found
    assert "docs-configdb:/data/configdb" in found


def test_a_name_that_is_taken_gets_a_number() -> None:
    text = f"{HEAD}  web:\n    image: example/web:1\n    volumes: ['db-data:/srv']\nvolumes:\n  db-data:\n"
    assert "'db-data-2:/var/lib/postgresql/data'" in after(run(text))


def test_names_follow_the_habits_of_the_file() -> None:
    text = f"{HEAD}  web:\n    image: example/web:1\n    volumes: ['web_files:/srv']\nvolumes:\n  web_files:\n"
    assert "'db_data:/var/lib/postgresql/data'" in after(run(text))


def test_entries_in_long_form_get_a_neighbour_in_long_form() -> None:
    text = (
        f"{HEAD}    volumes:\n      - type: bind\n        source: ./init\n"
        "        target: /docker-entrypoint-initdb.d\n        read_only: true\n"
    )
    assert "        source: db-data\n        target: /var/lib/postgresql/data\n" in after(run(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}    scale: 2\n", "more than once"),
        (f"{HEAD}    deploy: {{replicas: 3}}\n", "more than once"),
        (f"{HEAD}    scale: $COUNT\n", "more than once"),
        ("services:\n  db:\n    image: postgres:$TAG\n", "TAG"),
        (f"{HEAD}    deploy: {{placement: {{}}}}\n", "Swarm"),
        (f"{HEAD}    command: [pg_dump, shop]\n", "not the image's own program"),
        (f"{HEAD}    volumes_from: [other]\n  other:\n    image: example/other:1\n", "volumes_from"),
        (f"{HEAD}    volumes: [{{type: volume, target: /var/lib/postgresql/data}}]\n", "mapping"),
        (
            "services:\n  db:\n    image: postgres:18\n    volumes: ['old:/var/lib/postgresql/data']\n"
            "volumes: {old: }\n",
            "other versions",
        ),
    ],
)
def test_where_it_is_not_safe_it_is_only_told(text: str, reason: str) -> None:
    for options in (RAN, NEVER_RAN):
        outcome = run(text, options)
        assert outcome.patches == ()
        assert any(reason in finding.advice for finding in outcome.findings), outcome.findings
        assert {finding.status for finding in outcome.findings} == {Status.REPORT}


def test_data_that_is_lost_with_the_container_is_told() -> None:
    finding = one(run("services:\n  charts:\n    image: grafana/grafana:12.1.0\n"))
    assert (finding.status, finding.changes) == (Status.REPORT, ())
    assert "lost with the container" in finding.message


def test_the_volume_is_defined_in_the_file_of_the_service() -> None:
    outcome = run("include: [db.yaml]\nservices:\n  web:\n    image: example/web:1\n", RAN, {"shop/db.yaml": HEAD})
    (patch,) = outcome.patches
    assert patch.path == "shop/db.yaml"
    assert "\nvolumes:\n  db-data: {}\n" in patch.data.decode()
    (script,) = outcome.beside_files
    assert script.path == "shop/migrate-volumes.sh"


def test_services_that_share_an_anchor_get_volumes_of_their_own() -> None:
    text = (
        "x-db: &db\n  image: postgres:16\n  volumes:\n    - ./init:/docker-entrypoint-initdb.d:ro\n"
        "services:\n  one:\n    <<: *db\n  two:\n    <<: *db\n"
    )
    outcome = run(text)
    assert {finding.status for finding in outcome.findings} == {Status.FIX}
    assert after(outcome).count("one-data:/var/lib/postgresql/data") == 1
    assert after(outcome).count("two-data:/var/lib/postgresql/data") == 1


STACKS = {
    "plain": HEAD,
    "replaced": f"{REDIS}    volumes:\n      - /data\n",
    "quoted": f'{REDIS}    volumes: ["/data"]\n',
    "several": "services:\n  docs:\n    image: mongo:7\n  db:\n    image: mariadb:11\n",
    "crlf": HEAD.replace("\n", "\r\n"),
    "dockerfile": "services:\n  app:\n    build: .\n",
    "named": f"name: other\n{HEAD}",
}


@pytest.mark.parametrize("options", [RAN, NEVER_RAN], ids=["ran", "never ran"])
@pytest.mark.parametrize("name", STACKS)
def test_compose_sees_what_is_declared_and_nothing_else(name: str, options: Options, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    file = folder / "compose.yaml"
    file.write_bytes(STACKS[name].encode())
    (folder / "Dockerfile").write_text("FROM busybox\nVOLUME /srv/files /srv/cache\n")
    before = model(file)
    outcome = harden(Files((str(file),)), reader(str(file)), options)
    file.write_bytes(after(outcome).encode())
    changed = model(file)
    added = {key for key in changed.get("volumes", {}) if key not in before.get("volumes", {})}
    assert added
    for service, now in changed["services"].items():
        old = before["services"][service]
        assert {**now, "volumes": None} == {**old, "volumes": None}
        new = [mount for mount in now["volumes"] if mount not in old.get("volumes", [])]
        gone = [mount for mount in old.get("volumes", []) if mount not in now["volumes"]]
        assert {mount["source"] for mount in new} <= added
        assert {mount["target"] for mount in gone} <= {mount["target"] for mount in new}
    rest = {key: value for key, value in changed.items() if key not in ("services", "volumes")}
    assert rest == {key: value for key, value in before.items() if key not in ("services", "volumes")}
    for key in added:
        is_mark = key.endswith("-ready")
        assert changed["volumes"][key].get("external", False) is is_mark
        assert not is_mark or changed["volumes"][key]["name"].endswith(".run-migrate-volumes.sh")


@pytest.mark.parametrize(
    "shell", [["sh", "-n"], [str(Path(sys.executable).with_name("shellcheck"))]], ids=["sh", "shellcheck"]
)
def test_the_script_is_sound(shell: list[str], tmp_path: Path) -> None:
    outcome = run("services:\n  docs:\n    image: mongo:7\n")
    (script,) = outcome.beside_files
    path = tmp_path / "migrate-volumes.sh"
    path.write_bytes(script.after)
    done = subprocess.run([*shell, str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (Files(("shop/compose.yaml",)), b"    $compose config"),
        (Files(("shop/compose.yaml", "shop/compose.override.yaml")), b"    $compose config"),
        (Files(("shop/stack.yaml",)), b"    $compose -f stack.yaml config"),
        (Files(("shop/a b.yaml", "shop/compose.yaml")), b"    $compose -f 'a b.yaml' -f compose.yaml config"),
        (
            Files(("shop/deploy/compose.yaml",), directory="shop"),
            b"    $compose --project-directory . -f deploy/compose.yaml config",
        ),
    ],
)
def test_the_script_names_the_files_that_compose_would_not_find(files: Files, said: bytes) -> None:
    text = dict.fromkeys(files.paths, b"services: {}\n") | {files.paths[0]: HEAD.encode()}

    def read(path: str) -> bytes:
        if path not in text:
            raise FileNotFoundError(path)
        return text[path]

    (script,) = harden(files, read, RAN).beside_files
    assert script.path == "shop/migrate-volumes.sh"
    assert said in script.after


@pytest.mark.parametrize(
    "section", ["volumes: {}\n", "volumes: {other: {}}\n", "volumes:\n  other:\n", "volumes: {} # none\n"]
)
def test_it_goes_beside_what_is_defined_already(section: str) -> None:
    outcome = run(HEAD + section)
    assert one(outcome).status is Status.FIX, one(outcome).reason
    assert section.partition("#")[2] in after(outcome)
