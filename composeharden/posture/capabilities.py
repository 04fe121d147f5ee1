"""The capabilities a service keeps when all others are dropped, each with its reason (capabilities(7))."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from composeharden.compose.project import Service
from composeharden.outcome import Confidence
from composeharden.posture.built import programs_with_capabilities
from composeharden.posture.record import Posture

DEFAULT_CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)
"""What Docker gives a container that asks for nothing. Source: moby, oci/caps/defaults.go."""

UNKNOWN_ROOT = {
    "CHOWN": "an entry point may take its data over",
    "DAC_OVERRIDE": "root reads and writes files of other users",
    "FOWNER": "an entry point may change modes of its data",
    "NET_BIND_SERVICE": "a program may carry this file capability",
    "SETGID": "an entry point may step down from root",
    "SETUID": "an entry point may step down from root",
}
"""For an image nobody looked at: what step-down entry points use, without NET_RAW, MKNOD and the rest."""


def decide_capabilities(posture: Posture) -> None:
    """The set that suffices, never more than the container had before."""
    service, facts = posture.service, posture.facts
    needed: dict[str, str] = {}
    table: Mapping[str, Any] = facts.table("capabilities") if facts is not None else {}
    as_root = posture.starts_as_root
    if facts is not None and not facts.is_runtime and table:
        needed.update(table.get("root" if as_root else "user", {}))
        needed.update(table.get("file", {}))
        posture.capabilities_confidence = facts.confidence(table, as_root)
        posture.evidence["cap-drop"] = facts.sources(table)
    elif as_root:
        needed.update(UNKNOWN_ROOT)
    needed.update(programs_with_capabilities(posture))
    _for_ping(posture, needed)
    if facts is not None and not table and not (facts.is_runtime and posture.built is not None):
        posture.hold(("cap-drop",), "nothing is known of the capabilities it uses", Confidence.ASSUMED)
    if as_root:
        _for_foreign_files(service, needed)
        _for_low_ports(service, needed)
        _for_init(posture, needed)
    allowed = _capabilities_before(service)
    posture.capabilities = {name: reason for name, reason in sorted(needed.items()) if name in allowed}


_OF_ROOT = re.compile(r"\.sock$|^/etc/(localtime|timezone)$|^/(dev|proc|sys)(/|$)")
"""What is the host's own: a socket or device can only be opened, and nobody takes it over."""


def _for_foreign_files(service: Service, needed: dict[str, str]) -> None:
    """Root without capabilities can neither read nor write the files of another user on the host."""
    foreign = [mount for mount in service.mounts if mount.kind in ("bind", "secret", "config")]
    if foreign:
        needed.setdefault("DAC_OVERRIDE", f"root reads files of other users in {foreign[0].target}")
    writable = [mount for mount in foreign if not mount.read_only and not _OF_ROOT.search(mount.source)]
    if writable:
        target = writable[0].target
        needed.setdefault("CHOWN", f"files in {target} may belong to another user on the host")
        needed.setdefault("FOWNER", f"files in {target} may belong to another user on the host")


def _for_low_ports(service: Service, needed: dict[str, str]) -> None:
    """Docker opens ports below 1024 to everyone, but not in the host's network (moby#41030)."""
    if service.get("network_mode") == "host":
        needed.setdefault("NET_BIND_SERVICE", "in the host's network a port below 1024 takes this capability")
    sysctls = service.get("sysctls")
    if sysctls and "ip_unprivileged_port_start" in str(sysctls):
        needed.setdefault("NET_BIND_SERVICE", "its sysctls decide which ports are open to everyone")


def _for_init(posture: Posture, needed: dict[str, str]) -> None:
    """Docker's init is PID 1 and stays root. If it may not signal its child it ends, and the kernel kills the rest."""
    if (posture.init or posture.service.flag("init")) and (
        posture.facts is None or posture.facts.service_identity != "root"
    ):
        needed.setdefault("KILL", "init passes the stop signal on to a process of another user")


_PING = re.compile(
    r"(?:^|[;&|(!{\n]|(?:^|\s)(?:-c|do|else|exec|if|then|until|while)(?=\s))[ \t]*(?:/[^\s/]+)*/?ping6?(?=\s|$)"
)
"""A call of the program, not an argument of another one such as in `redis-cli ping`."""


def _for_ping(posture: Posture, needed: dict[str, str]) -> None:
    """Where ping carries this file capability, as in Debian, the kernel refuses to execute it without, even to root."""
    service, built = posture.service, posture.built
    probe = service.probe[1:] if service.probe[:1] in (["CMD"], ["CMD-SHELL"]) else service.probe
    baked = (built.entrypoint, built.command, built.healthcheck) if built is not None else ()
    calls = [service.entrypoint, service.command, probe, *(program.words for program in baked if program is not None)]
    if any(_PING.search(" ".join(words)) for words in calls):
        needed.setdefault("NET_RAW", "ping may carry this file capability, and could not be executed without it")


def _capabilities_before(service: Service) -> frozenset[str]:
    dropped = {capability(name) for name in service.strings("cap_drop")}
    added = {capability(name) for name in service.strings("cap_add")}
    return frozenset((DEFAULT_CAPABILITIES if "ALL" not in dropped else frozenset()) - dropped | added)


def capability(name: str) -> str:
    """A capability in one spelling: upper case, without CAP_."""
    return name.strip().upper().removeprefix("CAP_")
