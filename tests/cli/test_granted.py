"""Values of secrets that are files or variables are known before anything that a service says is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from composeharden.cli.granted import know_secrets
from composeharden.compose.files import Files
from composeharden.decide import Options
from composeharden.pipeline import load_project
from composeharden.redaction import Redactor

TEXT = """\
services:
  app: {image: example/app, secrets: [a, b, c, d]}
secrets:
  a: {file: ./a}
  b: {environment: FROM_SHELL}
  c: {environment: FROM_FILE}
  d: {file: ./pipe}
"""


def knowing(folder: Path) -> Redactor:
    """A redactor that knows the secrets of the stack."""
    (folder / "compose.yaml").write_text(TEXT)
    os.mkfifo(folder / "pipe")
    file = os.fspath(folder / "compose.yaml")
    project, _ = load_project(Files((file,), alone=True), lambda path: Path(path).read_bytes(), Options())
    assert project is not None
    redactor = Redactor()
    know_secrets(redactor, project)
    return redactor


def test_every_line_of_a_secret_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_SHELL", "quiet-river-17")
    (tmp_path / "a").write_text("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n")
    (tmp_path / ".env").write_text("FROM_FILE=loud-mountain-18\n")
    redactor = knowing(tmp_path)
    for secret in ("quiet-river-17", "loud-mountain-18", "MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASC"):
        assert redactor.sentence(f"opened with {secret} today") == "opened with *** today"
    assert redactor.sentence("opened the door today") == "opened the door today"


def test_what_is_no_text_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe\x00")
    assert knowing(tmp_path).sentence("opened today") == "opened today"
