"""Compares the loader with Docker Compose on real projects: `python -m tests.corpus.differential_projects [FOLDER]`.

The folder, or COMPOSEHARDEN_CORPUS, holds projects. Each folder with a file that Compose finds by itself is a project,
with its override file; each single file is one, too; and so is each `docker-compose.yml` with a file beside it that
looks like an override of it. For every project that `docker-compose config` accepts, the model that we load is written
as one file, without variables, `include`, `extends` or merge keys, and Compose must make the same of it.

So the normalisation is Compose's own: defaults (the network `default`, names of networks and volumes), absolute paths
and long forms come about alike on both sides. What it adds on its own is the same for both and proves nothing, hence
our file has none of the keys that Compose would follow. Exits with 1 where less than 99 % are equal, and prints every
difference.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from composeharden.cli.inputs import read
from composeharden.compose.canonical import canonical
from composeharden.compose.environment import project_variables
from composeharden.compose.files import Files, LoadError
from composeharden.compose.load import DEFAULTS, OVERRIDES, project_of
from composeharden.compose.project import Project
from composeharden.compose.written import as_meant
from tests.corpus import real_compose
from tests.corpus.differential_config import compose_files

OURS = "composeharden-differential.json"
UNCHECKED = ("--no-consistency", "--no-env-resolution")
"""For projects that Compose refuses because of what is around them, such as environment files that are not there."""


class Verdict(NamedTuple):
    """What one project is to both sides."""

    files: tuple[str, ...]
    result: str
    """equal, different, refused by us, or not accepted by Compose."""
    reason: str = ""


def main(arguments: list[str]) -> int:
    """Print the table and the differences."""
    folder = Path(*arguments[:1]) if arguments else Path(os.environ.get("COMPOSEHARDEN_CORPUS", ""))
    program = real_compose.binary()
    if program is None or (not arguments and not os.environ.get("COMPOSEHARDEN_CORPUS")):
        print("set COMPOSEHARDEN_CORPUS or name a folder; docker-compose must be there", file=sys.stderr)
        return 2
    counts: Counter[str] = Counter()
    for files in projects(folder):
        verdict = judge(program, files)
        counts[verdict.result] += 1
        if verdict.reason:
            names = " ".join(str(Path(file).relative_to(folder)) for file in verdict.files)
            print(f"{verdict.result}: {names}\n    {verdict.reason}", flush=True)
    for result, count in counts.most_common():
        print(f"{count:6}  {result}")
    judged = sum(counts.values()) - counts["not accepted by Compose"]
    print(f"{counts['equal']} of {judged} projects are equal ({100 * counts['equal'] / max(1, judged):.2f} %)")
    return 1 if counts["equal"] < 0.99 * judged else 0


def projects(folder: Path) -> Iterator[tuple[str, ...]]:
    """The files of each project below a folder, in merge order."""
    files = compose_files(folder)
    for place in sorted({file.parent for file in files}):
        main_file = next((place / name for name in DEFAULTS if (place / name).is_file()), None)
        override = next((place / name for name in OVERRIDES if (place / name).is_file()), None)
        if main_file is not None and override is not None:
            yield str(main_file), str(override)
        if main_file is not None:
            beside = [file for file in files if file.parent == place and file not in (main_file, override)]
            yield from ((str(main_file), str(file)) for file in beside if _is_variant(main_file, file))
    for file in files:
        yield (str(file),)


def _is_variant(main_file: Path, other: Path) -> bool:
    """Whether a file is called like another with a word more: docker-compose.prod.yml."""
    return other.stem.startswith(main_file.stem + ".")


def judge(program: str, files: tuple[str, ...]) -> Verdict:
    """Load a project on both sides."""
    options: tuple[str, ...] = ()
    expected = real_compose.project(program, files)
    if expected is None:
        options = UNCHECKED
        expected = real_compose.project(program, files, options=options)
    if expected is None:
        return Verdict(files, "not accepted by Compose")
    try:
        project = loaded(files)
    except LoadError as error:
        return Verdict(files, "refused by us", "; ".join(str(fault) for fault in error.faults[:3]))
    with TemporaryDirectory() as home:
        path = Path(home) / OURS
        path.write_text(json.dumps(as_one_file(project)), "utf-8")
        folder = str(Path(files[0]).parent)
        found = real_compose.project(program, (str(path),), folder, expected["name"], options)
    if found is None:
        return Verdict(files, "different", "Compose refuses our model")
    return Verdict(files, *_compared(found, expected))


def _compared(found: dict[str, Any], expected: dict[str, Any]) -> tuple[str, str]:
    different = list(differences(found, expected))
    return ("different", "; ".join(different[:5])) if different else ("equal", "")


def loaded(files: tuple[str, ...]) -> Project:
    """A project as we load it, with every profile; files may lie anywhere."""
    folder = Path(files[0]).parent
    what = Files(files, profiles=frozenset("*"), name=folder.resolve().name)
    given = {"PWD": str(folder), "HOME": os.environ.get("HOME", "/"), "PATH": os.defpath}  # see real_compose.py
    variables, _ = project_variables(what, read, given)
    return project_of(what, variables, read)


def as_one_file(project: Project) -> dict[str, Any]:
    """Our model in one file that means the same to Compose: nothing is left to fill in or to follow."""
    model = canonical(as_meant(project.meant, project.variables))
    services = model.get("services") or {}
    for name, service in services.items():
        if isinstance(service, dict):
            services[name] = {key: value for key, value in service.items() if key != "extends"}
    written = _doubled({key: value for key, value in model.items() if key != "name"})
    assert isinstance(written, dict)
    return written


def _doubled(value: Any) -> Any:
    if isinstance(value, str):
        return str(value).replace("$", "$$")
    if isinstance(value, dict):
        return {key: _doubled(child) for key, child in value.items()}
    return [_doubled(child) for child in value] if isinstance(value, list) else value


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where two models differ, without their values."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            if key not in found or key not in expected:
                yield f"{path}.{key} is only {'with Compose' if key in expected else 'with us'}"
            else:
                yield from differences(found[key], expected[key], f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
            yield from differences(mine, theirs, f"{path}[{number}]")
    elif found != expected or type(found) is not type(expected):
        yield f"{path} differs"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
