"""Drop every capability and give back those the image needs, each for a reason.

A container starts with 14 capabilities; most services use none of them, some use a few while they step down from root.
`cap_drop: [ALL]` takes them all away, and `cap_add` returns the set that suffices for every documented mode of the
image: first start, second start on its own data, foreign owners, the health check. It never grants what the container
did not have before. A service that starts as root and mounts files of the host keeps what it takes to read (and, where
they are writable, own) them.

Under a `user:` other than root `cap_add` has no effect, so nothing is added there, save for programs that carry a file
capability and could not even be executed without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture, capability
from composeharden.yaml.change import Append, Change, Set

SEVERITY = Severity.MEDIUM
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("CIS Docker 5.4", "OWASP Docker #3", "https://man7.org/linux/man-pages/man7/capabilities.7.html")

EXAMPLE = Case(
    before="services:\n  cache:\n    image: memcached:1.6\n",
    after="services:\n  cache:\n    image: memcached:1.6\n    cap_drop:\n      - ALL\n",
)
UNCHANGED = (
    "services:\n  cache:\n    image: memcached:1.6\n    cap_drop: [all]\n",
    "services:\n  cache:\n    image: memcached:1.6\n    cap_drop: [CAP_ALL]\n    cap_add: [chown]\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose `cap_drop: [ALL]` with the capabilities of the posture."""
    service = posture.service
    if "ALL" in {capability(name) for name in service.strings("cap_drop")}:
        return
    added = {capability(name) for name in service.strings("cap_add")}
    missing = [name for name in posture.capabilities if name not in added]
    changes: list[Change] = [_extend(service.raw, service.name, "cap_drop", ["ALL"])]
    if missing and "ALL" not in added:
        changes.append(_extend(service.raw, service.name, "cap_add", missing))
    yield Proposal(
        message="it keeps capabilities that it does not need",
        key="cap_drop",
        changes=tuple(changes),
        confidence=posture.confidence("cap-drop", posture.capabilities_confidence),
        held="cap_add: ALL is set on purpose; find out which ones it needs" if "ALL" in added else "",
        why="\n".join(
            [*(f"{name}: {posture.capabilities[name]}" for name in missing), *posture.why.get("cap-drop", ())]
        ),
        evidence=posture.evidence.get("cap-drop", ()),
        needs=("user",) if posture.user else (),
    )


def _extend(raw: Any, name: str, key: str, items: list[str]) -> Change:
    path = (0, "services", name, key)
    return Append(path, tuple(items)) if isinstance(raw.get(key), list) and raw[key] else Set(path, items)
