"""Report resource limits of processes that a service lifts altogether: as many processes or files as it likes.

Docker's defaults come from its daemon. A number that the service needs is fine; `-1` for processes or files takes away
what stops a runaway process. No limit on locked memory is what some databases ask for, and is not reported.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import mapping
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.19", "OWASP Docker #7")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    ulimits: {nproc: -1}\n",
    "services:\n  app:\n    image: example/app:1\n    ulimits:\n      nofile: {soft: 1024, hard: -1}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    ulimits: {memlock: {soft: -1, hard: -1}, nofile: 65536}\n",
    "services:\n  app:\n    image: example/app:1\n    ulimits: {nproc: 65535, core: 0}\n",
    "services:\n  app:\n    image: example/app:1\n",
)

_WHAT = {"nproc": "processes", "nofile": "open files"}


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the limits that are lifted."""
    for name, value in mapping(posture.service.get("ulimits")).items():
        if name in _WHAT and "-1" in (as_text(value), as_text(mapping(value).get("hard"))):
            yield Proposal(
                message=f"it may have any number of {_WHAT[name]}",
                key="ulimits",
                item=name,
                advice=f"set {name} to the number that its documentation asks for",
            )
