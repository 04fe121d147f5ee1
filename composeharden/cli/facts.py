"""Where a user's own image facts are looked for: `--images`, then beside the Compose file, then in this folder."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import click

from composeharden.cli.inputs import STDIN, lies_in, read
from composeharden.images.catalog import Catalog, Folder

OWN = os.path.join(".composeharden", "images")

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Folders(NamedTuple):
    """What the command line says of image facts."""

    named: tuple[str, ...] = ()
    own: bool = True
    """Whether those that lie in a project count."""


def images_option(function: _Function) -> _Function:
    """Add `--images DIR` and `--no-project-images`: the parameter `folders`, of the type Folders."""

    @click.option(
        "--images",
        "folders",
        multiple=True,
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help=f"Use the image facts in this folder first (repeatable); those in {OWN} are used anyway.",
    )
    @click.option(
        "--no-project-images", is_flag=True, help=f"Do not use the image facts in {OWN}: for files you do not trust."
    )
    @functools.wraps(function)
    def told(*arguments: Any, folders: tuple[str, ...], no_project_images: bool, **others: Any) -> Any:
        return function(*arguments, folders=Folders(folders, not no_project_images), **others)

    return cast(_Function, told)


def catalog_for(path: str, folders: Folders) -> Catalog:
    """The facts for one Compose file, or for the current folder where `path` is empty or standard input."""
    beside = os.path.dirname(path) if path != STDIN else ""
    places = ("", beside) if folders.own else ()
    own = {os.path.realpath(place or "."): place for place in places if os.path.isdir(os.path.join(place, OWN))}
    return _catalog(folders.named, tuple(reversed(own.values())))


@functools.cache
def _catalog(named: tuple[str, ...], projects: tuple[str, ...]) -> Catalog:
    """One for all inputs that share their folders, so that nothing is read twice."""
    own = [Folder(os.path.join(place, OWN), functools.partial(_read_own, place)) for place in projects]
    return Catalog([*(Folder(folder, _read) for folder in named), *own])


def folder_of(path: str) -> Folder:
    """The facts in a folder that the user named."""
    return Folder(path, _read)


def _read(path: str) -> bytes:
    return "\n".join(os.listdir(path)).encode("utf-8", "surrogateescape") if path.endswith("/") else read(path)


def _read_own(project: str, path: str) -> bytes:
    """As `_read`, but no link is followed out of the project."""
    if not lies_in(path, os.path.realpath(project or ".")):
        raise PermissionError(
            errno.EACCES, "it is a link out of the project; use --images or --no-project-images", path
        )
    return _read(path)
