"""Which projects a command works on: what `-f` and its like say, what Compose would find, or what lies below a folder.

Source: compose-go cli/options.go, and the options and variables of `docker compose`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from composeharden.cli.inputs import STDIN, InputError, SelectionOf, expand, project_reader, read, reader
from composeharden.compose import dotenv
from composeharden.compose.files import Files
from composeharden.compose.load import DEFAULTS, OVERRIDES

_Function = TypeVar("_Function", bound=Callable[..., Any])
_KEPT = "composeharden.stacks"


class Stack(str):
    """One project among the inputs. As a string it is its first file."""

    __slots__ = ("allow_outside", "files", "named")
    files: Files
    allow_outside: bool
    named: frozenset[str]
    """Files that the user named: they are read wherever they lie."""

    @classmethod
    def of(cls, files: Files, allow_outside: bool = False, named: Iterable[str] = ()) -> Stack:
        """The project of `files`; `allow_outside` lets them name files outside of the project directory."""
        found = cls(files.paths[0])
        found.files = files
        found.allow_outside = allow_outside
        found.named = frozenset(named)
        return found


def opened(path: str) -> tuple[Files, Callable[[str], bytes]]:
    """The files of one input, and how they and what they name are read."""
    if isinstance(path, Stack):
        return path.files, project_reader(path.files, path.allow_outside, path.named)
    return Files((path,), alone=True), reader(path)


@dataclass(frozen=True)
class Choice:
    """What the command line says of projects."""

    files: tuple[str, ...] = ()
    directory: str | None = None
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    use_environment: bool = False
    allow_outside: bool = False
    allow_partial: bool = False


_OPTIONS: dict[str, dict[str, Any]] = {
    "-f/--file": {
        "multiple": True,
        "metavar": "FILE",
        "type": click.Path(),
        "help": "A file of the project (repeatable, later ones override), as for docker compose.",
    },
    "--project-directory": {
        "metavar": "DIR",
        "type": click.Path(exists=True, file_okay=False),
        "help": "Where relative paths of the project start.",
    },
    "--env-file": {
        "multiple": True,
        "metavar": "FILE",
        "type": click.Path(),
        "help": "Take variables from this file instead of .env (repeatable).",
    },
    "--profile": {"multiple": True, "metavar": "NAME", "help": "Count this profile as active (repeatable)."},
    "--use-environment": {
        "is_flag": True,
        "help": "Fill in variables from the process environment, too: its values can end up in reports.",
    },
    "--allow-outside": {"is_flag": True, "help": "Read files outside of the project directory; they are not changed."},
    "--allow-partial": {"is_flag": True, "help": "Accept that parts of the project cannot be seen."},
}
_FIELDS = {
    "file": "files",
    "project_directory": "directory",
    "env_file": "env_files",
    "profile": "profiles",
    "use_environment": "use_environment",
    "allow_outside": "allow_outside",
    "allow_partial": "allow_partial",
}


def project_options(function: _Function) -> _Function:
    """Add the options about projects. They are kept in the context: see `choice`."""
    for names, settings in reversed(_OPTIONS.items()):
        function = click.option(*names.split("/"), expose_value=False, callback=_keep, **settings)(function)
    return function


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_KEPT, {})[_FIELDS[str(parameter.name)]] = value


def choice() -> Choice:
    """What the command line at hand says of projects."""
    context = click.get_current_context(silent=True)
    return Choice(**context.meta.get(_KEPT, {})) if context is not None else Choice()


def environment(chosen: Choice) -> Mapping[str, str] | None:
    """The variables that count besides those of files: only the project's name, unless all were asked for."""
    if chosen.use_environment:
        return dict(os.environ)
    name = os.environ.get("COMPOSE_PROJECT_NAME")
    return {"COMPOSE_PROJECT_NAME": name} if name else None


DeclaredIn = Callable[[str, Choice], list[Stack]]
"""The projects that the configuration of a folder lists."""


def _none_declared(folder: str, chosen: Choice) -> list[Stack]:
    return []


def stacks(
    arguments: Iterable[str],
    recursive: bool,
    chosen: Choice,
    selection_of: SelectionOf = lambda folder: None,
    declared_in: DeclaredIn = _none_declared,
) -> list[str]:
    """The inputs of a run, each once, in order: `Stack` for a project, a plain path for a file named by itself.

    A file that Compose finds by itself stands for the projects that `declared_in` its folder begin with it, if any.

    Raises:
        InputError: nothing is there, or the options exclude each other.
    """
    arguments = list(arguments)
    if (arguments or recursive) and (chosen.files or chosen.directory):
        raise InputError("-f and --project-directory are for one project: leave out the other files, and -r")
    if recursive:
        from composeharden.cli.search import search  # it looks into files, which only -r needs

        return search(arguments, chosen, selection_of, declared_in)
    found: dict[str, list[str]] = {}
    for path in arguments or [""]:
        one = _one(path, chosen)
        found.setdefault(one, _as_declared(one, chosen, declared_in) if _is_found(path, chosen) else [one])
    return [one for several in found.values() for one in several]


def _is_found(argument: str, chosen: Choice) -> bool:
    """Whether it was left to us which files a stack is made of."""
    if argument == "":
        return not (chosen.files or chosen.directory or _from_variable(_Surroundings(chosen)))
    return argument != STDIN and os.path.isdir(argument)


def _as_declared(one: str, chosen: Choice, declared_in: DeclaredIn) -> list[str]:
    listed = beginning_with([one], declared_in(os.path.dirname(one), chosen))
    return [*listed] or [one]


def beginning_with(paths: Iterable[str], listed: Iterable[Stack]) -> list[Stack]:
    """The projects that begin with one of some files, with their paths as they are written there."""
    listed = list(listed)
    known = {os.path.realpath(path): path for path in paths} if listed else {}
    found = []
    for stack in listed:
        paths = tuple(known.get(os.path.realpath(path), path) for path in stack.files.paths)
        if paths[0] in known.values():
            beside = stack.files.directory == os.path.dirname(stack.files.paths[0])
            directory = os.path.dirname(paths[0]) if beside else stack.files.directory
            named = (known.get(os.path.realpath(path), path) for path in stack.named)
            found.append(Stack.of(replace(stack.files, paths=paths, directory=directory), stack.allow_outside, named))
    return found


def _one(argument: str, chosen: Choice) -> str:
    if argument == "":
        return _project(chosen, _Surroundings(chosen))
    (path,) = expand([argument], recursive=False)
    if argument == STDIN or not os.path.isdir(argument):
        named = Files((path,), env_files=chosen.env_files or None, profiles=frozenset(chosen.profiles), alone=True)
        return (
            Stack.of(named, chosen.allow_outside, (path, *chosen.env_files))
            if _says_more(chosen) and path != STDIN
            else path
        )
    return discovered(path, chosen)


def _says_more(chosen: Choice) -> bool:
    return bool(chosen.env_files or chosen.profiles or chosen.allow_outside)


def discovered(path: str, chosen: Choice) -> Stack:
    """The project of a file that Compose finds by itself: with the override file beside it."""
    folder = os.path.dirname(path)
    override = next((name for name in OVERRIDES if os.path.isfile(os.path.join(folder, name))), None)
    paths = (path, os.path.join(folder, override)) if override else (path,)
    files = Files(paths, folder, chosen.env_files or None, frozenset(chosen.profiles), _name(folder))
    return Stack.of(files, chosen.allow_outside, (path, *chosen.env_files))


class _Surroundings:
    """Variables that direct Compose itself: of the process, then of the `.env` of the folder that it starts in."""

    def __init__(self, chosen: Choice) -> None:
        start = chosen.directory or (os.path.dirname(chosen.files[0]) if chosen.files else "")
        self.file = os.path.join(start, ".env")
        self._found: Mapping[str, str] | None = None

    def get(self, name: str) -> str:
        """The value of one variable, empty where it is not set."""
        return os.environ.get(name) or self._read().get(name, "")

    def _read(self) -> Mapping[str, str]:
        if self._found is None:
            try:
                self._found = dotenv.parse(read(self.file).decode("utf-8"))
            except (OSError, ValueError):  # whether it can be used is found out when the project is loaded
                self._found = {}
        return self._found


def _project(chosen: Choice, around: _Surroundings) -> Stack:
    """The one project that options, variables or the current folder tell."""
    paths = chosen.files or _from_variable(around) or tuple(_found_from(chosen.directory))
    paths = tuple(path if path == STDIN else os.path.normpath(path) for path in paths)
    directory = chosen.directory
    if directory is None:
        directory = next((os.path.dirname(path) for path in paths if path != STDIN), "")
    env_files = chosen.env_files or tuple(filter(None, around.get("COMPOSE_ENV_FILES").split(",")))
    profiles = chosen.profiles or tuple(filter(None, around.get("COMPOSE_PROFILES").split(",")))
    files = Files(
        paths,
        directory,
        env_files or _env_files(around.file, directory),
        frozenset(profiles),
        _name(directory),
    )
    by_user = chosen.files or os.environ.get("COMPOSE_FILE")
    # An .env could name anything, and so could the link that an override file is.
    trusted = paths if by_user else () if around.get("COMPOSE_FILE") else paths[:1]
    return Stack.of(files, chosen.allow_outside, (*chosen.env_files, *trusted))


def _from_variable(around: _Surroundings) -> tuple[str, ...]:
    value = around.get("COMPOSE_FILE")
    return tuple(value.split(around.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)) if value else ()


def _found_from(directory: str | None) -> Iterator[str]:
    if directory is None:
        (path,) = expand([], recursive=False)
    else:
        (path,) = expand([directory], recursive=False)
    yield from discovered(path, Choice()).files.paths


def _env_files(started: str, directory: str) -> tuple[str, ...] | None:
    """The `.env` of the folder that Compose starts in counts besides that of the project, and goes first."""
    own = os.path.join(directory, ".env")
    if not os.path.isfile(started) or os.path.abspath(started) == os.path.abspath(own):
        return None
    return (own, started) if os.path.isfile(own) else (started,)


def _name(directory: str) -> str:
    return os.path.basename(os.path.abspath(directory or "."))


__all__ = ["DEFAULTS", "Choice", "Stack", "choice", "discovered", "environment", "project_options", "stacks"]
