"""What Compose makes of a string where it wants a boolean, a number, a size or a duration, by path.

It casts before it validates, so `read_only: "yes"` is fine and `oom_score_adj: "2000"` is out of range.
Source: compose-go loader/interpolate.go (the table), types/duration.go, docker/go-units size.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from composeharden.compose.evaluator import Variable

_BOOLEANS = {
    **dict.fromkeys(("true", "y", "yes", "on"), True),
    **dict.fromkeys(("false", "n", "no", "off"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"[-+]?[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_SIZE = re.compile(r"(?:-1|\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?) ?([kmgtpKMGTP]([iI]?[bB])?|[bB])?\Z")
_DURATION = re.compile(r"[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w))+)\Z")


class CastError(ValueError):
    """A string that Compose refuses at its place. `expected` says what belongs there."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


Cast = Callable[[str], Any]


def _boolean(text: str) -> Any:
    if isinstance(text, Variable):
        return True
    if text.lower() not in _BOOLEANS:
        raise CastError("`true` or `false`")
    return _BOOLEANS[text.lower()]


def _integer(text: str) -> Any:
    if isinstance(text, Variable):
        return text
    if not _INTEGER.match(text) or len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise CastError("a whole number")
    return int(text)


def _float(text: str) -> Any:
    if isinstance(text, Variable):
        return text
    if not _FLOAT.match(text):
        raise CastError("a number")
    return float(text)


def _octal(text: str) -> Any:
    return _formed(text, _OCTAL, "file permissions in octal, such as `0440`")


def _count(text: str) -> Any:
    return text if text == "all" else _integer(text)


def _size(text: str) -> Any:
    return _formed(text, _SIZE, "a size such as `512m` or `2g`")


def _duration(text: str) -> Any:
    return _formed(text, _DURATION, "a duration such as `30s` or `1m30s`")


def _formed(text: str, pattern: re.Pattern[str], expected: str) -> str:
    if not isinstance(text, Variable) and not pattern.match(text):
        raise CastError(expected)
    return text


_CONTAINER: dict[Cast, str] = {
    _boolean: """
        env_file.*.required init oom_kill_disable per_replica privileged read_only
        volumes.*.bind.create_host_path volumes.*.read_only volumes.*.volume.nocopy
    """,
    _integer: """
        cpu_count cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares oom_score_adj pids_limit
        ulimits.* ulimits.*.hard ulimits.*.soft
    """,
    _float: "cpu_percent cpus",
    _octal: "configs.*.mode secrets.*.mode",
    _count: "gpus.*.count",
    _size: """
        blkio_config.device_read_bps.*.rate blkio_config.device_read_iops.*.rate
        blkio_config.device_write_bps.*.rate blkio_config.device_write_iops.*.rate mem_limit mem_reservation
        mem_swappiness memswap_limit shm_size volumes.*.tmpfs.size
    """,
    _duration: "stop_grace_period",
}
_WORKLOAD: dict[Cast, str] = {
    _boolean: """
        attach build.no_cache build.privileged build.pull depends_on.*.required depends_on.*.restart
        develop.watch.*.exec.privileged healthcheck.disable post_start.*.privileged pre_stop.*.privileged
        stdin_open triggers.manual tty
    """,
    _integer: """
        deploy.placement.max_replicas_per_node deploy.replicas deploy.resources.limits.pids
        deploy.restart_policy.max_attempts deploy.rollback_config.parallelism deploy.update_config.parallelism
        healthcheck.retries ports.*.target scale
    """,
    _float: """
        deploy.resources.limits.cpus deploy.resources.reservations.cpus deploy.rollback_config.max_failure_ratio
        deploy.update_config.max_failure_ratio
    """,
    _octal: "build.secrets.*.mode",
    _count: "deploy.resources.reservations.devices.*.count",
    _size: "build.shm_size deploy.resources.limits.memory deploy.resources.reservations.memory",
    _duration: """
        deploy.restart_policy.delay deploy.restart_policy.window deploy.rollback_config.delay
        deploy.rollback_config.monitor deploy.update_config.delay deploy.update_config.monitor
        healthcheck.interval healthcheck.start_interval healthcheck.start_period healthcheck.timeout
    """,
}
_TOP_LEVEL: dict[Cast, str] = {
    _boolean: """
        configs.*.external networks.*.attachable networks.*.enable_ipv4 networks.*.enable_ipv6
        networks.*.external networks.*.internal secrets.*.external volumes.*.external
    """,
}


class Place:
    """A place in the tree of paths: the cast of the value there, and the places below it (`*` for any key or item)."""

    __slots__ = ("below", "cast", "unordered")

    def __init__(self) -> None:
        self.below: dict[str, Place] = {}
        self.cast: Cast | None = None
        self.unordered = False
        """Compose rids the list here of duplicates before it validates (override/uncity.go)."""

    def child(self, key: str) -> Place | None:
        """The place of a key, or of any item."""
        return self.below.get(key) or self.below.get("*")

    def at(self, path: str) -> Place:
        """The place at a dotted path, made where it is missing."""
        place = self
        for part in path.split("."):
            place = place.below.setdefault(part, Place())
        return place


_UNORDERED = """
    annotations build.additional_contexts build.args build.labels build.platforms build.tags cap_add cap_drop
    configs deploy.labels devices dns dns_opt dns_search env_file environment expose labels links
    networks.*.aliases networks.*.link_local_ips ports profiles secrets sysctls tmpfs volumes
"""


def _table() -> Place:
    root = Place()
    for prefix in ("services.*", "jobs.*", "services.*.pre_start.*"):
        base = root.at(prefix)
        for table in (_CONTAINER, _WORKLOAD) if "pre_start" not in prefix else (_CONTAINER,):
            for cast, paths in table.items():
                for path in paths.split():
                    base.at(path).cast = cast
    for cast, paths in _TOP_LEVEL.items():
        for path in paths.split():
            root.at(path).cast = cast
    for path in _UNORDERED.split():
        root.at(f"services.*.{path}").unordered = True
    for path in ("labels", "ipam.options"):
        root.at(f"networks.*.{path}").unordered = True
    return root


TABLE = _table()
"""The root of the tree of paths."""
