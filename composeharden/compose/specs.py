"""The little languages inside strings: ports, volumes, devices, hosts and sizes. Only whether they can be read.

Source: compose-go format/volume.go, types/config.go, transform/, types/hostList.go; docker/go-units size.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from composeharden.compose.canonical import parse_port, parse_volume
from composeharden.compose.evaluator import Variable
from composeharden.compose.problems import Failure, place

Data = Mapping[str, Any]

_PORT = "a port such as `8080:80`, `127.0.0.1:8080:80` or `53/udp`"
_MOUNT = "a mount such as `data:/data` or `./conf:/conf:ro`"


def syntax(name: str, service: Data) -> Iterator[Failure]:
    """Entries of a service's lists that Compose cannot read."""
    for key, (read, expected) in _READERS.items():
        items = service.get(key)
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, Variable) and not read(item):
                path = ("services", name, key, number)
                yield Failure(path, f"{place(path)} must be {expected}", expected)


def _port(item: Any) -> bool:
    if isinstance(item, Mapping):
        return "target" in item and _address(item.get("host_ip"))
    if isinstance(item, int):
        return 0 < item < 2**16
    found = parse_port(item) if isinstance(item, str) else None
    return found is not None and all(port["target"] for port in found)


def _address(text: Any) -> bool:
    import ipaddress

    try:
        return text is None or isinstance(text, Variable) or text == "" or bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _volume(item: Any) -> bool:
    if isinstance(item, Mapping):
        return "target" in item and ("source" in item or item.get("type") != "bind")
    return parse_volume(item) is not None


def _device(item: Any) -> bool:
    return "target" in item if isinstance(item, Mapping) else item.count(":") < 3


def _gpu(item: Any) -> bool:
    return not isinstance(item, Mapping) or not {"count", "device_ids"} <= item.keys()


def _host(item: Any) -> bool:
    return re.match(r"[^=:]+[=:]", item) is not None


_READERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ports": (_port, _PORT),
    "volumes": (_volume, _MOUNT),
    "devices": (_device, "a device such as `/dev/ttyUSB0` or `/dev/ttyUSB0:/dev/ttyUSB0:rwm`"),
    "gpus": (_gpu, "a mapping with one of `count` and `device_ids`, not both"),
    "extra_hosts": (_host, "a host such as `db=10.0.0.5`"),
}

_SIZE = re.compile(r"\+?([0-9.]+(?:[eE][-+]?[0-9]+)?) ?([kmgtp]?)(?:i?b)?\Z", re.IGNORECASE)
_POWER = {unit: 1024**power for power, unit in enumerate(("", "k", "m", "g", "t", "p"))}


def size(value: Any) -> float | None:
    """A limit as a number: a number itself, or a size such as `512m` in bytes. None for what is not known."""
    if isinstance(value, Variable):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    match = _SIZE.match(value) if isinstance(value, str) else None
    return int(float(match[1]) * _POWER[match[2].lower()]) if match else None
