"""All image facts, in the order in which they count: from an image name to what is known of it.

The bundled facts come last, so whoever writes facts of their own wins. A file of theirs replaces what is known of the
repositories it names as a whole; nothing is merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from composeharden.images.bundled import Bundled
from composeharden.images.facts import Facts
from composeharden.images.folder import FactsError, Folder
from composeharden.images.reference import parse


class Entry(NamedTuple):
    """One family: its document and the file that it comes from (empty for a bundled one)."""

    family: str
    document: Mapping[str, Any]
    file: str


class Catalog:
    """Facts of a search path of folders; the bundled ones are always its end."""

    def __init__(self, folders: Iterable[Folder] = ()) -> None:
        self._folders: tuple[Folder | Bundled, ...] = (*folders, _BUNDLED)

    def lookup(self, image: str) -> Facts | None:
        """The facts of an image name such as `postgres:16-alpine`, or None.

        Raises:
            FactsError: a file in a folder of the user's own cannot be used, whichever image it is about.
        """
        reference = parse(image)
        found = self.find(reference.repository)
        return None if found is None else Facts(found.document, reference)

    def find(self, repository: str) -> Entry | None:
        """The family that a repository belongs to. Raises FactsError as `lookup` does."""
        for folder in self._folders if repository else ():
            family = folder.family_of(repository)
            if family is not None:
                return Entry(family, folder.document(family), folder.file(family))
        return None

    def entries(self) -> Iterator[Entry]:
        """Every family, sorted by name; of families with the same name the one that counts comes first."""
        pairs = [(family, number) for number, folder in enumerate(self._folders) for family in folder.families()]
        for family, number in sorted(pairs):
            folder = self._folders[number]
            yield Entry(family, folder.document(family), folder.file(family))


_BUNDLED = Bundled()
BUILT_IN = Catalog()
"""What this package brings. One for the whole process, so that no file is read twice."""

lookup = BUILT_IN.lookup

__all__ = ["BUILT_IN", "Catalog", "Entry", "FactsError", "Folder", "lookup"]
