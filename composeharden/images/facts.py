"""The facts of one image, with the confidence that their evidence gives."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from composeharden.images.reference import Reference, parse
from composeharden.outcome import Confidence

_CONFIDENCE = {
    "engine": Confidence.PROVEN,
    "stand-in": Confidence.STAND_IN,
    "source": Confidence.SOURCED,
    "documentation": Confidence.SOURCED,
}
_RUNS = ("engine", "stand-in")
_SHOWN_BY_A_RUN = ("start", "capabilities", "read_only", "no_new_privileges", "writable", "data")
"""What a run exercises. It says nothing of a tag for which one of these is something else."""
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
        self.document = _without_other_runs(_with_variants(document, reference), document, reference)
        self.data_of_other_tags = _data_of_others(document, {str(row["path"]) for row in self.rows("data")})
        """Where tags of the family keep data that have none of it in the places of this one."""

    def of_derived(self) -> Facts:
        """The same facts for an image that is built on this one: what ran was not that one."""
        derived = copy.copy(self)
        derived.document = _without_runs(self.document, _runs(self.document))
        return derived

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

    def confidence(self, fact: Mapping[str, Any], as_root: bool | None = None) -> Confidence:
        """How sure a fact is: that of its best evidence. ASSUMED for a runtime and where there is no evidence.

        With `as_root`, of a container that starts as root or as another user: a run of the other kind does not count.
        """
        if self.is_runtime:
            return Confidence.ASSUMED
        known = (self.document["evidence"][name] for name in fact.get("evidence", ()))
        starts = ("root", "user") if as_root is None else ("root" if as_root else "user",)
        kinds = [item["kind"] for item in known if item.get("start", starts[0]) in starts]
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


def _data_of_others(document: Mapping[str, Any], own: set[str]) -> frozenset[str]:
    tables = ({str(row["path"]) for row in one.get("data", ())} for one in (document, *document.get("variant", ())))
    return frozenset(path for table in tables if own and table.isdisjoint(own) for path in table)


def describe(evidence: Mapping[str, Any]) -> str:
    """One line for a piece of evidence: where to look, and when it was read."""
    place = evidence.get("url") or evidence.get("issue") or evidence.get("image") or ""
    if evidence.get("repository"):
        commit = f"@{str(evidence['commit'])[:7]}" if evidence.get("commit") else ""
        place = f"{evidence['repository']}{commit}:{evidence['path']}"
    return f"{evidence['kind']}: {place} ({evidence['read']})" if place else f"{evidence['kind']} ({evidence['read']})"


def origins(document: Mapping[str, Any], reference: Reference) -> dict[str, int | None]:
    """Where each key of the facts of one tag comes from: the number of a variant, None for what all tags share."""
    found: dict[str, int | None] = dict.fromkeys(key for key in document if key != "variant")
    for number, variant in enumerate(document.get("variant", ())):
        if _matches(variant["when"], reference, str(document.get("latest", ""))):
            found.update(dict.fromkeys((key for key in variant if key != "when"), number))
    return found


def _with_variants(document: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    return {
        key: document[key] if number is None else document["variant"][number][key]
        for key, number in origins(document, reference).items()
    }


def _without_other_runs(merged: dict[str, Any], document: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    """The facts of one tag without the runs of an image that other facts hold for."""
    runs = _runs(document)
    if not runs:
        return merged
    own = origins(document, reference)
    alike = {image for image in set(runs.values()) if _alike(own, origins(document, parse(image)))}
    return _without_runs(merged, {name for name, image in runs.items() if image not in alike})


def _runs(document: Mapping[str, Any]) -> dict[str, str]:
    """The images that ran, by name of the evidence."""
    known = document.get("evidence", {}).items()
    return {name: item["image"] for name, item in known if item["kind"] in _RUNS}


def _without_runs(facts: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    silent = set(names)
    if not silent:
        return facts
    return {key: value if key == "evidence" else _without(value, silent) for key, value in facts.items()}


def _alike(one: Mapping[str, int | None], other: Mapping[str, int | None]) -> bool:
    return all(one.get(key, ...) == other.get(key, ...) for key in _SHOWN_BY_A_RUN)


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, Mapping) and names.intersection(value.get("evidence", ())):
        return {**value, "evidence": [name for name in value["evidence"] if name not in names]}
    return value


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
