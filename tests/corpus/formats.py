"""Every report format of real files, read as its consumer reads it: `python -m tests.corpus.formats [FOLDER] [FILES]`.

For each file a document in each format is validated, what it offers to change is applied, and it is searched for the
secrets of the file. Then the same with names that are meant to do harm. COMPOSEHARDEN_CORPUS without a folder.
"""

from __future__ import annotations

import functools
import html
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import composeharden
from composeharden import Outcome, harden
from composeharden.cli.inputs import expand, reader
from composeharden.redaction import Redactor
from composeharden.redaction.spans import find_secrets
from composeharden.report.formats import FORMATS, Run, document
from composeharden.report.places import Places
from composeharden.yaml.splice import splice
from tests.report import readers
from tests.report.test_fixes import closure
from tests.report.test_hostile import HOSTILE, UNSAFE, strings

_LONG_ENOUGH = 8
"""Shorter secrets are ordinary words too often for a search to tell anything."""
_FILES = 400
_AT_ONCE = 2


@dataclass
class Found:
    """What was seen, and what went wrong; nothing should."""

    count: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Add the figures of one more file."""
        self.count += other.count
        self.wrong += other.wrong


def measure(files: list[str]) -> Found:
    """The figures of some files, two at a time."""
    found = Found()
    with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("spawn")) as pool:
        for one in pool.map(look, files, range(len(files)), chunksize=4):
            found.add(one)
    return found


def look(file: str, number: int) -> Found:
    """The figures of one file."""
    found = Found()
    outcome = harden(file, reader(file))
    found.count["files"] += 1
    found.count["files with a patch"] += bool(outcome.patches)
    found.count["findings"] += len(outcome.findings)
    hostile = _hostile(outcome, HOSTILE[number % len(HOSTILE)])
    for kind, one in (("", outcome), (", hostile names", hostile)):
        redactor = _redactor(one)
        secrets = _secrets(one)
        for form in FORMATS:
            text = document(form, Run("1.0")).render([one], redactor)
            try:
                _validate(form, text, one, redactor, found)
                found.count[f"{form}{kind}"] += 1
                found.count["bytes searched"] += len(text)
            except (AssertionError, ValueError, KeyError) as error:
                found.wrong.append(f"{file}: {form}{kind}: {type(error).__name__} {str(error)[:300]}")
            shown = _plain(form, text)
            found.wrong += [f"{file}: {form}{kind} shows a secret" for secret in secrets if secret in shown]
            found.wrong += [f"{file}: {form}{kind} holds control characters" for _ in [1] if UNSAFE.search(shown)]
        found.count["secrets searched for"] += 0 if kind else len(secrets)
    return found


def _validate(form: str, text: str, outcome: Outcome, redactor: Redactor, found: Found) -> None:
    if form == "sarif":
        results = readers.sarif(text)["results"]
        for patch in outcome.patches:
            assert {edit for share in patch.shares for edit in share.edits} == set(patch.edits), "not the whole patch"
            for result, finding in zip(results, outcome.findings, strict=True):
                if "fixes" in result:
                    wanted = closure(outcome, finding)
                    edits = [edit for one in patch.shares if (one.service, one.rule) in wanted for edit in one.edits]
                    made = readers.fixed(patch.before.text, [result], Places().uri(redactor.hidden(patch.path)))
                    assert made == splice(patch.before.text, dict.fromkeys(edits)), "the fix is not that of the patch"
                    found.count["SARIF fixes applied"] += 1
    elif form == "rdjson":
        diagnostics = readers.rdjson(text)
        withheld = sum("composeharden fix makes it" in one["message"] for one in diagnostics)
        found.count["suggestions"] += sum("suggestions" in one for one in diagnostics)
        found.count["suggestions withheld"] += withheld
        for patch in outcome.patches:
            data = patch.before.encode(patch.before.text)
            path = redactor.one_line(os.path.normpath(patch.path))
            own = [one for one in diagnostics if one["location"]["path"] == path]
            assert withheld or readers.suggested(data, own) == patch.data, "the suggestions are not the patch"
            found.count["patches remade from suggestions"] += not withheld
    elif form == "github":
        told = [one for one in outcome.findings if str(one.status) != "suppressed"]
        assert len(readers.commands(text)) == 1 + len(told) + len(outcome.problems)
    elif form == "json":
        assert json.loads(text)["summary"]["findings"] == len(outcome.findings)
    else:
        {"gitlab": readers.gitlab, "junit": readers.junit, "markdown": readers.markdown}[form](text)


def _hostile(outcome: Outcome, name: str) -> Outcome:
    """The same with a harmful name for the file, for each service, and in what is said of it."""
    findings = tuple(
        replace(
            one,
            service=one.service and f"{name}{one.service}",
            message=f"{name} {one.message} {name}",
            reason=one.reason and f"{name} {one.reason}",
            location=replace(one.location, file=f"{name}/{one.location.file}"),
        )
        for one in outcome.findings
    )
    problems = tuple(
        replace(one, message=f"{name} {one.message}", location=replace(one.location, file=f"{name}/x"))
        for one in outcome.problems
    )
    patches = tuple(
        replace(
            patch,
            path=f"{name}/{patch.path}",
            shares=tuple(replace(share, service=share.service and f"{name}{share.service}") for share in patch.shares),
        )
        for patch in outcome.patches
    )
    return replace(outcome, path=f"{name}/{outcome.path}", findings=findings, problems=problems, patches=patches)


def _redactor(outcome: Outcome) -> Redactor:
    redactor = Redactor([*outcome.sources.values(), *(patch.after for patch in outcome.patches)])
    for name, value in outcome.variables.items():
        redactor.add_value(name, value)
    return redactor


def _secrets(outcome: Outcome) -> set[str]:
    """Values that stand where a secret does and nowhere else, so that any place in a report would be a leak.

    A value such as `password` is in the program's own sentences.
    """
    own = _own_words()
    found: set[str] = set()
    for source in outcome.sources.values():
        secrets = find_secrets(source)
        rest = list(source.text)
        for start, end in secrets.spans:
            rest[start:end] = "\n" * (end - start)
        public = "".join(rest)
        long = {one for one in secrets.values if len(one) >= _LONG_ENOUGH and "\n" not in one}
        found |= {one for one in long if one not in public and one not in own}
    return found


@functools.cache
def _own_words() -> str:
    package = Path(composeharden.__file__).parent
    return "\n".join(path.read_text("utf-8") for kind in ("*.py", "*.toml") for path in package.rglob(kind))


def _plain(form: str, text: str) -> str:
    """What a consumer sees of a document, without the escapes of its format."""
    if form in ("json", "sarif", "gitlab", "rdjson"):
        return "\n".join(_texts(json.loads(text)))
    if form in ("markdown", "junit"):
        return re.sub(r"\\([^\w\s])", r"\1", html.unescape(text).replace("\u200b", ""))
    return text.replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")


def _texts(data: Any) -> Iterator[str]:
    yield from (text.replace("\r\n", "\n") for text in strings(data))


def summary(found: Found) -> Iterator[str]:
    """One line for each figure, then what went wrong."""
    for name, count in found.count.items():
        yield f"{name:<40}{count:>12,}"
    yield f"{'wrong':<40}{len(found.wrong):>12,}"
    yield from found.wrong[:40]


def sample(folder: str, most: int) -> list[str]:
    """Compose files of a folder, evenly spread."""
    files = expand([folder], recursive=True)
    step = max(1, len(files) // most)
    return files[::step]


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("COMPOSEHARDEN_CORPUS", "")
    if not folder or not Path(folder).is_dir():
        sys.exit(__doc__)
    for line in summary(measure(sample(folder, int(sys.argv[2]) if len(sys.argv) > 2 else _FILES))):
        print(line)
