"""Give an existing tmpfs a size where the image's use of it is known, and report one without any limit.

A tmpfs without a size may take half of the host's memory. Where it is known what an image writes to a path, the size
that suffices is written; elsewhere only a person can tell how much is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.memory import limit_of
from composeharden.images.facts import Writable
from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture, sized
from composeharden.yaml.change import Change, Replace, Set

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("CIS Docker 5.11", "https://docs.docker.com/engine/storage/tmpfs/")

EXAMPLE = Case(
    before="services:\n  db:\n    image: postgres:16\n    tmpfs:\n      - /var/run/postgresql\n",
    after="services:\n  db:\n    image: postgres:16\n    tmpfs:\n      - /var/run/postgresql:size=16m\n",
)
REPORTED = ("services:\n  app:\n    image: example/app:1\n    tmpfs: [/work]\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    tmpfs: ['/tmp:size=64m']\n",
    "services:\n  app:\n    image: example/app:1\n    tmpfs: ['/tmp:mode=1777,size=${SIZE}']\n",
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 64m\n    tmpfs: [/tmp]\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: [{type: tmpfs, target: /work}]\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose a size for each known path in `tmpfs`; report the others that have no limit."""
    service, facts = posture.service, posture.facts
    if limit_of(service) is not None:
        return  # what a tmpfs holds counts against it
    known = sized(posture)
    changes = _changes(posture, known)
    if changes and facts is not None:
        rows = [row for _, row in known.values()]
        sure = min(facts.confidence({"evidence": row.evidence}) for row in rows)
        yield Proposal(
            message="its tmpfs may take half of the host's memory",
            key="tmpfs",
            changes=changes,
            confidence=posture.confidence("tmpfs-options", sure),
            held=posture.blocked("tmpfs-options"),
            why="\n".join(f"{row.path}: at most {row.size}: {row.size_reason}" for row in rows),
        )
    for mount in service.mounts:
        text = f"{mount.target}:{mount.options}" if mount.options else mount.target
        if mount.key == "tmpfs" and "size=" not in mount.options and not (changes and text in known):
            yield Proposal(
                message=f"its tmpfs {mount.target} may take half of the host's memory",
                key="tmpfs",
                item=text,
                severity=Severity.INFO,
                advice="add size= with what it needs at most",
            )


def _changes(posture: Posture, known: Mapping[str, tuple[str, Writable]]) -> tuple[Change, ...]:
    """One change an entry; none where the entries are not plain texts of this service."""
    raw = posture.service.raw.get("tmpfs")
    path = (0, "services", posture.service.name, "tmpfs")
    if isinstance(raw, list) and all(raw.count(text) == 1 for text in known):
        return tuple(Replace(path, text, new) for text, (new, _) in known.items())
    if isinstance(raw, str) and raw in known and not posture.writable:
        return (Set(path, known[raw][0]),)  # else the pass that makes a list of it writes the size
    return ()
