"""Report credentials that a Dockerfile sets with ARG or ENV: they stay in the image and its history.

Everybody who can pull the image, or read the file, has them. A build secret is only there while the step that needs it
runs, and a container gets its own at start. Messages never contain the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.credential_findings import REFERENCES as _REFERENCES
from composeharden.credential_findings import severity, wording
from composeharden.credentials import in_setting
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.10", *_REFERENCES)

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.22\n"
REPORTED = (
    _INLINE + "        ENV DB_PASSWORD=hunter2\n",
    _INLINE + "        ENV DB_PASSWORD hunter2\n",
    _INLINE + "        ARG API_TOKEN='hunter2hunter2'\n",
    _INLINE + "        ENV A=b \\\n          SECRET_KEY=hunter2hunter2\n",
)
UNCHANGED = (
    _INLINE + "        ARG NPM_TOKEN\n        ENV DB_PASSWORD=$$DB_PASSWORD\n",
    _INLINE + "        ENV PASSWORD_FILE=/run/secrets/password TOKEN_LIFETIME=3600\n",
    _INLINE + "        # ENV DB_PASSWORD=hunter2\n        ENV DB_PASSWORD=\n",
    _INLINE + "        RUN --mount=type=secret,id=npm npm ci\n",
    "services:\n  app:\n    build: .\n",
)

_NAME = re.compile(r"[A-Za-z_][\w.-]{0,80}")
_ADVICE = (
    "use RUN --mount=type=secret while building, a secret at run time, then replace it: images and history keep it"
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each of them by its name."""
    for setting in posture.built.settings if posture.built is not None else ():
        found = in_setting(setting.name, setting.value) if _NAME.fullmatch(setting.name) else None
        if found is not None:
            yield Proposal(
                message=wording(found, f"{setting.keyword} {setting.name} of its Dockerfile"),
                key="build",
                location=place(posture, setting.line),
                severity=severity(found, posture.service.project),
                advice=_ADVICE,
            )
