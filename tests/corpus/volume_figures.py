"""Gives every volume of a corpus a name, as Docker Compose sees it: `python -m tests.corpus.volume_figures [FOLDER]`.

Each file of FOLDER (or COMPOSEHARDEN_CORPUS) is taken as a stack that ran, and as one that never did, in a copy of its
folder. Compose must take what it took before, and see new volumes and their mounts, and nothing else.
Exits with 1 when anything differs, is changed by a second run, or crashes.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from composeharden import Options, Status, harden
from composeharden.cli.inputs import reader
from tests.corpus import real_compose
from tests.corpus.measure import copy_of, shares

_ONLY = frozenset(("named-volumes",))
MODES = {"ran": Options(only=_ONLY, migrate=True), "never ran": Options(only=_ONLY, new_stack=True)}


def measure(corpus: Path) -> tuple[Counter[str], list[str]]:
    """Counts, and what is wrong, a line each."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        todo = list(shares(corpus))
        for found, faults in pool.map(_share, [corpus] * len(todo), todo):
            counts.update(found)
            wrong += faults
    return counts, wrong


def _share(corpus: Path, share: list[str]) -> tuple[Counter[str], list[str]]:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    if not share:
        return counts, wrong
    project = share[0].split(os.sep)[0]
    with TemporaryDirectory(prefix="volumes-") as name:
        copy_of(corpus / project, Path(name) / project)
        for file in share:
            for mode in MODES:
                try:
                    wrong += [f"{file} ({mode}): {fault}" for fault in _file(Path(name) / file, mode, counts)]
                except Exception:
                    wrong.append(f"{file} ({mode}): {traceback.format_exc()}")
    return counts, wrong


def _file(path: Path, mode: str, counts: Counter[str]) -> list[str]:
    options, read = MODES[mode], reader(str(path))
    outcome = harden(str(path), read, options)
    counts[f"{mode}: files"] += 1
    for finding in outcome.findings:
        why = f": {_cut(finding.reason)}" if finding.status in (Status.REFUSED, Status.HELD) else ""
        why = f": {_cut(finding.advice)}" if finding.status is Status.REPORT else why
        counts[f"{mode}: {finding.status}{why}"] += 1
    if not outcome.patches:
        return []
    program = real_compose.binary()
    assert program is not None
    old = {patch.path: Path(patch.path).read_bytes() for patch in outcome.patches}
    before = real_compose.model(program, path)
    try:
        for patch in outcome.patches:
            Path(patch.path).write_bytes(patch.data)
        for side in outcome.beside_files:
            Path(side.path).write_bytes(side.after)
        again = harden(str(path), read, options)
        after = real_compose.model(program, path)
    finally:
        for name, data in old.items():
            Path(name).write_bytes(data)
        for side in outcome.beside_files:
            Path(side.path).unlink()
    faults = ["a second run changes it"] if again.patches or again.beside_files else []
    if before is None:
        counts[f"{mode}: changed, and not accepted as it was"] += 1
        return faults
    counts[f"{mode}: changed and compared"] += 1
    return faults + (["Compose does not accept it any more"] if after is None else list(_differences(before, after)))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    added = set(after.get("volumes") or {}) - set(before.get("volumes") or {})
    found = []
    for key in {*before, *after} - {"services", "volumes"}:
        if before.get(key) != after.get(key):
            found.append(f"{key} differs")
    for name, old in before["services"].items():
        new = after["services"].get(name) or {}
        if {**old, "volumes": None} != {**new, "volumes": None}:
            found.append(f"{name} differs in more than its volumes")
        mounts, others = new.get("volumes") or [], old.get("volumes") or []
        gained = [mount for mount in mounts if mount not in others]
        lost = [mount for mount in others if mount not in mounts]
        if not {mount.get("source") for mount in gained} <= added:
            found.append(f"{name} has a mount that is not of a new volume")
        if any(mount.get("source") for mount in lost):
            found.append(f"{name} lost a mount that had a source")
        if not {mount["target"] for mount in lost} <= {mount["target"] for mount in gained}:
            found.append(f"{name} lost a mount")
    kept = {key: value for key, value in (after.get("volumes") or {}).items() if key not in added}
    return found if kept == (before.get("volumes") or {}) else [*found, "a volume differs that was there"]


def _cut(text: str) -> str:
    return text.rpartition(" (")[2].rstrip(")") if text.endswith(")") else text[:70]


if __name__ == "__main__":
    counted, errors = measure(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["COMPOSEHARDEN_CORPUS"]).resolve())
    for line, number in sorted(counted.items()):
        print(f"{number:6} {line}")
    print("\n".join(errors))
    print(f"{len(errors)} wrong")
    sys.exit(bool(errors))
