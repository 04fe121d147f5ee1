"""Where the text of one file holds secrets, found on its node tree, in its comments and by shape."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from composeharden.redaction.arguments import argument_zones
from composeharden.redaction.comments import comment_secrets
from composeharden.redaction.context import (
    SPLIT_AT_COLONS,
    holds_free_names,
    is_secret_collection,
    name_for_value,
)
from composeharden.redaction.layout import (
    after_name,
    comment_spans,
    has_escapes,
    inner_span,
    line_spans,
    merged,
    scalars_below,
    secret_fields,
    short_target,
)
from composeharden.redaction.names import holds_logins, is_credential, is_harmless
from composeharden.redaction.references import Span, literals, references
from composeharden.redaction.shapes import private_keys, shapes
from composeharden.redaction.strings import is_worth_a_look, login_secrets, named_parts, secret_parts, secret_variables
from composeharden.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved
from composeharden.yaml.source import Source

_SHORTEST_TAIL = 8


class Secrets:
    """The secrets of one file: `spans` in its text, none of which crosses a line, and their `values`."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.values: set[str] = set()
        self.variables: set[str] = set()
        """Names of variables whose values are put where a secret stands."""


def find_secrets(source: Source) -> Secrets:
    """Everything in `source` that must not be shown."""
    finder = _Finder(source.text)
    for root in source.documents:
        if root is not None:
            finder.document(root)
    finder.comments()
    finder.shapes()
    finder.found.spans = merged(finder.found.spans)
    finder.fields()
    return finder.found


def secret_spans(source: Source) -> list[Span]:
    """The spans of `find_secrets`: sorted, apart, each within one line."""
    return find_secrets(source).spans


def _entries(node: Node | None) -> Iterator[Scalar]:
    """The entries of a list in their short form."""
    for item in node.items if isinstance(node, Sequence) else ():
        held = resolved(item)
        if isinstance(held, Scalar) and ":" in held.text:
            yield held


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Secrets()
        self.not_comments: list[Span] = []
        self.plain_keys: set[str] = set()
        self.whole: set[int] = set()
        self.entries: dict[int, Scalar] = {}

    # -- the tree --------------------------------------------------------------------------------------------------

    def document(self, root: Node) -> None:
        """Walk one document; its files of secrets and configuration are secret as a whole."""
        if isinstance(root, Mapping):
            for key, value in root.pairs:
                held = resolved(value)
                if key.text in ("secrets", "configs") and isinstance(held, Mapping):
                    self.contents(held, is_config=key.text == "configs")
        self.walk(root)

    def contents(self, entries: Mapping, is_config: bool) -> None:
        for _, value in entries.pairs:
            entry = resolved(value)
            content = resolved(entry.get("content")) if isinstance(entry, Mapping) else None
            variable = resolved(entry.get("environment")) if isinstance(entry, Mapping) else None
            if isinstance(variable, Scalar) and not is_config:
                self.found.variables.add(variable.text)
            if isinstance(content, Scalar) and id(content) not in self.whole:
                self.whole.add(id(content))
                self.lines(content, keep_names=is_config)

    def walk(self, node: Node, name: str = "", free: bool = False, secret: bool = False) -> None:
        """Every node as written, in the order of the file.

        Args:
            node: where to start.
            name: the key it stands under, empty for a list item.
            free: the names here are the user's own.
            secret: everything here is a secret, by the name of what holds it.
        """
        if isinstance(node, Scalar):
            if node.text:
                self.scalar(node, name, secret)
        elif isinstance(node, Mapping):
            self.mapping(node, name, free, secret)
        elif isinstance(node, Sequence):
            if not secret:
                self.command(node)
            for item in node.items:
                self.walk(item, name if secret else "", free, secret)
        elif isinstance(node, Alias):
            self.alias(node, name, secret)

    def mapping(self, node: Mapping, name: str, free: bool, secret: bool) -> None:
        for key, value in node.pairs:
            text = key.text
            if text not in self.plain_keys:
                self.key(key)
            if text in SPLIT_AT_COLONS:
                self.entries.update((id(one), one) for one in _entries(resolved(value)))
            if secret and text != "<<":
                self.walk(value, name, True, True)
            elif isinstance(resolved(value), Scalar):
                self.walk(value, name_for_value(name, text))
            else:
                free_here = free or holds_free_names(text)
                self.walk(value, text, free_here, free_here and is_secret_collection(text, resolved(value)))

    def key(self, key: Scalar) -> None:
        """A key can hold a secret too, such as a forgotten blank makes it: `{PASSWORD=x}`."""
        before = len(self.found.spans)
        self.scalar(key, "", False)
        if len(self.found.spans) == before and "#" not in key.text and len(self.plain_keys) < 100_000:
            self.plain_keys.add(key.text)

    def alias(self, node: Alias, name: str, secret: bool) -> None:
        target = node.target
        if id(target) in self.whole or not (secret or (isinstance(target, Scalar) and is_credential(name))):
            return
        self.whole.add(id(target))
        for inner in scalars_below(target):
            self.secret(inner, name)

    def scalar(self, node: Scalar, name: str, secret: bool) -> None:
        text = node.text
        if "#" in text:
            self.not_comments.append((node.start, node.end))
        if secret or (name and is_credential(name)):
            self.secret(node, name)
            return
        if "=" in text and not name:
            variable, _, value = text.partition("=")
            if " " not in variable and is_credential(variable):
                self.assigned(node, variable, value)
                return
            if " " not in variable:
                name, text = variable, value
        if holds_logins(name):
            shift = len(node.text) - len(text)
            self.partly(node, [(shift + start, shift + end) for start, end in login_secrets(text)])
        if is_worth_a_look(node.text):
            self.patterns(node)

    def assigned(self, node: Scalar, variable: str, value: str) -> None:
        """A list item `VARIABLE=value`, all of whose value is a secret."""
        if not is_harmless(variable, value):
            self.partly(node, list(literals(node.text, len(variable) + 1, len(node.text))))
            self.found.variables.update(one.name for one in references(value))

    def secret(self, node: Scalar, name: str) -> None:
        """A scalar that is a secret as a whole."""
        if not is_harmless(name, node.text):
            self.partly(node, list(literals(node.text, 0, len(node.text))))
            self.found.variables.update(one.name for one in references(node.text))

    def patterns(self, node: Scalar) -> None:
        """The parts of a scalar that look like a secret: found in the raw text, or else in the value it stands for."""
        start, end = inner_span(self.text, node)
        raw = self.text[start:end]
        if "$" in raw:
            self.found.variables |= secret_variables(raw)
        if raw == node.text or node.style in ("|", ">") or not has_escapes(raw, node.style):
            for first, last in named_parts(raw):
                self.add(start + first, start + last)
        elif parts := secret_parts(node.text):
            self.remember(node.text, parts)
            self.lines(node)

    def command(self, node: Sequence) -> None:
        """A list read as a command line: an option in one item, its value in the next."""
        items = [item for item in map(short_target, node.items) if isinstance(item, Scalar)]
        if len(items) < 2:
            return
        for place, start, end in argument_zones([item.text for item in items]):
            self.partly(items[place], list(literals(items[place].text, start, end)))

    # -- from a value to the text ----------------------------------------------------------------------------------

    def partly(self, node: Scalar, parts: list[Span]) -> None:
        """Mask parts of a scalar's value; all of it where the text does not show the value as it is."""
        if not parts:
            return
        start, end = inner_span(self.text, node)
        self.remember(node.text, parts)
        if self.text[start:end] == node.text:
            for first, last in parts:
                self.add(start + first, start + last)
        else:
            self.lines(node)

    def remember(self, value: str, parts: list[Span]) -> None:
        for first, last in parts:
            secret = value[first:last]
            self.found.values.add(secret)
            self.found.values.update(secret[start:end] for start, end in named_parts(secret))
            tail = secret[max(secret.rfind(mark) for mark in ":/$@ ") + 1 :]
            if len(tail) >= _SHORTEST_TAIL:  # base64:..., user/..., the last part of a webhook
                self.found.values.add(tail)

    def lines(self, node: Scalar, keep_names: bool = False) -> None:
        """Mask every line of a scalar; with `keep_names`, what follows `name =` or `name:` on it."""
        start, end = inner_span(self.text, node)
        for first, last in line_spans(self.text, start, end):
            if keep_names:
                first = after_name(self.text, first, last)
            else:
                self.found.values.add(self.text[first:last])
            if any(char.isalnum() for char in self.text[first:last]):
                self.found.spans.append((first, last))
        if keep_names:
            for first, last in named_parts(self.text[start:end]):
                self.add(start + first, start + last)

    def fields(self) -> None:
        """Remember each field of a secret that Compose cuts at its colons: a message may show one without the rest."""
        spans = self.found.spans
        for node in self.entries.values():
            start, end = inner_span(self.text, node)
            place = bisect_left(spans, (start, start))
            while place < len(spans) and spans[place][0] < end:
                self.found.values.update(secret_fields(self.text, start, *spans[place]))
                place += 1

    def add(self, start: int, end: int, learned: bool = True) -> None:
        """Mask a span, line by line, and remember what stands there."""
        for first, last in line_spans(self.text, start, end):
            self.found.spans.append((first, last))
            if learned:
                self.found.values.add(self.text[first:last])

    # -- outside the tree ------------------------------------------------------------------------------------------

    def comments(self) -> None:
        """Every comment by itself."""
        for start, end in comment_spans(self.text, self.not_comments):
            for low, high in comment_secrets(self.text, start, end):
                self.add(low, high, learned=not self.text[low:high].isalpha())

    def shapes(self) -> None:
        """What looks like a secret by itself, anywhere in the file."""
        for start, end in shapes(self.text):
            self.add(start, end)
        for start, end in private_keys(self.text):
            self.add(start, end)
            self.found.values.update(line.strip("# \t\r-\"'") for line in self.text[start:end].split("\n"))
