"""Report what an inline Dockerfile takes from the web without a check.

Files that are downloaded and run during a build, and `ADD` from an address, are whatever is there that day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.entries import build_settings
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.3", "CIS Docker 4.7", "CIS Docker 4.9", "OWASP Docker #13")

REPORTED = (
    "services:\n  app:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.22\n        USER 1000\n"
    "        RUN curl -s https://example.com/install | sh\n",
    "services:\n  app:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.22\n"
    "        ADD https://example.com/app /app\n        USER app\n",
)
UNCHANGED = (
    "services:\n  app:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.22\n        COPY app /app\n"
    "        USER 1000:1000\n",
    "services:\n  app:\n    build: .\n",
    "services:\n  app:\n    build:\n      dockerfile_inline: |\n        FROM scratch\n"
    "        ADD --checksum=sha256:00 https://example.com/app /app\n        USER 65532\n",
)

_PIPED = re.compile(r"\b(?:curl|wget)\b[^\n|]{0,400}\|\s{0,8}(?:sudo\s{1,8})?(?:ba|da|z)?sh\b")
_ADDED = re.compile(r"(?im)^[ \t]*ADD(?![^\n]*--checksum=)[^\n]*[ \t]https?://")


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each of these for the inline Dockerfile."""
    text = as_text(build_settings(posture.service).get("dockerfile_inline"))
    if not text:
        return
    if _PIPED.search(text):
        yield _proposal(
            "its inline Dockerfile runs a script straight from the web",
            "CIS Docker 4.2",
            "download a fixed version, check its checksum, then run it",
            Severity.MEDIUM,
        )
    if _ADDED.search(text):
        yield _proposal(
            "its inline Dockerfile adds a file from the web unchecked",
            "CIS Docker 4.9",
            "give ADD a --checksum, or copy the file from the repository",
        )


def _proposal(message: str, reference: str, advice: str, severity: Severity | None = None) -> Proposal:
    return Proposal(
        message=message,
        key="build",
        item="dockerfile_inline",
        severity=severity,
        advice=advice,
        references=() if reference in REFERENCES else (reference,),
    )
