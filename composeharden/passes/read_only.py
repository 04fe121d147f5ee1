"""Make the root file system read-only, with a tmpfs for each path the image must write to.

An intruder can then neither plant a program nor change one. What an image writes outside its volumes (sockets, pid
files, temporary files) gets a small tmpfs of the right owner. Data never goes to a tmpfs: an image whose data lies on
no volume is left alone and reported, and so is one that rewrites its own configuration.

`docker cp` into the container no longer works afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.images.facts import Writable
from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture, sized, tmpfs_entry
from composeharden.yaml.change import Append, Change, Set

SEVERITY = Severity.MEDIUM
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("CIS Docker 5.13", "OWASP Docker #8", "NIST SP 800-190 4.4.4")

EXAMPLE = Case(
    before="services:\n  cache:\n    image: memcached:1.6\n",
    after="services:\n  cache:\n    image: memcached:1.6\n    read_only: true\n",
)
UNCHANGED = (
    "services:\n  cache:\n    image: memcached:1.6\n    read_only: true\n",
    "services:\n  cache:\n    image: memcached:1.6\n    read_only: 'yes'\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose `read_only: true` and the tmpfs that the posture asks for."""
    service = posture.service
    if service.flag("read_only"):
        return
    entries = [tmpfs_entry(posture, row) for row in posture.writable]
    path = (0, "services", service.name)
    changes: list[Change] = [Set((*path, "read_only"), True)]
    if entries:
        changes.append(_with_tmpfs(posture, entries))
    yield Proposal(
        message="its root file system can be written to",
        key="read_only",
        changes=tuple(changes),
        confidence=posture.confidence("read-only", posture.read_only_confidence),
        held="read_only: false is set on purpose"
        if "read_only" in service and service.flag("read_only") is False
        else "",
        why="\n".join([*(_reason(row) for row in posture.writable), *posture.why.get("read-only", ())]),
        evidence=posture.evidence.get("read-only", ()),
        needs=("user",) if posture.user else (),
    )


def _with_tmpfs(posture: Posture, entries: list[str]) -> Change:
    raw = posture.service.raw.get("tmpfs")
    path = (0, "services", posture.service.name, "tmpfs")
    if isinstance(raw, list):
        return Append(path, tuple(entries))
    if isinstance(raw, str):
        known = {} if "tmpfs-options" in posture.without else sized(posture)
        return Set(path, [known[raw][0] if raw in known else raw, *entries])
    return Set(path, entries)


def _reason(row: Writable) -> str:
    size = f"; at most {row.size}: {row.size_reason}" if row.size and row.size_reason else ""
    return f"{row.path}: {row.purpose}{size}"
