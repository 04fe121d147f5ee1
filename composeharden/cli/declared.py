"""Projects that a configuration lists: stacks of several files that no name tells to belong together."""

from __future__ import annotations

import os

from composeharden.cli.configuration import Governing, governing_folder
from composeharden.cli.inputs import lies_in
from composeharden.cli.stacks import Choice, Stack
from composeharden.compose.files import Files
from composeharden.configuration import ProjectFiles


def declared(folder: str, chosen: Choice) -> list[Stack]:
    """The projects that the configuration of a folder lists, with paths as seen from the current folder.

    What the command line says of variables and profiles goes before it. There are none where the configuration cannot
    be used, which is told elsewhere.
    """
    found = governing_folder(folder)
    if found is None or found.problems:
        return []
    return [_stack(one, found, chosen) for one in found.configuration.projects if one.files]


def _stack(one: ProjectFiles, found: Governing, chosen: Choice) -> Stack:
    def seen(name: str) -> str:
        return os.path.relpath(os.path.join(found.folder, name))

    paths = tuple(map(seen, one.files))
    env_files = chosen.env_files or tuple(map(seen, one.env_files))
    directory = seen(one.project_directory) if one.project_directory else os.path.dirname(paths[0])
    name = os.path.basename(os.path.abspath(directory or "."))
    files = Files(paths, directory, env_files or None, frozenset(chosen.profiles or one.profiles), name)
    # A link in the repository could lead anywhere: only what lies below the configuration counts as named.
    named = (path for path in (*paths, *env_files) if path in chosen.env_files or lies_in(path, found.folder))
    return Stack.of(files, chosen.allow_outside, named)
