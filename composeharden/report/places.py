"""How files are named for those who know them by their place in a repository: from its root, with slashes."""

from __future__ import annotations

import os
from urllib.parse import quote

STDIN = "-"


class Places:
    """Where the current folder lies in its repository.

    Args:
        folder: the current folder, absolute; paths that are not absolute start there.
        root: the root of its repository, absolute; the current folder where there is none.
    """

    def __init__(self, folder: str = "", root: str = "") -> None:
        self.folder = folder
        self.root = root or folder
        self._names: dict[str, str] = {STDIN: STDIN}

    def name(self, path: str) -> str:
        """The path from the root. What lies outside of it, and standard input, keeps the name it was given."""
        found = self._names.get(path)
        if found is None:
            found = self._names[path] = self._name(path)
        return found

    def _name(self, path: str) -> str:
        inside = self._below(os.path.normpath(os.path.join(self.folder, path)))
        if inside is None and os.path.isabs(path):
            inside = self._below(os.path.realpath(path))
        return _slashes(os.path.normpath(path) if inside is None else inside)

    def uri(self, path: str) -> str:
        """The name as a URI: relative to the root, absolute for what lies elsewhere. Pure ASCII."""
        name = self.name(path)
        try:
            data = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # no file system has such a name
            data = name.encode("utf-8", "backslashreplace")
        return ("file://" if name.startswith("/") else "") + quote(data, safe="/")

    def _below(self, path: str) -> str | None:
        if not self.root:
            return None if os.path.isabs(path) else path
        root = self.root.rstrip(os.sep) + os.sep
        return path[len(root) :] if path.startswith(root) else None


def _slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path
