"""A sample of the credentials that are found in a corpus, for somebody to judge: each with the lines it points to.

`python -m tests.corpus.credential_sample [FOLDER] [--seed N] [--count N]`, COMPOSEHARDEN_CORPUS without a folder. What
it prints holds values of the files: read it where you run it, and keep it out of every repository.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from composeharden import Finding, Options, harden
from composeharden.cli.inputs import reader
from tests.corpus.measure import files

RULES = frozenset(
    (
        "build-secret",
        "credential-in-command",
        "credential-in-env-file",
        "credential-in-environment",
        "credential-in-settings",
        "dockerfile-secret",
        "job",
        "lifecycle-hook",
    )
)
_OTHERS = frozenset(("job", "lifecycle-hook"))
"""Passes that say more than this: of theirs only what comes from a credential counts."""
_WORDS = ("password", "token", "credential")
_LINES = 3


class Found(NamedTuple):
    """One finding, and the file of the corpus that was looked at."""

    file: str
    finding: Finding


def findings(corpus: Path) -> list[Found]:
    """Every finding of a credential, in the order of the files; the same line is told once."""
    found: dict[tuple[str, int, str, str], Found] = {}
    for file in files(corpus):
        path = os.path.join(corpus, file)
        for one in harden(path, reader(path), Options(only=RULES)).findings:
            if one.rule in _OTHERS and not any(word in one.message for word in _WORDS):
                continue
            where = os.path.normpath(one.location.file), one.location.line
            found.setdefault((*where, one.rule, one.message), Found(file, one))
    return list(found.values())


def lines(found: Found) -> Iterator[str]:
    """The finding with the text it is about."""
    one = found.finding
    yield f"{found.file} {one.service} {one.rule} {one.severity}: {one.message}"
    place = Path(one.location.file)
    text = place.read_text("utf-8", "replace").splitlines() if place.is_file() else []
    first = max(0, one.location.line - 1)
    for number, line in enumerate(text[first : first + _LINES], first + 1):
        yield f"    {number}: {line[:200]}"


def main(arguments: list[str]) -> int:
    """Print the sample, and how many findings of each pass there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=os.environ.get("COMPOSEHARDEN_CORPUS"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    asked = parser.parse_args(arguments)
    if not asked.folder:
        print("set COMPOSEHARDEN_CORPUS or name a folder", file=sys.stderr)
        return 2
    everything = findings(Path(asked.folder).resolve())
    chosen = random.Random(asked.seed).sample(everything, min(asked.count, len(everything)))
    for number, found in enumerate(chosen, 1):
        print(f"{number}.", *lines(found), sep="\n")
    print(dict(Counter(found.finding.rule for found in everything)), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
