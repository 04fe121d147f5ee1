"""All image facts: from an image name to what is known of it. A file is only parsed when its image is asked for."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from composeharden.images.facts import Facts
from composeharden.images.reference import parse

_FOLDER = Path(__file__).parent / "facts"


class FactsError(Exception):
    """A facts file that cannot be used; the message names the file and what is wrong."""


def lookup(image: str) -> Facts | None:
    """The facts of an image name such as `postgres:16-alpine`, or None."""
    reference = parse(image)
    if not reference.repository:
        return None
    family = _family_of(reference.repository)
    return None if family is None else Facts(load_family(family), reference)


def families() -> Iterator[str]:
    """The name of every family, sorted."""
    yield from sorted(path.stem for path in _FOLDER.glob("*.toml"))


@functools.cache
def load_family(family: str) -> Mapping[str, Any]:
    """The document of one family. Raises FactsError when it is no TOML."""
    path = _FOLDER / f"{family}.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise FactsError(f"{path.name}: {error}") from None


@functools.cache
def _family_of(repository: str) -> str | None:
    """The likely file first (same name as the repository), then every file that mentions the repository at all."""
    guess = repository.rsplit("/", 1)[-1]
    names = [guess] if (_FOLDER / f"{guess}.toml").is_file() else []
    for name in (*names, *_mentions(repository)):
        if repository in load_family(name)["repositories"]:
            return name
    return None


def _mentions(repository: str) -> Iterator[str]:
    quoted = f'"{repository}"'
    for name, head in _heads().items():
        if quoted in head:
            yield name


@functools.cache
def _heads() -> Mapping[str, str]:
    return {path.stem: path.read_text("utf-8").partition("[evidence.")[0] for path in sorted(_FOLDER.glob("*.toml"))}
