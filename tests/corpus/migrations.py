"""What becomes of a corpus with `--migrate`: `python -m tests.corpus.migrations [FOLDER]`; nothing in it is changed.

Each file that Compose takes is migrated in a copy of its folder, by the code that `fix` uses, and Compose is asked
again: it has to take the result, every container has to get the values that it got before, and nothing else may differ.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from composeharden import Options, Status, harden
from composeharden.cli.inputs import reader
from composeharden.cli.write import WriteError, replace_files
from tests.cli.migrated import received, rest
from tests.corpus import real_compose
from tests.corpus.measure import copy_of, files

RULES = frozenset(("secrets",))


def measure(corpus: Path, options: Options, every: int = 1) -> Iterator[tuple[str, str]]:
    """Each file, or every so many of them, with what became of it."""
    program = real_compose.binary()
    if program is None:
        raise SystemExit("docker-compose is neither beside this Python nor on the PATH")
    for file in files(corpus)[::every]:
        yield file, _one(corpus / file, program, options)


def _one(original: Path, program: str, options: Options) -> str:
    try:
        outcome = harden(str(original), reader(str(original)), options)
    except Exception as error:
        return f"crash: {error!r}"
    refused = [one for one in outcome.findings if one.rule in options.only and one.status is Status.REFUSED]
    held = [one for one in outcome.findings if one.rule in options.only and one.status is Status.HELD]
    if refused and not outcome.patches:
        return f"refused: {refused[0].reason}"
    if not outcome.patches:
        return "held" if held else "nothing to do"
    with TemporaryDirectory(prefix="corpus-") as name:
        folder = Path(name) / "stack"
        copy_of(original.parent, folder)
        return _judged(folder, original.name, program, options)


def _judged(folder: Path, name: str, program: str, options: Options) -> str:
    path = str(folder / name)
    before = real_compose.model(program, folder / name)
    values = received(before) if before is not None else {}
    outcome = harden(path, reader(path), options)
    changes = [(one.path, one.before.encode(one.before.text), one.data) for one in outcome.patches]
    try:
        replace_files(changes, outcome.beside_files)
    except WriteError as error:
        return f"not written: {error}"
    again = harden(path, reader(path), options)
    if again.patches or again.beside_files:
        return "bad: a second run changes it"
    if before is None:
        return "made, and not accepted by Compose before either"
    after = real_compose.model(program, folder / name)
    if after is None:
        return "bad: not accepted"
    if received(after) != values:
        wrong = sorted(name for name in values if received(after).get(name) != values[name])
        return f"bad: other values in {wrong}"
    return "made, all equal" if rest(after) == rest(before) else "bad: something else differs"


def main() -> None:
    """Print a count of each end, and the files of those that are bad."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["COMPOSEHARDEN_CORPUS"])
    options = Options(only=RULES, migrate=True)
    every = int(os.environ.get("EVERY", "1"))
    counted: Counter[str] = Counter()
    for file, end in measure(corpus, options, every):
        counted[end if not end.startswith(("bad: other", "crash")) else end.partition(":")[0]] += 1
        if end.startswith(("bad", "crash", "refused", "not written")):
            sys.stdout.write(f"{file}: {end}\n")
            sys.stdout.flush()
    for end, count in counted.most_common():
        sys.stdout.write(f"{count:6} {end}\n")


if __name__ == "__main__":
    main()
