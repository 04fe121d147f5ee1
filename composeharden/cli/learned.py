"""Where `learn` writes facts, and what it must not replace there."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import click

from composeharden.cli.facts import OWN
from composeharden.cli.inputs import STDIN, lies_in, read

if TYPE_CHECKING:
    from composeharden.learn.document import Record


_NAME = re.compile(r"(?!sha256$)[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?")
"""What facts can name a repository by, see schemas/image.schema.json; an image that is named by its id has no name."""
_LONGEST = 200


class TargetError(Exception):
    """The facts cannot be written; the message says why."""


class Target:
    """The file for the facts of an image, and what must not be replaced there.

    Args:
        image: as the user names it.
        beside: the folder of the project.
        output: the folder that the user named instead, or `-`.
        force: whether a file of a person's may be replaced.
    """

    def __init__(self, image: str, beside: str, output: str | None, force: bool) -> None:
        from composeharden.images.reference import parse
        from composeharden.learn.document import family_of

        self._repository = parse(image).repository
        self._beside = beside or "."
        self._folder = os.path.join(beside, OWN) if output is None else output
        self._is_project = output is None
        self._path = os.path.join(self._folder, f"{family_of(image)}.toml")
        self._force = force

    def check(self) -> None:
        """Raise click.UsageError where nothing may be written; before anything is run, and once more afterwards."""
        if not _NAME.fullmatch(self._repository) or len(self._repository) > _LONGEST:
            raise click.UsageError(
                f"facts cannot be about {self._repository[:_LONGEST]}: "
                "name the image as registry/repository:tag, in lower case"
            )
        if self._folder == STDIN:
            return
        if self._is_project and not lies_in(self._folder, os.path.realpath(self._beside)):
            raise click.UsageError(f"{self._folder} is a link out of the project; name a folder with -o")
        other = self._other_file()
        if other and os.path.normpath(other) != os.path.normpath(self._path):
            raise click.UsageError(f"{self._repository} has facts in {other} already; rename or remove that file first")
        others = self._others()
        if others and not self._force:
            raise click.UsageError(
                f"{self._path} has facts of {others}; name another folder with -o, or --force replaces it"
            )
        if os.path.lexists(self._path) and not self._force and not self._is_ours():
            raise click.UsageError(
                f"{self._path} was written or edited by a person, and stays as it is; --force replaces it, -o - prints"
            )

    def write(self, record: Record) -> str:
        """Write the file, or print it; returns what to tell of it. Raises TargetError, and UsageError as `check`."""
        from composeharden.cli.write import WriteError, create_file, replace_file
        from composeharden.learn.file import written

        data = written(record)
        self._judge(data)
        if self._folder == STDIN:
            sys.stdout.write(data.decode())
            return ""
        self.check()
        try:
            os.makedirs(self._folder, exist_ok=True)
            if os.path.lexists(self._path):
                done = replace_file(self._path, read(self._path), data)
            else:
                done = create_file(self._path, data)
        except (OSError, WriteError) as error:
            raise TargetError(f"{self._path}: {error}") from None
        told = f"{self._path} is written; read it, then `composeharden diff` uses it; undo: {done.undo}"
        return told + (
            f"\nit replaces what composeharden itself knows of {self._repository}" if self._is_known() else ""
        )

    def _is_known(self) -> bool:
        from composeharden.images.catalog import BUILT_IN

        return BUILT_IN.find(self._repository) is not None

    def _is_ours(self) -> bool:
        from composeharden.learn.file import is_our_own

        try:
            return is_our_own(read(self._path))
        except OSError:
            return False

    def _others(self) -> str:
        """The images that the file has facts of, where this one is not among them: two names can share a file name."""
        import tomllib

        try:
            found = tomllib.loads(read(self._path).decode()).get("repositories")
        except (OSError, ValueError):
            return ""  # whatever it is, it is not ours
        names = [str(name) for name in found] if isinstance(found, list) else []
        return "" if self._repository in names else ", ".join(names)

    def _other_file(self) -> str:
        """The file in the folder that has facts of the image. A file that cannot be used ends the run."""
        from composeharden.cli.facts import folder_of
        from composeharden.cli.trouble import facts_or_exit

        if not os.path.isdir(self._folder):
            return ""
        folder = folder_of(self._folder)
        with facts_or_exit():
            family = folder.family_of(self._repository)
        return folder.file(family) if family is not None else ""

    def _judge(self, data: bytes) -> None:
        import tomllib

        from composeharden.images.judge import judge

        text = data.decode()
        name = os.path.basename(self._path).removesuffix(".toml")
        problems = judge(tomllib.loads(text), name, self._path, text)
        if problems:
            raise TargetError(f"the facts cannot be written down: {problems[0].message}")
