"""Random changes for any file, and what they mean, worked out again without the code under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from composeharden.yaml import nodes
from composeharden.yaml.change import Append, Change, Path, Remove, Replace, Reshape, Set
from composeharden.yaml.scalars import plain_value
from composeharden.yaml.source import Source

_TEXTS = ("true", "yes", "a b", "0440", "it's", 'say "hi"', "a: b", "# no", "🦊", "", "-", "tmpfs:/run",
          "x" * 120, "no-new-privileges:true", "line\nbreak", "tab\t", "{", "null", " a ", "[a]",
          "*x", "a,b", "10:30")  # fmt: skip
_SCALARS = st.sampled_from((True, False, None, 0, 7, -1, 1.5, *_TEXTS))
_KEYS = ("read_only", "tmpfs", "new key", "a:b", "true", "é", "7", "{x}")
_VALUES = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(_KEYS), st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2)), max_size=2),
    st.lists(st.dictionaries(st.sampled_from(_KEYS), _SCALARS, max_size=2), max_size=2),
)


@st.composite
def changes(draw: Callable[[st.SearchStrategy[Any]], Any], source: Source) -> list[Change]:
    """One to three changes at nodes of `source`, no two of them at or below the same key."""
    places = [place for document, root in enumerate(source.documents) for place in _places(root, (document,))]
    found: list[Change] = []
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3))) if places else 0):
        change = draw(_change(*draw(st.sampled_from(places))))
        if not any(_touch(change.path, other.path) for other in found):
            found.append(change)
    return found


def _touch(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _places(node: nodes.Node | None, path: Path) -> Iterator[tuple[Path, nodes.Node]]:
    """Every collection, and every empty value a key can be written under, with its path."""
    held = nodes.resolved(node)
    if isinstance(held, nodes.Mapping):
        yield path, held
        for key, value in held.pairs:
            yield from _places(value, (*path, key.text))
    elif isinstance(held, nodes.Sequence):
        yield path, held
        for place, item in enumerate(held.items):
            yield from _places(item, (*path, place))
    elif isinstance(held, nodes.Scalar) and held.is_empty and not held.tag and len(path) > 1:
        yield path, held


@st.composite
def _change(draw: Callable[[st.SearchStrategy[Any]], Any], path: Path, node: nodes.Node) -> Change:
    if isinstance(node, nodes.Sequence):
        names = [item.text for item in node.items if isinstance(item, nodes.Scalar) and item.tag is None]
        if isinstance(path[-1], str) and len(names) == len(set(names)) == len(node.items) and draw(st.booleans()):
            how = draw(st.sampled_from(({"condition": "service_healthy", "restart": True}, {}, None)))
            new = draw(st.sampled_from(((), ("another",), ("another", "last one"))))
            return Reshape(path, dict.fromkeys((*names, *(name for name in new if name not in names)), how))
        once = [name for name in names if names.count(name) == 1 and type(plain_value(name)) is str]
        if once and draw(st.booleans()):
            return Replace(path, draw(st.sampled_from(once)), draw(st.sampled_from(_TEXTS)))
        return Append(path, tuple(draw(st.lists(_VALUES, min_size=1, max_size=2))))
    if isinstance(node, nodes.Mapping) and node.pairs and draw(st.booleans()):
        old = (*path, draw(st.sampled_from([key.text for key, _ in node.pairs])))
        return Remove(old) if len(node.pairs) > 1 and draw(st.booleans()) else Set(old, draw(_VALUES))
    return Set((*path, draw(st.sampled_from(_KEYS))), draw(_VALUES))


def applied(changes: list[Change], documents: list[Any]) -> list[Any]:
    """What the changes make of the documents, both as strings, dicts and lists without any type."""
    for change in changes:
        *above, last = change.path
        holder: Any = documents
        for position, part in enumerate(above):
            if isinstance(change, Set) and position == len(above) - 1 and holder[part] == "":
                holder[part] = {}
            holder = holder[part]
        if isinstance(change, Set):
            holder[last] = _as_read(change.value)
        elif isinstance(change, Remove):
            del holder[last]
        elif isinstance(change, Append):
            holder[last].extend(_as_read(list(change.items)))
        elif isinstance(change, Replace):
            holder[last][holder[last].index(change.old)] = change.value
        else:
            assert holder[last] == list(change.value)[: len(holder[last])]
            holder[last] = _as_read(dict(change.value))
    return documents


def _as_read(value: Any) -> Any:
    """The value as a reader without types gives it back."""
    if isinstance(value, dict):
        return {key: _as_read(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_as_read(child) for child in value]
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
