"""Which configuration governs an input, and what it changes about the options of a run.

The nearest file wins, and nothing is merged with one farther up. It is looked for from the folder of the Compose file
up to the root of its repository, never above; without a repository, up to the current folder.
"""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from composeharden.cli.inputs import STDIN, Selection, looks_like_compose, read
from composeharden.cli.seen import Seen
from composeharden.configuration import NAME, TABLE, Bar, Configuration
from composeharden.outcome import Location, Problem

if TYPE_CHECKING:
    from composeharden.cli.run import Settings
    from composeharden.configuration.document import Document
    from composeharden.decide import Options

_TOML = "pyproject.toml"
_WRONG = os.path.splitext(NAME)[0] + ".yml"


class Governing(NamedTuple):
    """A configuration and where it stands. With problems it must not be used, and neither what it governs."""

    file: str
    """As it is shown."""
    folder: str
    """Absolute, with links followed; every path in it is relative to this."""
    configuration: Configuration
    problems: tuple[Problem, ...] = ()


def governing(path: str) -> Governing | None:
    """The configuration for a Compose file (for standard input that of the current folder), or None."""
    return governing_folder("" if path == STDIN else os.path.dirname(path))


def governing_folder(folder: str) -> Governing | None:
    """The configuration for the Compose files of a folder, or None."""
    real = _real(folder)
    return _nearest(real, repository_of(real) or _outermost(real))


def governed(path: str, settings: Settings) -> Settings:
    """The settings for one input: those of the command line, then those of the configuration that governs it."""
    found = governing(path) if settings.configured else None
    if found is None:
        return replace(settings, seen=Seen())
    own, given = found.configuration, settings.given
    return replace(
        settings,
        governing=found,
        seen=Seen(governed_by=found.folder),
        options=_options(settings.options, own, given),
        fail_on=settings.fail_on if own.fail_on is None or "fail_on" in given else own.fail_on,
        fail_on_held=settings.fail_on_held or bool(own.fail_on_held),
    )


def _options(options: Options, own: Configuration, given: frozenset[str]) -> Options:
    bar = own.bar if not {"assume", "strict_evidence"} & given else None
    return replace(
        options,
        only=options.only if "only" in given else own.only,
        skip=options.skip if {"only", "skip"} & given else own.skip,
        assume=options.assume if bar is None else bar is Bar.ASSUME,
        strict_evidence=options.strict_evidence if bar is None else bar is Bar.STRICT,
        severities={**options.severities, **own.severities},
    )


def selection_of(folder: str) -> Selection | None:
    """What the configuration of a folder says about a search there."""
    found = governing_folder(folder)
    if found is None or not (found.configuration.files or found.configuration.exclude or found.configuration.projects):
        return None
    own, relative = found.configuration, relative_to(found.folder)
    listed = {posixpath.normpath(file) for project in own.projects for file in project.files}

    def takes(path: str) -> bool:
        name = relative(path)
        by_name = own.files(name) if own.files else looks_like_compose(path)
        return name in listed or (by_name and not own.exclude(name))

    return Selection(takes, lambda path: own.exclude(relative(path)))


def relative_to(folder: str) -> Callable[[str], str]:
    """Paths as this run has them, to paths with slashes from an absolute folder. Standard input is in no folder."""

    def relative(path: str) -> str:
        if path == STDIN:
            return "../" + STDIN
        place = os.path.join(_real(os.path.dirname(path)), os.path.basename(path))
        return os.path.relpath(place, folder).replace(os.sep, "/")

    return relative


@functools.cache
def repository_of(folder: str) -> str | None:
    """The root of the repository that an absolute folder is in: the nearest one with `.git`; None without one."""
    if os.path.lexists(os.path.join(folder, ".git")):
        return folder
    parent = os.path.dirname(folder)
    return None if parent == folder else repository_of(parent)


def _outermost(folder: str) -> str:
    """Where to stop outside a repository: anybody may have put a file into a folder such as /tmp."""
    here = _real("")
    return here if os.path.commonpath((here, folder)) == here else folder


@functools.cache
def _real(folder: str) -> str:
    return os.path.realpath(folder or ".")


@functools.cache
def _nearest(folder: str, top: str) -> Governing | None:
    found = _in(folder, top)
    return found if found is not None or folder == top else _nearest(os.path.dirname(folder), top)


def _in(folder: str, top: str) -> Governing | None:
    """The configuration that stands in a folder itself."""
    names = [name for name in (NAME, _WRONG, _TOML) if os.path.lexists(os.path.join(folder, name))]
    if not names:
        return None
    from composeharden.configuration.document import Unreadable, from_toml, from_yaml

    documents: dict[str, Document] = {}
    for name in names:
        file = os.path.relpath(os.path.join(folder, name))
        try:
            if name == _WRONG:
                raise Unreadable(Problem(f"is not looked at under this name; call it {NAME}", Location(file)))
            data = _bytes(folder, name, file, top)
            document = from_toml(file, data) if name == _TOML else from_yaml(file, data)
        except Unreadable as error:
            return Governing(file, folder, Configuration(), (error.problem,))
        if document is not None:
            documents[file] = document
    if len(documents) > 1:
        first, second = documents
        both = Problem(f"stands beside [{'.'.join(TABLE)}] in {second}; keep one of the two", Location(first))
        return Governing(first, folder, Configuration(), (both,))
    return next((_governing(file, folder, document) for file, document in documents.items()), None)


def _governing(file: str, folder: str, document: Document) -> Governing:
    from composeharden.configuration.reading import read as settings_of
    from composeharden.passes import all_passes

    configuration, problems = settings_of(document, all_passes())
    return Governing(file, folder, configuration, tuple(problems))


def _bytes(folder: str, name: str, file: str, top: str) -> bytes:
    from composeharden.configuration.document import Unreadable

    path = os.path.join(folder, name)
    if os.path.commonpath((os.path.realpath(path), top)) != top:
        raise Unreadable(Problem("is a link that leads out of the repository; it is not followed", Location(file)))
    try:
        return read(path)
    except OSError as error:
        raise Unreadable(Problem(f"cannot be read: {error.strerror or 'unknown reason'}", Location(file))) from None
