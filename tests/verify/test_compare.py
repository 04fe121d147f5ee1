"""What counts as worse: no more than that, so that a healthy stack is never blamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from composeharden.engine import Stopped
from composeharden.verify.compare import differences, is_comparable, more_privileged
from composeharden.verify.seen import Complaint, Life, Seen, complaints_of

GOOD = Seen(
    "running",
    health="healthy",
    processes=frozenset({("server", 0), ("server", 33)}),
    ports=frozenset({"80/tcp"}),
    answers=frozenset({(80, "HTTP 200")}),
    probes={"probe": True},
    stop=Stopped(0, 0.5),
)
JOB = Seen("exited", code=0)


def life(*phases: Seen) -> Life:
    return Life([{"app": seen} for seen in phases])


def checks(before: Life, after: Life, strict: bool = False) -> list[str]:
    found = differences(before, after, ["app"], frozenset({"app"} if strict else ()))
    return [one.check for one in found]


def test_the_same_life_is_as_good() -> None:
    assert checks(life(GOOD, GOOD, GOOD), life(GOOD, GOOD, GOOD), strict=True) == []
    assert checks(life(JOB, JOB), life(JOB, JOB)) == []


def _numbered(value: object) -> str | None:
    """Sets have no order that lasts, which the names of tests need."""
    return value if isinstance(value, str) else None


@pytest.mark.parametrize(
    "better",
    [
        {"processes": frozenset({("server", 33)})},
        {"processes": frozenset({("server", 101), ("init", 0)})},
        {"ports": frozenset({"80/tcp", "81/tcp"})},
        {"ports": None},
        {"answers": frozenset({(80, "HTTP 200"), (81, "open")})},
        {"health": ""},
        {"stop": Stopped(0, 4.0)},
        {"processes": frozenset()},
    ],
    ids=[
        "other user",
        "other users",
        "more ports",
        "ports unseen",
        "more answers",
        "no health",
        "slower stop",
        "no process seen",
    ],
)
def test_better_or_not_seen_is_not_worse(better: dict[str, Any]) -> None:
    assert checks(life(GOOD), life(replace(GOOD, **better)), strict=True) == []


@pytest.mark.parametrize(
    ("worse", "check"),
    [
        ({"state": "exited", "code": 1}, "start"),
        ({"state": "created"}, "start"),
        ({"state": "restarting", "restarts": 3}, "start"),
        ({"restarts": 1}, "restarts"),
        ({"health": "unhealthy"}, "health"),
        ({"health": "starting"}, "health"),
        ({"processes": frozenset({("server", 0)})}, "user"),
        ({"ports": frozenset()}, "ports"),
        ({"answers": frozenset({(80, "HTTP 500")})}, "ports"),
        ({"answers": frozenset()}, "ports"),
        ({"probes": {"probe": False}}, "probe"),
        ({"stop": Stopped(137, 10.1)}, "stop"),
        ({"stop": Stopped(1, 0.5)}, "stop"),
        ({"stop": Stopped(0, 9.0)}, "stop"),
        ({"complaints": (Complaint("open /x: Read-only file system", late=True),)}, "log"),
    ],
    ids=_numbered,
)
def test_each_way_of_being_worse(worse: dict[str, Any], check: str) -> None:
    assert checks(life(GOOD, GOOD), life(GOOD, replace(GOOD, **worse))) == [check]


def test_what_it_survives_at_its_start_counts_only_where_nothing_is_known() -> None:
    early = replace(GOOD, complaints=(Complaint("chmod: Operation not permitted", late=False),))
    assert checks(life(GOOD), life(early)) == []
    assert checks(life(GOOD), life(early), strict=True) == ["log"]
    assert checks(life(early), life(early), strict=True) == []


def test_a_complaint_is_known_by_more_than_its_numbers() -> None:
    before = Complaint("2026-01-01 12:00:00 [17] open /tmp/tmpabcdef: Permission denied", late=False)
    after = Complaint("2026-01-01 12:00:09 [23] open /tmp/tmpzyxwvu: Permission denied", late=True)
    assert before.key == after.key
    assert before.key != Complaint("open /etc/x: Permission denied", late=True).key


def test_a_job_ends_with_the_same_code() -> None:
    assert checks(life(JOB), life(replace(JOB, code=1))) == ["exit-code"]
    assert checks(life(JOB), life(GOOD)) == ["exit-code"]


def test_nothing_is_told_of_what_did_not_run_before() -> None:
    for seen in (replace(JOB, code=1), replace(GOOD, health="unhealthy"), replace(GOOD, restarts=2), Seen("created")):
        assert not is_comparable(life(seen), "app")
        assert checks(life(seen), life(replace(GOOD, state="exited", code=2))) == []


def test_a_stop_is_only_worse_than_every_stop_before() -> None:
    before = life(GOOD, replace(GOOD, stop=Stopped(143, 0.1)))
    assert checks(before, life(replace(GOOD, stop=Stopped(143, 0.1)))) == []


def test_a_port_that_is_chosen_anew_each_time_is_not_missed() -> None:
    before = life(GOOD, replace(GOOD, ports=frozenset({"80/tcp", "40123/tcp"})))
    assert checks(before, life(replace(GOOD, ports=frozenset({"80/tcp", "40999/tcp"})))) == []


def test_an_answer_that_changes_by_itself_is_not_missed() -> None:
    busy = replace(GOOD, answers=frozenset({(80, "HTTP 503")}))
    assert checks(life(busy, GOOD), life(GOOD, busy)) == []
    ((found,),) = (differences(life(GOOD, GOOD), life(GOOD, busy), ["app"]),)
    assert (found.phase, found.message) == ("restart", "port 80 does not answer as before (HTTP 200): HTTP 503")


def test_root_where_somebody_else_was_is_named() -> None:
    was = replace(GOOD, processes=frozenset({("sh", 0), ("worker", 33)}))
    now = replace(GOOD, processes=frozenset({("sh", 0), ("worker", 0)}))
    assert more_privileged(was, now) == "worker runs as root, before as user 33"
    other = replace(GOOD, processes=frozenset({("other", 0)}))
    assert "every process runs as root" in more_privileged(was, other)


def test_late_is_between_up_and_stop() -> None:
    log = [(f"2026-01-01T00:00:0{second}Z", "x: Permission denied") for second in range(5)]
    up = ("2026-01-01T00:00:01Z", "2026-01-01T00:00:03Z")
    assert [one.late for one in complaints_of(log, up)] == [False, False, True, True, False]
    assert complaints_of([("t", "all is well")], up) == ()
