"""`composeharden verify` on the engine: what is broken is named, what is not is let be, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .commands import Finished, attempt
from .faults import ENDS, FAULTS, STAYS, Fault
from .models import block_yaml
from .rows import ROWS
from .stand_ins import BASE_TAG, build_base

FULL = os.environ.get("COMPOSEHARDEN_FULL") == "1"
"""Set by `make engine-full`: all of it, many times over."""
only_in_full = pytest.mark.skipif(not FULL, reason="part of make engine-full")
LEGACY = Path(__file__).with_name("stacks") / "legacy"
QUICK = ("--check-interval", "1", "--yes", "--format", "json")


def verify(folder: Path, *options: str, command: str = "verify") -> Finished:
    """The command as a user runs it."""
    argv = [sys.executable, "-m", "composeharden", command, *options]
    return attempt(argv, cwd=folder, timeout=600)


def verified(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the report of the one stack."""
    done = verify(folder, *QUICK, *options)
    assert done.stdout, done.describe()
    (stack,) = json.loads(done.stdout)["stacks"]
    return done.code, stack


def write(folder: Path, fault: Fault) -> list[str]:
    """Write the stack of a fault; returns the options that it takes."""
    (folder / "compose.yaml").write_text(block_yaml(fault.model))
    options = ["--assume", "--window", str(fault.window)]
    if fault.facts:
        (folder / "facts").mkdir()
        (folder / "facts" / "wrong.toml").write_text(fault.facts)
        options += ["--images", "facts"]
    return options


def blamed(stack: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """By service, the passes that are to blame and why."""
    return {one["name"]: [(row["rule"], row["why"]) for row in one["blamed"]] for one in stack["services"]}


def check(name: str, fault: Fault, stack: dict[str, Any], service: str = "app") -> None:
    """The report names the fault and nothing else."""
    (told,) = (one for one in stack["services"] if one["name"] == service)
    assert told["verdict"] == "worse", stack
    assert (fault.check, fault.phase) in {(one["check"], one["phase"]) for one in told["worse"]}, (name, stack)
    ((rule, why),) = blamed(stack)[service]
    assert rule == fault.rule, (name, stack)
    assert fault.words in why, (name, why)
    assert fault.repaired in stack["repaired"]["diff"], name


@pytest.mark.long
def test_every_kind_of_fault_is_named_and_mended(images: Callable[[str], None], tmp_path: Path) -> None:
    """All in one stack: each is told apart from the others, and what is offered was run as a whole."""
    build_base()
    for image in {fault.image for fault in FAULTS.values()} - {BASE_TAG}:
        images(image)
    services = {name: fault.model["services"]["app"] for name, fault in FAULTS.items()}
    (tmp_path / "compose.yaml").write_text(block_yaml({"services": services, "volumes": {"data": {}}}))
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "wrong.toml").write_text(FAULTS["silently-root"].facts)
    before = (tmp_path / "compose.yaml").read_bytes()
    code, stack = verified(tmp_path, "--assume", "--window", "7", "--images", "facts")
    assert code == 1
    for name, fault in FAULTS.items():
        check(name, fault, stack, name)
    assert stack["unfinished"] == ""
    assert (tmp_path / "compose.yaml").read_bytes() == before, "nothing is written"


@only_in_full
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_alone_is_named_and_mended(name: str, images: Callable[[str], None], tmp_path: Path) -> None:
    fault = FAULTS[name]
    build_base() if fault.image == BASE_TAG else images(fault.image)
    code, stack = verified(tmp_path, *write(tmp_path, fault))
    assert code == 1
    check(name, fault, stack)


@pytest.mark.long
@pytest.mark.parametrize("turn", range(20 if FULL else 1))
def test_a_healthy_stack_is_never_blamed(turn: int, images: Callable[[str], None]) -> None:
    for image in ("nginx:1.22", "postgres:15", "redis:7"):
        images(image)
    code, stack = verified(LEGACY, "--window", "3")
    assert code == 0, stack
    assert {one["name"]: one["verdict"] for one in stack["services"]} == dict.fromkeys(("cache", "db", "web"), "same")


@only_in_full
@pytest.mark.parametrize("turn", range(20 if FULL else 1))
@pytest.mark.parametrize("name", ["caddy", "httpd", "mariadb", "memcached", "mosquitto", "python-app", "rabbitmq"])
def test_a_healthy_service_is_never_blamed(name: str, turn: int, images: Callable[[str], None], tmp_path: Path) -> None:
    row = ROWS[name]
    for image in row.images:
        images(image)
    row.write_stack(tmp_path)
    options = ("--build", "--allow-network") if "build" in row.keys else ()
    code, stack = verified(tmp_path, "--window", "3", *options)
    assert code == 0, stack
    assert {one["verdict"] for one in stack["services"]} == {"same"}, stack


@pytest.mark.long
def test_fix_keeps_what_survives_and_marks_it_proven(tmp_path: Path) -> None:
    build_base()
    path = FAULTS["needs-a-path"]
    late = Fault(f"{ENDS}; echo x >/etc/app.conf || exit 1; {STAYS}", "start", "read-only", "", "")
    services = {"path": path.model["services"]["app"], "config": late.model["services"]["app"]}
    services["gone"] = {"image": "composeharden-stand-in-nowhere:none"}
    (tmp_path / "compose.yaml").write_text(block_yaml({"services": services}))
    done = verify(tmp_path, "--verify", *QUICK, "--window", "2", command="fix")
    assert done.code == 0, done.describe()
    (file,) = json.loads(done.stdout)["files"]
    became = {(one["service"], one["rule"]): one for one in file["findings"]}
    for service, rule in (("path", "read-only"), ("path", "cap-drop"), ("config", "cap-drop")):
        assert (became[service, rule]["status"], became[service, rule]["confidence"]) == ("fix", "proven")
    assert became["config", "read-only"]["status"] == "held"
    assert "does not live with it" in became["config", "read-only"]["reason"]
    assert (became["gone", "read-only"]["status"], became["gone", "cap-drop"]["status"]) == ("held", "held")
    text = (tmp_path / "compose.yaml").read_text()
    assert "/var/cache" in text
    assert text.count("read_only: true") == 1
    again = verify(tmp_path, "--check", command="fix")
    assert again.code == 0, "a second run finds nothing to do"


def test_a_file_that_is_edited_meanwhile_is_left_alone(tmp_path: Path) -> None:
    build_base()
    body = {"image": BASE_TAG, "command": ["sh", "-c", f"{ENDS}; {STAYS}"]}
    file = tmp_path / "compose.yaml"
    file.write_text(block_yaml({"services": {"app": body}}))
    argv = [sys.executable, "-m", "composeharden", "fix", "--verify", "--yes", "--window", "1"]
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "On Docker" in process.stderr.readline()
        edited = block_yaml({"services": {"app": {**body, "working_dir": "/srv"}}})
        file.write_text(edited)
        said = process.stderr.read()
    assert process.returncode == 2, said
    assert "was changed while it was tried" in said
    assert file.read_text() == edited


@pytest.mark.parametrize("command", [("verify", "--yes"), ("learn", BASE_TAG)], ids=["verify", "learn"])
def test_where_no_file_can_be_written_it_says_so(command: tuple[str, ...], tmp_path: Path) -> None:
    build_base()
    body = {"image": BASE_TAG, "command": ["sh", "-c", f"{ENDS}; {STAYS}"]}
    (tmp_path / "compose.yaml").write_text(block_yaml({"services": {"app": body}}))
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))"
    program = f"{limited}; sys.argv[1:] = {list(command)!r}; from composeharden.cli import main; main()"
    argv = [sys.executable, "-c", program]
    done = attempt(argv, cwd=tmp_path, timeout=120)
    assert done.code == 2, done.describe()
    assert "takes no files (File too large)" in done.stderr, done.describe()


def test_what_an_overlay_says_already_is_part_of_how_the_stack_is(tmp_path: Path) -> None:
    build_base()
    script = f"{ENDS}; grep -q 'NoNewPrivs:.*1' /proc/self/status || exit 1; {STAYS}"
    body = {"image": BASE_TAG, "command": ["sh", "-c", script]}
    (tmp_path / "compose.yaml").write_text(block_yaml({"services": {"app": body}}))
    own = ("--overlay", "compose.hardened.yaml")
    first = verify(tmp_path, *own, "--only", "no-new-privileges", command="fix")
    assert first.code == 0, first.describe()
    done = verify(tmp_path, *own, "--verify", "--yes", "--window", "1", command="fix")
    assert done.code == 0, done.describe()
    assert "lives as before" in done.stderr, done.describe()
    assert "read_only: true" in (tmp_path / "compose.hardened.yaml").read_text()


def test_secrets_in_logs_are_masked(tmp_path: Path) -> None:
    build_base()
    (tmp_path / "token").write_text("a-token-of-somebody\n")
    script = f"{ENDS}; echo log in with $$PASS $$(cat /run/secrets/token); chroot / true || exit 1; {STAYS}"
    body = {
        "image": BASE_TAG,
        "command": ["sh", "-c", script],
        "environment": {"PASS": "${DB_PASSWORD}"},
        "secrets": ["token"],
    }
    (tmp_path / ".env").write_text("DB_PASSWORD=hunter2-and-more\n")
    model = {"services": {"app": body}, "secrets": {"token": {"file": "./token"}}}
    (tmp_path / "compose.yaml").write_text(block_yaml(model))
    done = verify(tmp_path, "--assume", "--yes", "--window", "1", "--verbose")
    assert done.code == 1, done.describe()
    assert "log in with *** ***" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    assert "of-somebody" not in done.stdout + done.stderr


@pytest.mark.long
def test_probes_are_run_in_both_lives(tmp_path: Path) -> None:
    build_base()
    (tmp_path / "compose.yaml").write_text(
        block_yaml({"services": {"app": {"image": BASE_TAG, "command": ["sh", "-c", f"{ENDS}; {STAYS}"]}}})
    )
    code, stack = verified(
        tmp_path, "--assume", "--window", "1", "--probe", "app=chroot / true", "--probe", "app=exit 3"
    )
    assert code == 1
    assert blamed(stack) == {"app": [("cap-drop", "it needs SYS_CHROOT")]}


def test_without_an_engine_it_says_so_and_exits_with_3(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  app:\n    image: redis:7\n")
    argv = [sys.executable, "-m", "composeharden"]
    for command in (("verify",), ("fix", "--verify"), ("diff", "--verify")):
        nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
        done = attempt([*argv, *command], cwd=tmp_path, timeout=60, env=nowhere)
        assert done.code == 3, done.describe()
        assert "no Docker engine answers" in done.stderr


@only_in_full
def test_a_stack_that_compose_refuses_once_hardened_is_worse(tmp_path: Path) -> None:
    """A facts file can ask for what the engine refuses: that is a difference, not the end of the trial."""
    build_base()
    facts = FAULTS["silently-root"].facts.replace("httpd", BASE_TAG.split(":")[0])
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "wrong.toml").write_text(facts.replace('"/usr/local/apache2/logs"', '"/proc/nothing"'))
    body = {"image": BASE_TAG, "command": ["sh", "-c", f"{ENDS}; {STAYS}"]}
    (tmp_path / "compose.yaml").write_text(block_yaml({"services": {"app": body}}))
    code, stack = verified(tmp_path, "--assume", "--window", "1", "--images", "facts")
    assert code == 1
    assert [rule for rule, _ in blamed(stack)["app"]] == ["read-only"], stack
    assert stack["unfinished"] == ""
