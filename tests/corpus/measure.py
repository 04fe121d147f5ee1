"""What becomes of each file of a corpus: the promise, measured one file at a time and never in place."""

from __future__ import annotations

import copy
import os
import posixpath
import re
import shutil
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from composeharden import Finding, Options, Outcome, Status, harden
from composeharden.cli.inputs import reader
from composeharden.compose.files import Files
from composeharden.compose.kinds import Kind, classify
from composeharden.compose.load import project_of
from composeharden.compose.project import Project, Reader, Service
from composeharden.images.catalog import lookup
from composeharden.posture import capability, has_no_new_privileges
from composeharden.yaml.change import Append, Change, Remove, Replace, Reshape, Set, copied
from composeharden.yaml.source import Source
from tests.corpus import real_compose
from tests.corpus.noise import comments_lost, noise

MODES = {"default": Options(), "assume": Options(assume=True)}
CLASSES = ("hardened", "clean", "fragment", "refused")
_AT_ONCE = 2
_FILES_IN_A_SHARE = 40
_HARDENING = ("read-only", "cap-drop", "no-new-privileges")


@dataclass
class ServiceFigures:
    """One container service of a stack."""

    name: str
    known: str
    """facts, runtime (facts of a base image), build or nothing."""
    full_before: bool
    full_after: bool
    statuses: dict[str, str]
    """Hardening rule to what became of it, with the reason."""


@dataclass
class Run:
    """One file with one set of options."""

    crash: str = ""
    kind: str = ""
    unplaced: list[str] = field(default_factory=list)
    """Problems without a message, or without a place in the file."""
    declared: int = 0
    refused: list[str] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    services: list[ServiceFigures] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    comments_lost: list[str] = field(default_factory=list)
    changed_again: bool = False
    accepted_before: bool | None = None
    """What Compose says, None where it was not asked: the file did not change, or Compose is not there."""
    accepted_after: bool | None = None
    compared: bool = False
    undeclared: list[str] = field(default_factory=list)
    """What differs in the model of Compose and was not declared."""


@dataclass
class Measured:
    """One file."""

    file: str
    runs: dict[str, Run]


def measure(corpus: Path) -> list[Measured]:
    """Measure every YAML file of a folder, hidden folders included, on two processes."""
    # not forked: a process with threads must not be, and the limits on Compose are set between fork and exec
    with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("spawn")) as pool:
        todo = list(shares(corpus))
        found = [item for items in pool.map(_share, [corpus] * len(todo), todo) for item in items]
    return sorted(found, key=lambda item: item.file)


def files(corpus: Path) -> list[str]:
    """Every YAML file, relative to the corpus."""
    return sorted(
        os.path.relpath(os.path.join(folder, name), corpus)
        for folder, _, names in os.walk(corpus)
        for name in names
        if name.endswith((".yml", ".yaml"))
    )


def shares(corpus: Path) -> Iterator[list[str]]:
    """Files of one project each, the longest shares first so that no process waits for the other."""
    projects: dict[str, list[str]] = {}
    for file in files(corpus):
        projects.setdefault(file.split(os.sep)[0], []).append(file)
    shares = [
        part[start : start + _FILES_IN_A_SHARE]
        for part in projects.values()
        for start in range(0, len(part), _FILES_IN_A_SHARE)
    ]
    yield from sorted(shares, key=len, reverse=True)


def _share(corpus: Path, share: list[str]) -> list[Measured]:
    """Measure files of one project, against Compose in a copy of the project's folder."""
    project = share[0].split(os.sep)[0]
    with TemporaryDirectory(prefix="corpus-") as name:
        sandbox = Path(name)
        copy_of(corpus / project, sandbox / project)
        return [Measured(file, _runs(corpus, file, sandbox)) for file in share]


def copy_of(source: Path, target: Path) -> None:
    """A copy that can be written to, whatever the modes of the original."""
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    target.mkdir()
    for entry in source.iterdir():
        copy_of(entry, target / entry.name)


def _runs(corpus: Path, file: str, sandbox: Path) -> dict[str, Run]:
    judge = _Judge(corpus, file, sandbox)
    runs = {}
    for mode, options in MODES.items():
        try:
            runs[mode] = _run(corpus, file, options, judge)
        except Exception:
            runs[mode] = Run(crash=traceback.format_exc())
    return runs


def _run(corpus: Path, file: str, options: Options, judge: _Judge) -> Run:
    path = os.path.join(corpus, file)
    read = reader(path)
    outcome = harden(path, read, options)
    run, sources = Run(kind=_kind(outcome)), {path, *outcome.sources}
    run.unplaced = [
        problem.message
        for problem in outcome.problems
        if not problem.message or problem.location.file not in sources or problem.location.line < 1
    ]
    run.declared = sum(finding.status in (Status.FIX, Status.REFUSED) for finding in outcome.findings)
    run.refused = [f"{finding.rule}: {finding.reason}" for finding in outcome.with_status(Status.REFUSED)]
    run.held.update(f"{finding.rule}: {_general(finding.reason)}" for finding in outcome.with_status(Status.HELD))
    if path in outcome.sources and run.kind in ("hardened", "clean"):
        run.services = list(_services(outcome, read))
    for patch in outcome.patches:
        before, after = patch.before.text, patch.after.text
        assert read(patch.path) == before.encode(), "the text is not that of the file"
        run.noise += noise(before, after, patch.changes)
        run.comments_lost += comments_lost(before, after, patch.changes)
    if outcome.patches:
        patched = {patch.path: patch.data for patch in outcome.patches}
        run.changed_again = bool(harden(path, lambda other: patched.get(other) or read(other), options).patches)
        judge.compare(patched, outcome.with_status(Status.FIX), run)
    return run


def _kind(outcome: Outcome) -> str:
    """Which of CLASSES a file is; an exception is none of them."""
    if outcome.patches:
        return "hardened"
    refused = bool(outcome.problems or outcome.with_status(Status.REFUSED))
    source = outcome.sources.get(outcome.path)
    kinds = {classify(root) for root in source.documents if root is not None} if source is not None else set()
    if refused and not outcome.findings and Kind.FRAGMENT in kinds and Kind.STACK not in kinds:
        return "fragment"
    return "refused" if refused else "clean"


def _general(reason: str) -> str:
    return re.sub(r"\b[A-Z][A-Z0-9_]{3,}\b", "VAR", reason)[:110]


# -- services ----------------------------------------------------------------------------------------------------------


def _services(outcome: Outcome, read: Reader) -> Iterator[ServiceFigures]:
    before = _project(outcome, outcome.sources, read)
    patched = {patch.path: patch.after for patch in outcome.patches}
    after = _project(outcome, {**outcome.sources, **patched}, read) if patched else before
    statuses: dict[str, dict[str, str]] = {}
    for finding in outcome.findings:
        if finding.rule in _HARDENING and finding.service:
            reason = f" ({finding.reason})" if finding.reason else ""
            statuses.setdefault(finding.service, {})[finding.rule] = f"{finding.status}{reason}"
    for name, service in before.services.items():
        if service.is_container and service.raw:
            full_before, full_after = _is_full(service), _is_full(after.services[name])
            yield ServiceFigures(name, _known(service), full_before, full_after, statuses.get(name, {}))


def _project(outcome: Outcome, sources: Mapping[str, Source], read: Reader) -> Project:
    return project_of(Files((outcome.path,)), outcome.variables, read, sources, checked=False)


def _known(service: Service) -> str:
    facts = lookup(service.image) if service.image else None
    if "build" in service:
        return "build"
    return "nothing" if facts is None else "runtime" if facts.is_runtime else "facts"


def _is_full(service: Service) -> bool:
    dropped = {capability(name) for name in service.strings("cap_drop")}
    privileges = has_no_new_privileges(service.strings("security_opt"))
    return bool(service.flag("read_only")) and "ALL" in dropped and privileges


# -- Compose -----------------------------------------------------------------------------------------------------------


class _Judge:
    """Asks Compose about one file, and those it includes, before and after, beside a copy of its project."""

    def __init__(self, corpus: Path, file: str, sandbox: Path) -> None:
        self.program = real_compose.binary()
        self.corpus = corpus
        self.sandbox = sandbox
        self.path = sandbox / file
        self._known: dict[tuple[tuple[str, bytes], ...], tuple[bool, dict[str, Any] | None]] = {}

    def compare(self, patched: Mapping[str, bytes], fixes: Iterable[Finding], run: Run) -> None:
        """Write into `run` whether Compose still takes the files, and what it sees besides the declared changes.

        `patched` is the new content of files of the corpus.
        """
        if self.program is None:
            return
        run.accepted_before, before = self._ask({})
        run.accepted_after, after = self._ask(patched)
        if before is None:
            return
        run.compared = True
        run.undeclared = (
            differences(expected(before, fixes), without_extensions(after))
            if after is not None
            else ["no model any more"]
        )

    def _ask(self, patched: Mapping[str, bytes]) -> tuple[bool, dict[str, Any] | None]:
        assert self.program is not None
        known = tuple(sorted(patched.items()))
        if known not in self._known:
            try:
                for path, data in patched.items():
                    self._copy(path).write_bytes(data)
                model = real_compose.model(self.program, self.path)
                plain = model is not None and b"profiles" not in self.path.read_bytes()
                self._known[known] = (plain or real_compose.accepts(self.program, self.path), model)
            finally:
                for path in patched:
                    self._copy(path).write_bytes(Path(path).read_bytes())
        return self._known[known]

    def _copy(self, path: str) -> Path:
        return self.sandbox / os.path.relpath(path, self.corpus)


def expected(before: dict[str, Any], fixes: Iterable[Finding]) -> dict[str, Any]:
    """The model of Compose with the declared changes of services made in the form that `config` prints."""
    model: dict[str, Any] = copy.deepcopy(without_extensions(before))
    services = model.get("services", {})
    for fix in fixes:
        for change in fix.changes:
            if len(change.path) < 4:
                continue  # a top-level key that Compose does not print
            body, key = services[str(change.path[2])], str(change.path[3])
            if key == "depends_on" and isinstance(change, Set) and len(change.path) == 5:
                body[key] = {**(body.get(key) or {}), str(change.path[4]): {"required": True, **change.value}}
                continue
            if isinstance(change, Remove):
                body.pop(key, None)
                continue
            body[key] = _printed(body.get(key), change)
            # a container that runs before the start takes every setting of its service that it has none of its own for
            for hook in body.get("pre_start", ()):
                hook[key] = body[key]
    return model


def without_extensions(model: dict[str, Any]) -> dict[str, Any]:
    """A model without its top-level `x-` fields: an anchor that all its users share may change there."""
    return {key: value for key, value in model.items() if not key.startswith("x-")}


def _printed(value: Any, change: Change) -> Any:
    if change.path[3] == "depends_on":
        return {**(value or {}), **_rows(change)}
    if isinstance(change, Append):
        return [*(value or ()), *change.items]
    if isinstance(change, Replace):
        if change.path[3] == "volumes":
            return [_closed(item, change) for item in value or ()]
        return [change.value if item == change.old else item for item in value or ()]
    assert isinstance(change, Set)
    value = copied(change.value)
    return {key: as_duration(child) for key, child in value.items()} if isinstance(value, dict) else value


def _closed(mount: Any, change: Replace) -> Any:
    """A mount as `config` prints it, read-only where the change says so of its target."""
    targets = {posixpath.normpath(part) for part in change.old.split(":")}
    assert change.value.endswith("ro"), "no pass changes anything else of a mount by default"
    return {**mount, "read_only": True} if mount.get("target") in targets else mount


def _rows(change: Change) -> dict[str, Any]:
    """Dependencies that a change declares, beside those that Compose implies."""
    assert isinstance(change, (Append, Reshape, Set))
    value = change.items if isinstance(change, Append) else change.value
    rows = value.items() if isinstance(value, dict) else ((name, {"condition": "service_started"}) for name in value)
    return {name: {"required": True, **row} for name, row in rows}


def as_duration(value: Any) -> Any:
    """`90s` as `config` prints it: 1m30s."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,6}s", value):
        return value
    minutes, seconds = divmod(int(value[:-1]), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """The paths at which two models differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        return [
            found
            for key in sorted({*left, *right})
            for found in (
                differences(left[key], right[key], f"{path}.{key}")
                if key in left and key in right
                else [f"{path}.{key} is {'gone' if key in left else 'new'}"]
            )
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [found for place, (one, other) in pairs for found in differences(one, other, f"{path}.{place}")]
    return [] if type(left) is type(right) and left == right else [f"{path}: {left!r} -> {right!r}"]
