"""When a hardened life counts as good: the ways in which one only looks so were all seen on an engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composeharden.learn.compare import shortfall, waited_for
from composeharden.learn.setting import Life, Moment, Setting, Stop, Work
from tests.learn.lives import GOOD_STOP, LIFE, READY, ROOT, WORKER

HARDENED = Setting(capabilities=frozenset(), read_only=True, no_new_privileges=True)
AS_USER = replace(HARDENED, user="33:33")


def moment(*works: Work) -> Moment:
    return replace(READY, first=works[0], works=frozenset(works))


def test_the_same_life_is_as_good() -> None:
    assert shortfall(LIFE, LIFE, HARDENED) is None
    assert shortfall(LIFE, Life((READY, READY), GOOD_STOP), HARDENED) is None


def test_fewer_roots_are_no_loss() -> None:
    before = moment(ROOT, Work("cron", 0), WORKER)
    assert waited_for(before, moment(ROOT, Work("cron", 1), WORKER), HARDENED) == ""


def test_one_more_worker_or_a_new_helper_of_a_user_is_no_loss() -> None:
    assert waited_for(READY, moment(ROOT, WORKER, Work("helper", 33)), HARDENED) == ""


def test_workers_that_silently_stay_root_are_found_though_every_probe_passes() -> None:
    """Apache serves pages as root where it may not step down."""
    assert waited_for(READY, moment(ROOT), HARDENED) == "server runs as uid 0, as 0, 33 before"
    lone = replace(READY, first=WORKER, works=frozenset((WORKER,)))
    assert "as 33 before" in waited_for(lone, replace(lone, first=ROOT, works=frozenset((ROOT,))), HARDENED)


def test_under_user_every_process_is_that_user() -> None:
    assert waited_for(READY, moment(WORKER), AS_USER) == ""
    assert waited_for(READY, moment(ROOT, WORKER), AS_USER) == "runs as uid 0 although it was started as 33"


def test_workers_that_died_are_missed_though_the_first_process_stays() -> None:
    """nginx stays up without SETUID, and nobody answers."""
    before = moment(ROOT, Work("worker", 33))
    assert waited_for(before, moment(ROOT), HARDENED) == "worker does not run"
    silent = replace(READY, answers=frozenset())
    assert waited_for(READY, silent, HARDENED) == "port 80 does not answer as before (HTTP 200)"


def test_a_port_nobody_listens_on_is_missed() -> None:
    assert waited_for(READY, replace(READY, ports=frozenset()), HARDENED) == "does not listen on 80/tcp"


@pytest.mark.parametrize("number", [1, 2])
def test_a_later_start_that_fails_is_found(number: int) -> None:
    """PostgreSQL and MariaDB start once without DAC_OVERRIDE, and never again."""
    ended = Moment(ended=1)
    moments = (READY, *(READY,) * (number - 1), ended)
    found = shortfall(LIFE, Life(moments, GOOD_STOP), HARDENED)
    assert found is not None
    assert found.words == f"{('second start', 'new container')[number - 1]}: ended with exit code 1"


def test_a_stop_that_becomes_a_kill_is_found() -> None:
    """PHP-FPM cannot signal its workers without KILL."""
    found = shortfall(LIFE, Life((READY, READY), Stop(137, 10.1, True)), HARDENED)
    assert found is not None
    assert found.words == "stop: had to be killed after 10 s (0.3 s before)"
    found = shortfall(LIFE, Life((READY, READY), Stop(1, 0.2, False)), HARDENED)
    assert found is not None
    assert found.words == "stop: exit code 1, 0 before"


def test_what_had_to_be_killed_before_may_be_killed() -> None:
    before = replace(LIFE, stop=Stop(137, 10.2, True))
    assert shortfall(before, Life((READY, READY), Stop(137, 10.0, True)), HARDENED) is None
    assert shortfall(before, Life((READY, READY), GOOD_STOP), HARDENED) is None


def test_a_server_that_runs_but_is_never_healthy_is_found() -> None:
    """RabbitMQ's own check, run as root, cannot read the cookie of its user: what waits for it never starts."""
    before = replace(READY, health="healthy")
    assert waited_for(before, replace(before, health="unhealthy"), HARDENED) == "its health check does not succeed"
    assert waited_for(before, replace(before, health="starting"), HARDENED) != ""


def test_a_job_has_to_end_with_the_code_it_had() -> None:
    job = Life((Moment(ended=0), Moment(ended=0)), None)
    assert shortfall(job, job, HARDENED) is None
    found = shortfall(job, Life((Moment(ended=3),), None), HARDENED)
    assert found is not None
    assert found.words == "first start: ended with 3, 0 before"
