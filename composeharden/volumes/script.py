"""The script that moves data to volumes with a name: `migrate.sh` with the volumes of one stack in it."""

from __future__ import annotations

import functools
import posixpath
import shlex
from collections.abc import Iterable
from pathlib import Path

from composeharden.beside import Assembled
from composeharden.compose.load import DEFAULTS, OVERRIDES
from composeharden.compose.project import Project
from composeharden.marks import SCRIPT

_ROWS = "@ROWS@\n"


def script(project: Project, rows: Iterable[str]) -> Assembled:
    """The script beside the Compose file, with these rows: service, path in its container and volume each."""
    text = _template().replace("@SCRIPT@", SCRIPT).replace("@FILES@", _options(project))
    head, _, tail = text.partition(_ROWS)
    return Assembled(posixpath.join(project.directory, SCRIPT), head, tuple(rows), tail, mode=0o755)


@functools.cache
def _template() -> str:
    return Path(__file__).with_name("migrate.sh").read_text("utf-8")


def _options(project: Project) -> str:
    """How Docker Compose is told of the files, as seen from the script; empty where it finds them by itself."""
    paths = [posixpath.relpath(path, project.directory or ".") for path in project.files.paths]
    if all(path in (*DEFAULTS, *OVERRIDES) for path in paths):
        return ""
    here = "" if posixpath.dirname(paths[0]) == "" else "--project-directory . "
    return here + "".join(f"-f {shlex.quote(path)} " for path in paths)
