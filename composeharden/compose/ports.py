"""Ports that a service publishes on its host.

Source: Compose Spec 05-services.md (ports); for the bind address of a network, the bridge driver's options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.compose.entries import entries, items, mapping
from composeharden.compose.values import as_bool, as_text

if TYPE_CHECKING:
    from composeharden.compose.project import Service

_BIND_ADDRESS = "com.docker.network.bridge.host_binding_ipv4"
_EVERYWHERE = ("0.0.0.0", "::", "*")


class Port(NamedTuple):
    """One published port or range of ports."""

    host_ip: str | None
    """Empty for every interface, None where it depends on a variable without a value."""
    published: range
    """Empty where Docker picks the port, or where it is not known."""
    target: range
    protocol: str
    item: str
    """Text in the file to find the entry by."""

    @property
    def everywhere(self) -> bool:
        """True where every interface of the host has it, the public ones too."""
        return self.host_ip == ""

    @property
    def loopback(self) -> bool:
        """True where only the host itself can reach it."""
        return self.host_ip is not None and (self.host_ip.startswith("127.") or self.host_ip in ("::1", "localhost"))

    def __str__(self) -> str:
        """What follows the word port: `5432`, `8080:80`, or `80 of the container` where Docker picks the other."""
        inner, outer = _name(self.target), _name(self.published)
        if not outer:
            return f"{inner} of the container" if inner else "of its own"
        return f"{outer}:{inner}" if inner not in ("", outer) else outer


def published(service: Service) -> list[Port]:
    """Every port of a service that can be reached from its host, in the order of the file."""
    if as_text(service.get("network_mode")) in ("host", "none"):
        return []
    networks = _networks(service)
    if networks and all(as_bool(network.get("internal")) is True for network in networks):
        return []
    found = [_port(entry.value, entry.item) for entry in entries(service, "ports", "published", "target")]
    address = _bind_address(networks)
    return [port._replace(host_ip=address) if port.everywhere and address else port for port in found]


def _networks(service: Service) -> list[dict[str, Any]]:
    wanted = service.get("networks")
    names = list(mapping(wanted)) or [as_text(item) for item in items(wanted)] or ["default"]
    defined = service.project.top_level("networks")
    return [mapping(defined.get(name)) for name in names]


def _bind_address(networks: list[dict[str, Any]]) -> str:
    """The address that all of a service's networks bind to unless a port says otherwise."""
    found = {as_text(mapping(network.get("driver_opts")).get(_BIND_ADDRESS)) for network in networks}
    return _address(found.pop()) if len(found) == 1 else ""


def _port(value: Any, item: str) -> Port:
    if isinstance(value, dict):
        published_, target = as_text(value.get("published")), as_text(value.get("target"))
        return Port(
            _address(as_text(value.get("host_ip"))),
            _range(published_),
            _range(target),
            as_text(value.get("protocol")) or "tcp",
            item,
        )
    return _short(as_text(value), item)


def _short(text: str, item: str) -> Port:
    text, _, protocol = text.partition("/")
    address: str | None = ""
    if text.startswith("["):
        address, _, text = text[1:].partition("]:")
    parts = text.rsplit(":", 2)
    if len(parts) == 3:
        address = parts[0] or None
    return Port(
        None if address is None else _address(address),
        _range(parts[-2] if len(parts) > 1 else ""),
        _range(parts[-1]),
        protocol or "tcp",
        item,
    )


def _address(text: str) -> str:
    text = text.strip("[]")
    return "" if text in _EVERYWHERE else text


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdecimal() or len(first) > 5:
        return range(0)
    end = int(last) if last.isdecimal() and len(last) <= 5 else int(first)
    return range(int(first), end + 1)


def _name(ports: range) -> str:
    if not ports:
        return ""
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"
