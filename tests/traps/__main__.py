"""Takes each guard away in a copy of the tree, and demands that the tests of its trap fail there.

Usage: python -m tests.traps [--engine] [ID...]      (no id: every trap)

With --engine the tests run that need a Docker engine, without it all others. Exits with 1 when a test did not notice
that its guard is gone.
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.traps.table import ENGINE, ROOT, Trap, traps

COPIED = ("composeharden", "fixtures", "schemas", "tests", "pyproject.toml")
SECONDS = 180
"""For the tests of one trap: a guard that is gone may leave an endless loop."""
_LINE = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED) (.+?)(?: - .*)?$", re.MULTILINE)


class Tree:
    """A copy of what the tests read, in a folder that goes away again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
            else:
                shutil.copy2(source, folder / name)
        # Compiled once; what is edited is compiled anew whenever its text is not the one that was.
        compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)

    def without(self, trap: Trap, tests: Iterable[str]) -> dict[str, list[str]]:
        """The outcomes of each test with the guard taken away. Raises ValueError where that cannot be done."""
        before = {edit.file: (self.folder / edit.file).read_text("utf-8") for edit in trap.guard}
        try:
            for edit in trap.guard:
                problem = edit.problem(self.folder)
                if problem:
                    raise ValueError(problem)
                path = self.folder / edit.file
                path.write_text(path.read_text("utf-8").replace(edit.text, edit.becomes), "utf-8")
            return self.outcomes(tests)
        finally:
            for name, text in before.items():
                (self.folder / name).write_text(text, "utf-8")

    def outcomes(self, tests: Iterable[str], seconds: float = SECONDS) -> dict[str, list[str]]:
        """What became of the tests, by node id as it was asked for."""
        tests = list(tests)
        # The copy comes first on the path, in what the tests start as well.
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", *tests],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        found: dict[str, list[str]] = {test: [] for test in tests}
        for result, node in _LINE.findall(done.stdout):
            for test in tests:
                if node == test or node.startswith(f"{test}["):
                    found[test].append(result)
        if done.returncode not in (0, 1):
            raise ValueError(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return found


def main() -> int:
    """Run every trap that is asked for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.traps", description=__doc__)
    parser.add_argument("--engine", action="store_true", help="run the tests that need a Docker engine, and only these")
    parser.add_argument("ids", nargs="*", metavar="ID")
    arguments = parser.parse_args()
    chosen = [trap for trap in traps() if not arguments.ids or trap.id in arguments.ids]
    unknown = set(arguments.ids) - {trap.id for trap in chosen}
    if unknown:
        parser.error(f"no such trap: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="without-guard-") as folder:
        return _run(Tree(Path(folder)), chosen, arguments.engine)


def _run(tree: Tree, chosen: list[Trap], engine: bool) -> int:
    tests = {trap.id: [test for test in trap.tests if test.startswith(ENGINE) == engine] for trap in chosen}
    everything = sorted({test for some in tests.values() for test in some})
    broken = [test for test, results in tree.outcomes(everything, 10 * SECONDS).items() if set(results) != {"PASSED"}]
    if broken:
        print("These do not pass as they are, so that their failure would say nothing:", *broken, sep="\n  ")
        return 1
    unnoticed = skipped = 0
    for trap in chosen:
        if not tests[trap.id]:
            skipped += 1
            continue
        began = time.monotonic()
        try:
            outcomes = tree.without(trap, tests[trap.id])
        except (ValueError, subprocess.TimeoutExpired) as error:
            outcomes = {str(error): []}
        quiet = [test for test, results in outcomes.items() if "FAILED" not in results]
        unnoticed += bool(quiet)
        print(f"{'NOT NOTICED' if quiet else 'noticed'} {trap.id} ({time.monotonic() - began:.0f} s)", flush=True)
        for test in quiet:
            print(f"    {test}")
    where = "with" if engine else "without"
    print(
        f"{len(chosen) - skipped} guards taken away, {unnoticed} not noticed; {skipped} have no test {where} an engine"
    )
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
