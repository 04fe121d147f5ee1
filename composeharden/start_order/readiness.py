"""What can be waited for: that a service is healthy or, where it is a job, that it has ended well.

A probe that always failed did no harm until something waits for it, and then the whole stack does not start. So it is
only relied on where it is the image's own or runs programs that are known to be in the image.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from composeharden.outcome import Confidence
from composeharden.posture import Posture
from composeharden.posture.jobs import job

if TYPE_CHECKING:
    from composeharden.compose.dockerfile import Program


class Readiness(NamedTuple):
    """A condition to wait for, how sure it is that it comes true, and what says so."""

    condition: str = "service_started"
    confidence: Confidence | None = None
    """None where there is nothing to wait for but the start."""
    reason: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it is known well enough to be waited for by default."""
        return self.confidence is not None and self.confidence >= Confidence.SOURCED


def readiness(posture: Posture | None) -> Readiness:
    """What others can wait for in a service; None stands for a container that is not looked at."""
    if posture is None or posture.blocked("depends-on"):
        return Readiness()
    ending = job(posture.service)
    if ending is not None:
        return Readiness("service_completed_successfully", ending.confidence, f"it is a job: {ending.reason}")
    confidence, reason = _soundness(posture)
    return Readiness("service_healthy", confidence, reason) if confidence is not None else Readiness()


def _soundness(posture: Posture) -> tuple[Confidence | None, str]:
    """How sure it is that the probe of a service succeeds once it is ready; None without any probe."""
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
