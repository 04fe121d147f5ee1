"""Report what hadolint says of Dockerfiles that are built here, where it is installed.

It knows much about Dockerfiles and the shell in them that no other pass looks for. It is given the text of a Dockerfile
that was read anyway, without the project's or anybody's settings for it; its comments `# hadolint ignore=` in the text
count. What another pass says already is left out, and a Dockerfile that several services share is told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from composeharden.compose.builds import Dockerfile
from composeharden.compose.lint import Linter, LintError, Remark
from composeharden.compose.project import Project
from composeharden.outcome import Effect, Location, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("https://github.com/hadolint/hadolint/wiki",)

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n"
REPORTED = (
    _INLINE + "        FROM alpine:3.22\n        RUN cd /tmp && sudo make\n        USER 1000\n",
    _INLINE + "        FROM alpine:3.22\n        RUN rm $$OLD/files\n        USER 1000\n",
)
UNCHANGED = (
    _INLINE + "        FROM alpine:3.22\n        COPY app /app\n        USER 1000:1000\n",
    _INLINE + "        FROM alpine\n        ENV DB_PASSWORD=hunter2\n        USER 0\n",
    _INLINE + "        FROM alpine:3.22\n        # hadolint ignore=DL3003,SC2164\n        RUN cd /tmp\n",
    "services:\n  app:\n    build: .\n",
    "services:\n  app:\n    image: example/app:1\n",
)

_SAID_ELSEWHERE = {
    "DL3002": "dockerfile-root",
    "DL3006": "dockerfile-latest-base",
    "DL3007": "dockerfile-latest-base",
    "DL3057": "dockerfile-no-healthcheck",
    "DL3064": "dockerfile-secret",
}
"""Its rules for which there is a pass."""

_SEVERITIES = {"error": Severity.MEDIUM, "warning": Severity.LOW, "info": Severity.INFO, "style": Severity.INFO}
_CODE = re.compile(r"(?:DL|SC)\d{4}")
_NOT_UNDERSTOOD = "DL1000"
_LONGEST = 240


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Ask about each Dockerfile once, for the first service that is built from it."""
    if project.lint is None:
        return
    seen = set()
    for name, posture in postures.items():
        found = posture.service.dockerfile
        if found is not None and found.text and (found.file, found.above, found.text) not in seen:
            seen.add((found.file, found.above, found.text))
            yield from _proposals(name, found, project.lint)


def _proposals(service: str, found: Dockerfile, lint: Linter) -> Iterable[Proposal]:
    try:
        remarks = lint(found.text)
    except LintError as error:
        yield Proposal(
            message=f"hadolint was not asked about its Dockerfile: {error}",
            key="build",
            service=service,
            location=Location(found.file, found.line(1)),
            severity=Severity.INFO,
            advice="run hadolint on it by itself to see why, or leave it out with --skip hadolint",
        )
        return
    for remark in remarks:
        if _CODE.fullmatch(remark.code) and remark.code not in _SAID_ELSEWHERE:
            yield _proposal(service, found, remark)


def _proposal(service: str, found: Dockerfile, remark: Remark) -> Proposal:
    line = found.line(remark.line)
    place = "its Dockerfile" if found.is_folded else f"line {line} of its Dockerfile"
    url = f"https://github.com/hadolint/hadolint/wiki/{remark.code}"
    if remark.code.startswith("SC"):
        url = f"https://www.shellcheck.net/wiki/{remark.code}"
    # What it says of text that it cannot read is about the characters there, whatever they are.
    is_odd = remark.code == _NOT_UNDERSTOOD
    return Proposal(
        message=f"hadolint does not understand {place}" if is_odd else f"{place}: {_shortened(remark.message)}",
        key="build",
        service=service,
        location=Location(found.file, line),
        severity=Severity.INFO if is_odd else _SEVERITIES.get(remark.level),
        advice=f"change it, or write # hadolint ignore={remark.code} above it",
        references=(remark.code, url),
    )


def _shortened(message: str) -> str:
    return message.rstrip(". ") if len(message) <= _LONGEST else message[:_LONGEST].rstrip(". ") + " (and more)"
