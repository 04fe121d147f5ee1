"""Projects below a folder: which Compose files belong together, so that none is judged without those that change it.

A file that another one includes or extends is judged with that one. An override file is judged with the file that
Compose would load it with, if it has one of Compose's own names. One such as `docker-compose.prod.yml` is left to
whoever names it with `-f`, since nobody knows when it is used. It is recognised by two things: it is called like
another file of its folder with a word more, and some of its services do not say what they run, so that it is no stack
by itself. What a configuration lists as a project is that project, and its files are in no other by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from composeharden.cli.inputs import STDIN, OutwardLink, SelectionOf, expand, read
from composeharden.cli.stacks import Choice, DeclaredIn, Stack, beginning_with, discovered
from composeharden.compose.entries import items, mapping, plain
from composeharden.compose.extends import extends_of
from composeharden.compose.files import Files
from composeharden.compose.filling import REMOTE
from composeharden.compose.kinds import Kind, classify
from composeharden.compose.load import DEFAULTS, OVERRIDES
from composeharden.compose.merge import MergeError, flatten
from composeharden.yaml.source import Source, SourceError, all_data, load

_MOST_SHARING = 20
"""Other projects that an edit of a shared file is compared with."""


def search(arguments: Iterable[str], chosen: Choice, selection_of: SelectionOf, declared_in: DeclaredIn) -> list[str]:
    """The projects in folders and below: those `declared_in` them, and others of the files that `selection_of` takes.

    A file that was named is a project by itself. Raises InputError.
    """
    arguments = list(arguments) or ["."]
    named = [path for path in arguments if path == STDIN or not os.path.isdir(path)]
    paths = expand(arguments, True, selection_of)
    searched = [path for path in paths if path not in named and not isinstance(path, OutwardLink)]
    found = _Found(searched, _declared(searched, chosen, declared_in))
    projects = found.projects(chosen)
    single = {path for path in paths if path in named or isinstance(path, OutwardLink)}
    every = dict.fromkeys((*paths, *projects))
    return [one for path in every for one in ([path] if path in single else projects.get(path, []))]


def _declared(paths: list[str], chosen: Choice, declared_in: DeclaredIn) -> list[Stack]:
    """The listed projects that begin with one of the files, or with one that is not there, each once."""
    folders = dict.fromkeys(os.path.dirname(path) for path in paths)
    listed = {stack.files: stack for folder in folders for stack in declared_in(folder, chosen)}
    gone = [stack for stack in listed.values() if not os.path.lexists(stack)]  # which is said of it
    return [*beginning_with(paths, listed.values()), *gone]


class _Found:
    """The files of a search and what they name of each other."""

    def __init__(self, paths: list[str], listed: list[Stack]) -> None:
        self.paths = paths
        self.listed = listed
        self._known = set(paths)
        self._sources: dict[str, Source | None] = {}
        self.included: dict[str, list[str]] = {}
        self.extended: dict[str, list[str]] = {}
        for path in paths:
            self.included[path], self.extended[path] = self._targets(path)
        self.overrides = {path: self._overridden(path) for path in paths}
        self._overriding: dict[str, list[str]] = {}
        for path, base in self.overrides.items():
            self._overriding.setdefault(base, []).append(path)
        self.roots = self._roots()

    def _roots(self) -> list[str]:
        """The files that are the first of a project that is not listed."""
        named = {target for path in self.paths for target in self._named(path) if target != path}
        listed = {path for stack in self.listed for path in stack.files.paths}
        taken = named | listed
        roots = [path for path in self.paths if path not in taken and not self.overrides[path]]
        reached = {one for path in (*roots, *listed) for one in self.closure(path)}
        for path in self.paths:  # those that only name each other
            if path not in reached and not self.overrides[path]:
                roots.append(path)
                reached |= self.closure(path)
        return [path for path in self.paths if path in set(roots)]

    def projects(self, chosen: Choice) -> dict[str, list[Stack]]:
        """The projects that begin with each file, and in each the others that share a file with it."""
        stacks = [*self.listed, *(self._loaded(path, chosen) for path in self.roots)]
        reached = [self._reached(stack) for stack in stacks]
        using: dict[str, list[int]] = {}
        for number, of_stack in enumerate(reached):
            for file in of_stack:
                using.setdefault(file, []).append(number)
        found: dict[str, list[Stack]] = {}
        for number, stack in enumerate(stacks):
            sharing = sorted({other for file in reached[number] for other in using[file]} - {number})
            shared = tuple(stacks[other].files for other in sharing[:_MOST_SHARING])
            overriding = () if number < len(self.listed) else self._overriding.get(stack, ())
            beside = tuple(one for one in overriding if one not in stack.files.paths)
            files = replace(stack.files, shared=shared, beside=beside)
            found.setdefault(str(stack), []).append(Stack.of(files, stack.allow_outside, stack.named))
        return found

    def _reached(self, stack: Stack) -> set[str]:
        """The files of a project, those it names, and overrides of it that nobody knows the use of."""
        firsts = (*stack.files.paths, *self._overriding.get(stack, ()))
        return set().union(*(self.closure(first) for first in firsts))

    @staticmethod
    def _loaded(path: str, chosen: Choice) -> Stack:
        return (discovered if os.path.basename(path) in DEFAULTS else _alone)(path, chosen)

    def closure(self, path: str) -> set[str]:
        """A file and all that it names, and those again."""
        found, stack = {path}, [path]
        while stack:
            one = stack.pop()
            for target in (*self.included.get(one, ()), *self.extended.get(one, ())):
                if target not in found:
                    found.add(target)
                    stack.append(target)
        return found

    def _named(self, path: str) -> Iterator[str]:
        """What belongs to another file: a file that Compose finds by itself is a project even if others extend it."""
        yield from self.included[path]
        yield from (target for target in self.extended[path] if os.path.basename(target) not in DEFAULTS)

    def _targets(self, path: str) -> tuple[list[str], list[str]]:
        included: list[str] = []
        extended: list[str] = []
        for data in self._data(path):
            for entry in items(data.get("include")):
                included += [str(one) for one in items(mapping(entry).get("path") if mapping(entry) else entry)]
            for service in mapping(data.get("services")).values():
                base = extends_of(plain(service))
                extended += [base[1]] if base and base[1] else []
        return self._beside(path, included), self._beside(path, extended)

    def _beside(self, path: str, targets: Iterable[str]) -> list[str]:
        local = (target for target in targets if not REMOTE.match(target))
        joined = (os.path.normpath(os.path.join(os.path.dirname(path), target)) for target in local)
        return [target for target in joined if target in self._known]

    def _data(self, path: str) -> Iterator[dict[str, object]]:
        source = self._source(path, needed=False)
        for data in all_data(source) if source is not None else ():
            try:
                flat = flatten(data)
            except MergeError:
                continue
            if isinstance(flat, dict):
                yield flat

    def _source(self, path: str, needed: bool) -> Source | None:
        """A file; None for one that cannot be read or that names no other and is not `needed` for anything else."""
        if path not in self._sources:
            try:
                data = read(path)
                if not needed and b"include" not in data and b"extends" not in data:
                    return None
                self._sources[path] = load(data)
            except (OSError, SourceError):  # which is said when it is worked on
                self._sources[path] = None
        return self._sources[path]

    def _overridden(self, path: str) -> str:
        """The file that this one is an override of; empty where it is none."""
        folder, name = os.path.split(path)
        if name in OVERRIDES:
            mains = (os.path.join(folder, main) for main in DEFAULTS)
            return next((main for main in mains if main in self._known), "")
        stem, extension = os.path.splitext(name)
        base = stem.rpartition(".")[0]
        mains = (os.path.join(folder, base + ending) for ending in (extension, ".yaml", ".yml"))
        main = next((main for main in mains if base and main in self._known), "")
        return main if main and self._is_fragment(path) else ""

    def _is_fragment(self, path: str) -> bool:
        source = self._source(path, needed=True)
        kinds = {classify(root) for root in source.documents} if source is not None else set()
        return Kind.FRAGMENT in kinds and Kind.STACK not in kinds


def _alone(path: str, chosen: Choice) -> Stack:
    files = Files((path,), env_files=chosen.env_files or None, profiles=frozenset(chosen.profiles), alone=True)
    return Stack.of(files, chosen.allow_outside, (path, *chosen.env_files))
