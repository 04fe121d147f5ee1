"""Docker Compose itself as a judge of files: `docker-compose config`, with limits that a bomb cannot pass."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_SECONDS = 20
_MEMORY = 4 * 2**30


def binary() -> str | None:
    """The program beside this Python or on the PATH, None where there is none."""
    beside = Path(sys.executable).parent / "docker-compose"
    return str(beside) if beside.is_file() else shutil.which("docker-compose")


def accepts(program: str, file: Path) -> bool:
    """Whether `config -q` takes the file. No answer in time counts as no."""
    return _config(program, file, "-q") is not None


def model(program: str, file: Path, *others: str) -> dict[str, Any] | None:
    """The project as Compose sees it, services of every profile included; None where it refuses the file.

    `others` are files that are merged over it, as seen from its folder.
    """
    options = [part for other in others for part in ("-f", other)]
    out = _config(program, file, "--format", "json", options=(*options, "--profile", "*"))
    found = None if out is None else json.loads(out)
    return found if isinstance(found, dict) else None


def project(
    program: str, files: tuple[str, ...], directory: str = "", name: str = "", options: tuple[str, ...] = ()
) -> dict[str, Any] | None:
    """A project of several files, services of every profile included; None where Compose refuses it."""
    named = [part for file in files for part in ("-f", file)]
    where = ["--project-directory", directory] if directory else []
    called = ["--project-name", name] if name else []
    command = [program, *named, *where, *called, "--profile", "*", "config", "--format", "json", *options]
    out = _run(command, Path(directory or Path(files[0]).parent))
    found = None if out is None else json.loads(out)
    return found if isinstance(found, dict) else None


def _config(program: str, file: Path, *arguments: str, options: tuple[str, ...] = ()) -> bytes | None:
    return _run([program, "-f", file.name, *options, "config", *arguments], file.parent)


def _run(command: list[str], folder: Path) -> bytes | None:
    """Standard output, None on failure. Compose gets no environment but a PATH and a HOME, and no network is needed."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limit,
    )
    try:
        out, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end_group(process.pid)
        process.communicate()
    return out if process.returncode == 0 else None


def _end_group(leader: int) -> None:
    """End the program with everything it started; it does not always end with its parent."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
