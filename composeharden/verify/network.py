"""A network that leads nowhere: its containers reach each other, no other machine, and not this one either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def unreachable(labels: Mapping[str, str]) -> dict[str, Any]:
    """The network for a model that is run. Without an address on its bridge this machine has none to be called by."""
    options = {"com.docker.network.bridge.inhibit_ipv4": "true"}
    return {
        "internal": True,
        "driver": "bridge",
        "driver_opts": options,
        "enable_ipv6": False,  # an engine can have it for every new network
        "labels": dict(labels),
    }


def without_ipv6(body: Mapping[str, Any]) -> dict[str, Any]:
    """A service that cannot switch IPv6 on: its link-local address would reach that of the bridge, and this machine."""
    settings = body.get("sysctls") or {}
    if isinstance(settings, list):
        settings = dict(str(one).partition("=")[::2] for one in settings)
    kept = {name: value for name, value in settings.items() if not _switches_ipv6(str(name))}
    return {key: value for key, value in body.items() if key != "sysctls"} | ({"sysctls": kept} if kept else {})


def _switches_ipv6(name: str) -> bool:
    """Whether a setting of the kernel, which may be written with slashes, is `net.ipv6.conf.*.disable_ipv6`."""
    words = name.replace("/", ".")
    return words.startswith("net.ipv6.") and words.endswith(".disable_ipv6")
