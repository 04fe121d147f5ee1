"""Runs the cases on a Docker engine and writes what they have shown into the image facts.

    make evidence                 # every row, or with ONLY="redis nginx" those of some image families
    make engine                   # before, where no engine runs

Evidence that an earlier run of these families wrote is replaced: a case that fails leaves none behind. Prints a table
of all cases. Exit: 0 when every case passed, 1 when one failed.
"""

from __future__ import annotations

import datetime
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from composeharden.images import bundled
from composeharden.images.catalog import BUILT_IN
from composeharden.images.reference import parse

from .cases import FULL, Case, all_cases
from .claims import Place, record, shown_facts
from .commands import EngineError, engine_problem, run
from .fact_text import with_runs
from .rows import ROWS
from .stand_ins import STAND_INS, build, build_base
from .trial import Shown, Trials

FACTS = Path(bundled.__file__).with_name("facts")


@dataclass(frozen=True)
class Result:
    """What became of a case: what it has shown, or at which step it failed."""

    case: Case
    shown: Shown | None
    failure: str = ""


def family_of(case: Case) -> str:
    """The image family of a case; of what its image is built on, where the stack builds it."""
    found = BUILT_IN.find(parse(case.row.image).repository)
    assert found is not None, case.row.image
    return found.family


def try_out(cases: Iterable[Case], scratch: Path) -> list[Result]:
    """Run the cases one after the other, building the stand-ins that are missing."""
    trials, results = Trials(scratch), []
    for case in cases:
        _tell(f"{case.id} ...")
        try:
            _provide(case)
            results.append(Result(case, trials.show(case, ROWS[case.name])))
        except (EngineError, AssertionError) as error:
            _tell(f"{case.id} failed: {error}")
            results.append(Result(case, None, str(error).split(":", 1)[0]))
    return results


def _provide(case: Case) -> None:
    names = {tag: name for name, tag in STAND_INS.items()}
    for image in case.row.images:
        build(names[image if ":" in image else f"{image}:latest"], build_base())


def written(family: str, results: Sequence[Result], day: str, engine: str, text: str) -> str:
    """The facts of a family with the evidence of these results in the place of all earlier runs."""
    document = tomllib.loads(text)
    places: dict[str, list[Place]] = {}
    runs: dict[str, list[Shown]] = {}
    for result in results:
        found = shown_facts(document, result.shown) if result.shown is not None else []
        if result.shown is not None and found:
            start = result.shown.start
            runs.setdefault(start, []).append(result.shown)
            places.setdefault(start, []).extend(place for place in found if place not in places.get(start, ()))
    tables = {start: record(runs[start], day, engine, family) for start in sorted(runs)}
    return with_runs(text, tables, {start: places[start] for start in sorted(places)})


def table(results: Iterable[Result]) -> str:
    """All results as a Markdown table."""
    head = "| row | image | form | fully hardened | cold start | health | write, read | uid | stop | second start |"
    return "\n".join([head, "|---" * 10 + "|", *map(_row, results)])


def _row(result: Result) -> str:
    case, shown = result.case, result.shown
    cells = [case.name, case.row.image, case.form]
    if shown is None:
        cells += [f"no: {result.failure}", *[""] * 6]
    else:
        full = "yes" if shown.settings == FULL else f"no: {', '.join(sorted(shown.settings))} only"
        health = "healthy" if shown.probe else "no check"
        cells += [full, "yes", health, "yes", str(shown.worker_uid), str(shown.stop_code), "yes"]
    return "| " + " | ".join(cells) + " |"


def main(only: Sequence[str]) -> int:
    """Run, print and write; `only` names image families."""
    problem = engine_problem()
    if problem is not None:
        raise EngineError(problem)
    by_family: dict[str, list[Case]] = {}
    for case in all_cases():
        by_family.setdefault(family_of(case), []).append(case)
    unknown = set(only) - set(by_family)
    if unknown:
        raise EngineError(f"no case runs {', '.join(sorted(unknown))} (there are: {', '.join(sorted(by_family))})")
    chosen = {family: cases for family, cases in by_family.items() if not only or family in only}
    engine = run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=10).stdout.strip()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="evidence-") as scratch:
        for family, cases in chosen.items():
            found = try_out(cases, Path(scratch))
            _write(family, found, engine)
            results += found
    print(table(results))
    return 1 if any(result.shown is None for result in results) else 0


def _write(family: str, results: Sequence[Result], engine: str) -> None:
    file = FACTS / f"{family}.toml"
    before = file.read_text("utf-8")
    after = written(family, results, datetime.date.today().isoformat(), engine, before)
    if after != before:
        file.write_text(after, "utf-8")
        _tell(f"{file.name}: evidence written")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EngineError as problem:
        sys.exit(f"evidence: {problem}")
