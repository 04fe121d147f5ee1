"""Compares validation with Docker Compose on spoilt real files.

`python -m tests.corpus.differential_mutations [N [SEED]]` takes files of COMPOSEHARDEN_CORPUS that Compose accepts,
changes one or two things about each (a value, a key, a setting more or less), and asks both sides again. Exits with 1
when more than 1 % of the answers differ: what is left are numbers below zero, which Compose refuses while decoding, and
keys that the schema has and this version of Compose has not.
"""

from __future__ import annotations

import copy
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from composeharden.compose.interpolation import InvalidTemplate, interpolate_tree
from composeharden.compose.merge import MergeError, flatten, untagged
from composeharden.compose.schema import specification
from composeharden.yaml.source import SourceError, load, to_data
from tests.corpus.differential_config import compose_config, compose_files, our_view

VALUES: list[Any] = [
    *(None, 0, 1, -1, 1.5, True, False, "", "x", "a b", "5", "true", "10s", "1g", "80:80", "service:db"),
    *([], {}, [1], [None], [{}], ["a", "a"], ["CMD", "x"], {"a": 1}, {"a": None}),
]
KEYS = ["name", "external", "driver", "labels", "image", "x-note", "unknown"]
ELSEWHERE = ("env_file", "label_file", "extends", "include")


def main(arguments: list[str]) -> int:
    """Print every difference and the totals."""
    count, seed = (*map(int, arguments), *(500, 1)[len(arguments) :])
    if not os.environ.get("COMPOSEHARDEN_CORPUS"):
        print("set COMPOSEHARDEN_CORPUS", file=sys.stderr)
        return 2
    chance = random.Random(seed)
    totals: Counter[tuple[bool, bool]] = Counter()
    with TemporaryDirectory() as home:
        path = Path(home) / "compose.yaml"
        models = accepted(path, chance)
        for _ in range(count):
            text = written(spoilt(next(models), chance))
            path.write_text(text, "utf-8")
            code, errors = compose_config(path, home)
            ours, messages = our_view(text.encode())
            totals[code == 0, ours == "ok"] += 1
            if (code == 0) != (ours == "ok"):
                print(f"compose: {errors.splitlines()[-1:] or 'ok'}  ours: {messages or 'ok'}", flush=True)
    for (theirs, mine), number in sorted(totals.items()):
        print(f"{number:6}  compose: {'ok' if theirs else 'no'}  ours: {'ok' if mine else 'no'}")
    return 1 if totals[True, False] + totals[False, True] > count / 100 else 0


def accepted(path: Path, chance: random.Random) -> Iterator[Any]:
    """Models of real files that Compose takes without anything beside them, again and again."""
    files = compose_files(Path(os.environ["COMPOSEHARDEN_CORPUS"]))
    while True:
        model = self_contained(chance.choice(files))
        if model is None:
            continue
        path.write_text(written(model), "utf-8")
        if compose_config(path, str(path.parent))[0] == 0:
            yield model


def self_contained(file: Path) -> Any:
    """The data of a file of one document that needs no other file, None for any other."""
    try:
        documents = load(file.read_bytes()).documents
        model = interpolate_tree(untagged(flatten(to_data(documents[0]))), {}).data if len(documents) == 1 else None
    except (SourceError, MergeError, InvalidTemplate):
        return None
    return model if isinstance(model, dict) and not any(f'"{key}"' in written(model) for key in ELSEWHERE) else None


def written(model: Any) -> str:
    """A model as YAML that means just that."""
    return json.dumps(model, default=str).replace("$", "$$")


def spoilt(model: Any, chance: random.Random) -> Any:
    """A copy of a model with one or two changes."""
    model = copy.deepcopy(model)
    for _ in range(chance.choice((1, 1, 2))):
        places = list(below(model))
        if not places:
            break
        holder, key = chance.choice(places)
        value = copy.deepcopy(chance.choice(VALUES))
        change = chance.choice(("value", "remove", "rename", "add", "setting", "setting"))
        if change == "remove":
            del holder[key]
        elif change == "setting":
            service = chance.choice(list((model.get("services") or {"": None}).values()))
            (service if isinstance(service, dict) else model)[chance.choice(settings())] = value
        elif change == "value" or not isinstance(holder, dict):
            holder[key] = value
        elif change == "rename":
            holder[key + chance.choice("x_ ")] = holder.pop(key)
        else:
            holder[chance.choice(KEYS)] = value
    return model


def below(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every key and position below some data, with what holds it."""
    for key, child in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield data, key
        yield from below(child)


def settings() -> list[str]:
    """Every key of a service that needs no file."""
    parts = (specification()["$defs"][name]["properties"] for name in ("service", "workload_spec", "container_spec"))
    return [key for part in parts for key in part if key not in ELSEWHERE]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
