"""Several Compose files as one: the merge rules of compose-go, override/merge.go and override/uncity.go.

One table says what is special about a path; everything else follows the common rules: mappings key by key, lists by
appending what is not there yet, scalars by replacement. Values keep the form they are written in as far as the rules
let them; `canonical.py` brings them into one form. Nothing given is changed; results share parts with it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from composeharden.compose.canonical import long_items, parse_port, parse_volume, text_of
from composeharden.compose.written import Filled
from composeharden.yaml.scalars import Tagged

Path = tuple[str, ...]
RESET = "!reset"
OVERRIDE = "!override"
_TAGS = frozenset((RESET, OVERRIDE))


class MergeError(ValueError):
    """Two values that Compose refuses to merge. `path` says where."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{'.'.join(path) or 'the file'}: {reason}")
        self.path = path
        self.reason = reason


def merge(base: dict[str, Any], *overrides: dict[str, Any]) -> dict[str, Any]:
    """Merge project models, each over the ones before it.

    Args:
        base: the first model, without merge keys (see `flatten`). Its `!reset` values are dropped.
        overrides: the models that follow, in order; `!reset` and `!override` take effect on what came before.

    Raises:
        MergeError: Compose refuses to merge two of the values.
    """
    model: dict[str, Any] = {}
    for layer in (base, *overrides):
        merged = _merge(_without_tagged(model, layer), untagged(layer), _RULES, ())
        model = _unique(merged, _RULES)
    return model


def extend(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The service that results when `own` extends `base`, as loader/extends.go does it: the same merge, no more.

    Everything but the key `extends` is inherited, also `depends_on`, `volumes` and `ports`. Values that `own` has
    under `!reset` or `!override` keep their tag, as they count again when the result is merged over another file.

    Raises:
        MergeError: Compose refuses to merge two of the values.
    """
    source = _without_tagged(untagged(base), own)
    merged = _merge(source, untagged(own), _RULES.child("services").child("*"), ("services", "*"))
    return {key: value for key, value in _retagged(merged, own).items() if key != "extends"}


def import_below(imported: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` with what it includes below it (loader/include.go): each service, volume and so on by itself.

    Tags of `own` take effect on what is imported, and are kept as they count again over earlier files.

    Raises:
        MergeError: Compose refuses to merge two of the values.
    """
    result = dict(own)
    for section in _IMPORTED:
        theirs, mine = untagged(imported.get(section)), own.get(section)
        if not isinstance(theirs, dict) or isinstance(mine, Tagged):
            continue
        mine = mine or {}
        rules = _RULES.child(section)
        source = _without_tagged(theirs, mine)
        merged = _mappings(source, untagged(mine), rules, (section,))
        result[section] = _retagged(merged, mine)
    return result


_IMPORTED = ("services", "volumes", "networks", "secrets", "configs", "models", "jobs")


def flatten(data: Any) -> Any:
    """`data` with its merge keys (`<<`) resolved, at the cost of one visit of each part however often it is shared.

    A key of the mapping itself wins over a merged one, and an earlier mapping of a list over a later one. As in
    loader/reset.go a key under `!reset` does not hide a merged one: that then replaces what earlier files say.

    Raises:
        MergeError: `<<` holds something other than a mapping or a list of mappings.
    """
    return _flatten(data, {}, ())


def untagged(value: Any) -> Any:
    """`value` without its tags: what stands under `!reset` is dropped, what stands under any other tag stays."""
    return _untagged(value, {})


def _untagged(value: Any, seen: dict[int, Any]) -> Any:
    if isinstance(value, Tagged):
        return _untagged(value.value, seen)
    if not isinstance(value, (dict, list)):
        return value
    if id(value) not in seen:
        seen[id(value)] = {
            key: _untagged(child, seen) for key, child in value.items() if not _is_reset(child)
        } if isinstance(value, dict) else [_untagged(child, seen) for child in value if not _is_reset(child)]
    return seen[id(value)]


# -- merge keys ----------------------------------------------------------------------------------------------


def _flatten(value: Any, seen: dict[int, Any], path: Path) -> Any:
    if not isinstance(value, (dict, list, Tagged)):
        return value
    if id(value) not in seen:
        seen[id(value)] = _flatten_container(value, seen, path)
    return seen[id(value)]


def _flatten_container(value: Any, seen: dict[int, Any], path: Path) -> Any:
    if isinstance(value, Tagged):
        return Tagged(value.tag, _flatten(value.value, seen, path))
    if isinstance(value, list):
        return [_flatten(child, seen, (*path, str(place))) for place, child in enumerate(value)]
    own = {key: _flatten(child, seen, (*path, key)) for key, child in value.items() if key != "<<"}
    if "<<" not in value:
        return own
    inherited = _merged_keys(_flatten(value["<<"], seen, (*path, "<<")), path)
    result: dict[str, Any] = {}
    for key in value:
        result.update(_beside(inherited, own) if key == "<<" else {key: own[key]})
    return result


def _merged_keys(source: Any, path: Path) -> dict[str, Any]:
    source = source.value if isinstance(source, Tagged) else source
    found: dict[str, Any] = {}
    for mapping in source if isinstance(source, list) else [source]:
        mapping = mapping.value if isinstance(mapping, Tagged) else mapping
        if not isinstance(mapping, dict):
            raise MergeError(path, "<< takes a mapping or a list of mappings")
        found = {**mapping, **found}
    return found


def _beside(inherited: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What a merge key adds to a mapping; also takes out of `own` what is replaced by it."""
    added = {key: child for key, child in inherited.items() if key not in own}
    for key in [key for key, child in own.items() if key in inherited and _is_reset(child)]:
        own[key] = Tagged(OVERRIDE, untagged(inherited[key]))
    return added


# -- tags ----------------------------------------------------------------------------------------------------


def _is_reset(value: Any) -> bool:
    return isinstance(value, Tagged) and value.tag == RESET


def _without_tagged(model: dict[str, Any], layer: dict[str, Any]) -> dict[str, Any]:
    """`model` without what `layer` has under a tag of its own (loader/reset.go: mappings only, never list items)."""
    kept = dict(model)
    for key, value in layer.items():
        if key not in kept:
            continue
        if isinstance(value, Tagged) and value.tag in _TAGS:
            del kept[key]
        elif isinstance(value, dict) and isinstance(kept[key], dict):
            kept[key] = _without_tagged(kept[key], value)
    return kept


def _retagged(merged: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`merged` with the tags of `own` put back where its keys still are keys."""
    result = dict(merged)
    for key, value in own.items():
        if isinstance(value, Tagged) and value.tag in _TAGS:
            result[key] = value if value.tag == RESET else Tagged(value.tag, merged.get(key))
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            result[key] = _retagged(merged[key], value)
    return result


# -- the common rules ----------------------------------------------------------------------------------------


class _Rules:
    """What is special about one path, and about the paths below it."""

    def __init__(self) -> None:
        self.merge: _Merger | None = None
        self.key_of: _KeyOf | None = None
        self.below: dict[str, _Rules] = {}

    def child(self, key: str) -> _Rules:
        return self.below.get(key) or self.below.get("*") or _NO_RULES


_NO_RULES = _Rules()
_Merger = Callable[[Any, Any, _Rules, Path], Any]
_KeyOf = Callable[[Any], Hashable]


def _merge(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    if rules.merge is not None:
        return rules.merge(base, other, rules, path)
    if other is None:
        return base
    if isinstance(base, dict):
        if not isinstance(other, dict):
            raise MergeError(path, "a mapping can only be overridden by a mapping")
        return _mappings(base, other, rules, path)
    if isinstance(base, list):
        if not isinstance(other, list):
            raise MergeError(path, "a list can only be overridden by a list")
        return _appended(base, other, rules, path)
    return other


def _mappings(base: dict[str, Any], other: dict[str, Any], rules: _Rules, path: Path) -> dict[str, Any]:
    merged = dict(base)
    for key, value in other.items():
        merged[key] = _merge(merged[key], value, rules.child(key), (*path, key)) if key in merged else value
    return merged


def _appended(base: list[Any], other: list[Any], rules: _Rules, path: Path) -> list[Any]:
    """`base` and what is not in it of `other`, which Compose compares as written with the long forms of `base`."""
    seen = {_frozen(item) for item in (long_items(path[-1], base) if rules.key_of else base)}
    merged = list(base)
    for item in other:
        identity = _frozen(item)
        if identity not in seen:
            seen.add(identity)
            merged.append(item)
    return merged


def _frozen(value: Any) -> Hashable:
    """Equal for values that are the same in type and content, whatever the order of their keys."""
    if isinstance(value, dict):
        return dict, frozenset((key, _frozen(child)) for key, child in value.items())
    if isinstance(value, list):
        return list, tuple(_frozen(child) for child in value)
    return str if isinstance(value, Filled) else type(value), value


def _unique(value: Any, rules: _Rules) -> Any:
    if isinstance(value, dict):
        if not rules.below:
            return value
        return {key: _unique(child, rules.child(key)) for key, child in value.items()}
    if isinstance(value, list) and rules.key_of is not None:
        return _last_of_each(value, rules.key_of)
    return value


def _last_of_each(items: Iterable[Any], key_of: _KeyOf) -> list[Any]:
    """The last item of each key, in the place of the first."""
    found: dict[Hashable, Any] = {}
    for item in items:
        found[key_of(item)] = item
    return list(found.values())


# -- special rules: how two values merge ---------------------------------------------------------------------


def _replace(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    return other


def _append(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    return _appended(_sequence(base), _sequence(other), rules, path)


def _by_key(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    return _last_of_each([*_sequence(base), *_sequence(other)], _name)


def _build(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    return _mappings(_build_mapping(base), _build_mapping(other), rules, path)


def _build_mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"context": value}
    return value if isinstance(value, dict) else {}


def _depends_on(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    started = {"condition": "service_started", "required": True}
    return _mappings(_mapping(base, started, path), _mapping(other, started, path), rules, path)


def _names(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    return _mappings(_mapping(base, None, path), _mapping(other, None, path), rules, path)


def _logging(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    if not isinstance(base, dict) or not isinstance(other, dict):
        raise MergeError(path, "logging must be a mapping")
    both = "driver" in base and "driver" in other
    return other if both and base["driver"] != other["driver"] else _mappings(base, other, rules, path)


def _gpus(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    if not isinstance(other, list):
        raise MergeError(path, "a list of devices can only be overridden by a list")
    return _appended([{"count": "all"}] if isinstance(base, str) else base or [], other, rules, path)


def _ulimit(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    both = isinstance(base, dict) and isinstance(other, dict)
    return _mappings(base, other, rules, path) if both else other


def _ipam_config(base: Any, other: Any, rules: _Rules, path: Path) -> Any:
    """Pools by subnet. This follows compose-go step by step, as it also drops pools that are only in the base."""
    if not isinstance(base, list) or not isinstance(other, list):
        raise MergeError(path, "the pools must be a list")
    pools: list[dict[str, Any]] = []
    added = [dict(_mapping(pool, None, path)) for pool in other]
    for original in base:
        right = dict(_mapping(original, None, path))
        for left in added:
            subnets = [pool.get("subnet") for pool in pools]
            if left.get("subnet") != right.get("subnet") and left.get("subnet") not in subnets:
                pools.append(left)
                continue
            right.update(_mappings(right, left, rules, path))
            if right.get("subnet") in (subnets := [pool.get("subnet") for pool in pools]):
                pools[subnets.index(right.get("subnet"))] = right
            else:
                pools.append(right)
    return pools


def _sequence(value: Any) -> list[Any]:
    """Any form of a list as a list: a mapping as sorted `key=value` texts, a string as its only item."""
    if isinstance(value, dict):
        return sorted(text for key, child in value.items() for text in _pairs(key, child))
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else []


def _pairs(key: str, value: Any) -> list[str]:
    if value is None:
        return [key]
    items = value if isinstance(value, list) else [value]
    return [item.after(f"{key}=") if isinstance(item, Filled) else f"{key}={text_of(item)}" for item in items]


def _mapping(value: Any, default: dict[str, Any] | None, path: Path) -> dict[str, Any]:
    """A list of names as a mapping."""
    if value is None or isinstance(value, dict):
        return value or {}
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MergeError(path, "it must be a mapping or a list of names")
    return {name: default and dict(default) for name in names}


# -- special rules: which items of a list stand for the same thing -------------------------------------------


def _name(item: Any) -> Hashable:
    return item.partition("=")[0] if isinstance(item, str) else _frozen(item)


def _number(item: Any) -> Hashable:
    return str(item) if isinstance(item, (str, int)) else _frozen(item)


def _env_file(item: Any) -> Hashable:
    path = item.get("path") if isinstance(item, dict) else item
    return path if isinstance(path, str) else _frozen(item)


def _device(item: Any) -> Hashable:
    if isinstance(item, str):
        parts = item.split(":")
        return parts[0] if len(parts) == 1 else parts[1]
    return _target(item)


def _volume(item: Any) -> Hashable:
    if isinstance(item, str):
        volume = parse_volume(item)
        return _frozen(item) if volume is None else volume["target"]
    return _target(item)


def _target(item: Any) -> Hashable:
    target = item.get("target") if isinstance(item, dict) else None
    return target if isinstance(target, str) else _frozen(item)


def _mount(folder: str) -> _KeyOf:
    def key_of(item: Any) -> Hashable:
        if isinstance(item, dict):
            return text_of(item["target"]) if "target" in item else f"{folder}/{text_of(item.get('source'))}"
        return f"{folder}/{item}" if isinstance(item, str) else _frozen(item)
    return key_of


def _port(item: Any) -> Hashable:
    if isinstance(item, dict):
        return (_one_port(item),) if "target" in item else _frozen(item)
    ports = parse_port(text_of(item)) if isinstance(item, (str, int)) else None
    return _frozen(item) if ports is None else tuple(_one_port(port) for port in ports)


def _one_port(port: dict[str, Any]) -> Hashable:
    published = port.get("published")
    return (port.get("host_ip", "0.0.0.0"), _frozen(published), text_of(port["target"]), port.get("protocol", "tcp"))


# -- the table -----------------------------------------------------------------------------------------------


class _Special(NamedTuple):
    merge: _Merger | None = None
    key_of: _KeyOf | None = None


_PAIRS = _Special(_by_key, _name)
_NAMED = _Special(None, _name)
_STRINGS = _Special(_append, _name)

_WORKLOAD = {
    "annotations": _PAIRS,
    "build": _Special(_build),
    "build.additional_contexts": _PAIRS,
    "build.args": _PAIRS,
    "build.extra_hosts": _Special(_append),
    "build.labels": _PAIRS,
    "build.tags": _NAMED,
    "cap_add": _NAMED,
    "cap_drop": _NAMED,
    "command": _Special(_replace),
    "configs": _Special(None, _mount("")),
    "depends_on": _Special(_depends_on),
    "deploy.labels": _PAIRS,
    "devices": _Special(None, _device),
    "dns": _STRINGS,
    "dns_opt": _STRINGS,
    "dns_search": _STRINGS,
    "entrypoint": _Special(_replace),
    "env_file": _Special(_append, _env_file),
    "environment": _PAIRS,
    "expose": _Special(None, _number),
    "extra_hosts": _Special(_append),
    "gpus": _Special(_gpus),
    "healthcheck.test": _Special(_replace),
    "label_file": _Special(_append),
    "labels": _PAIRS,
    "links": _NAMED,
    "logging": _Special(_logging),
    "models": _Special(_names),
    "networks": _Special(_names),
    "networks.*.aliases": _NAMED,
    "networks.*.link_local_ips": _NAMED,
    "ports": _Special(None, _port),
    "profiles": _NAMED,
    "secrets": _Special(None, _mount("/run/secrets")),
    "sysctls": _PAIRS,
    "tmpfs": _STRINGS,
    "ulimits.*": _Special(_ulimit),
    "volumes": _Special(None, _volume),
}
_TABLE = {
    **{f"{section}.*.{path}": special for section in ("services", "jobs") for path, special in _WORKLOAD.items()},
    "networks.*.ipam.config": _Special(_ipam_config),
    "networks.*.ipam.options": _NAMED,
    **{f"{section}.*.labels": _PAIRS for section in ("networks", "volumes", "secrets", "configs")},
}


def _compiled(table: dict[str, _Special]) -> _Rules:
    root = _Rules()
    for path, special in table.items():
        rules = root
        for part in path.split("."):
            rules = rules.below.setdefault(part, _Rules())
        rules.merge, rules.key_of = special
    return root


_RULES = _compiled(_TABLE)
