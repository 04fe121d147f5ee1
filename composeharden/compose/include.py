"""`include`: what other files define, below what the including file defines: compose-go, loader/include.go.

Included files are a project of their own, with a folder in which their paths start and with variables of their own
below those of the file that includes them. A service that both define is merged, with the including file on top.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from composeharden.compose import dotenv
from composeharden.compose.entries import items, mapping, plain
from composeharden.compose.files import FETCHED, OUTSIDE, Fault, Layer, LoadError, Scope, fault
from composeharden.compose.filling import REMOTE, as_imported, joined
from composeharden.compose.merge import import_below
from composeharden.compose.places import locate
from composeharden.yaml import nodes

if TYPE_CHECKING:
    from composeharden.compose.loader import Loader

MAX_DEPTH = 32


class Includes:
    """Loads what the documents of one loader include."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def imported_below(self, model: dict[str, Any], layer: Layer, scope: Scope) -> dict[str, Any]:
        """One document over what it includes. What cannot be seen stays under `include`."""
        if "include" not in model:
            return model
        hidden = []
        entries = items(model["include"])
        for number, entry in enumerate(entries):
            node = locate(layer.root, ("include", number))
            imported = self.included(entry, layer, scope, node)
            if imported is None:
                hidden.append(entry)
            else:
                model = import_below(imported, model)
        rest = {key: value for key, value in model.items() if key != "include"}
        return {**rest, "include": hidden} if hidden else rest

    def included(self, entry: Any, layer: Layer, scope: Scope, node: nodes.Node | None) -> dict[str, Any] | None:
        """The model of one entry of `include`; None where it cannot be seen."""
        long = mapping(entry)
        paths = [str(path) for path in items(long.get("path") if long else entry)]
        if any(REMOTE.match(path) for path in paths):
            self._hide(layer, node, "is fetched from elsewhere", FETCHED)
            return None
        if not paths:
            return {}
        paths = [joined(scope.folder, path) for path in paths]
        given = plain(long.get("project_directory"))
        try:
            directory = joined(scope.folder, str(given)) if given else posixpath.dirname(paths[0])
            folder = self.folder(directory) if given else directory
            variables = self.included_variables(items(long.get("env_file")), directory, layer, scope, node)
            inner = Scope(variables, "" if folder == "." else folder, scope.trail)
            return self._included_files(paths, inner, layer, node)
        except PermissionError:
            self._hide(layer, node, *OUTSIDE)
            return None

    def _hide(self, layer: Layer, node: nodes.Node | None, because: str, hint: str) -> None:
        self.loader.hide(fault(f"a part of the project cannot be seen: it {because}", layer, node, hint))

    def _included_files(self, paths: list[str], scope: Scope, layer: Layer, node: nodes.Node | None) -> dict[str, Any]:
        model: dict[str, Any] = {}
        if self.loader.place(paths[0]) in scope.trail:
            steps = " -> ".join((*scope.trail, self.loader.place(paths[0])))
            raise LoadError(fault(f"files include each other in a circle: {steps}", layer, node))
        if len(scope.trail) >= MAX_DEPTH:
            raise LoadError(fault(f"files include each other more than {MAX_DEPTH} deep", layer, node))
        places = [self.loader.place(path) for path in paths]
        for path in places:  # all of them can be seen, or none counts
            self.loader.source(path, fault(f"it includes {path}", layer, node))
        for path in places:
            model = self.loader.file(path, scope, model, fault(f"it includes {path}", layer, node))
        return as_imported(model, scope.folder, scope.variables)

    def folder(self, directory: str) -> str:
        """Where the paths of included files start when they are given a directory: one that is not there counts as
        the folder it would lie in."""
        try:
            self.loader.bytes_of(self.loader.place(directory))
        except IsADirectoryError:
            return directory
        except FileNotFoundError:
            pass
        return posixpath.dirname(directory)

    def included_variables(
        self, env_files: list[Any], directory: str, layer: Layer, scope: Scope, node: nodes.Node | None
    ) -> Mapping[str, str]:
        """The variables that included files see: those of the file that includes them win."""
        found: dict[str, str] = {}
        given = [joined(scope.folder, str(path)) for path in env_files]
        for path in given or [posixpath.join(directory, ".env")]:
            try:
                text = self.loader.bytes_of(self.loader.place(path)).decode("utf-8")
                found.update(dotenv.parse(text, {**found, **scope.variables}))
            except (FileNotFoundError, IsADirectoryError):
                if given:
                    raise LoadError(fault(f"the environment file {path} is not there", layer, node)) from None
            except UnicodeDecodeError:
                raise LoadError(Fault("the environment file is not UTF-8", self.loader.place(path))) from None
            except dotenv.DotenvError as error:
                message = f"the environment file cannot be used: {error.reason}"
                raise LoadError(Fault(message, self.loader.place(path), error.line)) from None
        if not found:
            return scope.variables
        self.loader.found.scopes.append(found)
        return {**found, **scope.variables}
