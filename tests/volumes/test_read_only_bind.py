"""Configuration that is only read is mounted read-only, whatever its entry looks like, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from composeharden.cli.inputs import reader
from composeharden.decide import Options
from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden
from tests.volumes.compose import model

ONLY = frozenset(("read-only-bind",))
WEB = "services:\n  web:\n    image: nginx:1.28\n    volumes:\n"
CONF = f"{WEB}      - ./nginx.conf:/etc/nginx/nginx.conf\n"


def run(text: str, folder: Path, assume: bool = False) -> Outcome:
    """What is made of a file."""
    file = folder / "compose.yaml"
    file.write_text(text)
    return harden(str(file), reader(str(file)), Options(only=ONLY, assume=assume))


def one(outcome: Outcome) -> Finding:
    """The one finding."""
    (finding,) = outcome.findings
    return finding


@pytest.mark.parametrize(
    "entry",
    [
        "./nginx.conf:/etc/nginx/nginx.conf:ro",
        "./nginx.conf:/etc/nginx/nginx.conf:z,ro",
        "./site:/usr/share/nginx/html",
        "./logs:/var/log/nginx",
        "./nginx:/etc/nginx",
        "conf:/etc/nginx/conf.d",
        "{type: bind, source: ./nginx.conf, target: /etc/nginx/nginx.conf, read_only: true}",
    ],
)
def test_it_has_nothing_to_say(entry: str, tmp_path: Path) -> None:
    outcome = run(f"{WEB}      - {entry}\nvolumes: {{conf: {{}}}}\n", tmp_path, assume=True)
    assert (outcome.findings, outcome.patches) == ((), ())


@pytest.mark.parametrize(
    ("entry", "hardened"),
    [
        ("./nginx.conf:/etc/nginx/nginx.conf", "./nginx.conf:/etc/nginx/nginx.conf:ro"),
        ("'./conf:/etc/nginx/conf.d/:rw'", "'./conf:/etc/nginx/conf.d/:ro'"),
        ('"./conf:/etc/nginx/conf.d:z"', '"./conf:/etc/nginx/conf.d:z,ro"'),
        ("${CONF:-./conf}:/etc/nginx/conf.d", "${CONF:-./conf}:/etc/nginx/conf.d:ro"),
        ("/srv/site.conf:/etc/nginx/conf.d/site.conf", "/srv/site.conf:/etc/nginx/conf.d/site.conf:ro"),
    ],
)
def test_compose_sees_the_same_mount_read_only(entry: str, hardened: str, tmp_path: Path) -> None:
    outcome = run(f"{WEB}      - {entry} # ours\n      - ./site:/usr/share/nginx/html\n", tmp_path)
    before = model(tmp_path / "compose.yaml")
    (patch,) = outcome.patches
    assert f"      - {hardened} # ours\n" in patch.data.decode()
    (tmp_path / "compose.yaml").write_bytes(patch.data)
    after = model(tmp_path / "compose.yaml")
    assert after["services"]["web"]["volumes"][0].pop("read_only") is True
    assert after == before
    assert run(patch.data.decode(), tmp_path).findings == ()


def test_all_entries_of_a_service_are_one_change(tmp_path: Path) -> None:
    outcome = run(f"{CONF}      - ./conf:/etc/nginx/conf.d\n", tmp_path)
    assert len(one(outcome).changes) == 2
    assert "/etc/nginx/nginx.conf and /etc/nginx/conf.d" in one(outcome).message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{CONF}      - ./templates:/etc/nginx/templates\n", "Templates"),
        (f"{CONF}    environment: [NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE=1]\n", "tuning"),
        (f"{CONF}      - ./start:/docker-entrypoint.d\n", "cripts of its own"),
    ],
)
def test_what_is_rewritten_at_each_start_stays_as_it_is(text: str, reason: str, tmp_path: Path) -> None:
    outcome = run(text, tmp_path, assume=True)
    assert one(outcome).status is Status.HELD
    assert reason.lower() in one(outcome).reason.lower()


@pytest.mark.parametrize(
    "text",
    [
        f"{CONF}    command: [sh, -c, 'envsubst < /t > /etc/nginx/nginx.conf && nginx']\n",
        f"{CONF}    entrypoint: [/start]\n",
    ],
)
def test_another_program_is_only_assumed_to_read(text: str, tmp_path: Path) -> None:
    assert one(run(text, tmp_path)).status is Status.HELD
    assert one(run(text, tmp_path, assume=True)).status is Status.FIX


def test_where_the_mode_is_a_variable_it_is_not_touched(tmp_path: Path) -> None:
    outcome = run(f"{WEB}      - ./nginx.conf:/etc/nginx/nginx.conf:${{MODE:-rw}}\n", tmp_path)
    assert (outcome.findings, outcome.patches) == ((), ())
