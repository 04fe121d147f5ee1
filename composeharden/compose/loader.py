"""From files to the model that Compose makes of them: compose-go, loader/loader.go, extends.go and include.go.

Each document of each file has its merge keys resolved, its variables filled in and its paths re-based; then `extends`
is followed, then what the document includes is put below it, then it is merged over the documents before. What lies
elsewhere is never fetched: it is an unseen part. Whatever the files say, the work is bounded.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from composeharden.compose.entries import plain
from composeharden.compose.environment import normal_name
from composeharden.compose.extends import Extends
from composeharden.compose.files import OUTSIDE, Base, Fault, Files, Layer, LoadError, Reader, Scope, fault
from composeharden.compose.filling import TooLong, fill
from composeharden.compose.include import Includes
from composeharden.compose.merge import MergeError, flatten, merge
from composeharden.compose.places import locate
from composeharden.compose.schema import validate
from composeharden.yaml import nodes
from composeharden.yaml.source import Source, SourceError, load, to_data

MAX_FILES = 250
"""Files that are loaded for one project, each as often as it is included: far beyond any real one."""
_NAME = "COMPOSE_PROJECT_NAME"


@dataclass
class Loaded:
    """What came of loading."""

    model: dict[str, Any]
    """Its strings are `Filled` where they mean something else than is written."""
    layers: list[Layer]
    """In merge order: what a document includes comes before it."""
    bases: dict[str, list[Base]]
    """For each service those it extends, the nearest first."""
    unseen: list[Fault]
    unclear: dict[str, list[str]]
    """For each service why what is seen of it may not be all."""
    sources: dict[str, Source]
    scopes: list[Mapping[str, str]]
    """The variables that included files see beside those of the project."""


class Loader:
    """Loads one project. `sources` are files that are known already, and not read again."""

    def __init__(
        self,
        files: Files,
        read: Reader | None,
        variables: Mapping[str, str],
        sources: Mapping[str, Source] | None = None,
        checked: bool = True,
    ) -> None:
        self.files = files
        self.read = read
        self.variables = variables
        self.directory = posixpath.dirname(files.paths[0]) if files.directory is None else files.directory
        self.checked = checked
        self.found = Loaded({}, [], {}, [], {}, dict(sources or {}), [])
        self.room = MAX_FILES
        self._extends = Extends(self)
        self._includes = Includes(self)

    def load(self) -> Loaded:
        """Load the project. Raises LoadError."""
        try:
            model: dict[str, Any] = {}
            scope = Scope(self.with_name())
            for path in self.files.paths:
                model = self.file(path, scope, model, None)
            self.found.model = model
            return self.found
        except LoadError as error:
            error.sources = self.found.sources
            raise

    def with_name(self) -> Mapping[str, str]:
        """The variables with the project's name, which files see as COMPOSE_PROJECT_NAME; without where it is unknown.

        One that is given wins, then the last `name:` of the files, then the name of the directory.
        """
        name = self.variables.get(_NAME, "")
        roots = [root for path in self.files.paths for root in self.source(path, None).documents]
        for root in reversed(roots) if not name else ():
            node = nodes.resolved(root.get("name")) if isinstance(root, nodes.Mapping) else None
            if isinstance(node, nodes.Scalar) and node.text:
                filled = fill(node.text, self.variables)
                name = normal_name(filled)
                break
        name = name or normal_name(self.files.name or posixpath.basename(self.directory))
        return {**self.variables, _NAME: name} if name else self.variables

    # -- files -----------------------------------------------------------------------------------------------------

    def file(self, path: str, scope: Scope, model: dict[str, Any], named: Fault | None) -> dict[str, Any]:
        """`model` with every document of a file merged over it; `named` is where its name stands."""
        self.count(named or Fault("", path))
        scope = Scope(scope.variables, scope.folder, (*scope.trail, path))
        for layer in self.documents(path, scope, named):
            try:
                own = self.filled(layer)
                own = self._extends.followed(own, layer, scope)
                own = self._includes.imported_below(own, layer, scope)
                model = merge(model, own)
            except MergeError as error:
                raise LoadError(self.misfit(error, layer)) from None
            self.found.layers.append(layer)
        return model

    def count(self, named: Fault) -> None:
        """Count one more file. Raises LoadError where that is too many."""
        self.room -= 1
        if self.room < 0:
            raise LoadError(named._replace(message=f"the project is made of more than {MAX_FILES} files"))

    def documents(self, path: str, scope: Scope, named: Fault | None) -> list[Layer]:
        """The documents of a file that are mappings."""
        source = self.source(path, named)
        return [
            Layer(path, source, number, root, scope.folder, scope.variables)
            for number, root in enumerate(source.documents)
            if isinstance(root, nodes.Mapping)
        ]

    def source(self, path: str, named: Fault | None) -> Source:
        """A file, read and checked once. Raises LoadError, or PermissionError for what must not be looked at."""
        if path in self.found.sources:
            return self.found.sources[path]
        source = load_source(self.read, path, named)
        self.found.sources[path] = source
        if self.checked:
            faults = [
                Fault(problem.message, path, *source.position(problem.start), problem.suggestion)
                for root in source.documents
                if root is not None
                for problem in validate(root)
            ]
            if faults:
                raise LoadError(*faults)
        return source

    @staticmethod
    def filled(layer: Layer) -> dict[str, Any]:
        """A document by itself."""
        try:
            found = fill(flatten(to_data(layer.root)), layer.variables, layer.folder)
        except TooLong:
            raise LoadError(fault("the variables make the file too long", layer, None)) from None
        found = plain(found)
        return found if isinstance(found, dict) else {}

    @staticmethod
    def misfit(error: MergeError, layer: Layer) -> Fault:
        """Values that cannot be merged, at their place in the file that comes last."""
        path = tuple(int(part) if part.isdigit() else part for part in error.path)
        return fault(str(error), layer, locate(layer.root, path, at_key=True))

    # -- places ----------------------------------------------------------------------------------------------------

    def place(self, path: str) -> str:
        """A path as seen from the project directory, for the reader."""
        return posixpath.normpath(posixpath.join(self.directory, path))

    def bytes_of(self, path: str) -> bytes:
        """A file that is no Compose file. Raises OSError."""
        if self.read is None:
            raise PermissionError(path)
        return self.read(path)

    def hide(self, fault: Fault) -> None:
        """Remember a part that cannot be seen, once."""
        if fault not in self.found.unseen:
            self.found.unseen.append(fault)


def load_source(read: Reader | None, path: str, named: Fault | None = None) -> Source:
    """Read one file. Raises LoadError, or PermissionError for one that another file names and must not be read."""
    if read is None:
        raise PermissionError(path)
    try:
        return load(read(path))
    except SourceError as error:
        raise LoadError(Fault(error.message, path, *(error.position or (1, 1)))) from None
    except PermissionError as error:
        if named is not None:
            raise
        message = f"cannot be read: {error.strerror or error}"
        raise LoadError(Fault(message, path, hint=OUTSIDE[1].partition(",")[0], about_file=True)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        if named is None:
            raise LoadError(Fault(f"cannot be read: {reason}", path, about_file=True)) from None
        raise LoadError(named._replace(message=f"{named.message}, which cannot be read: {reason}")) from None
