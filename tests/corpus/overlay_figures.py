"""Compares an overlay with the fix in place, both as Docker Compose sees them, on every file of a corpus.

`python -m tests.corpus.overlay_figures [FOLDER [EVERY [MODE]]]` takes the files of FOLDER (or COMPOSEHARDEN_CORPUS), or
one in EVERY of them; MODE is `default`, `assume` or both. Each that gets a change is hardened twice in a copy of its
folder: in place, and by an overlay. Compose must see the same stack. Where only one of both ways can make a change, the
overlay is held against the declared changes. Counts go to standard error as they grow.
Exits with 1 when anything differs, is changed by a second run, or crashes.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from composeharden import Options, Outcome, Status, harden
from composeharden.cli.inputs import reader
from composeharden.compose.project import Reader
from composeharden.yaml.nodes import walk
from tests.corpus import real_compose
from tests.corpus.measure import copy_of, differences, expected, shares, without_extensions

OVERLAY = "compose.hardened.overlay.yaml"
MODES = {"default": Options(), "assume": Options(assume=True)}


@dataclass
class Compared:
    """One file with one set of options."""

    file: str
    mode: str
    changed: bool = False
    accepted: bool = False
    """Compose takes the file as it is."""
    equal_to_fix: bool | None = None
    """None where the fix in place leaves something out that the overlay has."""
    wrong: list[str] = field(default_factory=list)
    tags: Counter[str] = field(default_factory=Counter)
    only_overlay: Counter[str] = field(default_factory=Counter)
    """Fixes that were refused in place, with the reason."""
    only_in_place: Counter[str] = field(default_factory=Counter)
    fixes: int = 0


def compare(corpus: Path, every: int = 1, modes: Sequence[str] = tuple(MODES)) -> Iterator[Compared]:
    """Compare every file, on two processes."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        todo = [share[::every] for share in shares(corpus)]
        for found in pool.map(_share, [corpus] * len(todo), todo, [modes] * len(todo)):
            yield from found


def _share(corpus: Path, share: list[str], modes: Sequence[str]) -> list[Compared]:
    """Compare files of one project in a copy of it."""
    if not share:
        return []
    project = share[0].split(os.sep)[0]
    with TemporaryDirectory(prefix="overlay-") as name:
        copy_of(corpus / project, Path(name) / project)
        return [_safely(Path(name) / file, file, mode) for file in share for mode in modes]


def _safely(path: Path, file: str, mode: str) -> Compared:
    found = Compared(file, mode)
    try:
        _compare(path, found)
    except Exception:
        found.wrong.append(traceback.format_exc())
    return found


def _compare(path: Path, found: Compared) -> None:
    options = MODES[found.mode]
    name, overlay = str(path), str(path.with_name(OVERLAY))
    read = reader(name)
    in_place = harden(name, read, options)
    if not in_place.patches and not in_place.with_status(Status.REFUSED):
        return
    over = harden(name, read, replace(options, overlay=overlay))
    found.changed = bool(over.patches)
    found.fixes = len(_made(over))
    _tell_apart(in_place, over, found)
    if not over.patches:
        return
    (patch,) = over.patches
    found.tags.update(node.tag for root in patch.after.documents if root is not None for node in walk(root) if node.tag)
    again = harden(name, _with(overlay, patch.data, read), replace(options, overlay=overlay))
    if again.patches or again.problems != over.problems:
        found.wrong.append("a second run changes the overlay")
    program = real_compose.binary()
    assert program is not None
    try:
        path.with_name(OVERLAY).write_bytes(patch.data)
        merged = real_compose.model(program, path, OVERLAY)
        if found.only_overlay or found.only_in_place:
            _hold_against_declared(real_compose.model(program, path), over, merged, found)
            return
        for one in in_place.patches:
            Path(one.path).write_bytes(one.data)
        fixed = real_compose.model(program, path)
    finally:
        for one in in_place.patches:
            Path(one.path).write_bytes(one.before.encode(one.before.text))
        path.with_name(OVERLAY).unlink()
    if merged is None and fixed is None and real_compose.model(program, path) is None:
        return
    found.accepted = True
    found.wrong += _differences(fixed, merged)
    found.equal_to_fix = not found.wrong


def _hold_against_declared(
    original: dict[str, Any] | None, over: Outcome, merged: dict[str, Any] | None, found: Compared
) -> None:
    if original is not None:
        found.accepted = True
        found.wrong += _differences(expected(original, over.with_status(Status.FIX)), merged)


def _differences(wanted: dict[str, Any] | None, merged: dict[str, Any] | None) -> list[str]:
    if wanted is None or merged is None:
        return ["Compose refuses the result"]
    return differences(without_extensions(wanted), without_extensions(merged))


def _tell_apart(in_place: Outcome, over: Outcome, found: Compared) -> None:
    """What only one of both ways can do."""
    for ours, theirs, counts in (
        (_made(over), in_place, found.only_overlay),
        (_made(in_place), over, found.only_in_place),
    ):
        counts.update(
            f"{item.rule}: {item.reason}"
            for item in theirs.findings
            if (item.service, item.rule) in ours and item.status in (Status.REFUSED, Status.HELD) and item.service
        )


def _made(outcome: Outcome) -> set[tuple[str | None, str]]:
    return {(item.service, item.rule) for item in outcome.with_status(Status.FIX)}


def _with(path: str, data: bytes, read: Reader) -> Reader:
    return lambda other: data if other == path else read(other)


def summary(found: Iterable[Compared]) -> Iterator[str]:
    """The figures."""
    found = list(found)
    for mode in dict.fromkeys(one.mode for one in found):
        mine = [one for one in found if one.mode == mode]
        changed = [one for one in mine if one.changed]
        accepted = [one for one in changed if one.accepted]
        compared = [one for one in accepted if one.equal_to_fix is not None]
        yield f"{mode}: {len(mine)} files, {len(changed)} get an overlay with {sum(one.fixes for one in changed)} fixes"
        yield f"  Compose takes {len(accepted)} of them before"
        yield f"  overlay and fix in place are the same stack in {sum(map(_is_equal, compared))} of {len(compared)}"
        yield f"  the overlay makes more than the fix in place in {len(accepted) - len(compared)}"
        yield f"  wrong: {sum(bool(one.wrong) for one in mine)}"
        for title, counts in (
            ("tags", sum((one.tags for one in mine), Counter[str]())),
            ("only by overlay", sum((one.only_overlay for one in mine), Counter[str]())),
            ("only in place", sum((one.only_in_place for one in mine), Counter[str]())),
        ):
            yield f"  {title}: {sum(counts.values())}"
            yield from (f"    {count:5}  {text}" for text, count in counts.most_common(12))
    yield from (f"{one.file} ({one.mode}): {line}" for one in found for line in one.wrong)


def _is_equal(one: Compared) -> bool:
    return bool(one.equal_to_fix)


def main(arguments: list[str]) -> int:
    """Print everything."""
    folder = arguments[0] if arguments else os.environ.get("COMPOSEHARDEN_CORPUS")
    if not folder or real_compose.binary() is None:
        print("set COMPOSEHARDEN_CORPUS or name a folder; docker-compose must be there", file=sys.stderr)
        return 2
    found: list[Compared] = []
    for one in compare(Path(folder).resolve(), int((*arguments, "1", "1")[1]), arguments[2:] or tuple(MODES)):
        found.append(one)
        if len(found) % 100 == 0:
            print("\n".join(summary(found)), file=sys.stderr, flush=True)
    print("\n".join(summary(found)))
    return any(one.wrong for one in found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
