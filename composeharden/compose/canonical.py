"""The short forms of the Compose Spec in their long, canonical form: compose-go, transform/ and types/.

One table says what happens at a path, one walker applies it. What is not understood, or still holds a variable that
decides its form, stays as it is: reporting it is the schema's business.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any

from composeharden.yaml.scalars import Timestamp

_Transformer = Callable[[Any], Any]


def canonical(model: dict[str, Any]) -> dict[str, Any]:
    """A project model in canonical form. The model given is not changed; the result shares parts with it."""
    result = _walk(model, _PLACES)
    assert isinstance(result, dict)
    return result


def long_items(key: str, items: list[Any]) -> list[Any]:
    """The items of the list that a service has under `key`, each in its long form."""
    result = _walk({key: items}, _PLACES.below["services"].below["*"])[key]
    return result if isinstance(result, list) else items


class _Place:
    """The transformer of one path and the places below it."""

    def __init__(self) -> None:
        self.transform: _Transformer | None = None
        self.below: dict[str, _Place] = {}


def _walk(value: Any, place: _Place) -> Any:
    if place.transform is not None:
        value = place.transform(value)
    if not place.below:
        return value
    anything = place.below.get("*")
    if isinstance(value, dict):
        return {key: _walk(child, inner) if (inner := place.below.get(key, anything)) else child
                for key, child in value.items()}
    return [_walk(child, anything) for child in value] if isinstance(value, list) and anything else value


# -- scalars -------------------------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """A scalar as the text that Go's fmt prints for it, which is what Compose makes of it in `environment`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return _float_text(float(value))
    return _time_text(value) if isinstance(value, Timestamp) else str(value)


def _float_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    from decimal import Decimal  # for floats only, and as slow to import as the rest of this module

    number = Decimal(repr(value)).normalize()  # the shortest digits that give the same float, as in Go
    exponent = number.adjusted()
    if -4 <= exponent < 6:
        return f"{number:f}"
    first, *others = map(str, number.as_tuple().digits)
    return ("-" if value < 0 else "") + first + (f".{''.join(others)}" if others else "") + f"e{exponent:+03d}"


_TIME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d*)?[ \t]*(.*))?\Z")


def _time_text(value: str) -> str:
    match = _TIME.match(value)
    if match is None:
        return value
    year, month, day, hour, minute, second, fraction, zone = match.groups(default="")
    clock = ":".join((part or "0").zfill(2) for part in (hour, minute, second)) + fraction.rstrip("0").rstrip(".")
    return f"{year}-{month.zfill(2)}-{day.zfill(2)} {clock} {_zone_text(zone)}"


def _zone_text(zone: str) -> str:
    sign, digits = zone[:1], zone[1:].partition(":")
    if sign not in ("+", "-"):
        return "+0000 UTC"
    hours, minutes = (digits[0], digits[2]) if digits[1] else (digits[0][:2], digits[0][2:])
    offset = f"{sign}{hours.zfill(2)}{minutes.zfill(2)}"
    return "+0000 UTC" if offset[1:] == "0000" else f"{offset} {offset}"


def _boolean(value: Any) -> Any:
    """Strings that Compose takes for a boolean (loader/interpolate.go)."""
    if not isinstance(value, str):
        return value
    return {"true": True, "y": True, "yes": True, "on": True,
            "false": False, "n": False, "no": False, "off": False}.get(value.lower(), value)


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value) else value


def _number(value: Any) -> Any:
    plain = isinstance(value, str) and re.fullmatch(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", value)
    return float(value) if plain else value


# -- lists and mappings --------------------------------------------------------------------------------------


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _without_empty(value: Any) -> Any:
    """A list less its empty items, as loader/omitEmpty.go leaves it."""
    value = _listed(value)
    return [item for item in value if item not in ("", None)] if isinstance(value, list) else value


def _pairs(missing: str | None) -> _Transformer:
    """`A=b` lists and mappings as a mapping of texts; `missing` is the value of a name without one."""
    def transform(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: missing if child is None else text_of(child) for key, child in value.items()}
        if not isinstance(value, list):
            return value
        cut = [text_of(item).partition("=") for item in value]
        if any("$" in key for key, _, _ in cut):
            return value  # keys are not interpolated, list items are
        return {key: text if sign else missing for key, sign, text in cut}
    return transform


def _hosts(value: Any) -> Any:
    """`host=ip` and `host:ip` as a mapping of lists (types/hostList.go)."""
    if isinstance(value, dict):
        return {host: child if isinstance(child, list) else [text_of(child)] for host, child in value.items()}
    if not isinstance(value, list):
        return value
    hosts: dict[str, list[str]] = {}
    for item in value:
        text = text_of(item)
        host, sign, address = text.partition("=") if "=" in text else text.partition(":")
        if not sign or "$" in host:
            return value
        hosts.setdefault(host, []).append(address.removeprefix("[").removesuffix("]"))
    return hosts


def _names(default: dict[str, Any] | None) -> _Transformer:
    def transform(value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(item, str) and "$" not in item for item in value):
            return {name: default and dict(default) for name in value}
        return value
    return transform


def _under(key: str) -> _Transformer:
    """A string as a mapping with that one key."""
    return lambda value: {key: value} if isinstance(value, str) else value


def _dependency(value: Any) -> Any:
    return {"condition": "service_started", "required": True, **value} if isinstance(value, dict) else value


def _env_file(value: Any) -> Any:
    value = _under("path")(value)
    return {"required": True, **value} if isinstance(value, dict) else value


def _gpus(value: Any) -> Any:
    return [{"count": "all"}] if isinstance(value, str) else value


def _ssh(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return {name: path if sign else None for name, sign, path in (text_of(item).partition("=") for item in value)}


def _external(value: Any) -> Any:
    """`external: {name: x}` as `external: true` and `name: x` (transform/external.go)."""
    if not isinstance(value, dict) or not isinstance(value.get("external"), dict):
        return value
    name = {"name": value["external"]["name"]} if "name" in value["external"] else {}
    return {**name, **value, "external": True}


# -- ports ---------------------------------------------------------------------------------------------------


def parse_port(text: str) -> list[dict[str, Any]] | None:
    """The short form `[[ip:]published:]target[/protocol]` as long ones, one for each target port of a range.

    None where Docker does not take it (types.ParsePortConfig and go-connections, nat/nat.go) or a variable is in it.
    """
    *front, target = text.split(":")
    published = front.pop() if front else ""
    host = _address(":".join(front))
    target, _, protocol = target.partition("/")
    protocol = protocol.lower() or "tcp"
    inside, outside = _range(target), _range(published) if published else None
    if inside is None or host is None or protocol not in ("tcp", "udp", "sctp") or (published and outside is None):
        return None
    if outside is not None and len(outside) != len(inside) and len(inside) != 1:
        return None
    common = {"mode": "ingress", "protocol": protocol, **({"host_ip": host} if host else {})}
    ports = [{**common, "target": port, **_published(place, inside, outside)} for place, port in enumerate(inside)]
    return sorted(ports, key=lambda port: f"{port['target']}/{protocol}")


def _published(place: int, inside: range, outside: range | None) -> dict[str, Any]:
    if outside is None:
        return {}
    if len(outside) != len(inside):
        return {"published": f"{outside[0]}-{outside[-1]}"}
    return {"published": str(outside[place])}


def _range(text: str) -> range | None:
    first, sign, last = text.partition("-")
    if not re.fullmatch(r"[0-9]{1,9}", first) or (sign and not re.fullmatch(r"[0-9]{1,9}", last)):
        return None
    start, end = int(first), int(last) if sign else int(first)
    return range(start, end + 1) if start <= end < 2**16 else None


def _address(text: str) -> str | None:
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if not text:
        return ""
    import ipaddress  # as above

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else text


def _ports(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    ports: list[Any] = []
    for item in value:
        if isinstance(item, int) and not isinstance(item, bool):
            ports.append({"target": item})
        else:
            ports += (parse_port(item) if isinstance(item, str) else None) or [item]
    return ports


# -- mounts --------------------------------------------------------------------------------------------------

_MARKS = re.compile(r"\$\{|[}:]")
_PROPAGATION = frozenset(("rprivate", "private", "rshared", "shared", "rslave", "slave"))


def parse_volume(text: str) -> dict[str, Any] | None:
    """The short form `[source:]target[:options]` as a long one (format/volume.go).

    None where Compose does not take it. A `:` inside `${...}` does not separate; `type` is then a guess.
    """
    parts = _sections(text)
    if not text or not all(parts) or len(parts) > 3:
        return None
    source = parts[0] if len(parts) > 1 else ""
    volume: dict[str, Any] = {"type": "bind" if _is_file_path(source) else "volume"}
    if source:
        volume["source"] = source
    volume["target"] = posixpath.normpath(parts[1 if source else 0])
    volume["target"] = re.sub(r"\A//+", "/", volume["target"])
    details: dict[str, Any] = {"create_host_path": True} if volume["type"] == "bind" else {}
    if volume["type"] == "volume" and len(text) > 2:
        volume["volume"] = {}
    for option in parts[2].split(",") if len(parts) > 2 else ():
        _apply_option(option, volume, details)
    if details:
        volume["bind"] = details
    return volume


def _apply_option(option: str, volume: dict[str, Any], bind: dict[str, Any]) -> None:
    if option == "ro":
        volume["read_only"] = True
    elif option == "rw":
        volume.pop("read_only", None)
    elif option == "nocopy":
        volume["volume"] = {"nocopy": True}
    elif option in _PROPAGATION:
        bind["propagation"] = option
    elif option in ("z", "Z"):
        bind["selinux"] = option


def _sections(text: str) -> list[str]:
    """The parts between colons; the colon of a Windows drive and those inside `${...}` do not count."""
    parts, start, depth = [], 0, 0
    for mark in _MARKS.finditer(text) if len(text) > 2 else ():
        at = mark.start()
        if mark[0] == "${":
            depth += 1
        elif mark[0] == "}":
            depth = max(0, depth - 1)
        elif not depth and not (at == start + 1 and text[start].isalpha()):
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _is_file_path(source: str) -> bool:
    return source.startswith((".", "/", "~", "\\\\")) or (source[:1].isalpha() and source[1:2] == ":")


def _volume(value: Any) -> Any:
    if not isinstance(value, str) or "$" in value.partition(":")[0]:
        return value
    return parse_volume(value) or value


def _device(value: Any) -> Any:
    if not isinstance(value, str) or "${" in value or not 0 < len(parts := value.split(":")) < 4:
        return value
    return {"source": parts[0], "target": parts[1] if len(parts) > 1 and parts[1] else parts[0],
            "permissions": parts[2] if len(parts) > 2 else "rwm"}


# -- the table -----------------------------------------------------------------------------------------------

_CONTAINER: dict[str, _Transformer] = {
    "annotations": _pairs(""),
    "configs.*": _under("source"),
    "cpu_count": _integer,
    "cpu_percent": _number,
    "cpu_period": _integer,
    "cpu_quota": _integer,
    "cpu_rt_period": _integer,
    "cpu_rt_runtime": _integer,
    "cpu_shares": _integer,
    "cpus": _number,
    "devices.*": _device,
    "dns": _without_empty,
    "dns_opt": _listed,
    "dns_search": _listed,
    "env_file": _listed,
    "env_file.*": _env_file,
    "environment": _pairs(None),
    "extra_hosts": _hosts,
    "gpus": _gpus,
    "init": _boolean,
    "label_file": _listed,
    "labels": _pairs(""),
    "models": _names(None),
    "networks": _names(None),
    "oom_kill_disable": _boolean,
    "oom_score_adj": _integer,
    "pids_limit": _integer,
    "privileged": _boolean,
    "read_only": _boolean,
    "secrets.*": _under("source"),
    "sysctls": _pairs(""),
    "tmpfs": _listed,
    "ulimits.*": _integer,
    "ulimits.*.hard": _integer,
    "ulimits.*.soft": _integer,
    "volumes.*": _volume,
    "volumes.*.read_only": _boolean,
    "volumes.*.volume.labels": _pairs(""),
    "volumes.*.volume.nocopy": _boolean,
}
_WORKLOAD: dict[str, _Transformer] = {
    **_CONTAINER,
    "build": _under("context"),
    "build.additional_contexts": _pairs(""),
    "build.args": _pairs(None),
    "build.extra_hosts": _hosts,
    "build.labels": _pairs(""),
    "build.secrets.*": _under("source"),
    "build.ssh": _ssh,
    "build.ulimits.*": _integer,
    "depends_on": _names({}),
    "depends_on.*": _dependency,
    "depends_on.*.required": _boolean,
    "depends_on.*.restart": _boolean,
    "deploy.labels": _pairs(""),
    "deploy.replicas": _integer,
    "extends": _under("service"),
    "healthcheck.disable": _boolean,
    "healthcheck.retries": _integer,
    "ports": _ports,
    "ports.*.target": _integer,
    "scale": _integer,
    "stdin_open": _boolean,
    "tty": _boolean,
}
_TABLE: dict[str, _Transformer] = {
    **{f"{section}.*.{path}": transform for section in ("services", "jobs")
       for path, transform in _WORKLOAD.items()},
    **{f"services.*.pre_start.*.{path}": transform for path, transform in _CONTAINER.items()},
    **{f"{section}.*": _external for section in ("networks", "volumes", "secrets", "configs")},
    **{f"{section}.*.external": _boolean for section in ("networks", "volumes", "secrets", "configs")},
    **{f"{section}.*.labels": _pairs("") for section in ("networks", "volumes", "secrets", "configs")},
    **{f"networks.*.{key}": _boolean for key in ("attachable", "enable_ipv4", "enable_ipv6", "internal")},
}


def _compiled(table: dict[str, _Transformer]) -> _Place:
    root = _Place()
    for path, transform in table.items():
        place = root
        for part in path.split("."):
            place = place.below.setdefault(part, _Place())
        place.transform = transform
    return root


_PLACES = _compiled(_TABLE)
