"""What must hold for a hardened service, given what was seen of it before and after."""

from __future__ import annotations

from typing import Any

from .harness import DEFAULT_GRACE
from .lifecycle import Life, Row
from .processes import normal_capability, worker_uids


def check_settings(inspected: dict[str, Any]) -> None:
    """The engine itself says: read-only root, all capabilities dropped, no new privileges."""
    host = inspected["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert [normal_capability(name) for name in host["CapDrop"] or ()] == ["ALL"]
    assert any(str(option).startswith("no-new-privileges") for option in host["SecurityOpt"] or ())
    assert host["Privileged"] is False


def check_capabilities(life: Life, service: str) -> None:
    """Every process is bounded by the file's cap_add, and the kernel has no-new-privileges set for it."""
    declared = {normal_capability(name) for name in life.config["services"][service].get("cap_add") or ()}
    assert life.processes[service]
    for process in life.processes[service]:
        assert process.bounding == declared, process
        assert process.effective <= declared, process
        assert process.no_new_privileges, process


def check_workers(row: Row, before: Life, after: Life) -> None:
    """The work is done by the same users as before, and no more processes are root than were."""
    was, now = before.processes[row.service], after.processes[row.service]
    assert worker_uids(was) == {row.worker_uid}
    assert worker_uids(now) == {row.worker_uid}
    assert _roots(after, row.service) <= _roots(before, row.service)


def check_stop(service: str, before: Life, after: Life) -> None:
    """It ends with the exit code it had, well within its grace time, so not by SIGKILL."""
    stopped = after.stops[service]
    grace = float(after.inspected[service]["Config"].get("StopTimeout") or DEFAULT_GRACE)
    assert stopped.code == before.stops[service].code
    assert stopped.seconds < grace


def _roots(life: Life, service: str) -> int:
    return sum(process.uid == 0 for process in life.processes[service])
