"""What `fix` says of itself: what it wrote, what it held back and why. Everything else is a matter of `check`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from composeharden.outcome import Effect, Finding, Outcome, Status
from composeharden.redaction import Redactor
from composeharden.report.style import Style, listed, named
from composeharden.report.text import MEANING_OF_WARN, changing, problem_lines, summary

_REASONS = (Status.REFUSED, Status.HELD)


def render(
    outcome: Outcome,
    redactor: Redactor,
    color: bool = False,
    *,
    applied: bool = True,
    symbols: bool = True,
    width: int = 100,
) -> str:
    """One outcome of `fix` for a terminal; the arguments are those of `report.text.render`."""
    return _Brief(outcome, redactor, Style(color, symbols, width), applied).text()


class _Brief:
    def __init__(self, outcome: Outcome, redactor: Redactor, style: Style, applied: bool) -> None:
        self.outcome = outcome
        self.redactor = redactor
        self.style = style
        self.applied = applied

    def text(self) -> str:
        outcome, style = self.outcome, self.style
        name = style.paint("name", self.redactor.one_line(named(outcome.path)))
        sections = [list(problem_lines(outcome.problems, self.redactor, style))]
        if outcome.findings:
            sections += [[name, *self.fixes(), *self.reasons()], list(self.end())]
        elif not outcome.problems:
            sections.append([f"{name}: nothing to harden"])
        sections.append([f"note: {self.redactor.sentence(note)}" for note in outcome.notes])
        return style.finish("\n\n".join("\n".join(lines) for lines in sections if lines) + "\n")

    def fixes(self) -> Iterator[str]:
        """The rules that were applied, with the services that have the same ones on one line."""
        rules: dict[str, list[Finding]] = {}
        for finding in self.outcome.with_status(Status.FIX):
            rules.setdefault(finding.service or "", []).append(finding)
        services: dict[tuple[str, str], list[str]] = {}
        for service, found in rules.items():
            warns = any(finding.effect >= Effect.BEHAVIOUR for finding in found)
            what = ", ".join(dict.fromkeys(self.redactor.one_line(finding.rule) for finding in found))
            services.setdefault(("warn" if warns else "fix", what), []).append(service)
        for (kind, what), names in services.items():
            yield self.line(kind, names, what)

    def reasons(self) -> Iterator[str]:
        """Why the rest was not applied: each reason once, with all that it is about."""
        clean = self.redactor.one_line
        found: dict[tuple[Status, str, str], dict[str, list[str]]] = {}
        for status in _REASONS:
            for finding in self.outcome.with_status(status):
                key = (status, clean(finding.reason or finding.message), clean(finding.unlock))
                found.setdefault(key, {}).setdefault(finding.service or "", []).append(clean(finding.rule))
        for (status, reason, unlock), rules in found.items():
            services: dict[str, list[str]] = {}
            for service, named_rules in rules.items():
                services.setdefault(", ".join(dict.fromkeys(named_rules)), []).append(service)
            word = "held back" if status is Status.HELD else "refused"
            hint = f" ({unlock} applies it)" if unlock else ""
            for what, names in services.items():
                yield self.line(str(status), names, f"{what} {word}: {reason}{hint}")

    def line(self, kind: str, services: Sequence[str], text: str) -> str:
        """One line, broken where it has to be; `text` is clean."""
        names = listed([self.redactor.one_line(name) or "the stack" for name in services])
        words = [*self.style.words(f"{names}:", "name"), *self.style.words(text)]
        return f"  {self.style.symbol(kind)} {self.style.wrapped(words, 4)}"

    def end(self) -> Iterator[str]:
        yield self.style.paint("bold", summary(self.outcome, self.style, self.applied))
        if changing(self.outcome):
            yield f"{self.style.symbol('warn')} {MEANING_OF_WARN}"
        if self.outcome.with_status(Status.REPORT) and self.outcome.path != "-":
            path = self.redactor.one_line(shlex.quote(self.outcome.path))
            yield f"composeharden check {path} says what there is to look at"
