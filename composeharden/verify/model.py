"""The canonical model of a stack, as Compose itself has it, with and without declared changes.

What is changed is data, not text: the fix is proven to mean the same. So any part of it can be tried without a file
being written.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from composeharden.compose.builds import REMOTE
from composeharden.compose.environment import normal_name
from composeharden.compose.project import Project
from composeharden.compose.written import as_meant
from composeharden.engine import Docker, EngineError
from composeharden.plan import declare
from composeharden.yaml.change import Change

_SECONDS = 60.0
_MOST_VARIABLES = 4_000_000


def canonical(docker: Docker, project: Project, changes: Iterable[Change], file: str) -> dict[str, Any]:
    """The effective model after some changes, in Compose's own form: environment files read, short forms long.

    Args:
        docker: what Compose is run by. It only reads: nothing of the project is remote, or it would not be loaded.
        project: the stack.
        changes: declared changes, as findings have them.
        file: where the model may be written in between.

    Strings are as in a file: a dollar sign is doubled. Raises EngineError where Compose refuses the model, or would
    read a file of variables without end.
    """
    model = as_meant(declare(project.model, changes), project.variables)
    directory = os.path.abspath(project.directory or ".")
    _check_files_to_read(model, directory)
    write(doubled(model), file)
    argv = ["--file", file, "--project-directory", directory]
    for path in project.files.env_files or ():
        argv += ["--env-file", os.path.abspath(path)]
    for profile in sorted(project.files.profiles):
        argv += ["--profile", profile]
    if "name" not in model:  # the images of services that are built are called by it
        name = project.named_variables.get("COMPOSE_PROJECT_NAME") or project.files.name or os.path.basename(directory)
        argv += ["--project-name", normal_name(name) or "stack"]
    shown = docker.run_compose(*argv, "config", "--format", "json", cwd=os.path.dirname(file), timeout=_SECONDS)
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def _check_files_to_read(model: Mapping[str, Any], directory: str) -> None:
    """Compose reads what a service names as its variables or labels to the end, be it a device or a pipe."""
    for name, body in (model.get("services") or {}).items():
        for key in ("env_file", "label_file"):
            rows = body.get(key) or () if isinstance(body, Mapping) else ()
            for row in rows if isinstance(rows, list) else [rows]:
                path = str(row.get("path") or "") if isinstance(row, Mapping) else str(row)
                try:
                    info = os.stat(os.path.join(directory, path))
                except (OSError, ValueError):
                    continue  # whether it has to be there is for Compose to say
                if not stat.S_ISREG(info.st_mode) or info.st_size > _MOST_VARIABLES:
                    raise EngineError(f"{path}, the {key} of {name}, is no file of at most {_MOST_VARIABLES} bytes")


def write(model: Any, file: str) -> None:
    """Write a model where only we can read it: it holds all values of the stack."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(model, out, default=_plain)


def doubled(value: Any) -> Any:
    """Data in which Compose finds no variable to fill in."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: doubled(child) for key, child in value.items()}
    return [doubled(child) for child in value] if isinstance(value, list) else value


def single(text: Any) -> str:
    """A string of the canonical model as it is meant."""
    return str(text).replace("$$", "$")


def variables_of_secrets(model: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a project that its secrets and configs are made of, save those that this process has itself."""
    rows = [row for section in ("secrets", "configs") for row in (model.get(section) or {}).values()]
    names = {str((row or {}).get("environment") or "") for row in rows}
    return {name: variables[name] for name in names if name in variables and name not in os.environ}


def is_remote(build: Mapping[str, Any]) -> bool:
    """Whether anything that is built from lies elsewhere than on this machine."""
    contexts = [build.get("context"), *(build.get("additional_contexts") or {}).values()]
    return any(REMOTE.match(single(one or "")) for one in contexts)


def _plain(value: Any) -> Any:
    """What JSON has no word for: a tagged value counts as the value."""
    return getattr(value, "value", None) if hasattr(value, "tag") else str(value)
