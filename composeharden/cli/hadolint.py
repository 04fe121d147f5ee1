"""hadolint, where the user has it: asked about Dockerfiles that were read anyway, by their text alone.

It is only looked for where the user put programs: beside this Python, and in the folders of PATH that are named in
full. It is given no file of the project, no settings of anybody and no environment, and may use little time and memory:
a text can be made to take all there is.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
from collections.abc import Iterator

from composeharden.compose.lint import LintError, Remark

_SECONDS = 10.0
"""For all Dockerfiles of one input. A common one takes a fiftieth of a second."""
_MEMORY = 512 * 1024 * 1024
"""Where the system can limit it. A common Dockerfile takes a tenth."""
_MOST_CHARACTERS = 65_536
_MOST_REMARKS = 500
_NAME = "hadolint.exe" if os.name == "nt" else "hadolint"
_LEVELS = frozenset(("error", "warning", "info", "style"))


class Hadolint:
    """Asks hadolint about one Dockerfile after the other, until the time for one input is used up."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Remark, ...]] = {}
        self._seconds = _SECONDS

    def __call__(self, text: str) -> tuple[Remark, ...]:
        """What it says of the text; nothing where it is not installed. Raises LintError."""
        path = program()
        if path is None:
            return ()
        if text not in self._known:
            if len(text) > _MOST_CHARACTERS:
                raise LintError("it is too large")
            self._known[text] = _remarks(self._asked(path, text), text)
        return self._known[text]

    def _asked(self, path: str, text: str) -> bytes:
        if self._seconds <= 0:
            raise LintError("hadolint already took too long")
        start = time.monotonic()
        try:
            return _run(path, text.encode("utf-8", "replace"), self._seconds)
        except LintError:
            self._seconds = 0  # what stops it once is likely to do so again
            raise
        finally:
            self._seconds -= time.monotonic() - start


@functools.cache
def program() -> str | None:
    """The path of hadolint, None where it is not installed. A folder that the current one decides on is left out."""
    places = (os.path.join(folder, _NAME) for folder in _folders() if os.path.isabs(folder))
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), None)


def _folders() -> Iterator[str]:
    yield os.path.dirname(sys.executable)
    yield from os.environ.get("PATH", "").split(os.pathsep)


def _run(path: str, text: bytes, seconds: float) -> bytes:
    import subprocess  # many stacks build nothing
    import tempfile

    with tempfile.TemporaryDirectory(prefix="composeharden-") as nowhere:  # it looks for settings here, and at home
        names = ("HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "USERPROFILE")
        environment = {**dict.fromkeys(names, nowhere), "LANG": "C.UTF-8"}
        if "SYSTEMROOT" in os.environ:
            environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
        try:
            process = subprocess.Popen(
                [path, "--no-fail", "--no-color", "--format", "json", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=nowhere,
                env=environment,
            )
        except OSError as error:
            raise LintError(f"hadolint cannot be started: {error.strerror or type(error).__name__}") from None
        with process:
            _limit(process.pid)
            try:
                return process.communicate(text, seconds)[0]
            except subprocess.TimeoutExpired:
                raise LintError("hadolint took too long") from None
            finally:
                process.kill()


def _limit(process: int) -> None:
    """Limit its memory before it is given anything to read."""
    try:
        from resource import RLIMIT_DATA, prlimit
    except ImportError:  # only Linux has both
        return
    with contextlib.suppress(OSError, ValueError):  # it is gone already, or may have less than that anyway
        prlimit(process, RLIMIT_DATA, (_MEMORY, _MEMORY))


def _remarks(answer: bytes, text: str) -> tuple[Remark, ...]:
    import json

    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise LintError("hadolint gave no answer that can be read") from None
    lines = text.count("\n") + 1
    remarks = (_remark(item, lines) for item in (found if isinstance(found, list) else ())[:_MOST_REMARKS])
    return tuple(dict.fromkeys(one for one in remarks if one is not None))


def _remark(item: object, lines: int) -> Remark | None:
    if not isinstance(item, dict):
        return None
    code, level, line, message = (item.get(key) for key in ("code", "level", "line", "message"))
    if not (isinstance(code, str) and isinstance(message, str) and isinstance(line, int) and level in _LEVELS):
        return None
    return Remark(code, str(level), min(max(line, 1), lines), " ".join(message.split()))
