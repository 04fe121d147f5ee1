"""Report builds that copy their whole context without a .dockerignore.

`COPY . .` puts everything that lies in the folder into the image: `.env` files, keys, the history of Git. A
.dockerignore keeps them out, and keeps builds quick.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture, place

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.10", "OWASP Docker #12")

_INLINE = "services:\n  app:\n    build:\n      dockerfile_inline: |\n"
REPORTED = (
    _INLINE + "        FROM alpine:3.22\n        COPY . /app\n",
    _INLINE + "        FROM alpine:3.22 AS build\n        ADD --chown=1000 ./ /app/\n"
    "        FROM scratch\n        COPY --from=build /app/app /app\n",
)
UNCHANGED = (
    _INLINE + "        FROM alpine:3.22\n        COPY app /app\n",
    _INLINE + "        FROM alpine:3.22 AS build\n        FROM scratch\n        COPY --from=build . /app\n",
    _INLINE + "        FROM alpine:3.22 AS unused\n        COPY . /app\n        FROM alpine:3.22\n",
    "services:\n  app:\n    build: .\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the first line that copies everything."""
    image, dockerfile = posture.built, posture.service.dockerfile
    if image is None or dockerfile is None or not image.whole_context:
        return
    if dockerfile.ignores(posture.service.project):
        return
    yield Proposal(
        message="its Dockerfile copies the whole build context, and no .dockerignore is to be seen",
        key="build",
        location=place(posture, image.whole_context),
        advice="write a .dockerignore that leaves out .git, .env and keys, best one that allows only what is needed",
    )
