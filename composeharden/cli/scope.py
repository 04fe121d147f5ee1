"""Which of all inputs one run is about: those touched since a revision, and one shard of what is left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import click

from composeharden.cli.inputs import STDIN


class Shard(NamedTuple):
    """The part `number` (from 1) of `count`."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class ShardOf(click.ParamType[Shard]):
    """`3/8`"""

    name = "N/M"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """The part that is meant."""
        if isinstance(value, Shard):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", str(value))
        if match is None or int(match[1]) > int(match[2]):
            self.fail(f"{value!r} is no part; write 3/8 for the third of eight", param, ctx)
        return Shard(int(match[1]), int(match[2]))


class Scope(NamedTuple):
    """What restricts a run; without a restriction it is about all inputs."""

    changed_since: str | None = None
    shard: Shard | None = None

    @property
    def is_restricted(self) -> bool:
        """True when a run is about a part of the inputs only."""
        return self != Scope()

    def of(self, files: list[str]) -> list[str]:
        """The inputs that a run is about, in their order. Raises InputError where git cannot tell."""
        if self.changed_since is not None:
            from composeharden.cli.touched import touched_since

            files = touched_since(files, self.changed_since)
        return files if self.shard is None else part_of(files, self.shard)

    def __str__(self) -> str:
        since = f"touched since {self.changed_since}" if self.changed_since is not None else ""
        return " and ".join(part for part in (since, f"in shard {self.shard}" if self.shard else "") if part)


def part_of(files: Iterable[str], shard: Shard) -> list[str]:
    """The files of one shard.

    A file belongs to the shard that the hash of its path says, so each is in exactly one, and a file that comes or goes
    moves no other. The path is that from the root of the repository, else from the current folder.
    """
    return [file for file in files if _bucket(file, shard.of) == shard.number - 1]


def _bucket(file: str, count: int) -> int:
    import hashlib

    return int.from_bytes(hashlib.sha256(os.fsencode(_identity(file))).digest()[:8], "big") % count


def _identity(file: str) -> str:
    from composeharden.cli.configuration import relative_to, repository_of

    if file == STDIN:
        return file
    folder = os.path.realpath(os.path.dirname(file) or ".")
    return relative_to(repository_of(folder) or os.path.realpath("."))(file)
