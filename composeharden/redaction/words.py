"""Plain words that are no secret even if someone chose one for a password: hiding them would only point at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from composeharden.yaml.nodes import Mapping, Scalar, Sequence, resolved
from composeharden.yaml.source import Source

VOCABULARY = frozenset((
    "true", "false", "none", "null", "password", "passwd", "secret", "secrets", "token", "user", "username", "root",
    "admin", "default", "latest", "local", "localhost", "health", "healthcheck", "healthy", "service", "services",
    "image", "command", "docker", "compose", "read", "write", "file", "files", "data", "environment", "network",
    "networks", "volume", "volumes", "build", "change", "changes", "error", "check", "name", "path", "line", "with",
    "that", "this", "from", "held", "fixed", "value", "values", "access", "behaviour", "severity", "high", "medium",
    "critical", "info", "the", "basic", "bearer", "https", "http",
))  # fmt: skip
"""Words of the program's own messages."""
_SECTIONS = ("services", "volumes", "networks", "secrets", "configs", "models")


def public_words(source: Source) -> set[str]:
    """Names that a file shows anyway: of its services, volumes and networks, of images, and its own keys."""
    found: set[str] = set()
    for root in source.documents:
        if isinstance(root, Mapping):
            for name in set(_names(root)):
                found.update(word for word in (name, *_parts().split(name)) if _word().fullmatch(word))
    return found


def _names(root: Mapping) -> Iterator[str]:
    yield from (key.text for key, _ in root.pairs)
    for section in _SECTIONS:
        entries = resolved(root.get(section))
        if not isinstance(entries, Mapping):
            continue
        for key, value in entries.pairs:
            yield key.text
            body = resolved(value)
            if section == "services" and isinstance(body, Mapping):
                yield from _service_names(body)


def _service_names(body: Mapping) -> Iterator[str]:
    yield from (key.text for key, _ in body.pairs)
    for name in ("image", "container_name", "hostname"):
        value = resolved(body.get(name))
        if isinstance(value, Scalar):
            yield value.text.split("@")[0]
    environment = resolved(body.get("environment"))
    if isinstance(environment, Mapping):
        yield from (key.text for key, _ in environment.pairs)
    elif isinstance(environment, Sequence):
        yield from (item.text.split("=")[0] for item in environment.items if isinstance(item, Scalar))


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z][A-Za-z_-]{1,40}[0-9]{0,2}")


@cache
def _parts() -> re.Pattern[str]:
    return re.compile(r"[/:._-]")
