"""Report Dockerfiles that leave their image running as root, at the line that says so or where it is missing.

Root in a container is root of the kernel it shares with the host. A final `USER` makes every service that is built
from the file harmless in that respect, and shows that it needs no capabilities. A `user` in the Compose file goes
before it. Where nothing is known of the base image, it may set a user itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.1", "OWASP Docker #2", "NIST SP 800-190 4.1.2")

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n"
REPORTED = (
    _INLINE + "        FROM python:3.13-slim\n        CMD python app.py\n",
    _INLINE + "        FROM example/runtime:1\n        COPY app /app\n",
    _INLINE + "        FROM alpine:3.22\n        USER 1000\n        USER root\n",
    _INLINE + "        FROM scratch\n        COPY app /app\n",
)
UNCHANGED = (
    _INLINE + "        FROM python:3.13-slim\n        USER 1000:1000\n",
    _INLINE + "        FROM alpine:3.22 AS base\n        USER app\n        FROM base\n        COPY app /app\n",
    _INLINE + "        FROM alpine:3.22\n    user: '1000:1000'\n",
    _INLINE + "        FROM postgres:16\n        COPY init.sql /docker-entrypoint-initdb.d/\n",
    _INLINE + "        FROM prom/prometheus:v3.5.0\n        COPY prometheus.yml /etc/prometheus/\n",
    _INLINE + "        ARG UID\n        FROM alpine:3.22\n        ARG UID\n        USER $$UID\n",
    "services:\n  app:\n    build: .\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report an image that is built here and starts as root, and one of which only that is not known."""
    image, facts = posture.built, posture.facts
    if image is None or posture.service.get("user") or posture.runs_as_root is False:
        return
    if image.user is None and facts is not None and facts.service_identity.split(":")[0] not in ("root", "0"):
        return  # it steps down by itself
    if image.user is not None and not posture.runs_as_root:
        return  # it depends on an argument without a value
    line = image.user.line if image.user is not None else image.line
    yield Proposal(
        message="its Dockerfile runs as root"
        if posture.runs_as_root
        else "its Dockerfile sets no user, so it may run as root",
        key="build",
        location=place(posture, line),
        severity=None if posture.runs_as_root else Severity.LOW,
        advice="end it with USER and a numeric uid:gid, which owns what the program writes",
    )
