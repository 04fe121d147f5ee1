"""Is this a Compose file that Docker Compose would take? Validation against the official Compose Spec schema.

`validate` judges one document as it is written: keys, merge keys, variables, casts, then the schema. `check` judges
whether the parts of a whole project fit together.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from composeharden.compose import checks
from composeharden.compose.evaluator import Evaluator
from composeharden.compose.explain import explain
from composeharden.compose.kinds import Kind, classify, kind_of
from composeharden.compose.places import locate, reaches
from composeharden.compose.prepared import prepare
from composeharden.compose.problems import Failure, Fault, Path, Problem, shown
from composeharden.yaml.nodes import Mapping, Node, walk
from composeharden.yaml.scalars import plain_value
from composeharden.yaml.source import to_data

MAX_PROBLEMS = 100
"""Enough for a person; a hostile file could have millions."""


def validate(root: Node | None) -> list[Problem]:
    """Judge one document by itself.

    Args:
        root: the document, see `Source.documents`.

    Returns:
        The reasons why Compose would reject it, at most `MAX_PROBLEMS`. An empty list says that its structure is
        right; whether the names in it refer to anything is the business of `check`.
    """
    problems = list(islice(_other_keys(root), MAX_PROBLEMS))
    return problems or [_problem(failure, [root]) for failure in islice(_structure(to_data(root)), MAX_PROBLEMS)]


def check(model: Any, roots: Sequence[Node | None]) -> list[Problem]:
    """Judge whether the parts of a project fit together, once `validate` has found nothing in any of its documents.

    Args:
        model: the effective data of the project, not interpolated (see `load.effective`).
        roots: the documents it was made of, in the order of merging, to say where problems are.

    Returns:
        The reasons why Compose would reject the project, at most `MAX_PROBLEMS`.
    """
    return [_problem(failure, roots) for failure in islice(_consistency(model), MAX_PROBLEMS)]


@lru_cache(maxsize=1)
def specification() -> dict[str, Any]:
    """The JSON Schema of the Compose Spec, as the build put it beside this module (see hatch_build.py)."""
    try:
        text = pkgutil.get_data("composeharden.compose", "data/compose-spec.json")
    except FileNotFoundError:
        raise RuntimeError("the Compose Spec schema is missing: install the project, which builds it") from None
    schema: dict[str, Any] = json.loads(text or b"")
    return schema


def _structure(data: Any) -> Iterator[Failure]:
    if not isinstance(data, dict):
        yield Failure((), "the file is no mapping of `services`, `volumes` and so on", "a mapping")
        return
    evaluator = Evaluator(specification())
    prepared = prepare(data)
    yield from prepared.unfit
    if isinstance(prepared.data, dict) and kind_of(prepared.data) is Kind.LEGACY:
        message = "services stand at the top level: version 1 of the Compose format, which is gone"
        yield Failure((), message, "`services`", "move everything under a key `services:`", Fault.LEGACY)
    elif prepared.data is not None and not evaluator.accepts(prepared.data):
        yield from dict.fromkeys(islice(explain(evaluator, prepared.data), 2 * MAX_PROBLEMS))


def _consistency(model: Any) -> Iterator[Failure]:
    evaluator = Evaluator(specification())
    prepared = prepare(model)
    if not evaluator.accepts(prepared.data):  # what merging made of documents that are right on their own
        yield from explain(evaluator, prepared.data)
    elif prepared.data.keys() <= {"version"}:
        yield Failure((), "the file defines nothing", "`services`")
    else:
        yield from checks.failures(prepared.data)


def _other_keys(root: Node | None) -> Iterator[Problem]:
    """Keys such as `80` and `true`, which YAML does not take for text and Compose refuses everywhere."""
    for node in walk(root) if root is not None else ():
        for key, _ in node.pairs if isinstance(node, Mapping) else ():
            if not key.style and key.tag is None and not isinstance(plain_value(key.text), str):
                yield Problem(
                    f"the key `{shown(key.text)}` is no text",
                    key,
                    expected="a key in quotes",
                    suggestion="put the key in quotes",
                )


def _problem(failure: Failure, roots: Sequence[Node | None]) -> Problem:
    path: Path = failure.path
    if len(roots) > 1:  # positions in merged lists are not those of any one document
        path = path[: next((number for number, part in enumerate(path) if isinstance(part, int)), len(path))]
    whole = (root for root in reversed(roots) if reaches(root, path))
    root = next(whole, None) or next((root for root in roots if root is not None), None)
    return Problem(
        failure.message,
        locate(root, path, failure.at_key),
        failure.path,
        failure.fault,
        failure.expected,
        failure.suggestion,
    )


__all__ = ["MAX_PROBLEMS", "Fault", "Kind", "Problem", "check", "classify", "validate"]
