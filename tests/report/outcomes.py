"""Outcomes made by hand, so that renderers are tested without any pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from composeharden.decide import Options
from composeharden.outcome import Effect, Finding, Location, Outcome, Patch, Severity, Status
from composeharden.pipeline import harden
from composeharden.redaction import Redactor
from composeharden.report import brief
from composeharden.report.after import after_fix
from composeharden.report.diff import unified
from composeharden.report.formats import FORMATS, Run, document
from composeharden.report.text import render
from composeharden.yaml.change import Append, Change, Set
from composeharden.yaml.proof import edit
from composeharden.yaml.source import Source, load

STACK = """\
version: "3.7"  # old
services:
  web:
    image: nginx:1.27
    depends_on:
      - db
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: correct-horse-battery
    security_opt:
      - label:disable
  worker:
    image: example/worker:2
"""


def patched(text: str | bytes, changes: Sequence[Change], path: str = "compose.yaml") -> Patch:
    """The patch that makes `changes`, proven."""
    before = load(text.encode() if isinstance(text, str) else text)
    proven = edit(before, changes)
    return Patch(path, before, proven.source, tuple(proven.edits), tuple(changes))


def hardened(text: str | bytes, path: str = "compose.yaml", options: Options | None = None) -> tuple[Outcome, Redactor]:
    """What the pipeline makes of one file, and the redactor that knows it."""
    data = text.encode() if isinstance(text, str) else text

    def read(wanted: str) -> bytes:
        if wanted != path:
            raise FileNotFoundError(2, "No such file or directory", wanted)
        return data

    outcome = harden(path, read, options)
    return outcome, redactor_of(outcome)


def outcome_of(patch: Patch, findings: Sequence[Finding]) -> Outcome:
    """An outcome with one patched file."""
    return Outcome(patch.path, tuple(findings), (patch,), sources={patch.path: patch.before})


def redactor_of(*outcomes: Outcome) -> Redactor:
    """A redactor that knows everything of some outcomes."""
    sources: list[Source] = []
    for outcome in outcomes:
        sources += outcome.sources.values()
        sources += (patch.after for patch in outcome.patches)
    return Redactor(sources)


def ordinary() -> Outcome:
    """A small stack with a finding of every status."""
    place = Location("compose.yaml", 7, 3)
    read_only = Set((0, "services", "web", "read_only"), True)
    options = Append((0, "services", "db", "security_opt"), ("no-new-privileges:true",))
    drop = Set((0, "services", "web", "cap_drop"), ["ALL"])
    pin = Set((0, "services", "worker", "user"), "1000:1000")
    ports = Set((0, "services", "web", "ports"), ["127.0.0.1:80:80"])
    findings = [
        Finding(
            "read-only",
            "web",
            Severity.MEDIUM,
            "its root file system can be written to",
            Location("compose.yaml", 3, 3),
            Status.FIX,
            effect=Effect.BEHAVIOUR,
            changes=(read_only,),
            why="/run: pid file\n/tmp: uploads",
            evidence=("https://example.org/nginx",),
        ),
        Finding(
            "cap-drop",
            "web",
            Severity.MEDIUM,
            "it keeps capabilities that it does not need",
            Location("compose.yaml", 3, 3),
            Status.FIX,
            effect=Effect.BEHAVIOUR,
            changes=(drop,),
        ),
        Finding(
            "no-new-privileges",
            "db",
            Severity.MEDIUM,
            "a process can gain privileges",
            place,
            Status.FIX,
            changes=(options,),
            references=("CIS Docker 5.26", "https://docs.kernel.org/x.html"),
        ),
        Finding(
            "docker-socket",
            "db",
            Severity.CRITICAL,
            "the engine's socket is mounted",
            place,
            advice="put a proxy before it",
            references=("CIS Docker 5.32", "OWASP Docker #1"),
        ),
        Finding("no-limits", "db", Severity.LOW, "nothing limits its memory", place, advice="measure it"),
        Finding(
            "no-limits",
            "web",
            Severity.LOW,
            "nothing limits its memory",
            Location("compose.yaml", 3, 3),
            advice="measure it",
        ),
        Finding(
            "user",
            "worker",
            Severity.MEDIUM,
            "it runs as root",
            Location("compose.yaml", 12, 3),
            Status.HELD,
            changes=(pin,),
            reason="nothing is known of its image",
            unlock="--assume",
        ),
        Finding(
            "published-port",
            "web",
            Severity.MEDIUM,
            "a port is open to all",
            Location("compose.yaml", 3, 3),
            Status.SUPPRESSED,
            changes=(ports,),
            reason="public on purpose",
        ),
        Finding(
            "depends-on",
            "web",
            Severity.LOW,
            "it starts too early",
            Location("compose.yaml", 5, 5),
            Status.REFUSED,
            reason="the list is anchored and used elsewhere",
        ),
    ]
    return outcome_of(patched(STACK, [read_only, drop, options]), findings)


def documents(outcome: Outcome, redactor: Redactor) -> Iterator[tuple[str, str]]:
    """Every document that a run can end in, by the name of its format."""
    for form in FORMATS:
        yield form, document(form, Run("1.0")).render([outcome], redactor)


def everything(outcome: Outcome, redactor: Redactor) -> Iterator[tuple[str, str]]:
    """Every text that any renderer makes of an outcome."""
    for color in (False, True):
        for verbose in (False, True):
            yield "text", render(outcome, redactor, color, verbose)
        yield "brief", brief.render(outcome, redactor, color)
        for patch in outcome.patches:
            for context in (0, 3, 10_000):
                yield "diff", unified(patch, redactor, context, color, outcome.findings)
    yield from documents(outcome, redactor)
    yield "after", after_fix([outcome], {patch.path: "git checkout -- x" for patch in outcome.patches}, redactor)


def quoted(name: str) -> str:
    """A double-quoted YAML scalar; a file cannot hold a lone surrogate."""
    return '"' + "".join(char if char.isalnum() else f"\\U{ord(char):08x}" for char in name.replace("\ud800", "")) + '"'
