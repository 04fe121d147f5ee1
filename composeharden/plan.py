"""Where each declared change is written: from the effective model to nodes of files, with anchors in mind.

A change is declared on the effective model (`services.web.read_only`). Here it becomes an operation on the document
that defines the service: beside `<<` where the value was inherited, in the anchor itself where everyone who uses it
needs the same change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from composeharden.compose.extends import service_nodes
from composeharden.compose.project import Layer, Project, Service
from composeharden.yaml import nodes
from composeharden.yaml.change import Append, Change, Path, Refused, Remove, Rename, Replace, Reshape, Set, copied
from composeharden.yaml.source import to_data

Group = tuple[str, str]
"""Service (empty for the stack) and rule: the changes of one finding."""


@dataclass(frozen=True)
class Placed:
    """One change and the file it belongs to."""

    file: str
    change: Change


class Planner:
    """Places changes for one project."""

    def __init__(self, project: Project, frozen: Mapping[str, str]) -> None:
        self.project = project
        self.frozen = frozen
        self._chains: dict[str, list[nodes.Mapping]] = {}
        self._anchored: dict[int, tuple[Layer, Path]] | None = None
        self._wanted: dict[tuple[str, str], list[Change]] = {}
        self._top_level: dict[tuple[str, str], dict[str, Any]] = {}
        self._places: dict[int, tuple[Layer, Path]] | None = None

    def place(self, groups: Mapping[Group, tuple[Change, ...]]) -> dict[Group, list[Placed]]:
        """The file changes of every group. Raises Refused never: what has no place is placed where splice refuses."""
        shared = self._shared_places(groups)
        self._wanted = _by_key(groups)
        self._top_level = self._wanted_at_top(groups)
        return {
            group: [
                shared.get((group[0], _signature(change))) or placed
                for change in changes
                for placed in self._place_one(group[0], change)
            ]
            for group, changes in groups.items()
        }

    def _place_one(self, name: str, change: Change) -> list[Placed]:
        if len(change.path) == 2:
            return [
                Placed(layer.file, replace(change, path=(layer.document, *change.path[1:])))
                for layer in self.project.layers
                if change.path[1] in layer.root.index and layer.file not in self.frozen
            ]
        if change.path[1] != "services":
            return self._at_top(name, change)
        service = self.project.services[name]
        key = str(change.path[3])
        if len(change.path) > 4:
            return self._in_entry(service, change)
        layer, node = self._body_for(service, key, change)
        path: Path = (layer.document, *self._service_path(layer, name), key)
        body = nodes.resolved(node)
        if isinstance(node, nodes.Alias) and id(body) in self._places_of_anchors():
            layer, home = self._places_of_anchors()[id(body)]  # one path for all who share the body
            path = (*home, key)
        own = body.get(key) if isinstance(body, nodes.Mapping) else None
        return [Placed(layer.file, self._localized(service, change, path, own))]

    # -- entries of the top level, and entries below a key of a service ---------------------------------------------

    def _wanted_at_top(self, groups: Mapping[Group, Iterable[Change]]) -> dict[tuple[str, str], dict[str, Any]]:
        """For each file and section what all groups together add to it."""
        found: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        for (name, _), changes in groups.items():
            for change in changes:
                if len(change.path) == 3 and isinstance(change, Set):
                    found[self._home(name).file, str(change.path[1])][str(change.path[2])] = change.value
        return found

    def _home(self, name: str) -> Layer:
        """The document that what belongs to a service is defined in: that of the service itself."""
        return self.project.services[name].bodies[0][0] if name in self.project.services else self.project.layers[0]

    def _at_top(self, name: str, change: Change) -> list[Placed]:
        """Where an entry is defined anew; nowhere if it has a definition already."""
        layer = self._home(name)
        section = str(change.path[1])
        if not isinstance(change, Set) or change.path[2] in self.project.top_level(section):
            return []
        there = layer.root.get(section)
        is_empty = isinstance(there, nodes.Mapping) and not there.pairs  # nothing there to put a comma after
        if section in layer.root.index and not is_empty:
            return [Placed(layer.file, replace(change, path=(layer.document, *change.path[1:])))]
        return [Placed(layer.file, Set((layer.document, section), dict(self._top_level[layer.file, section])))]

    def _in_entry(self, service: Service, change: Change) -> list[Placed]:
        """Where one entry of a mapping or list below a key is written, be it in an anchor or in an extended service.

        Whoever shares that text needs the same change: the effective model after the patch tells.
        """
        key, entry = str(change.path[3]), str(change.path[4])
        for body in [node for _, node in reversed(service.bodies)] + self._bases(service.name):
            holders: list[nodes.Mapping] = []
            _collect(nodes.resolved(body), holders)
            value = next((nodes.resolved(holder.get(key)) for holder in holders if key in holder.index), None)
            placed = self._of_list(value, change) if isinstance(value, nodes.Sequence) else None
            if placed is None and isinstance(value, nodes.Mapping):
                inner: list[nodes.Mapping] = []
                _collect(value, inner)
                held = next((one for one in inner if entry in one.index), value if isinstance(change, Set) else None)
                placed = self._at(held, change, entry) if held is not None else None
            if placed is not None:
                return [placed]
        return []

    def _bases(self, name: str) -> list[nodes.Node]:
        return [node for _, node in self.project.bases.get(name, ())]

    def _of_list(self, items: nodes.Sequence, change: Change) -> Placed | None:
        entry = str(change.path[4])
        texts = [item.text for item in items.items if isinstance(item, nodes.Scalar)]
        old = next((text for text in texts if text.partition("=")[0] == entry), None)
        place = self._place_of(items)
        if old is None or place is None or not isinstance(change, (Set, Rename)):
            return None
        name = change.key if isinstance(change, Rename) else entry
        return Placed(place[0].file, Replace(place[1], old, f"{name}={change.value}"))

    def _at(self, holder: nodes.Mapping, change: Change, entry: str) -> Placed | None:
        place = self._place_of(holder)
        words = nodes.resolved(holder.get(entry))
        if place is not None and isinstance(change, Set) and isinstance(words, nodes.Sequence):
            one = _one_item(words, change.value)
            if one is not None:
                return Placed(place[0].file, Replace((*place[1], entry), *one))
        return Placed(place[0].file, replace(change, path=(*place[1], entry))) if place is not None else None

    def _place_of(self, node: nodes.Node) -> tuple[Layer, Path] | None:
        if self._places is None:
            self._places = {}
            layers = [*self.project.layers, *(layer for bases in self.project.bases.values() for layer, _ in bases)]
            for layer in layers:
                _index(layer.root, layer, (layer.document,), self._places)
        return self._places.get(id(node))

    def _body_for(self, service: Service, key: str, change: Change) -> tuple[Layer, nodes.Node]:
        """The body to write to: the last that has the key, else the first; one above it where that is frozen."""
        bodies = service.bodies
        having = [place for place, (_, node) in enumerate(bodies) if _has(node, key, change)]
        chosen = having[-1] if having else 0
        free = (place for place in range(len(bodies) - 1, chosen - 1, -1) if bodies[place][0].file not in self.frozen)
        return bodies[chosen if bodies[chosen][0].file not in self.frozen else next(free, chosen)]

    @staticmethod
    def _service_path(layer: Layer, name: str) -> Path:
        services = nodes.resolved(layer.root.get("services"))
        if isinstance(services, nodes.Mapping) and name not in services.index and "<<" in services.index:
            return ("services", "<<", name)
        return ("services", name)

    def _localized(self, service: Service, change: Change, path: Path, own: nodes.Node | None) -> Change:
        if isinstance(own, nodes.Sequence) and isinstance(change, (Append, Replace, Reshape)):
            return replace(change, path=path)
        key = str(path[-1])
        if isinstance(change, (Append, Replace)):
            # A copy of the inherited list, with all that any pass wants of it: each of them places the same.
            inherits = own is not None or any(key in body.index for body in self.chain(service.name))
            value = list(service.raw.get(key) or ()) if inherits else []
            for one in self._wanted[service.name, key]:
                value = _changed(value, one)
            return Set(path, value)
        if isinstance(change, Reshape):
            return Set(path, dict(change.value))
        return replace(change, path=path)

    # -- anchors ---------------------------------------------------------------------------------------------------

    def chain(self, name: str) -> list[nodes.Mapping]:
        """The mappings a service's body takes keys from through `<<`, the body itself first."""
        if name not in self._chains:
            found: list[nodes.Mapping] = []
            for _, node in self.project.services[name].bodies:
                _collect(nodes.resolved(node), found)
            self._chains[name] = found
        return self._chains[name]

    def written(self, name: str, keys: set[str]) -> set[int]:
        """Identities of the nodes that changes to `keys` of a service are written to, when not to an anchor of all."""
        bodies = [nodes.resolved(node) for _, node in self.project.services[name].bodies]
        return _with_values([body for body in bodies if isinstance(body, nodes.Mapping)], keys) if keys else set()

    def reached(self, name: str, keys: set[str]) -> set[int]:
        """Identities of the nodes that a service takes `keys` from, through `<<`, aliases and `extends`."""
        return _with_values([*self.chain(name), *self._inherited(name)], keys)

    def _inherited(self, name: str) -> list[nodes.Mapping]:
        """The mappings that a service takes keys from through `extends`."""
        found: list[nodes.Mapping] = []
        for _, node in self.project.bases.get(name, ()):
            _collect(nodes.resolved(node), found)
        return found

    def _shared_places(self, groups: Mapping[Group, tuple[Change, ...]]) -> dict[tuple[str, str], Placed]:
        """Changes that every user of an anchor, or of an extended service, makes alike: to be made once there."""
        users = [*self._users(), *self._heirs()]
        if not users and not any(isinstance(change, Reshape) for changes in groups.values() for change in changes):
            return {}
        wanted: dict[str, dict[str, Change]] = defaultdict(dict)
        for (name, _), changes in groups.items():
            for change in changes:
                if len(change.path) == 4:
                    wanted[name][_signature(change)] = change
        places = self._shared_lists(wanted)
        for mapping, names in sorted(users, key=lambda item: -len(item[1])):
            for signature, change in dict(wanted.get(names[0], {})).items():
                if all(signature in wanted.get(name, {}) and (name, signature) not in places for name in names):
                    placed = self._in_anchor(mapping, names, change)
                    if placed is not None:
                        places.update(((name, signature), placed) for name in names)
        return places

    def _users(self) -> list[tuple[nodes.Mapping, list[str]]]:
        by_node: dict[int, tuple[nodes.Mapping, list[str]]] = {}
        for name in self.project.services:
            for mapping in self.chain(name):
                if mapping.anchor is not None:
                    by_node.setdefault(id(mapping), (mapping, []))[1].append(name)
        return [entry for entry in by_node.values() if len(entry[1]) > 1]

    def _heirs(self) -> list[tuple[nodes.Mapping, list[str]]]:
        """Bodies that services extend, each with all who have it: also itself where it is one of the project."""
        by_node: dict[int, tuple[nodes.Mapping, list[str]]] = {}
        for name, bases in self.project.bases.items():
            for _, node in bases:
                if isinstance(node, nodes.Mapping) and name in self.project.services:
                    names = by_node.setdefault(id(node), (node, []))[1]
                    names += [name] if name not in names else []
        for name in self.project.services if by_node else ():
            for body in self.chain(name):
                if id(body) in by_node and name not in by_node[id(body)][1]:
                    by_node[id(body)][1].append(name)
        return [entry for entry in by_node.values() if len(entry[1]) > 1]

    def _in_anchor(self, mapping: nodes.Mapping, names: Iterable[str], change: Change) -> Placed | None:
        key = str(change.path[3])
        for name in names:
            if any(key in body.index for body in (*self.chain(name), *self._inherited(name)) if body is not mapping):
                return None
        own = mapping.get(key)
        if own is not None and not (isinstance(own, nodes.Sequence) and isinstance(change, (Append, Replace, Reshape))):
            return None
        if own is None and not isinstance(change, Set):
            return None
        layer, path = self._places_of_anchors().get(id(mapping), (None, ()))
        if layer is None or layer.file in self.frozen:
            return None
        return Placed(layer.file, replace(change, path=(*path, key)))

    def _shared_lists(self, wanted: Mapping[str, Mapping[str, Change]]) -> dict[tuple[str, str], Placed]:
        """Lists of names that services use by alias and all reshape alike: to be reshaped once, at their anchor."""
        uses: dict[int, list[tuple[str, str, nodes.Node]]] = defaultdict(list)
        for name, changes in wanted.items():
            for signature, change in changes.items():
                if isinstance(change, Reshape):
                    key = str(change.path[3])
                    values = (body.get(key) for body in self.chain(name))
                    value = next((one for one in values if one is not None), None)
                    if value is not None:
                        uses[id(nodes.resolved(value))].append((name, signature, value))
        places: dict[tuple[str, str], Placed] = {}
        for target, users in uses.items():
            layer, path = self._places_of_anchors().get(target, (None, ()))
            if layer is not None and layer.file not in self.frozen and _is_all(layer.root, target, path, users):
                change = wanted[users[0][0]][users[0][1]]
                assert isinstance(change, Reshape)
                placed = Placed(layer.file, replace(change, path=path, everywhere=True))
                places.update(((name, signature), placed) for name, signature, _ in users)
        return places

    def _places_of_anchors(self) -> dict[int, tuple[Layer, Path]]:
        if self._anchored is None:
            self._anchored = {}
            for layer in self.project.layers:
                _index_anchors(layer.root, layer, (layer.document,), self._anchored)
            for bases in self.project.bases.values():
                for layer, node in bases:
                    name = next(name for name, one in service_nodes(layer) if one is node)
                    self._anchored.setdefault(id(node), (layer, (layer.document, *self._service_path(layer, name))))
        return self._anchored


def _is_all(root: nodes.Node, target: int, path: Path, users: Iterable[tuple[str, str, nodes.Node]]) -> bool:
    """Whether the users of an anchored list, who change it alike, are all it has."""
    used = {id(node) for _, _, node in users}
    aliases = {id(node) for node in nodes.walk(root) if isinstance(node, nodes.Alias) and id(node.target) == target}
    alike = len({signature for _, signature, _ in users}) == 1
    return alike and used - {target} == aliases and (target in used or str(path[1]).startswith("x-"))


def _has(node: nodes.Node, key: str, change: Change) -> bool:
    """Whether a body has the key, and what is to be replaced in it."""
    body = nodes.resolved(node)
    if not isinstance(body, nodes.Mapping) or key not in body.index:
        return False
    value = nodes.resolved(body.get(key))
    return not isinstance(change, Replace) or change.old in (to_data(value) if value is not None else ())


def _collect(node: nodes.Node | None, found: list[nodes.Mapping]) -> None:
    if not isinstance(node, nodes.Mapping) or any(node is known for known in found):
        return
    found.append(node)
    merged = node.get("<<")
    target = nodes.resolved(merged)
    for one in target.items if isinstance(target, nodes.Sequence) else [merged]:
        _collect(nodes.resolved(one), found)


def _with_values(mappings: Iterable[nodes.Mapping], keys: Iterable[str]) -> set[int]:
    found = set()
    for mapping in mappings:
        found |= {id(mapping), *(id(nodes.resolved(mapping.get(key))) for key in keys if key in mapping.index)}
    return found


def _one_item(words: nodes.Sequence, wanted: Any) -> tuple[str, str] | None:
    """The one text of a list that is to be another, and that text; None where more than that changes."""
    texts = [item.text if isinstance(item, nodes.Scalar) else None for item in words.items]
    if not isinstance(wanted, (list, tuple)) or len(wanted) != len(texts):
        return None
    changed = [(old, str(new)) for old, new in zip(texts, wanted, strict=True) if old != new]
    return (changed[0][0], changed[0][1]) if len(changed) == 1 and changed[0][0] is not None else None


def _index(node: nodes.Node, layer: Layer, path: Path, found: dict[int, tuple[Layer, Path]]) -> None:
    """The one place where each mapping and list is written."""
    if id(node) in found or not isinstance(node, (nodes.Mapping, nodes.Sequence)):
        return
    found[id(node)] = (layer, path)
    children = node.pairs if isinstance(node, nodes.Mapping) else enumerate(node.items)
    for key, child in children:
        _index(child, layer, (*path, key.text if isinstance(key, nodes.Scalar) else key), found)


def _index_anchors(node: nodes.Node, layer: Layer, path: Path, found: dict[int, tuple[Layer, Path]]) -> None:
    if isinstance(node, nodes.Mapping):
        if node.anchor is not None:
            found[id(node)] = (layer, path)
        for key, child in node.pairs:
            _index_anchors(child, layer, (*path, key.text), found)
    elif isinstance(node, nodes.Sequence):
        if node.anchor is not None:
            found[id(node)] = (layer, path)
        for place, child in enumerate(node.items):
            _index_anchors(child, layer, (*path, place), found)


def _signature(change: Change) -> str:
    """What a change does, apart from the service it is for: equal for services that need the same."""
    return f"{type(change).__name__} {change.path[3:]} {_body(change)!r}"


def _body(change: Change) -> Any:
    if isinstance(change, (Replace, Rename)):
        return change.old if isinstance(change, Replace) else change.key, change.value
    return () if isinstance(change, Remove) else change.items if isinstance(change, Append) else change.value


def _by_key(groups: Mapping[Group, Iterable[Change]]) -> dict[tuple[str, str], list[Change]]:
    """The changes to each key of each service, whatever pass they are of."""
    found: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for (name, _), changes in groups.items():
        for change in changes:
            if len(change.path) == 4:
                found[name, str(change.path[3])].append(change)
    return found


def _changed(items: Iterable[Any], change: Change) -> list[Any]:
    """A list with one change made."""
    if isinstance(change, Replace):
        return [change.value if item == change.old else item for item in items]
    return [*items, *change.items] if isinstance(change, Append) else list(items)


def declare(model: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The effective model with declared changes made, leaving `model` and whatever it shares untouched.

    Raises Refused where a path does not exist.
    """
    result = dict(model)
    services = dict(result.get("services") or {})
    result["services"] = services
    own: set[str] = set()
    for change in changes:
        if len(change.path) == 2:
            if not isinstance(change, Remove):
                raise Refused("only services can be changed")
            result.pop(str(change.path[1]), None)
            continue
        if change.path[1] != "services":
            result[str(change.path[1])] = _with_entry(result.get(str(change.path[1])), change)
            continue
        name, key = str(change.path[2]), str(change.path[3])
        if name not in own:
            services[name] = dict(services.get(name) or {})
            own.add(name)
        target = services[name]
        if len(change.path) > 4:
            target[key] = _changed_entry(target.get(key), change)
        elif isinstance(change, Remove):
            target.pop(key, None)
        elif isinstance(change, (Append, Replace)):
            target[key] = _changed(target.get(key) or (), change)
        else:
            target[key] = copied(change.value)
    return result


def _with_entry(section: Any, change: Change) -> dict[str, Any]:
    """A section of the top level with an entry that is defined anew."""
    name = str(change.path[2])
    found = dict(section) if isinstance(section, dict) else {}
    if len(change.path) != 3 or not isinstance(change, Set):
        raise Refused(f"{change.path[1]}.{name} cannot be defined anew")
    found[name] = change.value
    return found


def _changed_entry(value: Any, change: Change) -> Any:
    """A mapping, or a list of `NAME=value`, with one entry changed."""
    entry = str(change.path[4])
    name, written = (
        (change.key, change.value) if isinstance(change, Rename) else (entry, getattr(change, "value", None))
    )
    if isinstance(value, list) and isinstance(change, (Set, Rename)):
        return [f"{name}={written}" if str(item).partition("=")[0] == entry else item for item in value]
    if not isinstance(value, dict) or len(change.path) != 5 or not isinstance(change, (Set, Rename)):
        raise Refused(f"{'.'.join(map(str, change.path[1:]))} is not there")
    found = {name if key == entry else key: copied(written) if key == entry else item for key, item in value.items()}
    return found if entry in value else {**found, name: copied(written)}
