"""What a project is loaded from, and what can go wrong with it, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from composeharden.yaml import nodes
from composeharden.yaml.source import Source

Reader = Callable[[str], bytes]
"""Path to bytes. Raises OSError (FileNotFoundError where there is no such file, IsADirectoryError for a folder,
PermissionError for what must not be looked at).

A path that ends in a slash asks for the names in a folder, one a line; a reader need not know that.
"""


@dataclass(frozen=True)
class Files:
    """Which project to load: what the options -f, --project-directory, --env-file and --profile say."""

    paths: tuple[str, ...]
    """Compose files in the order of merging."""
    directory: str | None = None
    """Where relative paths start; None for the folder of the first file."""
    env_files: tuple[str, ...] | None = None
    """Files of variables, a later one wins; None for the `.env` of the project directory, if there is one."""
    profiles: frozenset[str] = frozenset()
    """Active profiles; `*` is all of them."""
    name: str = ""
    """Project name; empty to take it from the files or the directory."""
    alone: bool = False
    """The file was named by itself: an override file beside it is not loaded, but may be meant."""
    beside: tuple[str, ...] = ()
    """Files that look like overrides of it and are not loaded: nobody knows when they are used."""
    shared: tuple[Files, ...] = ()
    """Other projects of the run that are made of some of the same files: an edit must suit them, too."""


@dataclass(frozen=True)
class Layer:
    """One YAML document of one file: Compose merges them in order."""

    file: str
    source: Source
    document: int
    root: nodes.Mapping
    folder: str = ""
    """Where its relative paths start, as seen from the project directory; empty for that itself."""
    variables: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Scope:
    """What a file sees around it."""

    variables: Mapping[str, str]
    folder: str = ""
    trail: tuple[str, ...] = ()
    """The files that led to it through `include`."""


class Base(NamedTuple):
    """A service that another one extends."""

    layer: Layer
    name: str


class Fault(NamedTuple):
    """Why a project cannot be loaded, or which part of it cannot be seen. It never tells the value of a scalar."""

    message: str
    file: str
    line: int = 1
    column: int = 1
    hint: str = ""
    about_file: bool = False
    """It is about the file as a whole."""


class LoadError(Exception):
    """The project cannot be loaded. `sources` are the files that were read until then."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].message)
        self.faults = faults
        self.sources: dict[str, Source] = {}


def fault(message: str, layer: Layer, node: nodes.Node | None, hint: str = "") -> Fault:
    """A fault at a node of a layer, or at its beginning."""
    place = layer.source.position((node or layer.root).outer)
    return Fault(message, layer.file, place.line, place.column, hint)


FETCHED = "nothing is ever fetched; keep a copy in the project, or accept it with --allow-partial"
OUTSIDE = (
    "lies outside of the project",
    "have files outside of the project read with --allow-outside, or accept it with --allow-partial",
)
"""What keeps a part from being seen, and what to do about it."""
