"""Remind of Dockerfiles without HEALTHCHECK, where the service has no check of its own.

Without a health check Docker only knows that a process exists, not that it works: others cannot wait for it. One in the
Dockerfile goes with the image to every stack; one in the Compose file does as well. Jobs that run once need none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.entries import mapping
from composeharden.compose.project import Project
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.6",)

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n"
REPORTED = (
    _INLINE + "        FROM python:3.13-slim\n        CMD python app.py\n",
    _INLINE + "        FROM python:3.13-slim\n        HEALTHCHECK NONE\n",
)
UNCHANGED = (
    _INLINE + "        FROM python:3.13-slim\n        HEALTHCHECK --interval=10s CMD python check.py\n",
    _INLINE + "        FROM python:3.13-slim\n    healthcheck: {test: [CMD, python, check.py]}\n",
    _INLINE + "        FROM python:3.13-slim\n    healthcheck: {disable: true}\n",
    _INLINE + "        FROM python:3.13-slim\n    restart: 'no'\n",
    _INLINE + "        FROM postgres:16\n        COPY init.sql /docker-entrypoint-initdb.d/\n",
    "services:\n  app:\n    build: .\n",
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Remind of each image that is built here for a long-running service."""
    jobs = {
        name
        for service in project.services.values()
        for name, condition in service.depends_on.items()
        if condition == "service_completed_successfully"
    }
    for name, posture in postures.items():
        found = None if name in jobs else _judge(posture)
        if found is not None:
            yield found


def _judge(posture: Posture) -> Proposal | None:
    service, image, facts = posture.service, posture.built, posture.facts
    check = mapping(service.get("healthcheck"))
    if image is None or check.get("test") or "disable" in check or as_text(service.get("restart")) == "no":
        return None
    probe = image.healthcheck
    if probe is None and facts is not None and not facts.is_runtime:
        return None  # healthcheck-missing knows whether its base image has one
    if probe is not None and probe.words != ("NONE",):
        return None
    return Proposal(
        message="its Dockerfile switches the health check off" if probe else "its Dockerfile has no health check",
        key="build",
        location=place(posture, probe.line if probe is not None else image.line),
        service=service.name,
        advice="add HEALTHCHECK with a program that is in the image, or healthcheck in the Compose file",
    )
