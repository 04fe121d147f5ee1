"""Which facts of an image a run has shown, and no others.

A run of the image's stand-in says nothing of what was put into the stand-in by hand (the numbers of its user, its
programs, ports and volumes), nor of what it never did. A language runtime is left out as a whole: what ran there was a
program of these tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from composeharden.images.facts import origins
from composeharden.images.reference import parse

from .trial import Shown

Place = tuple[str | int, ...]
"""Keys and numbers that lead to a table of facts."""


def shown_facts(document: Mapping[str, Any], shown: Shown) -> list[Place]:
    """The places of the facts that one run has shown."""
    if document.get("runtime"):
        return []
    own = origins(document, parse(shown.image))
    if "user" in own and not _starts_as_root(document, own):
        own.pop("user")  # It was started as that user by its image, not by `user:`.
    found: list[Place] = []
    for key, number in own.items():
        if number is None:
            found += ((key, *rest) for rest in _shown(key, document[key], shown))
        else:
            variant = document["variant"][number]
            found += (("variant", number, key, *rest) for rest in _shown(key, variant[key], shown))
    return found


def _starts_as_root(document: Mapping[str, Any], own: Mapping[str, int | None]) -> bool:
    number = own.get("start")
    table = document.get("start", {}) if number is None else document["variant"][number]["start"]
    return str(table.get("user", "")) == "root"


def _shown(key: str, value: Any, shown: Shown) -> Iterator[Place]:
    works = key in ("read_only", "no_new_privileges") and key in shown.settings and value["works"]
    works = works or (key == "user" and shown.start == "user" and value["works"])
    if works or (key == "capabilities" and _is_the_set(value, shown)):
        yield ()
    elif key == "writable" and "read_only" in shown.settings:
        yield from ((number,) for number, row in enumerate(value) if row["path"] in shown.tmpfs)
    elif key == "healthcheck":
        yield from ((number,) for number, row in enumerate(value) if _as_run(row["test"]) == list(shown.probe))


def _is_the_set(capabilities: Mapping[str, Any], shown: Shown) -> bool:
    """Exactly: neither more nor fewer capabilities are sure to do as well."""
    known = {**capabilities.get(shown.start, {}), **capabilities.get("file", {})}
    return "cap_drop" in shown.settings and shown.start in capabilities and shown.capabilities == frozenset(known)


def _as_run(test: Sequence[str]) -> list[str]:
    """A health check as the engine runs it: Compose takes `$$` for `$`."""
    return [word.replace("$$", "$") for word in test]


def record(shown: Iterable[Shown], day: str, engine: str, family: str) -> dict[str, Any]:
    """The table of evidence for runs that were started alike."""
    runs = list(shown)
    first = runs[0]
    cases: dict[str, list[str]] = {}
    for run in runs:
        cases.setdefault(_setting(run), []).append(run.case)
    return {
        "kind": "stand-in",
        "image": first.image,
        "start": first.start,
        "engine": f"Docker {engine}",
        "command": f"make evidence ONLY={family}",
        "read": day,
        "shows": " ".join([_outcome(first), *(f"{setting} ({', '.join(names)})." for setting, names in cases.items())]),
    }


def _outcome(shown: Shown) -> str:
    return (
        f"A rebuild from Debian packages, hardened by composeharden, worked as uid {shown.worker_uid} on empty "
        f"volumes, stopped as before with code {shown.stop_code}, and worked on in a new container with its data there."
    )


def _setting(shown: Shown) -> str:
    parts = ["data in a folder of another user" if shown.foreign else ""]
    if "cap_drop" in shown.settings:
        parts.append(" ".join(sorted(shown.capabilities)) or "no capability")
    if "read_only" in shown.settings:
        parts.append(f"read-only with {' '.join(sorted(shown.tmpfs)) or 'nothing'} as tmpfs")
    parts += ["no-new-privileges" if "no_new_privileges" in shown.settings else "", "healthy" if shown.probe else ""]
    text = ", ".join(filter(None, parts))
    return text[:1].upper() + text[1:]
