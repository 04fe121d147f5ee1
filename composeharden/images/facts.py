"""The facts of one image, with the confidence that their evidence gives."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from composeharden.images.reference import Reference
from composeharden.outcome import Confidence

_CONFIDENCE = {
    "engine": Confidence.PROVEN,
    "stand-in": Confidence.STAND_IN,
    "source": Confidence.SOURCED,
    "documentation": Confidence.SOURCED,
}
_COMPARISONS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
}


class Writable(NamedTuple):
    """A path that must stay writable under a read-only root file system."""

    path: str
    purpose: str
    kind: str
    owner: str
    exec: bool
    mode: str
    size: str
    size_reason: str
    evidence: tuple[str, ...]


class Facts:
    """What is known of one image (a family, narrowed to a repository and tag)."""

    def __init__(self, document: Mapping[str, Any], reference: Reference) -> None:
        self.reference = reference
        self.document = _with_variants(document, reference)

    @property
    def family(self) -> str:
        """The family's stable name."""
        return str(self.document["family"])

    @property
    def title(self) -> str:
        """The family's name for people."""
        return str(self.document["title"])

    @property
    def is_runtime(self) -> bool:
        """True for a language runtime or base image, which runs other people's programs."""
        return bool(self.document.get("runtime"))

    def table(self, name: str) -> Mapping[str, Any]:
        """One table of facts, empty where nothing is known."""
        found = self.document.get(name)
        return found if isinstance(found, Mapping) else {}

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """One list of facts, empty where nothing is known."""
        found = self.document.get(name)
        return list(found) if isinstance(found, list) else []

    def confidence(self, fact: Mapping[str, Any]) -> Confidence:
        """How sure a fact is: that of its best evidence. ASSUMED for a runtime and where there is no evidence."""
        if self.is_runtime:
            return Confidence.ASSUMED
        kinds = [self.document["evidence"][name]["kind"] for name in fact.get("evidence", ())]
        return max((_CONFIDENCE.get(kind, Confidence.ASSUMED) for kind in kinds), default=Confidence.ASSUMED)

    def sources(self, fact: Mapping[str, Any]) -> tuple[str, ...]:
        """Where a fact was read or run, one line each."""
        return tuple(describe(self.document["evidence"][name]) for name in fact.get("evidence", ()))

    @property
    def service_identity(self) -> str:
        """uid:gid of the process that serves in the end."""
        start = self.table("start")
        return str(start.get("service", start.get("user", "root")))

    @property
    def starts_as_root(self) -> bool | None:
        """Whether the container starts as root when the Compose file sets no user. None: not known."""
        user = self.table("start").get("user")
        return None if user is None else user == "root" or str(user).split(":")[0] == "0"

    def clause(self, sentence: str) -> str:
        """A sentence of the facts for the middle of another: no full stop, and no capital unless a name has it."""
        first = re.split(r"\W", sentence, maxsplit=1)[0]
        is_name = first in re.findall(r"\w+", self.title) or not first[1:].islower()
        text = sentence if is_name and first not in ("A", "An", "The") else sentence[:1].lower() + sentence[1:]
        return text.removesuffix(".") if not text.endswith("..") else text

    def writable(self) -> list[Writable]:
        """Paths to keep writable under a read-only root file system."""
        return [
            Writable(
                row["path"],
                row["purpose"],
                row.get("kind", "tmpfs"),
                row.get("owner", "root"),
                bool(row.get("exec")),
                row.get("mode", ""),
                row.get("size", ""),
                row.get("size_reason", ""),
                tuple(row["evidence"]),
            )
            for row in self.rows("writable")
        ]


def describe(evidence: Mapping[str, Any]) -> str:
    """One line for a piece of evidence: where to look, and when it was read."""
    place = evidence.get("url") or evidence.get("issue") or evidence.get("image") or ""
    if evidence.get("repository"):
        commit = f"@{str(evidence['commit'])[:7]}" if evidence.get("commit") else ""
        place = f"{evidence['repository']}{commit}:{evidence['path']}"
    return f"{evidence['kind']}: {place} ({evidence['read']})" if place else f"{evidence['kind']} ({evidence['read']})"


def _with_variants(document: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    merged = {key: value for key, value in document.items() if key != "variant"}
    for variant in document.get("variant", ()):
        if _matches(variant["when"], reference, str(document.get("latest", ""))):
            merged.update((key, value) for key, value in variant.items() if key != "when")
    return merged


def _matches(when: Mapping[str, str], reference: Reference, latest: str) -> bool:
    if "repository" in when and when["repository"] != reference.repository:
        return False
    if "flavor" in when and not re.search(when["flavor"], reference.flavor):
        return False
    return "version" not in when or _version_matches(when["version"].split(","), reference, latest)


def _version_matches(conditions: Iterable[str], reference: Reference, latest: str) -> bool:
    version = reference.version
    if version is None and latest:
        version = tuple(int(part) for part in latest.split("."))
    if version is None:
        return False
    for condition in conditions:
        sign = condition[:2] if condition[1] == "=" else condition[:1]
        wanted = tuple(int(part) for part in condition[len(sign) :].split("."))
        # A tag that says less than the condition (`3` against 3.9) is the newest of its line.
        padded = (*version, *[sys.maxsize] * len(wanted))[: len(wanted)]
        if not _COMPARISONS[sign](padded, wanted):
            return False
    return True
