"""`composeharden config`: the effective model as text, without secrets and with the place of each value."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from composeharden.compose.load import build
from composeharden.compose.origins import Origins
from composeharden.redaction import MASK, Redactor
from composeharden.report import config as report
from composeharden.yaml.source import all_data, load
from tests.report.planted import planted
from tests.report.test_hostile import HOSTILE

STACK = """\
x-base: &base
  image: memcached:${TAG:-1.6}
  environment: {DB_PASSWORD: "${DB}", MODE: a}
services:
  cache:
    <<: *base
    ports: ["11211:11211"]
  other:
    extends: cache
    image: redis:8
"""
SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("compose.yaml").write_text(STACK)
    Path(".env").write_text(f"DB={SECRET}\n")
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "composeharden", "config", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent), "PYTHONIOENCODING": "utf-8"},
    )


def test_it_is_the_stack_with_its_variables_filled_in() -> None:
    done = run("--service", "other", "--service", "cache")
    assert (done.returncode, done.stderr) == (0, "")
    assert all_data(load(done.stdout.encode())) == [
        {
            "services": {
                "cache": {
                    "image": "memcached:1.6",
                    "environment": {"DB_PASSWORD": MASK, "MODE": "a"},
                    "ports": ["11211:11211"],
                },
                "other": {
                    "image": "redis:8",
                    "environment": {"DB_PASSWORD": MASK, "MODE": "a"},
                    "ports": ["11211:11211"],
                },
            }
        }
    ]


def test_each_value_says_where_it_is_written() -> None:
    assert run("--origins", "--service", "other").stdout == (
        "services:\n"
        "  other:\n"
        "    image: redis:8  # compose.yaml:10\n"
        "    environment:\n"
        f'      DB_PASSWORD: "{MASK}"  # compose.yaml:3\n'
        "      MODE: a  # compose.yaml:3\n"
        "    ports:\n"
        "      - 11211:11211  # compose.yaml:7\n"
    )


def test_programs_get_json_pointers() -> None:
    found = json.loads(run("--origins", "--format", "json").stdout)
    assert found["redacted"] is True
    assert found["model"]["services"]["other"]["image"] == "redis:8"
    assert found["origins"]["/services/other/image"] == {"file": "compose.yaml", "line": 10, "column": 12}
    for pointer in found["origins"]:
        value = found["model"]
        for part in pointer.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert not value or not isinstance(value, (dict, list))
    assert json.loads(run("--format", "json").stdout) == {"redacted": True, "model": found["model"]}


@pytest.mark.parametrize("arguments", [["--service", "none"], ["missing.yaml"], ["--format", "text"], ["a", "b"]])
def test_what_is_not_there_is_an_error(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "rror:" in done.stderr


@pytest.mark.parametrize("text", ["services: [", "a: b\n", "services:\n  a: {imagee: b}\n", "", "\x00"])
def test_a_file_that_is_no_stack_is_an_error_with_its_place(text: str) -> None:
    Path("compose.yaml").write_text(text)
    done = run("--origins")
    assert (done.returncode, done.stdout) == (2, "")
    assert "compose.yaml:1:" in done.stderr or "compose.yaml:2:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("knows_the_file", [True, False])
def test_no_planted_secret_is_shown(knows_the_file: bool) -> None:
    text, secrets, parts = planted()
    text = text if knows_the_file else text.replace("      REUSED: *shared\n", "")  # of which only the file knows
    source = load(text.encode())
    project = build("compose.yaml", source, {})
    redactor = Redactor([source] if knows_the_file else [])
    model = report.redacted(project.model, redactor)
    origins = dict(Origins(project, project.model).walk())
    shown = "\n".join(report.as_yaml(model, origins, project.model, redactor))
    shown += json.dumps(report.as_document(model, origins, redactor))
    assert "nginx:1.27" in shown
    assert [one for one in (*secrets, *(parts if knows_the_file else ())) if one in shown] == []


@pytest.mark.parametrize("options", [[], ["--format", "json"]])
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable() or len(name) > 3])
def test_hostile_names_and_values_do_nothing(name: str, options: list[str]) -> None:
    stack = {"services": {"a": {"image": "b", "labels": {name: name}, "command": [name]}}}
    Path("compose.yaml").write_text(json.dumps(stack), "utf-8")
    done = run("--origins", *options)
    assert done.returncode in (0, 2)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", done.stdout)
    assert not re.search(r"(?m)^\s*::", done.stdout)
    assert not re.search(r"##(?:\[|vso\[)", done.stdout)
    if not options and done.stdout:
        (model,) = all_data(load(done.stdout.encode()))
        assert list(model["services"]) == ["a"]
        assert list(model["services"]["a"]) == ["image", "labels", "command"]
