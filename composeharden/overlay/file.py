"""The overlay as a file: how it is told from other people's files, and what may stand in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from composeharden.compose.files import Reader
from composeharden.compose.load import project_of
from composeharden.compose.merge import MergeError, flatten
from composeharden.compose.project import Project
from composeharden.outcome import Location, Problem
from composeharden.validation import OVERLAY, structure
from composeharden.yaml import nodes
from composeharden.yaml.source import Source, SourceError, load, to_data

SKELETON = f"""\
{OVERLAY}
# `composeharden fix --overlay` wrote this and updates it. Give it to Compose as the last file, with -f or COMPOSE_FILE.
# Comments name the pass that a setting comes from: `composeharden explain PASS` says what it does, and why.
services:
"""


@dataclass(frozen=True)
class Overlay:
    """The overlay of a stack: where it is or will be, and what it holds already."""

    path: str
    source: Source | None = None
    """None while there is no such file."""

    @property
    def root(self) -> nodes.Mapping | None:
        """Its only document; None where nothing is written yet."""
        root = self.source.documents[0] if self.source is not None and self.source.documents else None
        return root if isinstance(root, nodes.Mapping) else None

    @property
    def model(self) -> dict[str, Any]:
        """Its data with merge keys resolved; `!reset` and `!override` stay."""
        found = flatten(to_data(self.root)) if self.root is not None else {}
        assert isinstance(found, dict)
        return found

    @property
    def services(self) -> dict[str, Any]:
        """Its services by name."""
        found = self.model.get("services")
        return found if isinstance(found, dict) else {}


def stacked(below: Project, overlay: Overlay) -> Project:
    """A project with an overlay as the last of its files. Raises LoadError."""
    if overlay.source is None:
        return below
    files = replace(below.files, paths=(*below.files.paths, overlay.path))
    sources = {**below.sources, overlay.path: overlay.source}
    return project_of(files, below.variables, below.read, sources, checked=False)


def read_overlay(path: str, read: Reader) -> Overlay | Problem:
    """The overlay at `path`, or why nothing may be written there."""
    try:
        data = read(path)
    except FileNotFoundError:
        return Overlay(path)
    except OSError as error:
        return Problem(f"cannot be read: {error.strerror or error}", Location(path), about_file=True)
    if data.partition(b"\n")[0].rstrip(b"\r") != OVERLAY.encode():
        return Problem(
            "the file is there and is no overlay of composeharden; it is left as it is",
            Location(path),
            "name a file that does not exist yet",
            about_file=True,
        )
    try:
        source = load(data)
    except SourceError as error:
        place = error.position
        return Problem(error.message, Location(path, *place) if place is not None else Location(path))
    return _fault(Overlay(path, source), source) or Overlay(path, source)


def _fault(overlay: Overlay, source: Source) -> Problem | None:
    """Why an overlay that somebody edited cannot be worked on."""
    problems = structure(overlay.path, source)
    if problems:
        return problems[0]
    if len(source.documents) > 1:
        return Problem("an overlay holds one document; move the others to a file of their own", Location(overlay.path))
    try:
        model = overlay.model
    except MergeError as error:
        return Problem(str(error), Location(overlay.path))
    extending = [name for name, body in overlay.services.items() if isinstance(body, dict) and "extends" in body]
    if extending or "include" in model:
        what = f"services.{extending[0]}.extends" if extending else "include"
        return Problem(f"an overlay takes no {what}; move it to a file of its own", Location(overlay.path))
    return None
