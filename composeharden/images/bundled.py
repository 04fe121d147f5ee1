"""The facts that this package brings: judged by its tests, so at run time a file is only parsed when asked for."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "facts"
_NAME = re.compile(r"[a-z0-9._-]{1,128}")
"""What can be a file's name anywhere: an image name comes from a file that anybody may have written."""


class Bundled:
    """One file per family, in the folder `facts`."""

    def __init__(self) -> None:
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._family_of: dict[str, str | None] = {}

    def families(self) -> Iterator[str]:
        """The name of every family, sorted. Parses nothing."""
        yield from sorted(path.stem for path in _FOLDER.glob("*.toml"))

    def family_of(self, repository: str) -> str | None:
        """The family that names a repository, or None."""
        if repository not in self._family_of:
            self._family_of[repository] = self._search(repository)
        return self._family_of[repository]

    def document(self, family: str) -> Mapping[str, Any]:
        """The document of one family."""
        if family not in self._documents:
            self._documents[family] = tomllib.loads((_FOLDER / f"{family}.toml").read_text("utf-8"))
        return self._documents[family]

    def file(self, family: str) -> str:
        """Empty: where the package lies says nothing to a user."""
        return ""

    def _search(self, repository: str) -> str | None:
        """The likely file first (same name as the repository), then every file that mentions the repository at all."""
        guess = repository.rsplit("/", 1)[-1]
        names = [guess] if _NAME.fullmatch(guess) and (_FOLDER / f"{guess}.toml").is_file() else []
        for name in (*names, *self._mentions(repository)):
            if repository in self.document(name)["repositories"]:
                return name
        return None

    def _mentions(self, repository: str) -> Iterator[str]:
        quoted = f'"{repository}"'
        return (name for name, head in self._heads.items() if quoted in head)

    @functools.cached_property
    def _heads(self) -> Mapping[str, str]:
        return {
            name: (_FOLDER / f"{name}.toml").read_text("utf-8").partition("[evidence.")[0] for name in self.families()
        }
