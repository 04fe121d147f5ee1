"""Report services that run as root.

Root in a container is root of the kernel it shares with the host: a flaw that lets it out makes it root there. Where
an image steps down from root by itself, what serves in the end does not run as root; that is reported for the record.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.images.facts import Facts
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.1", "OWASP Docker #2", "NIST SP 800-190 4.1.2")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    user: root\n",
    "services:\n  app:\n    image: example/app:1\n    user: '0:0'\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: ['./data:/var/lib/postgresql/data']\n",
    "services:\n  app:\n    image: example/app:1\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    user: '1000:1000'\n",
    "services:\n  app:\n    image: example/app:1\n    user: ${UID}:${GID}\n",
    "services:\n  db:\n    image: postgres:16\n    user: postgres\n",
    "services:\n  cache:\n    image: memcached:1.6\n",
)

_ADVICE = "set user to a numeric uid:gid that owns its data, or use an image that does not run as root"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report an explicit root, an image that starts as root, and one of which nothing is known."""
    service, facts = posture.service, posture.facts
    if service.unset("user"):
        return
    if "user" in service and service.get("user") not in (None, ""):
        if posture.runs_as_root:
            yield Proposal(
                message="it runs as root",
                key="user",
                advice=_ADVICE,
                severity=Severity.INFO if facts is not None and _steps_down(facts) else None,
            )
    elif posture.built is not None and not (facts is not None and _steps_down(facts)):
        return  # dockerfile-root says it where it is to be mended
    elif posture.user or "user" in posture.told:
        return  # user says it, and mends it
    elif posture.runs_as_root:
        yield _of_image(facts, posture.why_root)
    elif posture.runs_as_root is None:
        yield Proposal(message="nothing says that it does not run as root", severity=Severity.INFO, advice=_ADVICE)


def _steps_down(facts: Facts) -> bool:
    return facts.service_identity.split(":")[0] not in ("root", "0")


def _of_image(facts: Facts | None, why_root: str) -> Proposal:
    if facts is not None and _steps_down(facts):
        return Proposal(
            message="it starts as root and then steps down",
            key="image",
            severity=Severity.INFO,
            advice=f"set user to {facts.service_identity}, and it never has root's rights; its data must belong to "
            f"that user{f' ({why_root})' if why_root else ''}",
        )
    return Proposal(message="its image runs as root", key="image", severity=Severity.LOW, advice=_ADVICE)
