"""Which stacks a set of changed files touches: `--changed-since`.

A stack is touched when a changed file lies in its own folder, is a configuration above it or image facts of the
current folder, or is named by it: as a file, as the folder that the file lies in, or as a folder with the Dockerfile
below it. YAML files that it names count with what they name in turn.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from composeharden.cli.configuration import repository_of
from composeharden.cli.git import GitError, changed_since, repository
from composeharden.cli.inputs import STDIN, InputError, read
from composeharden.cli.stacks import Stack
from composeharden.compose.dotenv import DotenvError, parse
from composeharden.compose.interpolation import InvalidTemplate, interpolate
from composeharden.configuration import NAME
from composeharden.redaction import Redactor
from composeharden.yaml import nodes
from composeharden.yaml.source import SourceError, load

_GOVERNS = (NAME, "pyproject.toml")
_FACTS = f"{os.sep}.composeharden{os.sep}"
_MOST_FILES = 100
_LONGEST = 4096
_YAML = (".yml", ".yaml")
_BUILD = re.compile(r"(.*\.)?(Dockerfile|Containerfile)(\..*)?|\.dockerignore", re.IGNORECASE | re.DOTALL)


def touched_since(files: Iterable[str], revision: str) -> list[str]:
    """The inputs among `files` that were touched since HEAD left `revision`.

    Raises:
        InputError: git cannot tell, or a file is in no repository.
    """
    changes: dict[str, _Changes] = {}
    kept = []
    for file in files:
        place = _absolute(file)
        top = None if file == STDIN else repository_of(os.path.dirname(place))
        if top is None:
            raise InputError(
                Redactor().sentence(f"{file} is in no git repository, so --changed-since says nothing about it")
            )
        if top not in changes:
            changes[top] = _changes_in(top, revision)
        places = [_absolute(path) for path in file.files.paths] if isinstance(file, Stack) else [place]
        if any(changes[top].touch(one) for one in places):
            kept.append(file)
    return kept


def _changes_in(top: str, revision: str) -> _Changes:
    try:
        return _Changes(top, changed_since(repository(top), revision))
    except GitError as error:
        raise InputError(Redactor().sentence(f"--changed-since: {error}")) from None


class _Changes:
    """The changed paths of one work tree, ready to be asked about many stacks."""

    def __init__(self, top: str, names: Iterable[str]) -> None:
        self.paths = {os.path.join(top, name.rstrip("/")) for name in names}
        self.folders = {os.path.dirname(path) for path in self.paths}
        governs = {os.path.dirname(path) for path in self.paths if os.path.basename(path) in _GOVERNS}
        built = (path for path in self.paths if _BUILD.fullmatch(os.path.basename(path)))
        self.over_builds = {folder for path in built for folder in _above(os.path.dirname(path))}
        self.facts = {path.partition(_FACTS)[0] for path in self.paths if _FACTS in path}
        self.everywhere = os.path.realpath(".") in self.facts
        self.tops = governs | self.paths
        """Folders with everything below: those of a configuration, and repositories in this one that changed."""

    def touch(self, path: str) -> bool:
        """Whether a change touches the stack in a file."""
        folder = os.path.dirname(path)
        return bool(self.paths) and (
            self.everywhere
            or folder in self.folders
            or folder in self.facts
            or os.path.realpath(path) in self.paths
            or not self.tops.isdisjoint(_above(folder))
            or self._is_named_by(path)
        )

    def _is_named_by(self, path: str) -> bool:
        """Whether a stack, or a file that it takes a part of itself from, names something that changed."""
        todo, seen = [path], {path}
        variables = _variables(os.path.dirname(path))
        while todo:
            place = todo.pop()
            for named in _named(place, variables):
                if self._is_changed(named):
                    return True
                if named.endswith(_YAML) and named not in seen and len(seen) < _MOST_FILES:
                    seen.add(named)
                    todo.append(named)
        return False

    def _is_changed(self, named: str) -> bool:
        return (
            named in self.paths
            or named in self.folders
            or named in self.over_builds
            or not self.paths.isdisjoint(_above(os.path.dirname(named)))
        )


def _named(path: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Every path that a YAML file may name; none for one that cannot be read."""
    folder = os.path.dirname(path)
    try:
        source = load(read(path))
    except (OSError, SourceError):
        return
    found = (node for root in source.documents if root is not None for node in nodes.walk(root))
    for text in {node.text for node in found if isinstance(node, nodes.Scalar)}:
        for word in _words(text, variables):
            named = os.path.normpath(os.path.join(folder, word))
            yield named
            real = os.path.realpath(named)
            if real != named:
                yield real


def _words(text: str, variables: Mapping[str, str]) -> Iterator[str]:
    """A value as a path, and the parts of it that could be one: `./conf:/etc/app:ro`."""
    if "$" in text:
        with contextlib.suppress(InvalidTemplate):
            text = interpolate(text, variables).value
    for word in {text, *text.split(":")}:
        if 0 < len(word) < _LONGEST and "\0" not in word:
            yield word


def _variables(folder: str) -> Mapping[str, str]:
    try:
        return parse(read(os.path.join(folder, ".env")).decode("utf-8"))
    except (OSError, UnicodeDecodeError, DotenvError):
        return {}


def _absolute(file: str) -> str:
    return os.path.join(os.path.realpath(os.path.dirname(file) or "."), os.path.basename(file))


def _above(folder: str) -> Iterator[str]:
    """A folder and all above it."""
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent
