"""How well the image facts are founded: `python -m tests.images.figures`."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import composeharden.images

FACTS = Path(composeharden.images.__file__).with_name("facts")
_KINDS = ("engine", "stand-in", "source", "documentation", "report", "inference")
"""Best first."""


def facts(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every table and row of a file that carries evidence, those of its variants included."""
    for name, value in document.items():
        if name == "evidence":
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping) and name == "variant":
                yield from facts(one)
            elif isinstance(one, Mapping) and name not in ("retired", "when"):
                yield one


def main() -> None:
    """Print families, facts by the kind of their best evidence, and families by the best evidence of all."""
    documents = [tomllib.loads(path.read_text("utf-8")) for path in sorted(FACTS.glob("*.toml"))]
    best: Counter[str] = Counter()
    families: Counter[str] = Counter()
    for document in documents:
        kinds = [_best(document, fact) for fact in facts(document)]
        best.update(kinds)
        families[min(kinds, key=(*_KINDS, "none").index)] += 1
    repositories = sum(len(document["repositories"]) for document in documents)
    runtimes = sum(bool(document.get("runtime")) for document in documents)
    print(f"{len(documents)} families, {runtimes} of them runtimes, {repositories} repositories")
    print(f"{sum(len(document['evidence']) for document in documents)} pieces of evidence")
    print(f"{best.total()} facts, by the best of their evidence:")
    for kind in (*_KINDS, "none"):
        print(f"{best[kind]:6} {kind:14} best of a family: {families[kind]}")


def _best(document: Mapping[str, Any], fact: Mapping[str, Any]) -> str:
    kinds = [document["evidence"][name]["kind"] for name in fact.get("evidence", ())]
    return min(kinds, key=_KINDS.index, default="none")


if __name__ == "__main__":
    main()
