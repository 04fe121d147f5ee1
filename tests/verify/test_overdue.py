"""What is concluded where the time is over in the middle, or not all was run: nothing of what was not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composeharden import Options, harden
from composeharden.cli.verified import verification
from composeharden.engine import OverdueError
from composeharden.outcome import Outcome
from composeharden.redaction import Redactor
from composeharden.verify.isolation import Isolation
from composeharden.verify.plan import Plan, Planned
from composeharden.verify.seen import Life, Seen
from composeharden.verify.trial import Result, Trial

from .test_isolation import isolation

GOOD = Seen("running")
BAD = Seen("exited", code=1)


class _Lives:
    """Lives that were written down beforehand; the time is over when there are none left."""

    def __init__(self, lives: list[Life]) -> None:
        self.left = list(lives)
        self.lives = self.starts = 0

    def live(self, *_: Any) -> Life:
        self.lives += 1
        if not self.left:
            raise OverdueError("the time for the whole run is over (--timeout)")
        return self.left.pop(0)


class _Trial(Trial):
    """A trial whose lives are given: what it makes of them is its own."""

    def __init__(self, found: Isolation, lives: list[Life]) -> None:
        self.isolation, self.run = found, _Lives(lives)  # type: ignore[assignment]
        self.result = Result(found)
        self.model = dict(found.model)
        self.tell = lambda text: None
        self.docker = type("Engine", (), {"engine_version": "0"})()

    def _canonical(self, changes: Any) -> dict[str, Any]:
        return self.model


STACK = """\
services:
  web: {image: example/web, environment: {DB_HOST: db}}
  db: {image: example/db}
"""


def _read(path: str) -> bytes:
    if path != "compose.yaml":
        raise FileNotFoundError(path)
    return STACK.encode()


@pytest.mark.parametrize("is_there", [True, False])
def test_to_wait_for_a_service_that_was_not_run_is_not_proven(is_there: bool, tmp_path: Path) -> None:
    services = {"web": {"image": "example/web"}, "db": {"image": "example/db"}}
    found = isolation(tmp_path, services, db={"Id": "x"} if is_there else None)
    seen = Life([{"web": GOOD, "db": GOOD}])
    trial = _Trial(found, [seen, seen])
    trial.options = Options()
    trial.look = lambda options: harden("compose.yaml", _read, options)
    result = trial.verify(Planned(Plan(), trial.look(trial.options)), try_assumed=True)
    assert result.survived is not None
    rules = {fix.rule for fix in result.survived.fixes if fix.service == "web"}
    assert ("depends-on" in rules) is is_there
    assert "read-only" in rules
    every = trial.planned(Plan(), assume=True)
    (waits,) = [fix for fix in every.fixes if fix.rule == "depends-on"]
    assert result.shows(waits) is is_there


def life(*seen: Seen) -> Life:
    return Life([{"app": one} for one in seen])


def concluded(folder: Path, *lives: Life) -> tuple[Result, Any]:
    """What is concluded, and reported, of one service whose lives these are."""
    trial = _Trial(isolation(folder, {"app": {"image": "app"}}), list(lives))
    result = trial.verify(Planned(Plan(), Outcome("compose.yaml")))
    (service,) = verification(result, "compose.yaml", Redactor(), trial).services
    return result, service


def test_a_life_as_before_is_the_same(tmp_path: Path) -> None:
    result, service = concluded(tmp_path, life(GOOD, GOOD, GOOD), life(GOOD, GOOD, GOOD))
    assert (service.verdict, service.reason, result.unfinished) == ("same", "", "")
    assert result.survived is not None


@pytest.mark.parametrize("worse", [replace(GOOD, health="unhealthy"), BAD], ids=["health", "start"])
def test_worse_once_without_time_for_a_second_look_is_not_the_same(worse: Seen, tmp_path: Path) -> None:
    result, service = concluded(tmp_path, life(GOOD, GOOD, GOOD), life(worse, worse, worse))
    assert service.verdict == "not-comparable"
    assert "no time to try it again" in service.reason
    assert "time for the whole run" in result.unfinished
    assert result.survived is None
