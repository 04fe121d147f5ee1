"""What volumes are called: after their service and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from composeharden.compose.mounts import normal
from composeharden.compose.project import Project

_SAYS_NOTHING = frozenset(("data", "db", "lib", "var", "opt", "srv", "home", "storage", "store", "file", "files"))


def names(project: Project, service: str, paths: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A name for each path of a service: `db-data`, or `db-configdb` where there are several.

    `taken` are names that are given out already, besides those of the file.
    """
    paths = list(paths)
    known = {*project.top_level("volumes"), *taken}
    between = separator(project, service)
    found: dict[str, str] = {}
    for path in paths:
        last = re.sub(r"[^A-Za-z0-9_-]+", between, normal(path).rpartition("/")[2]).strip("_-")
        is_main = path == paths[0] or last in ("", service)
        name = between.join((service, "data" if is_main or last in _SAYS_NOTHING else last))
        found[path] = _free(name, between, known)
        known.add(found[path])
    return found


def separator(project: Project, service: str) -> str:
    """What stands between the words of a name, as in the names that are there."""
    own = "".join(project.top_level("volumes")) or service
    return "_" if own.count("_") > own.count("-") else "-"


def _free(name: str, between: str, known: set[str]) -> str:
    if name not in known:
        return name
    return next(other for number in count(2) if (other := f"{name}{between}{number}") not in known)
