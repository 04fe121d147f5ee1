"""A project of one service with files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent

from composeharden.compose.load import build
from composeharden.compose.project import Project
from composeharden.yaml.source import load


def project_of(service: str, files: Mapping[str, str]) -> Project:
    """A project with a service `it`, given as the text of its keys, and the files in its folder by name."""

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path].encode()

    text = "services:\n  it:\n" + indent(dedent(service).strip(), " " * 4) + "\n"
    return build("compose.yaml", load(text.encode()), {}, read)
