"""The figures of a corpus as text: `python -m tests.corpus.figures [FOLDER]`, COMPOSEHARDEN_CORPUS without a folder."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.corpus.measure import CLASSES, MODES, Measured, Run, ServiceFigures, measure

_Test = Callable[[Run], bool]
_SHOWN = 30
_IN_FULL = "getsentry__self-hosted"
"""The stack that is listed service by service: large, and full of anchors."""


def summary(found: list[Measured]) -> Iterator[str]:
    """One line for each figure, a column for each mode."""
    yield _row("", *MODES)
    yield _row("files", *(len(found) for _ in MODES))
    for kind in CLASSES:
        yield _row(f"  {kind}", *(_count(found, mode, _is_a(kind)) for mode in MODES))
    yield _row("  crashed", *(_count(found, mode, lambda run: bool(run.crash)) for mode in MODES))
    yield _row("changes declared", *(sum(run.declared for run in _runs(found, mode)) for mode in MODES))
    yield _row("  refused", *(sum(len(run.refused) for run in _runs(found, mode)) for mode in MODES))
    yield _row("changed by a second run", *(_count(found, mode, lambda run: run.changed_again) for mode in MODES))
    yield _row("files with noise", *(_count(found, mode, lambda run: bool(run.noise)) for mode in MODES))
    yield _row("comments lost", *(sum(len(run.comments_lost) for run in _runs(found, mode)) for mode in MODES))
    yield _row("accepted by Compose before", *(_count(found, mode, _was_accepted) for mode in MODES))
    yield _row("  and after", *(_count(found, mode, _is_accepted_still) for mode in MODES))
    yield _row("  models compared", *(_count(found, mode, lambda run: run.compared) for mode in MODES))
    yield _row("  with undeclared changes", *(_count(found, mode, lambda run: bool(run.undeclared)) for mode in MODES))
    yield from _services(found)


def details(found: list[Measured]) -> Iterator[str]:
    """What is behind the figures: reasons for holding back, refusals, and one large stack service by service."""
    for mode in MODES:
        held = sum((run.held for run in _runs(found, mode)), Counter[str]())
        yield from _top(f"held back, {mode}", held)
        yield from _top(f"refused, {mode}", Counter(reason for run in _runs(found, mode) for reason in run.refused))
    for item in found:
        if item.file.startswith(_IN_FULL):
            yield from _stack(item)


def _services(found: list[Measured]) -> Iterator[str]:
    services = {mode: [one for run in _runs(found, mode) for one in run.services] for mode in MODES}
    yield _row("services", *(len(services[mode]) for mode in MODES))
    yield _row("  fully hardened before", *(_share(services[mode], after=False) for mode in MODES))
    yield _row("  fully hardened after", *(_share(services[mode]) for mode in MODES))
    for known in ("facts", "runtime", "build", "nothing"):
        kept = {mode: [one for one in services[mode] if one.known == known] for mode in MODES}
        title = {"facts": "with image facts", "runtime": "on a base image", "build": "built", "nothing": "unknown"}[
            known
        ]
        yield _row(f"    {title}", *(_share(kept[mode]) for mode in MODES))


def _share(services: list[ServiceFigures], after: bool = True) -> str:
    full = sum(one.full_after if after else one.full_before for one in services)
    return f"{full} of {len(services)} ({100 * full / max(1, len(services)):.0f} %)"


def _stack(item: Measured) -> Iterator[str]:
    for mode, run in item.runs.items():
        full = sum(one.full_after for one in run.services)
        yield f"\n{item.file}, {mode}: {full} of {len(run.services)} services fully hardened"
        for one in run.services:
            yield f"  {one.name} ({one.known}): {'full' if one.full_after else _words(one)}"


def _words(one: ServiceFigures) -> str:
    return "; ".join(f"{rule} {status}" for rule, status in sorted(one.statuses.items()))


def _top(title: str, counts: Counter[str]) -> Iterator[str]:
    yield f"\n{title}: {sum(counts.values())}"
    for reason, count in counts.most_common(_SHOWN):
        yield f"{count:7}  {reason}"


def _runs(found: Iterable[Measured], mode: str) -> Iterator[Run]:
    return (item.runs[mode] for item in found)


def _count(found: Iterable[Measured], mode: str, holds: _Test) -> int:
    return sum(holds(run) for run in _runs(found, mode))


def _is_a(kind: str) -> _Test:
    return lambda run: run.kind == kind


def _was_accepted(run: Run) -> bool:
    return bool(run.accepted_before)


def _is_accepted_still(run: Run) -> bool:
    return bool(run.accepted_before and run.accepted_after)


def _row(title: str, *cells: object) -> str:
    return f"{title:<28}" + "".join(f"{cell!s:>22}" for cell in cells)


def main(arguments: list[str]) -> int:
    """Print everything."""
    folder = arguments[0] if arguments else os.environ.get("COMPOSEHARDEN_CORPUS")
    if not folder:
        print("set COMPOSEHARDEN_CORPUS or name a folder", file=sys.stderr)
        return 2
    found = measure(Path(folder))
    print("\n".join((*summary(found), *details(found))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
