"""Running a program: never longer, and never with more output, than was agreed.

A program gets a session of its own, so that Ctrl-C at a terminal reaches us alone and the clean-up can still use it; on
Linux it is killed with us, so that a run that is killed stops making things. What it says is data of the user's: errors
hold it for the redactor to look at, never for a terminal as it is.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

MOST_BYTES = 8_000_000
_GRACE_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


class EngineError(Exception):
    """The engine, or a program that drives it, did not do what was asked. `said` is its own output, to be redacted."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said


class NoEngineError(EngineError):
    """There is no engine that could be used, or no program to drive it; the message says what to do."""


class OverdueError(EngineError):
    """The time for a command, or for all of a run, is over."""


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit code, both outputs (each cut at a limit) and how long it took."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float
    raw: bytes = b""
    """Standard output as it came, for what is no text."""

    @property
    def said(self) -> str:
        """Both outputs."""
        return "\n".join(part.rstrip() for part in (self.stdout, self.stderr) if part.strip())


class Deadline:
    """When a whole run has to be over. Commands never wait longer than that."""

    def __init__(self, seconds: float | None = None) -> None:
        self.end = None if seconds is None else time.monotonic() + seconds

    def left(self, most: float) -> float:
        """Seconds that a command may take, at most `most`. Raises OverdueError when the time is over."""
        if self.end is None:
            return most
        left = self.end - time.monotonic()
        if left <= 0:
            raise OverdueError("the time for the whole run is over (--timeout)")
        return min(most, left)


def attempt(
    argv: Sequence[str],
    timeout: float,
    *,
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    most: int = MOST_BYTES,
) -> Finished:
    """Run a program and return what happened, whatever its exit code.

    Args:
        argv: the program and its arguments; no shell has a look at them.
        timeout: seconds after which it is ended.
        cwd: where it runs.
        env: variables besides those of this process.
        stdin: what it reads.
        most: bytes of each output that are kept; the rest is thrown away.

    Raises:
        EngineError: the program cannot be started.
        OverdueError: it was not done in time.
    """
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            start_new_session=True,
            preexec_fn=_DIES_WITH_US,
        )
    except OSError as error:
        raise EngineError(f"{argv[0]} cannot be started: {error.strerror}") from error
    try:
        out, err = _exchange(process, stdin, began + timeout, most)
        code = process.wait(max(0.1, began + timeout - time.monotonic()))
    except subprocess.TimeoutExpired:
        _end(process)
        raise OverdueError(f"not done within {timeout:.0f} s: {_named(argv)}") from None
    except BaseException:
        _end(process)
        raise
    seconds = time.monotonic() - began
    return Finished(
        tuple(argv), code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), seconds, bytes(out)
    )


def run(argv: Sequence[str], timeout: float, **more: object) -> Finished:
    """Like `attempt`, and raises EngineError unless the program exits with 0."""
    finished = attempt(argv, timeout, **more)  # type: ignore[arg-type]
    if finished.code != 0:
        raise failed(finished)
    return finished


def failed(finished: Finished) -> EngineError:
    """The error for a command that did not exit with 0."""
    return EngineError(f"{_named(finished.argv)} failed (exit {finished.code})", finished.said)


def _named(argv: Sequence[str]) -> str:
    """The program and its first words: later ones can be values of the user's."""
    return " ".join([os.path.basename(argv[0]), *(word for word in argv[1:3] if not word.startswith(("-", "/")))])


def _exchange(process: subprocess.Popen[bytes], stdin: bytes, end: float, most: int) -> tuple[bytearray, bytearray]:
    """Feed the program and read all it says, as far as is to be kept."""
    assert process.stdout is not None
    assert process.stderr is not None
    kept: dict[IO[bytes], bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    rest = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for stream in kept:
            selector.register(stream, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in selector.select(left):
                stream = key.fileobj  # type: ignore[assignment]
                if stream is process.stdin:
                    rest = _fed(stream, rest)
                    if not rest:
                        selector.unregister(stream)
                        stream.close()
                    continue
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(stream)
                    stream.close()
                kept[stream] += data[: max(0, most - len(kept[stream]))]
    return kept[process.stdout], kept[process.stderr]


def _fed(stream: IO[bytes], rest: memoryview) -> memoryview:
    """What is left to be written; nothing where the program has stopped reading."""
    try:
        return rest[os.write(stream.fileno(), rest[:65536]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all it has started: asked first, since Compose then stops what it is at."""
    for number, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        except PermissionError:
            process.kill()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _dying_with_us() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return ask


_DIES_WITH_US = _dying_with_us()
