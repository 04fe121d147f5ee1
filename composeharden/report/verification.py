"""The report of a trial: for each service how its hardened life compares, what is to blame, and what it lives with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from composeharden.redaction import Redactor
from composeharden.report.style import Style, counted, joined, listed

SCHEMA = 1


@dataclass(frozen=True)
class Trouble:
    """One thing that is worse."""

    check: str
    phase: str
    message: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """One service."""

    name: str
    verdict: str
    """`same`, `worse`, `not-comparable` or `not-run`."""
    reason: str = ""
    changes: tuple[str, ...] = ()
    """The passes that change it."""
    worse: tuple[Trouble, ...] = ()
    blamed: tuple[tuple[str, str], ...] = ()
    """Pass and why, as far as it was found."""
    said: tuple[str, ...] = ()
    """New lines of its log about what was not allowed, which it survived."""
    ports: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """One stack."""

    path: str
    services: tuple[Verified, ...]
    notes: tuple[str, ...] = ()
    """What is different from real life, and what was worse only once."""
    repaired: str = ""
    """The difference that the stack lives with, where the first one was too much; redacted."""
    is_repaired: bool = False
    unfinished: str = ""
    seconds: float = 0.0
    lives: int = 0
    starts: int = 0
    engine: str = ""

    @property
    def is_worse(self) -> bool:
        """Whether any service is, or it is not known because the trial was not finished."""
        return bool(self.unfinished) or self._has("worse")

    @property
    def exit_code(self) -> int:
        """1 where a service is worse, 2 where nothing can be told, else 0."""
        if self._has("worse"):
            return 1
        return 2 if self.unfinished or (self.services and not self._has("same")) else 0

    def _has(self, verdict: str) -> bool:
        return any(one.verdict == verdict for one in self.services)


_SIGNS = {"same": "fix", "worse": "refused", "not-comparable": "held", "not-run": "held"}
_VERDICTS = {
    "same": "lives as before",
    "worse": "does not live as before",
    "not-comparable": "nothing can be told",
    "not-run": "not run",
}


def render(found: Verification, redactor: Redactor, style: Style, verbose: bool = False) -> str:
    """The report for a terminal, with a final line break; every string passes the redactor."""
    lines = [style.paint("name", redactor.one_line(found.path))]
    for service in found.services:
        lines += _service(service, redactor, style, verbose)
    lines.append("")
    lines += [f"note: {redactor.sentence(note)}" for note in found.notes]
    if found.unfinished:
        lines.append(f"{style.paint('error', 'error:')} {redactor.sentence(found.unfinished)}")
    if found.is_repaired:
        lines.append("The stack lives with the rest of the changes, which were run together once more:")
        lines += ["", found.repaired.rstrip("\n"), ""] if found.repaired else ["(none is left)"]
    count = {verdict: sum(one.verdict == verdict for one in found.services) for verdict in _VERDICTS}
    words = {"same": "as before", "worse": "worse", "not-comparable": "not to be told", "not-run": "not run"}
    told = joined(f"{count[verdict]} {word}" for verdict, word in words.items() if count[verdict])
    cost = f"{counted(found.lives, 'life', 'lives')}, {counted(found.starts, 'container start')}, {found.seconds:.0f} s"
    lines.append(f"{style.paint('bold', told)}; {cost}")
    return style.finish("\n".join(lines) + "\n")


def _service(service: Verified, redactor: Redactor, style: Style, verbose: bool) -> Iterator[str]:
    words = _VERDICTS[service.verdict] + (f": {redactor.sentence(service.reason)}" if service.reason else "")
    name = redactor.one_line(service.name)
    yield f"  {style.symbol(_SIGNS[service.verdict])} {style.paint('bold', name)}  {words}"
    if service.changes and (verbose or service.verdict == "worse"):
        yield f"      with {listed(service.changes)}"
    for one in service.worse:
        where = f" ({one.phase})" if one.phase else ""
        yield f"      {one.check}{where}: {redactor.sentence(one.message)}"
        yield from (f"        | {redactor.sentence(line)}" for line in one.lines[: 12 if verbose else 4])
    for rule, why in service.blamed:
        yield f"      {style.sign('then')} {rule}: {redactor.sentence(why)}"
    if service.said:
        yield "      new in its log, and it goes on:"
        yield from (f"        | {redactor.sentence(line)}" for line in service.said)
    if verbose and (service.ports or service.users):
        yield f"      listens on {listed(service.ports) or 'nothing'}; runs as {listed(service.users)}"


def as_json(found: Sequence[Verification], redactor: Redactor, tool_version: str) -> str:
    """The report for programs; follows schemas/verify.schema.json."""
    document = {
        "schema": SCHEMA,
        "tool": {"name": "composeharden", "version": tool_version},
        "command": "verify",
        "redacted": True,
        "stacks": [_stack(one, redactor) for one in found],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _stack(found: Verification, redactor: Redactor) -> dict[str, Any]:
    clean = redactor.sentence
    return {
        "path": redactor.one_line(found.path),
        "worse": found.is_worse,
        "services": [
            {
                "name": redactor.one_line(one.name),
                "verdict": one.verdict,
                "reason": clean(one.reason),
                "changes": list(one.changes),
                "worse": [
                    {
                        "check": trouble.check,
                        "phase": trouble.phase,
                        "message": clean(trouble.message),
                        "lines": [clean(line) for line in trouble.lines],
                    }
                    for trouble in one.worse
                ],
                "blamed": [{"rule": rule, "why": clean(why)} for rule, why in one.blamed],
                "survived": [clean(line) for line in one.said],
                "ports": list(one.ports),
                "users": [clean(user) for user in one.users],
            }
            for one in found.services
        ],
        "repaired": {"diff": found.repaired} if found.is_repaired else None,
        "unfinished": clean(found.unfinished),
        "notes": [clean(note) for note in found.notes],
        "engine": clean(found.engine),
        "lives": found.lives,
        "starts": found.starts,
        "seconds": round(found.seconds, 1),
    }
