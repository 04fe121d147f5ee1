"""What must hold for a hardened service, given what was seen of it before and after."""

from __future__ import annotations

from typing import Any

from .cases import FULL
from .harness import DEFAULT_GRACE
from .lifecycle import Life, Row
from .processes import normal_capability, worker_uids


def settings_of(inspected: dict[str, Any]) -> frozenset[str]:
    """Which of read_only, cap_drop and no_new_privileges the engine itself enforces in full."""
    host = inspected["HostConfig"]
    enforced = {
        "read_only": host["ReadonlyRootfs"] is True,
        "cap_drop": [normal_capability(name) for name in host["CapDrop"] or ()] == ["ALL"],
        "no_new_privileges": any(str(option).startswith("no-new-privileges") for option in host["SecurityOpt"] or ()),
    }
    return frozenset(name for name, is_on in enforced.items() if is_on and host["Privileged"] is False)


def check_settings(inspected: dict[str, Any], expected: frozenset[str] = FULL) -> None:
    """The engine says that the service has the settings."""
    missing = expected - settings_of(inspected)
    assert not missing, f"settings: lacks {', '.join(sorted(missing))}"


def check_capabilities(life: Life, service: str, expected: frozenset[str] = FULL) -> None:
    """Every process is bounded by the file's cap_add, and the kernel has no-new-privileges set for it.

    Where the service runs under `user:` no capability is left at all, unless a program's file brings one along. Only
    what is `expected` of it is asked for.
    """
    declared = {normal_capability(name) for name in life.config["services"][service].get("cap_add") or ()}
    assert life.processes[service]
    for process in life.processes[service]:
        if "cap_drop" in expected:
            assert process.bounding == declared, f"capabilities: {process}"
            assert process.effective <= declared, f"capabilities: {process}"
        assert process.no_new_privileges >= ("no_new_privileges" in expected), f"privileges: {process}"


def check_workers(row: Row, before: Life, after: Life, worker_uid: int | None = None) -> None:
    """The work is done by the same users as before, and no more processes are root than were.

    With `worker_uid` by that one: the file says so.
    """
    was, now = before.processes[row.service], after.processes[row.service]
    assert worker_uids(was) == {row.worker_uid}, f"uid before: {worker_uids(was)}"
    assert worker_uids(now) == {row.worker_uid if worker_uid is None else worker_uid}, f"uid: {worker_uids(now)}"
    assert _roots(after, row.service) <= _roots(before, row.service), "uid: more processes are root"


def check_stop(service: str, before: Life, after: Life) -> None:
    """It ends with the exit code it had, well within its grace time, so not by SIGKILL."""
    stopped = after.stops[service]
    grace = float(after.inspected[service]["Config"].get("StopTimeout") or DEFAULT_GRACE)
    code = before.stops[service].code
    assert stopped.code == code, f"stop: exit code {stopped.code}, {code} before"
    assert stopped.seconds < grace, f"stop: took {stopped.seconds:.1f} s"


def _roots(life: Life, service: str) -> int:
    return sum(process.uid == 0 for process in life.processes[service])
