"""The Dockerfile of a service that is built here: found and read, if it lies in the project's own folder.

Source: Compose Spec build.md. Paths are relative to the build context, and that to the Compose file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from composeharden.compose.dockerfile import DockerfileError, Image, parse
from composeharden.compose.entries import build_settings, mapping, plain
from composeharden.compose.neighbours import text_of
from composeharden.compose.values import as_mapping, as_text
from composeharden.yaml import nodes

if TYPE_CHECKING:
    from composeharden.compose.project import Layer, Project, Service

REMOTE = re.compile(r"[a-z][a-z0-9+.-]{1,20}://|git@|github\.com/", re.IGNORECASE)
"""What a build context begins with that Docker fetches from elsewhere."""
_PLACES = ("context", "dockerfile", "dockerfile_inline", "target")
_MOST_CHARACTERS = 250_000
"""Of one Dockerfile: far beyond any that was written, and below where reading a file stops."""


@dataclass(frozen=True)
class Dockerfile:
    """The Dockerfile of one service. Without `image` it could not be read or understood, for `reason`."""

    image: Image | None = None
    reason: str = ""
    file: str = ""
    """The file that it stands in, which is the Compose file itself for an inline one."""
    context: str = ""
    """The build context, relative to the Compose file."""
    above: int = 0
    """Lines of the file above its first one."""
    is_inline: bool = False
    is_folded: bool = False
    """An inline one whose lines are not those of the file: only where it begins can be told."""
    text: str = field(default="", repr=False)

    def ignores(self, project: Project) -> bool:
        """Whether a .dockerignore for its context can be read; one beside the Dockerfile goes first."""
        folder = project.directory
        beside = "" if self.is_inline else posixpath.relpath(self.file, folder or ".") + ".dockerignore"
        places = (beside, posixpath.join(self.context, ".dockerignore"))
        return any(text_of(project, path) is not None for path in places if path)

    def line(self, number: int) -> int:
        """The line of the file for a line of the Dockerfile."""
        return self.above + (0 if self.is_folded else number)


def dockerfile_of(service: Service) -> Dockerfile | None:
    """The Dockerfile of a service, None where nothing is built."""
    build = build_settings(service)
    if not build:
        return None
    raw = mapping(service.raw.get("build")) or {"context": service.raw.get("build")}
    context = as_text(build.get("context")) or "."
    inline = as_text(plain(build.get("dockerfile_inline")))
    unset = {name for key in _PLACES for name in _unset(service, raw, key)}
    if unset:
        return Dockerfile(reason=f"its build depends on {', '.join(sorted(unset))}, which has no value here")
    if inline:
        layer, node = _inline_node(service)
        above = layer.source.position(node.start).line if node is not None else service.origin("build").line
        found = Dockerfile(file=layer.file, context=context, above=above, is_inline=True)
        found = found if node is not None and node.style == "|" else replace(found, is_folded=True)
        return _parsed(service.project, found, inline, build, _arguments(service, raw))
    if REMOTE.match(context):
        return Dockerfile(reason="its build context lies elsewhere")
    path = posixpath.join(context, as_text(build.get("dockerfile")) or "Dockerfile")
    text = text_of(service.project, path)
    if text is None:
        outside = posixpath.normpath(path).startswith(("/", "~", ".."))
        return Dockerfile(reason="its Dockerfile lies outside of the project" if outside else "")
    file = posixpath.normpath(posixpath.join(service.project.directory, path))
    return _parsed(service.project, Dockerfile(file=file, context=context), text, build, _arguments(service, raw))


def _parsed(
    project: Project, found: Dockerfile, text: str, build: Mapping[str, Any], args: Mapping[str, str | None]
) -> Dockerfile:
    project.dockerfile_characters -= len(text)
    if len(text) > _MOST_CHARACTERS or project.dockerfile_characters < 0:
        return Dockerfile(reason="its Dockerfile is too large to be read")
    target = as_text(build.get("target"))
    try:
        image = parse(text, args, target, list(as_mapping(build.get("additional_contexts"))))
    except DockerfileError as error:
        return Dockerfile(reason=f"its Dockerfile cannot be understood (line {found.line(error.line)})")
    return replace(found, image=image, text=text)


def _arguments(service: Service, raw: Mapping[str, Any]) -> dict[str, str | None]:
    """Build arguments as they are given; None for one that depends on a variable without a value."""
    found: dict[str, str | None] = {}
    for name, value in as_mapping(plain(raw.get("args"))).items():
        unset: set[str] = set()
        name = service.project.text(name, unset)
        if value is not None:
            given = service.project.text(value, unset)
            found[name] = None if unset else given
        elif name in service.project.variables:
            found[name] = service.project.variables[name]
    return found


def _unset(service: Service, raw: Mapping[str, Any], key: str) -> set[str]:
    unset: set[str] = set()
    value = plain(raw.get(key))
    if isinstance(value, str):
        service.project.text(value, unset)
    return unset


def _inline_node(service: Service) -> tuple[Layer, nodes.Scalar | None]:
    """Where an inline Dockerfile is written, if as a literal block whose lines are those of the file."""
    for layer, node in reversed(service.bodies):
        body = nodes.resolved(node)
        build = nodes.resolved(body.get("build")) if isinstance(body, nodes.Mapping) else None
        value = nodes.resolved(build.get("dockerfile_inline")) if isinstance(build, nodes.Mapping) else None
        if isinstance(value, nodes.Scalar):
            return layer, value
    return service.body[0], None
