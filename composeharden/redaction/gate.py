"""The one gate through which everything printed goes."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

from composeharden.redaction import escape
from composeharden.redaction.data import mask_data
from composeharden.redaction.known import KnownValues
from composeharden.redaction.layout import merged, secret_fields
from composeharden.redaction.names import is_credential, is_harmless
from composeharden.redaction.references import Span, literals
from composeharden.redaction.shapes import shapes
from composeharden.redaction.spans import Secrets, find_secrets
from composeharden.redaction.strings import is_worth_a_look, named_parts, secret_parts
from composeharden.redaction.words import VOCABULARY, public_words
from composeharden.yaml.source import Source

MASK = "***"
_CACHED = 20_000
_CACHED_LENGTH = 400


class Redactor:
    """Knows the secrets of every file and variable of a run, and keeps them out of text.

    Add all sources, texts and values before anything is printed; each method then returns text that is safe to show.
    """

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._secrets: dict[int, tuple[Source, Secrets]] = {}
        self._values: set[str] = set()
        self._public: set[str] = set(VOCABULARY)
        self._variables: dict[str, str] = {}
        self._secret_names: set[str] = set()
        self._known: KnownValues | None = None
        self._lines: dict[str, str] = {}
        self._clean: dict[str, str] = {}
        for source in sources:
            self.add(source)

    # -- what is known ---------------------------------------------------------------------------------------------

    def add(self, source: Source) -> None:
        """Know the secrets of a file, old or new."""
        if id(source) not in self._secrets:
            found = find_secrets(source)
            self._secrets[id(source)] = (source, found)
            self._learn(found.values)
            self._secret_names |= found.variables
            self._public |= public_words(source)

    def add_value(self, name: str, value: str) -> None:
        """Know a variable, such as one of `.env`.

        Its value is secret if the name or the value says so, or if a file puts it where a secret stands.
        """
        self._variables[name] = value
        self._learn({value[start:end] for start, end in secret_parts(value)})

    def add_text(self, text: str) -> None:
        """Know the secrets of a file that could not be read as YAML, as far as its lines show them."""
        self._learn({line[start:end] for line in text.split("\n") for start, end in secret_parts(line)})

    def _learn(self, values: set[str]) -> None:
        self._values |= values
        self._known = None
        self._lines.clear()
        self._clean.clear()

    # -- showing -----------------------------------------------------------------------------------------------------

    def mask(self, source: Source) -> str:
        """The text of a file with its secrets masked where they stand. It has as many lines as before.

        Every line still has to go through `clean`.
        """
        self.add(source)
        return _masked(source.text, self._secrets[id(source)][1].spans)

    def clean(self, text: str) -> str:
        """Any text made safe to print: known secrets masked in every form, control characters and commands escaped."""
        if len(text) > _CACHED_LENGTH:
            return escape.neutral(self._without_known(text))
        found = self._clean.get(text)
        if found is None:
            found = escape.neutral(self._without_known(text))
            _remember(self._clean, text, found)
        return found

    def one_line(self, text: str) -> str:
        """`clean` on one line, for names and sentences inside messages."""
        line = self._lines.get(text)
        if line is None:
            line = escape.one_line(self._without_known(text))
            _remember(self._lines, text, line)
        return line

    def hidden(self, text: str) -> str:
        """Text with known secrets masked and nothing escaped: only for forms that encode every unusual character."""
        return self._without_known(text)

    def can_show(self, text: str, source: Source, start: int, end: int) -> bool:
        """Whether a text, which stands in a file between two offsets, can be shown as it is."""
        if self.clean(text) != text.replace("\r\n", "\n"):
            return False
        self.add(source)
        spans = self._secrets[id(source)][1].spans
        first = bisect.bisect_right(spans, start, key=lambda span: span[1])
        return first == len(spans) or spans[first][0] >= end

    def sentence(self, text: str) -> str:
        """`one_line`, for messages about a file that could not be read: what looks like a secret in them goes too."""
        spans = [*named_parts(text, colons=False), *shapes(text)] if is_worth_a_look(text) else []
        return self.one_line(_masked(text, spans))

    def workflow(self, text: str) -> str:
        """`clean`, for a log in which GitHub and other systems look for commands. `clean` alone does the same."""
        return self.clean(text)

    def markdown(self, text: str) -> str:
        """One line of text, shown by Markdown as it is."""
        return escape.markdown(self._without_known(text))

    def markdown_text(self, text: str) -> str:
        """One line of text that Markdown shows as it is, with as few escapes as that takes: it is also read plain."""
        return escape.markdown_text(self._without_known(text))

    def markdown_code(self, text: str) -> str:
        """One line of text as a Markdown code span."""
        return escape.markdown_code(self._without_known(text))

    def markdown_block(self, text: str, language: str = "") -> str:
        """Lines of text as a fenced Markdown block."""
        return escape.markdown_block(self._without_known(text), language)

    def data(self, path: tuple[str | int, ...], value: Any) -> Any:
        """Plain data at a path of a file as JSON can carry it: secrets masked, every string cleaned."""
        return mask_data(path, value, self.clean, MASK)

    def _without_known(self, text: str) -> str:
        if self._known is None:
            self._known = KnownValues(self._values | self._secret_variables(), frozenset(self._public))
        return _masked(text, self._known.spans(text))

    def _secret_variables(self) -> set[str]:
        found: set[str] = set()
        for name, value in self._variables.items():
            if (name in self._secret_names or is_credential(name)) and not is_harmless(name, value):
                found |= {value, *(value[start:end] for start, end in literals(value, 0, len(value)))}
                found.update(secret_fields(value, 0, 0, len(value)))
        return found


def _remember(cache: dict[str, str], text: str, result: str) -> None:
    if len(cache) < _CACHED and len(text) <= _CACHED_LENGTH:
        cache[text] = result


def _masked(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in merged(spans):
        parts += (text[at:start], MASK)
        at = end
    parts.append(text[at:])
    return "".join(parts)
