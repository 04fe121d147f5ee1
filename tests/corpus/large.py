"""A large repository: `make large`, or `python -m tests.corpus.large [FOLDER]` (COMPOSEHARDEN_CORPUS without a folder).

Checks every Compose file of a copy of the folder with two jobs: files a second, peak memory of the whole process tree,
and the ratio to compose-lint on the same files in the same run. Then the same in shards, which together must give the
same report; and with --changed-since after one change.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

BIN = Path(sys.executable).parent
OWN, LINT = str(BIN / "composeharden"), str(BIN / "compose-lint")
CHECK = [OWN, "check", "-r", ".", "--format", "json", "--jobs", "2"]
SHARDS = 8
_PAUSE = 0.25


class Cost(NamedTuple):
    """What one command took."""

    wall: float
    cpu: float
    memory: int
    """The most bytes that the process and its children held at once, seen four times a second."""
    output: bytes


def measured(command: list[str], folder: Path) -> Cost:
    """Run a command to its end."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.DEVNULL)
        memory = 0
        while process.poll() is None:
            memory = max(memory, sum(map(_resident, _family(process.pid))))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PAUSE)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(time.monotonic() - start, cpu, memory, output.read())


def _family(process: int) -> Iterator[int]:
    yield process
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from _family(int(child))


def _resident(process: int) -> int:
    """The bytes of a process, those that it shares with others counted in part."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def reports(cost: Cost) -> dict[str, Any]:
    """What a JSON report says of each file."""
    return {file["path"]: file for file in json.loads(cost.output)["files"]}


def main(arguments: list[str]) -> int:
    """Measure and print; 1 when the shards are not the whole."""
    folder = arguments[0] if arguments else os.environ.get("COMPOSEHARDEN_CORPUS")
    if not folder:
        print("set COMPOSEHARDEN_CORPUS or name a folder", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="large-") as name:
        copy = Path(name) / "tree"
        shutil.copytree(folder, copy, symlinks=True, ignore_dangling_symlinks=True)
        return _measure(copy)


def _measure(folder: Path) -> int:
    whole = measured(CHECK, folder)
    files = reports(whole)
    count = len(files)
    _row(f"composeharden, {count} files, 2 jobs", whole, count)
    lint = measured([LINT, "check", "--format", "json", *files], folder)
    _row("compose-lint, the same files", lint, count)
    print(f"  compose-lint could not judge {len(json.loads(lint.output)['errors'])} of them")
    print(f"  ours / compose-lint: time {whole.wall / lint.wall:.2f}, CPU {whole.cpu / lint.cpu:.2f}", flush=True)
    parts = [reports(measured([*CHECK, "--shard", f"{number}/{SHARDS}"], folder)) for number in range(1, SHARDS + 1)]
    joined = {path: report for part in parts for path, report in part.items()}
    equal = joined == files and sum(map(len, parts)) == count
    sizes = ", ".join(str(len(part)) for part in parts)
    print(f"{SHARDS} shards of {sizes} files: {'the whole' if equal else 'NOT the whole'}")
    _changed(folder, next(iter(files)))
    return 0 if equal else 1


def _changed(folder: Path, file: str) -> None:
    for command in (
        ["init", "-q"],
        ["add", "-Af"],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    with (folder / file).open("a") as stream:
        stream.write("\n# changed\n")
    cost = measured([*CHECK, "--changed-since", "HEAD"], folder)
    print(f"one file changed: {len(reports(cost))} looked at, {cost.wall:.1f} s")


def _row(title: str, cost: Cost, count: int) -> None:
    print(
        f"{title:<42}{cost.wall:8.1f} s{cost.cpu:8.1f} s CPU{count / cost.wall:8.1f} files/s"
        f"{cost.memory / 2**20:8.0f} MiB at most",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
