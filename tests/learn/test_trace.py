"""What bpftrace prints, and whose events count."""

from __future__ import annotations

import json

from composeharden.learn.trace import NAMES, Tracer, parse

OURS, OTHER = "a" * 64, "b" * 64
SAID = "\n".join(
    [
        json.dumps({"type": "attached_probes", "data": {"probes": 2}}),
        json.dumps({"type": "printf", "data": "ready\n"}),
        "",
        "not JSON at all",
        json.dumps(
            {"type": "map", "data": {"@used": {f"{OURS[:63]},7,gosu": 3, f"{OURS[:63]},0,a,b": 1, ",21,docker": 9}}}
        ),
        json.dumps(
            {"type": "map", "data": {"@used": {f"{OTHER[:63]},6,gosu": 3, f"docker-{OURS}"[:63] + ",6,gosu": 1}}}
        ),
        json.dumps({"type": "map", "data": {"@used": {f"{OURS[:63]},99,future": 1}, "@more": {}}}),
    ]
)


def test_capabilities_have_the_numbers_of_the_kernel() -> None:
    assert [NAMES.index(name) for name in ("CHOWN", "SETUID", "NET_BIND_SERVICE", "SYS_ADMIN", "SETFCAP")] == [
        0,
        7,
        10,
        21,
        31,
    ]
    assert len(NAMES) == len(set(NAMES)) == 41


def test_only_the_container_s_own_checks_count_whatever_its_cgroup_is_called() -> None:
    tracer = Tracer()
    tracer._used = parse(SAID)
    assert tracer.used(OURS) == {"SETUID": {"gosu"}, "CHOWN": {"a,b"}, "SETGID": {"gosu"}}
    assert tracer.used(OTHER) == {"SETGID": {"gosu"}}
    assert tracer.used("c" * 64) == {}


def test_a_trace_that_never_ran_says_that_it_is_of_no_use() -> None:
    assert Tracer().finish() is False
    assert parse("") == {}
