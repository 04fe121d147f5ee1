"""From files to a `Project`. What cannot be seen of it is named in each service's `unclear`, never guessed."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from composeharden.compose.extends import extends_of, service_nodes
from composeharden.compose.files import Files, LoadError, Reader
from composeharden.compose.loader import Loader
from composeharden.compose.project import Project
from composeharden.compose.written import as_written
from composeharden.yaml.source import Source

OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
DEFAULTS = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def build(file: str, source: Source, variables: Mapping[str, str], read: Reader | None = None) -> Project:
    """The project of one file that has been read and checked. Raises LoadError."""
    return project_of(Files((file,)), variables, read, {file: source}, checked=False)


def project_of(
    files: Files,
    variables: Mapping[str, str],
    read: Reader | None = None,
    sources: Mapping[str, Source] | None = None,
    checked: bool = True,
) -> Project:
    """Load a project.

    Args:
        files: which files, and how they are taken.
        variables: what the files see, as `.env` and the like have them.
        read: path to bytes; None to see nothing but `sources`.
        sources: files that are known already, by path.
        checked: whether to validate each file that is read.

    Raises:
        LoadError: Compose would refuse the files.
    """
    found = Loader(files, read, variables, sources, checked).load()
    bases = {
        name: [(base.layer, node) for base in chain for other, node in service_nodes(base.layer) if other == base.name]
        for name, chain in found.bases.items()
    }
    return Project(
        found.layers,
        as_written(found.model),
        variables,
        read,
        files=files,
        sources=found.sources,
        bases=bases,
        unseen=found.unseen,
        scopes=found.scopes,
        meant=found.model,
        unclear=found.unclear,
    )


def reloaded(project: Project, sources: Mapping[str, Source]) -> Project:
    """The same project with other content in some of its files. Raises LoadError."""
    variables = {**project.variables, **project.coming}
    found = project_of(project.files, variables, project.read, {**project.sources, **sources}, checked=False)
    found.in_git, found.keeps_env, found.taken_names = project.in_git, project.keeps_env, project.taken_names
    return found


def effective(source: Source) -> dict[str, Any]:
    """The effective model of one file by itself before interpolation. Raises LoadError."""
    return build("compose.yaml", source, {}).model


def mark_unclear(project: Project, file: str, read: Reader) -> None:
    """Write into each service's `unclear` what lies in files that are not part of this view."""
    if posixpath.basename(file) in DEFAULTS:
        for name in OVERRIDES:
            _mark_overridden(project, name, posixpath.join(posixpath.dirname(file), name), read)


def _mark_overridden(project: Project, name: str, path: str, read: Reader) -> None:
    from composeharden.yaml.source import SourceError, load

    try:
        model = effective(load(read(path)))
    except FileNotFoundError:
        return
    except (OSError, SourceError, LoadError):  # it is there, and Compose may see what we cannot
        model = {"services": dict.fromkeys(project.services)}
    overridden = model.get("services")
    for service in overridden if isinstance(overridden, dict) else ():
        if service in project.services:
            project.services[service].unclear.append(f"{name} changes it, and is not looked at")


__all__ = ["DEFAULTS", "OVERRIDES", "build", "effective", "extends_of", "mark_unclear", "project_of", "reloaded"]
