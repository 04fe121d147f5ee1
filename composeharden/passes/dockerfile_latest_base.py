"""Report base images in a Dockerfile whose name can mean another image tomorrow: no tag, or `latest`.

The next build can bring another major version, and nobody can tell afterwards what an image was made from. Images that
files are copied from count too. A base that another service of the stack builds is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.2", "CIS Docker 4.7", "OWASP Docker #13", "NIST SP 800-190 4.1.5")

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n"
REPORTED = (
    _INLINE + "        FROM python\n        USER 1000\n",
    _INLINE + "        FROM registry.example:5000/python:latest\n        USER 1000\n",
    _INLINE + "        ARG TAG=latest\n        FROM python:$$TAG\n        USER 1000\n",
    _INLINE + "        FROM golang AS build\n        FROM scratch\n        COPY --from=build /app /app\n",
    _INLINE + "        FROM alpine:3.22\n        COPY --from=example/tool:latest /tool /tool\n",
)
UNCHANGED = (
    _INLINE + "        FROM python:3.13-slim\n        USER 1000\n",
    _INLINE + "        FROM scratch\n        COPY app /app\n",
    _INLINE + "        FROM alpine:3.22 AS base\n        FROM base\n        COPY --from=base /a /b\n",
    _INLINE + "        ARG TAG\n        FROM python:$$TAG\n",
    _INLINE + "        FROM golang AS unused\n        FROM alpine:3.22\n",
    "services:\n  base:\n    build: ./base\n    image: example/base\n  app:\n    build:\n      dockerfile_inline: |\n"
    "        FROM example/base\n",
    "services:\n  app:\n    build: .\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each of them, once per line."""
    image = posture.built
    if image is None:
        return
    services = posture.service.project.services.values()
    built_here = {service.image for service in services if "build" in service}
    found = {said.line: said.text for said in image.bases if said.text and said.text not in built_here}
    for line, name in sorted(found.items()):
        reference = parse(name)
        if reference.floats:
            is_base = line == image.base.line
            yield Proposal(
                message=f"{'the base image of its Dockerfile' if is_base else 'an image its Dockerfile takes'} "
                + ("is always the latest" if reference.tag else "has no tag"),
                key="build",
                location=place(posture, line),
                severity=None if is_base else Severity.LOW,
                advice="name a version, and pin its digest (name:version@sha256:...)",
            )
