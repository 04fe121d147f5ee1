"""The joint decision per service, made once before any pass: who it runs as, its capabilities, what it must write.

Passes render a posture and never decide anew: `read_only`, its tmpfs and the capabilities depend on each other (a
tmpfs of the wrong owner needs CHOWN, a foreign bind mount needs DAC_OVERRIDE), so one room weighs them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from composeharden.compose.memory import exceeds
from composeharden.compose.mounts import Mount, covers, is_below, normal
from composeharden.compose.project import Service
from composeharden.images.catalog import lookup
from composeharden.images.facts import Facts, Writable
from composeharden.outcome import Confidence

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

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash", "/bin/ash", "/bin/dash"))
_GAINS_PRIVILEGES = re.compile(r"(?:^|[\s;&|(/])(sudo|su|doas|newuidmap|newgidmap|fusermount3?|pkexec)(?=\s|$)")
_SYNCS = frozenset(("sync", "sync+restart", "sync+exec", "restart"))


@dataclass
class Hold:
    """A reason against one pass. Without `lowers` nothing applies it; with it, lower evidence may (--assume)."""

    reason: str
    lowers: Confidence | None = None


@dataclass
class Posture:
    """What one service needs to run hardened, with reasons and confidence."""

    service: Service
    facts: Facts | None
    runs_as_root: bool | None = None
    identity: str = ""
    """uid:gid that a tmpfs for the service process belongs to; empty when root or not known."""
    capabilities: dict[str, str] = field(default_factory=dict)
    capabilities_confidence: Confidence = Confidence.ASSUMED
    writable: list[Writable] = field(default_factory=list)
    read_only_confidence: Confidence = Confidence.ASSUMED
    privileges_confidence: Confidence = Confidence.ASSUMED
    holds: dict[str, list[Hold]] = field(default_factory=dict)
    why: dict[str, list[str]] = field(default_factory=dict)
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def hold(self, passes: Iterable[str], reason: str, lowers: Confidence | None = None) -> None:
        """Hold passes back, each for `reason`."""
        for name in passes:
            self.holds.setdefault(name, []).append(Hold(reason, lowers))

    def blocked(self, name: str) -> str:
        """The reason that nothing overrules, or empty."""
        return next((hold.reason for hold in self.holds.get(name, ()) if hold.lowers is None), "")

    def confidence(self, name: str, base: Confidence) -> Confidence:
        """`base`, lowered by what speaks against it."""
        return min([base, *(hold.lowers for hold in self.holds.get(name, ()) if hold.lowers is not None)])

    def doubts(self, name: str) -> str:
        """What lowered the confidence, as one phrase; empty when nothing did."""
        return "; ".join(hold.reason for hold in self.holds.get(name, ()) if hold.lowers is not None)


HARDENING = ("read-only", "cap-drop", "no-new-privileges")


def decide(service: Service) -> Posture:
    """The posture of one service, from its own settings and the facts of its image."""
    facts = _facts_of(service)
    posture = Posture(service, facts)
    _hold_what_is_unclear(posture)
    _identity(posture)
    _command(posture)
    if facts is not None:
        _caveats(posture, facts)
    _capabilities(posture)
    _read_only(posture)
    _privileges(posture)
    return posture


def _facts_of(service: Service) -> Facts | None:
    """The facts of the image, also where only its tag depends on an unset variable (held back for that then)."""
    return lookup(service.image) if service.image and "build" not in service else None


def _hold_what_is_unclear(posture: Posture) -> None:
    service = posture.service
    for reason in service.unclear:
        posture.hold((*HARDENING, "depends-on"), reason)
    if service.project.is_for_swarm:
        posture.hold(
            (*HARDENING, "depends-on", "obsolete-version"),
            "the file is made for `docker stack deploy`, which ignores or refuses what would be written",
        )
    if service.flag("privileged"):
        posture.hold(HARDENING, "the service is privileged: take that away first, everything else is void beside it")
    _hold_what_has_no_value(posture)
    if posture.facts is None:
        posture.hold(HARDENING, _nothing_known(service), Confidence.ASSUMED)
    elif posture.facts.is_runtime:
        posture.hold(
            ("read-only", "cap-drop"),
            f"{posture.facts.title} runs a program that nothing is known of",
            Confidence.ASSUMED,
        )


_READS = {
    "cap_add": ("cap-drop",),
    "cap_drop": ("cap-drop",),
    "security_opt": ("no-new-privileges",),
    "tmpfs": ("read-only",),
    "user": ("cap-drop", "read-only"),
    "privileged": HARDENING,
}


def _hold_what_has_no_value(posture: Posture) -> None:
    """A variable without a value, where a pass reads the setting. Of a command only the program's name matters."""
    service = posture.service
    for key, passes in _READS.items():
        names = service.unset(key)
        if names:
            posture.hold(
                passes,
                f"{key} depends on {', '.join(sorted(names))}, which has no value here",
                Confidence.ASSUMED if key == "user" else None,
            )
    for key in ("entrypoint", "command"):
        raw = service.raw.get(key)
        program = raw[0] if isinstance(raw, list) and raw else raw
        if isinstance(program, str) and "$" in program.split(" ")[0] and service.unset(key):
            posture.hold(
                ("cap-drop", "read-only"),
                f"{key} depends on {', '.join(sorted(service.unset(key)))}, which has no value here",
                Confidence.ASSUMED,
            )
    for target in service.unknown_targets:
        posture.hold(
            ("read-only",), f"a mount's target depends on {target}, which has no value here", Confidence.ASSUMED
        )
    names = service.unset("image")
    if names and posture.facts is not None:
        posture.hold(
            HARDENING, f"the image depends on {', '.join(sorted(names))}, which has no value here", Confidence.ASSUMED
        )


def _nothing_known(service: Service) -> str:
    if "build" in service:
        return "the image is built here, and nothing is known of it"
    if service.unset("image"):
        return f"the image depends on {', '.join(sorted(service.unset('image')))}, which has no value here"
    return "nothing is known of this image"


# -- identity ----------------------------------------------------------------------------------------------------------


def _identity(posture: Posture) -> None:
    user, facts = str(posture.service.get("user") or ""), posture.facts
    if not user:
        posture.runs_as_root = facts.starts_as_root if facts is not None else None
        if facts is not None and facts.service_identity != "root":
            posture.identity = facts.service_identity
        return
    name = user.split(":")[0]
    # Variables without a value can leave a lone colon: Docker takes that for root, whatever the image says.
    posture.runs_as_root = name in ("root", "0", "")
    if posture.runs_as_root:
        posture.identity = "" if facts is None or facts.service_identity == "root" else facts.service_identity
        if facts is not None and facts.starts_as_root is False:
            posture.hold(("read-only", "cap-drop"), "user: makes it root, which its image is not", Confidence.ASSUMED)
        return
    posture.identity = user if name.isdigit() else ""
    known = facts.service_identity if facts is not None else ""
    if facts is not None and name.isdigit() and name == known.split(":")[0]:
        posture.identity = known if ":" not in user else user
    elif facts is not None:
        # Not against cap-drop: a user that is not root has no capabilities to lose, save those of program files.
        posture.hold(("read-only",), f"user: is not the {known} its image is made for", Confidence.ASSUMED)


def _command(posture: Posture) -> None:
    service, facts = posture.service, posture.facts
    if facts is None or facts.is_runtime:
        return
    if service.entrypoint:
        posture.hold(("read-only", "cap-drop"), "its entrypoint replaces the image's own", Confidence.ASSUMED)
    elif service.command and not _is_own_command(service.command, facts):
        posture.hold(("read-only", "cap-drop"), "its command is not the image's own program", Confidence.ASSUMED)
    if any(key in service for key in ("post_start", "pre_stop", "pre_start")):
        posture.hold(("read-only", "cap-drop"), "its lifecycle hooks may need more", Confidence.ASSUMED)


def _is_own_command(command: list[str], facts: Facts) -> bool:
    programs = [str(name) for name in facts.table("start").get("programs", ())]
    first = command[0].rsplit("/", 1)[-1]
    if command[0] in _SHELLS or first in _SHELLS:
        return False
    return command[0].startswith("-") or command[0] in programs or first in programs


def _caveats(posture: Posture, facts: Facts) -> None:
    for caveat in facts.rows("caveat"):
        if _applies(posture, caveat["when"]):
            posture.hold(caveat["holds"], caveat["reason"], Confidence.ASSUMED if caveat.get("doubt") else None)


def _applies(posture: Posture, when: Mapping[str, str]) -> bool:
    service = posture.service
    if "mount" in when and not any(
        is_below(mount, when["mount"]) or covers(mount, when["mount"]) for mount in service.mounts
    ):
        return False
    if "no_mount" in when and any(covers(mount, when["no_mount"]) for mount in service.mounts):
        return False
    if "environment" in when and not any(re.fullmatch(when["environment"], name) for name in service.environment):
        return False
    if "command" in when and not re.search(when["command"], " ".join(service.command)):
        return False
    return "user" not in when or when["user"] == _user_kind(posture)


def _user_kind(posture: Posture) -> str:
    if not posture.service.get("user"):
        return ""
    if posture.runs_as_root:
        return "root"
    known = posture.facts.service_identity.split(":")[0] if posture.facts is not None else ""
    return "service" if posture.identity.split(":")[0] == known else "other"


# -- capabilities ------------------------------------------------------------------------------------------------------


def _capabilities(posture: Posture) -> None:
    service, facts = posture.service, posture.facts
    needed: dict[str, str] = {}
    table: Mapping[str, Any] = facts.table("capabilities") if facts is not None else {}
    as_root = posture.runs_as_root is not False
    if facts is not None and not facts.is_runtime and table:
        needed.update(table.get("root" if as_root else "user", {}))
        needed.update(table.get("file", {}))
        posture.capabilities_confidence = facts.confidence(table)
        posture.evidence["cap-drop"] = facts.sources(table)
    elif as_root:
        needed.update(UNKNOWN_ROOT)
    if facts is not None and not table:
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
    if posture.service.flag("init") and (posture.facts is None or posture.facts.service_identity != "root"):
        needed.setdefault("KILL", "init passes the stop signal on to a process of another user")


def _capabilities_before(service: Service) -> frozenset[str]:
    dropped = {capability(name) for name in service.strings("cap_drop")}
    added = {capability(name) for name in service.strings("cap_add")}
    return frozenset((DEFAULT_CAPABILITIES if "ALL" not in dropped else frozenset()) - dropped | added)


def capability(name: str) -> str:
    """A capability in one spelling: upper case, without CAP_."""
    return name.strip().upper().removeprefix("CAP_")


# -- read-only root file system ----------------------------------------------------------------------------------------


def _read_only(posture: Posture) -> None:
    facts = posture.facts
    table: Mapping[str, Any] = facts.table("read_only") if facts is not None else {}
    if facts is not None and table:
        posture.read_only_confidence = facts.confidence(table)
        posture.evidence["read-only"] = facts.sources(table)
        if not table["works"]:
            posture.hold(("read-only",), str(table.get("reason") or "its image writes to its own root file system"))
        elif table.get("reason"):
            posture.why.setdefault("read-only", []).append(str(table["reason"]))
    elif facts is not None:
        posture.hold(("read-only",), "nothing is known of what it writes", Confidence.ASSUMED)
    _hold_what_docker_refuses(posture)
    _writable(posture)
    if facts is not None:
        _data(posture, facts)


def _hold_what_docker_refuses(posture: Posture) -> None:
    """Compose copies `environment` and `content` secrets into the root file system: not if it is read-only."""
    service = posture.service
    for section in ("secrets", "configs"):
        defined = service.project.top_level(section)
        for mount in service.mounts:
            source = defined.get(mount.source) if mount.key == section else None
            if isinstance(source, dict) and ("environment" in source or "content" in source):
                posture.hold(
                    ("read-only",),
                    f"{section[:-1]} {mount.source} is no file: Compose cannot write it into a read-only service",
                )
    develop = service.get("develop")
    watch = develop.get("watch") if isinstance(develop, dict) else None
    if any(isinstance(rule, dict) and rule.get("action") in _SYNCS for rule in watch or ()):
        posture.hold(("read-only",), "develop.watch copies files into the container")
    if service.flag("use_api_socket"):
        posture.hold(
            ("read-only",), "use_api_socket has Compose write registry logins into the container", Confidence.ASSUMED
        )
    if service.get("volumes_from"):
        posture.hold(("read-only",), "what volumes_from mounts is not looked at", Confidence.ASSUMED)


def _writable(posture: Posture) -> None:
    service, facts = posture.service, posture.facts
    rows = facts.writable() if facts is not None else []
    if facts is None or facts.is_runtime:
        rows = rows or [Writable("/tmp", "temporary files", "tmpfs", "root", False, "1777", "64m", ())]
    for row in rows:
        if any(covers(mount, row.path) and not mount.read_only for mount in service.mounts):
            continue
        if row.kind == "volume":
            posture.hold(("read-only",), f"it writes to {row.path} ({row.purpose}), which needs a volume")
        elif any(normal(mount.target) == normal(row.path) for mount in service.mounts):
            posture.hold(("read-only",), f"{row.path} ({row.purpose}) is mounted read-only")
        else:
            posture.writable.append(row._replace(path=_mounted_first(service, row.path)))
            if facts is not None and row.evidence:
                sure = facts.confidence({"evidence": row.evidence})
                posture.read_only_confidence = min(posture.read_only_confidence, sure)

    if exceeds(service, (row.size for row in posture.writable)):
        posture.hold(
            ("read-only",),
            "its tmpfs could take more memory than its limit allows, and count against it",
            Confidence.ASSUMED,
        )


def _mounted_first(service: Service, path: str) -> str:
    """`path` in a spelling that Docker mounts before everything below it, which it would hide otherwise.

    Docker sorts by the depth of the path as it is written, tmpfs last: /var/run would come after a volume on /run/php.
    """
    below = [mount.target for mount in service.mounts if is_below(mount, path) and normal(mount.target) != normal(path)]
    return normal(path) if any(target.count("/") <= path.count("/") for target in below) else path


def _data(posture: Posture, facts: Facts) -> None:
    for row in facts.rows("data"):
        if not row.get("declared") and not any(covers(mount, row["path"]) for mount in posture.service.mounts):
            posture.hold(("read-only",), f"its data in {row['path']} is on no volume, and could no longer be written")


def tmpfs_entry(posture: Posture, row: Writable) -> str:
    """One entry of `tmpfs:` in short form, the only one that can set an owner and exec."""
    options = []
    if row.exec:
        options.append("exec")
    owner = posture.identity if row.owner == "service" or posture.runs_as_root is False else ""
    if owner:
        uid, _, gid = owner.partition(":")
        options += [f"uid={uid}", *([f"gid={gid}"] if gid else [])]
    if row.mode:
        options.append(f"mode={row.mode}")
    if row.size:
        options.append(f"size={row.size}")
    return row.path + (":" + ",".join(options) if options else "")


# -- no-new-privileges -------------------------------------------------------------------------------------------------


def _privileges(posture: Posture) -> None:
    service, facts = posture.service, posture.facts
    name = "no-new-privileges"
    table: Mapping[str, Any] = facts.table("no_new_privileges") if facts is not None else {}
    if facts is not None and table:
        posture.privileges_confidence = facts.confidence(table)
        posture.evidence[name] = facts.sources(table)
        if not table["works"]:
            posture.hold((name,), str(table.get("reason") or "its image gains privileges through setuid programs"))
    found = _GAINS_PRIVILEGES.search(" ".join([*service.entrypoint, *service.command, *_probe(service)]))
    if found:
        posture.hold((name,), f"its command uses {found.group(1)}, a setuid program")


def _probe(service: Service) -> list[str]:
    healthcheck = service.get("healthcheck")
    test = healthcheck.get("test") if isinstance(healthcheck, dict) else None
    return [str(word) for word in test] if isinstance(test, list) else [str(test or "")]


def has_no_new_privileges(options: Iterable[str]) -> bool:
    """True for each spelling Docker takes: bare, `:true` and `=true`."""
    return any(
        option.replace("=", ":").strip().lower() in ("no-new-privileges", "no-new-privileges:true")
        for option in options
    )


__all__ = ["HARDENING", "Hold", "Mount", "Posture", "capability", "decide", "has_no_new_privileges", "tmpfs_entry"]
