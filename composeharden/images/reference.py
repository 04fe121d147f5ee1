"""Image references as Docker reads them: registry/repository:tag@digest.

Source: github.com/distribution/reference.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_VERSION = re.compile(r"v?(\d{1,18}(?:\.\d{1,18})*)")
_DOCKER_HUB = ("docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/")


class Reference(NamedTuple):
    """A parsed image name. `repository` is short for Docker Hub: `postgres`, `grafana/grafana`."""

    repository: str
    tag: str
    digest: str

    @property
    def version(self) -> tuple[int, ...] | None:
        """The number a tag begins with, as a tuple: `16.2-alpine` gives (16, 2). None without one."""
        found = _VERSION.match(self.tag)
        return tuple(int(part) for part in found.group(1).split(".")) if found else None

    @property
    def flavor(self) -> str:
        """What follows the number in the tag: `16.2-alpine` gives `alpine`; the whole tag where there is no number."""
        found = _VERSION.match(self.tag)
        return self.tag[found.end() :].lstrip("-_.") if found else self.tag

    @property
    def floats(self) -> bool:
        """True where the name can mean another image tomorrow in every respect: no tag, or `latest`."""
        return not self.digest and self.tag in ("", "latest")


def parse(name: str) -> Reference:
    """Split an image name. Never fails: what is no valid name simply matches no facts."""
    name = name.strip()
    name, _, digest = name.partition("@")
    path, tag = name, ""
    colon = name.rfind(":")
    if colon > name.rfind("/"):
        path, tag = name[:colon], name[colon + 1 :]
    for prefix in _DOCKER_HUB:
        if path.startswith(prefix):
            path = path[len(prefix) :]
            break
    return Reference(path.removeprefix("library/"), tag, digest)
