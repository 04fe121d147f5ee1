"""Where a user's own image facts are looked for: `--images`, then beside the Compose file, then in this folder."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from composeharden.cli.inputs import STDIN, read
from composeharden.images.catalog import Catalog, Folder

OWN = os.path.join(".composeharden", "images")

_Function = TypeVar("_Function", bound=Callable[..., Any])


def images_option(function: _Function) -> _Function:
    """Add `--images DIR`."""
    return click.option(
        "--images",
        "folders",
        multiple=True,
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help=f"Use the image facts in this folder first (repeatable); those in {OWN} are used anyway.",
    )(function)


def catalog_for(path: str, folders: tuple[str, ...]) -> Catalog:
    """The facts for one Compose file, or for the current folder where `path` is empty or standard input."""
    beside = os.path.dirname(path) if path != STDIN else ""
    own = {os.path.realpath(folder): folder for folder in (OWN, os.path.join(beside, OWN)) if os.path.isdir(folder)}
    return _catalog((*folders, *reversed(own.values())))


@functools.cache
def _catalog(folders: tuple[str, ...]) -> Catalog:
    """One for all inputs that share their folders, so that nothing is read twice."""
    return Catalog([Folder(folder, _read) for folder in folders])


def _read(path: str) -> bytes:
    return "\n".join(os.listdir(path)).encode("utf-8", "surrogateescape") if path.endswith("/") else read(path)
