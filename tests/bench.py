"""What a run costs, as ratios to two public tools on the same files in the same run.

    make bench

Prints whole-process CPU time (user + system, of the process and its children), median of 20 runs, for one file of 60
lines and for 39 files in one process.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 20
ONE_FILE = Path(__file__).parent / "data" / "bench.yaml"
FIXTURES = Path(__file__).parent.parent / "fixtures"
BIN = Path(sys.executable).parent


def cpu_seconds(command: list[str], folder: Path) -> float:
    """CPU time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def medians(commands: dict[str, list[str]], folder: Path) -> dict[str, float]:
    """The median of each command, taken turn by turn so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(cpu_seconds(command, folder))
    return {name: statistics.median(values) for name, values in times.items()}


def files(folder: Path, count: int) -> list[str]:
    """Copies of the bundled stacks, `count` of them."""
    stacks = sorted(FIXTURES.glob("*/compose.yaml"))
    names = []
    for number in range(count):
        name = f"compose.{number:02}.yaml"
        shutil.copy(stacks[number % len(stacks)], folder / name)
        names.append(name)
    return names


def report(title: str, own: str, times: dict[str, float]) -> None:
    """One table: milliseconds and the ratio of ours to each other tool."""
    print(f"\n{title}")
    for name, seconds in times.items():
        ratio = "" if name == own else f"   ours / this: {times[own] / seconds:.2f}"
        print(f"  {name:<32}{seconds * 1000:8.1f} ms CPU{ratio}")


def main() -> None:
    """Measure and print both tables."""
    own, lint, compose = (str(BIN / name) for name in ("composeharden", "compose-lint", "docker-compose"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ONE_FILE, folder / "compose.yaml")
        report(
            "one file of 60 lines",
            "composeharden diff",
            medians(
                {
                    "composeharden diff": [own, "diff", "compose.yaml"],
                    "docker compose config -q": [compose, "-f", "compose.yaml", "config", "-q"],
                    "compose-lint fix": [lint, "fix", "compose.yaml"],
                    "python -c pass": [sys.executable, "-c", "pass"],
                },
                folder,
            ),
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many = files(folder, 39)
        report(
            "39 files in one process",
            "composeharden diff",
            medians(
                {
                    "composeharden diff": [own, "diff", *many],
                    "compose-lint fix": [lint, "fix", *many],
                },
                folder,
            ),
        )


if __name__ == "__main__":
    main()
