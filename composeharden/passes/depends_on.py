"""Wait for a dependency to be healthy, not just started, where its health check can be relied on.

The short list form of `depends_on` only waits until the other container was created. The long form can wait for
`service_healthy`, but a probe that fails although the service works then stops the whole stack. So the condition is
only used where the probe is the image's own or runs a program that is known to be in the image. Where no dependency
gains a condition the short list stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from composeharden.compose.project import Project, Service
from composeharden.outcome import Confidence, Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.yaml.change import Reshape

if TYPE_CHECKING:
    from composeharden.compose.dockerfile import Program

SEVERITY = Severity.LOW
EFFECT = Effect.BEHAVIOUR
REFERENCES = ("https://docs.docker.com/compose/how-tos/startup-order/",)

EXAMPLE = Case(
    before="services:\n  app:\n    image: example/app\n    depends_on:\n      - db\n  db:\n    image: postgres:16\n"
    "    healthcheck:\n      test: [CMD-SHELL, pg_isready]\n",
    after="services:\n  app:\n    image: example/app\n    depends_on:\n      db:\n        condition: service_healthy\n"
    "  db:\n    image: postgres:16\n    healthcheck:\n      test: [CMD-SHELL, pg_isready]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app\n    depends_on: [db]\n  db:\n    image: example/db\n",
    "services:\n  app:\n    image: example/app\n    depends_on: [db]\n  db:\n    image: postgres:16\n"
    "    healthcheck: {disable: true, test: [CMD, pg_isready]}\n",
    "services:\n  app:\n    image: example/app\n    depends_on: {db: {condition: service_started}}\n"
    "  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n",
)

_BUILTINS = frozenset(
    (
        "exit",
        "test",
        "[",
        "[[",
        "true",
        "false",
        "echo",
        "if",
        "cd",
        ":",
        "kill",
        "read",
        "set",
        "printf",
        "export",
        "exec",
        "sleep",
        "grep",
        "cat",
        "sh",
        "/bin/sh",
    )
)
_WORD = re.compile(
    r"(?:^|\|\||&&|[|;(]|\bdo\b|\bthen\b|\bif\b|!)\s*((?:[A-Za-z_]\w*=\S*\s+)*)(?:exec\s+(?!\d*[<>]))?([^\s;&|()$\"'`]+)"
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Propose the long form for every service with a list of which at least one dependency gains a condition."""
    for name, service in project.services.items():
        raw = service.raw.get("depends_on")
        if isinstance(raw, list) and raw and all(isinstance(item, str) for item in raw) and len(set(raw)) == len(raw):
            proposal = _propose(service, raw, postures)
            if proposal is not None and name in postures:
                yield proposal


def _propose(service: Service, names: list[str], postures: Mapping[str, Posture]) -> Proposal | None:
    judged = {name: _soundness(postures.get(name)) for name in names}
    if all(confidence is None for confidence, _ in judged.values()):
        return None
    sure = [confidence for confidence, _ in judged.values() if confidence is not None]
    # What is applied by default all the same is not weighed against each other.
    least = min(max(sure), Confidence.SOURCED)
    used = min(confidence for confidence in sure if confidence >= least)
    value = {
        name: {"condition": "service_healthy" if confidence is not None and confidence >= least else "service_started"}
        for name, (confidence, _) in judged.items()
    }
    return Proposal(
        message="it starts before its dependencies are ready",
        key="depends_on",
        changes=(Reshape((0, "services", service.name, "depends_on"), value),),
        confidence=postures[service.name].confidence("depends-on", used),
        held=postures[service.name].blocked("depends-on"),
        doubt="; ".join(f"{name}: {reason}" for name, (found, reason) in judged.items() if found is Confidence.ASSUMED),
        why="\n".join(f"{name}: {reason}" for name, (_, reason) in judged.items() if reason),
        needs=tuple(f"{name}/healthcheck" for name in names if _gains_probe(postures.get(name))),
    )


def _gains_probe(posture: Posture | None) -> bool:
    return posture is not None and posture.probe is not None


def _soundness(posture: Posture | None) -> tuple[Confidence | None, str]:
    """How sure it is that the probe of a dependency succeeds once it is ready; None without any probe."""
    if posture is None or posture.blocked("depends-on"):
        return None, ""
    service, facts = posture.service, posture.facts
    check = service.get("healthcheck")
    check = check if isinstance(check, dict) else {}
    test = check.get("test")
    if check.get("disable") in (True, "true") or test in ("NONE", ["NONE"]):
        return None, ""
    if posture.probe is not None:
        return posture.confidence("healthcheck", posture.probe_confidence), "a health check is added"
    if not test and posture.built is not None and posture.built.healthcheck is not None:
        return _soundness_in_dockerfile(posture, posture.built.healthcheck)
    if not test:
        baked = [row for row in facts.rows("healthcheck") if row.get("image")] if facts is not None else []
        own = bool(baked) and facts is not None and not facts.is_runtime
        return (facts.confidence(baked[0]), "its image has a health check") if own and facts else (None, "")
    programs = probe_programs(test)
    known = _known_programs(posture)
    unknown = sorted(program for program in programs if program not in known)
    if not unknown and _asks_unknown_page(posture, test):
        return Confidence.ASSUMED, "it is not known that the page its probe asks for is there"
    if not unknown:
        return Confidence.SOURCED, "its probe runs programs of its image"
    return Confidence.ASSUMED, f"not known to be in its image: {', '.join(unknown)}"


def _soundness_in_dockerfile(posture: Posture, probe: Program) -> tuple[Confidence | None, str]:
    """Who writes a HEALTHCHECK for an image knows its pages; what is left is whether its programs are there."""
    if probe.words == ("NONE",):
        return None, ""
    unknown = sorted(probe_programs(list(probe.words)) - _known_programs(posture))
    if not unknown:
        return Confidence.SOURCED, "its Dockerfile has a health check, with programs of the image"
    return Confidence.ASSUMED, f"not known to be in its image: {', '.join(unknown)}"


_URL = re.compile(r"https?://[^/\s'\"]+(/[^\s'\"|;&)]*)?")


def _asks_unknown_page(posture: Posture, test: Any) -> bool:
    """True for a web page other than the front page that no known probe of the image asks for.

    A probe that always failed did no harm until something waits for it.
    """
    rows = posture.facts.rows("healthcheck") if posture.facts is not None else []
    known = {page for row in rows for page in _pages(row["test"])} | {"", "/"}
    return not _pages(test) <= known


def _pages(test: Any) -> set[str]:
    text = " ".join(map(str, test)) if isinstance(test, list) else str(test)
    return {match.group(1) or "" for match in _URL.finditer(text)}


def _known_programs(posture: Posture) -> set[str]:
    facts, built = posture.facts, posture.built
    installed = set() if built is None or not built.packages else {"sh", *built.packages}
    if facts is None or (facts.is_runtime and built is None):
        return installed
    known = {str(name).rsplit("/", 1)[-1] for row in facts.rows("healthcheck") for name in row.get("needs", ())}
    known |= {str(name) for name in facts.table("programs").get("present", ())}
    known -= {str(name) for name in facts.table("programs").get("absent", ())}
    return (known if built is None else known - built.removed) | installed


def probe_programs(test: Any) -> set[str]:
    """The programs a probe runs, its shell included but not what that has built in; of a path only the last part."""
    if isinstance(test, list):
        kind, *words = [str(word) for word in test] or [""]
        if kind == "CMD":
            if words and words[0].rsplit("/", 1)[-1] in ("sh", "bash", "ash") and "-c" in words:
                return _shell_programs(words[-1]) | {"bash" if words[0].endswith("bash") else "sh"}
            return {words[0].rsplit("/", 1)[-1]} - _BUILTINS if words else set()
        text = words[0] if words else ""
    else:
        text = str(test)
    return _shell_programs(text) | {"sh"}


def _shell_programs(text: str) -> set[str]:
    found = {match.group(2).rsplit("/", 1)[-1] for match in _WORD.finditer(text)}
    return {name for name in found if name} - _BUILTINS
