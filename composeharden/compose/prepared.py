"""The data of a Compose file as Compose validates it: merge keys resolved, `!reset` gone, strings cast by path.

Variables are not filled in: a string with one becomes a `Variable`, which fits wherever some string would.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from composeharden.compose.casts import TABLE, CastError, Place
from composeharden.compose.evaluator import Unordered, Variable
from composeharden.compose.interpolation import InvalidTemplate, interpolate
from composeharden.compose.merge import RESET, MergeError, flatten
from composeharden.compose.problems import Failure, Path, place
from composeharden.yaml.scalars import Tagged


class Prepared(NamedTuple):
    """Data to validate, and what could not be prepared. List positions count without items under `!reset`."""

    data: Any
    unfit: list[Failure]


def prepare(data: Any) -> Prepared:
    """Prepare the data of one document, or of a merged project (see `to_data`; merge keys and tags as they come)."""
    try:
        flat = flatten(data)
    except MergeError as error:
        path: Path = tuple(int(part) if part.isdigit() else part for part in error.path)
        return Prepared(None, [Failure(path, f"{place(path)}: {error.reason}", "a mapping or a list of mappings")])
    walker = _Walker()
    return Prepared(walker.value(flat, TABLE), walker.unfit)


class _Walker:
    """One walk over shared data: every part is prepared once for each place of the table that it stands at."""

    def __init__(self) -> None:
        self.unfit: list[Failure] = []
        self.path: list[str | int] = []
        self.seen: dict[tuple[int, int], Any] = {}

    def value(self, value: Any, place: Place | None) -> Any:
        if isinstance(value, str):
            return self.text(value, place)
        if isinstance(value, Tagged):
            inner = value.value
            return self.value(inner if isinstance(inner, (dict, list)) else _as_string(inner), place)
        if isinstance(value, float) and not math.isfinite(value):
            self.refuse("is not a number that Compose can read", "a finite number")
        if not isinstance(value, (dict, list)):
            return value
        key = (id(value), id(place))
        if key not in self.seen:
            self.seen[key] = self.mapping(value, place) if isinstance(value, dict) else self.items(value, place)
        return self.seen[key]

    def mapping(self, value: dict[str, Any], place: Place | None) -> dict[str, Any]:
        return {key: self.below(key, child, place) for key, child in value.items() if not _is_reset(child)}

    def items(self, value: list[Any], place: Place | None) -> list[Any]:
        kept = [child for child in value if not _is_reset(child)]
        items = [self.below(number, child, place) for number, child in enumerate(kept)]
        return Unordered(items) if place is not None and place.unordered else items

    def below(self, key: str | int, child: Any, place: Place | None) -> Any:
        self.path.append(key)
        result = self.value(child, None if place is None else place.child(str(key)))
        self.path.pop()
        return result

    def text(self, value: str, place: Place | None) -> Any:
        if "$" in value:
            value = self.interpolated(value)
        if place is None or place.cast is None:
            return value
        try:
            return place.cast(value)
        except CastError as error:
            self.refuse(f"must be {error.expected}", error.expected)
            return Variable(value)  # so that the schema does not complain again

    def interpolated(self, value: str) -> str:
        try:
            result = interpolate(value, {}).value
        except InvalidTemplate as error:
            self.refuse(f"has an invalid variable: {error.reason}", "`${NAME}`, or `$$` for a dollar sign")
            return Variable(value)
        return Variable(value) if has_variable(value) else result

    def refuse(self, message: str, expected: str) -> None:
        path = tuple(self.path)
        self.unfit.append(Failure(path, f"{place(path)} {message}", expected))


_EXPRESSION = re.compile(r"\$[{_a-zA-Z]")


def has_variable(text: str) -> bool:
    """True when the text depends on a variable, even one with a default."""
    return _EXPRESSION.search(text.replace("$$", "")) is not None


def _is_reset(value: Any) -> bool:
    return isinstance(value, Tagged) and value.tag == RESET


def _as_string(value: Any) -> str:
    """What YAML makes of a scalar under a tag that it does not know: a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
