"""The report for people: what is fixed, held back and left to do, service by service, on one screen where possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from composeharden.outcome import Effect, Outcome, Problem, Status
from composeharden.redaction import Redactor
from composeharden.report.entries import Entry, layout
from composeharden.report.style import Style, can_show_symbols, counted, joined, listed, named

__all__ = ["can_show_symbols", "problem_lines", "render"]

MEANING_OF_WARN = "changes how a service runs: check that it starts, and starts again"
_RULE_COLUMN = 6
_WIDEST_RULE = 30


def render(
    outcome: Outcome,
    redactor: Redactor,
    color: bool = False,
    verbose: bool = False,
    *,
    applied: bool = False,
    symbols: bool = True,
    width: int = 100,
) -> str:
    """One outcome for a terminal.

    Args:
        outcome: what to report.
        redactor: must know the sources of the outcome; every string passes it.
        color: use ANSI colours.
        verbose: add the advice, reasons, evidence, references and places of every finding.
        applied: the fixes have been written, not only proposed.
        symbols: False for terminals that cannot show them (see `can_show_symbols`): pure ASCII then.
        width: columns to wrap at.

    Returns:
        Text with a final line break.
    """
    return _Report(outcome, redactor, Style(color, symbols, width), verbose, applied).text()


def problem_lines(problems: Sequence[Problem], redactor: Redactor, style: Style) -> Iterator[str]:
    """`file:line:column: error: message`, and below it what helps."""
    for problem in problems:
        location = problem.location
        place = redactor.one_line(named(location.file))
        place += "" if problem.about_file else f":{location.line}:{location.column}"
        yield f"{place}: {style.paint('error', 'error:')} {redactor.sentence(problem.message)}"
        if problem.hint:
            yield f"    {redactor.sentence(problem.hint)}"


def changing(outcome: Outcome) -> int:
    """How many fixes change how a service runs."""
    return sum(1 for one in outcome.with_status(Status.FIX) if one.effect >= Effect.BEHAVIOUR)


def summary(outcome: Outcome, style: Style, applied: bool) -> str:
    """How many findings ended in which status, on one line."""
    count = {status: len(outcome.with_status(status)) for status in Status}
    fixes = "nothing to fix"
    if count[Status.FIX]:
        fixes = f"{counted(count[Status.FIX], 'fix', 'fixes')} {'made' if applied else 'ready'}"
    if changing(outcome):
        fixes += f" ({changing(outcome)} {style.sign('warn')})"
    others = (
        (Status.REPORT, "to look at"),
        (Status.HELD, "held back"),
        (Status.REFUSED, "refused"),
        (Status.SUPPRESSED, "suppressed"),
    )
    return joined((fixes, *(f"{count[status]} {word}" for status, word in others if count[status])))


class _Report:
    def __init__(self, outcome: Outcome, redactor: Redactor, style: Style, verbose: bool, applied: bool) -> None:
        self.outcome = outcome
        self.redactor = redactor
        self.style = style
        self.verbose = verbose
        self.applied = applied
        self.room = min(_WIDEST_RULE, max((len(finding.rule) for finding in outcome.findings), default=0))

    def text(self) -> str:
        outcome, clean = self.outcome, self.redactor.one_line
        sections = [list(problem_lines(outcome.problems, self.redactor, self.style))]
        if outcome.findings:
            sections += ([self.style.paint("name", clean(named(outcome.path)))], *self.body(), list(self.footer()))
        elif not outcome.problems:
            sections.append([f"{self.style.paint('name', clean(named(outcome.path)))}: nothing to harden"])
        sections.append([f"note: {self.redactor.sentence(note)}" for note in outcome.notes])
        return self.style.finish("\n\n".join("\n".join(lines) for lines in sections if lines) + "\n")

    def body(self) -> Iterator[list[str]]:
        shown = layout(self.outcome, self.redactor, self.verbose)
        for block in shown.blocks:
            heading = f"  {self.style.paint('bold', listed(block.services) or 'the stack')}"
            yield [heading, *(line for entry in block.entries for line in self.entry(entry))]
        if shown.shared:
            heading = f"  {self.style.paint('bold', 'several services')}"
            yield [heading, *(line for entry, names in shown.shared for line in self.entry(entry, names))]

    def entry(self, entry: Entry, services: Sequence[str] = ()) -> Iterator[str]:
        """The lines of one entry; `services` are named where no heading does."""
        style, column = self.style, _RULE_COLUMN + self.room + 2
        words = style.words(f"{entry.severity}:", "severity", entry.severity) if entry.severity is not None else []
        text = f"{entry.text}:" if services else entry.text
        words += style.words(text, "dim" if entry.kind in ("held", "suppressed") else "")
        words += style.words(listed(services), "name") if services else []
        words += style.words(f"({entry.note})", "dim") if entry.note else []
        yield f"    {style.symbol(entry.kind)} {entry.rule:<{self.room}}  {style.wrapped(words, column)}"
        if entry.advice:
            yield " " * column + style.wrapped(style.words(f"{style.sign('then')} {entry.advice}"), column)
        for detail in entry.details:
            yield " " * column + style.wrapped(style.words(detail, "dim"), column)

    # -- the end -----------------------------------------------------------------------------------------------------

    def footer(self) -> Iterator[str]:
        yield self.style.paint("bold", summary(self.outcome, self.style, self.applied))
        names = [self.redactor.one_line(name) for name in self.outcome.recreated]
        start = "The next" if self.applied else "Once fixed, the next"
        if names:
            yield self.style.wrapped(self.style.words(f"{start} docker compose up -d recreates {listed(names)}."), 0)
        if changing(self.outcome):
            yield f"{self.style.symbol('warn')} {MEANING_OF_WARN}"
