"""Secrets in plain data, such as the values of changes: the same rules as in a file, without positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from composeharden.redaction.arguments import argument_zones
from composeharden.redaction.layout import merged
from composeharden.redaction.names import holds_logins, is_credential, is_harmless
from composeharden.redaction.references import Span, literals
from composeharden.redaction.strings import login_secrets, secret_parts
from composeharden.yaml.scalars import Tagged

MAX_DEPTH = 64
_NOT_SECRET = frozenset(
    ("secrets", "credential_spec", "configs", "services", "volumes", "networks", "models", "depends_on", "extra_hosts")
)


def mask_data(path: tuple[str | int, ...], value: Any, clean: Callable[[str], str], mask: str) -> Any:
    """The value at a path as JSON can carry it.

    Args:
        path: where the value stands: the document, then keys and list positions.
        value: scalars, lists, mappings and tagged values.
        clean: what every string that is left goes through.
        mask: stands for a secret.
    """
    names = [part for part in path[1:] if isinstance(part, str)]
    in_content = names[:1] in (["secrets"], ["configs"]) and names[-1:] == ["content"]
    name = "secret" if in_content else names[-1] if names else ""
    return _Masker(clean, mask).value(name, value, 0)


class _Masker:
    def __init__(self, clean: Callable[[str], str], mask: str) -> None:
        self.clean = clean
        self.mask = mask

    def value(self, name: str, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.mask
        if isinstance(value, Tagged):
            return {"tag": self.clean(value.tag), "value": self.value(name, value.value, depth + 1)}
        if isinstance(value, Mapping):
            return {
                self.clean(str(key)): self.value(self.child_name(name, str(key), child), child, depth + 1)
                for key, child in value.items()
            }
        if isinstance(value, (list, tuple)):
            return self.items(name, list(value), depth)
        return self.scalar(name, value)

    @staticmethod
    def child_name(name: str, key: str, child: Any) -> str:
        """The name a child is judged by: that of a credential goes on to everything below it.

        What stands below `services` or `depends_on` has the name of a service, which says nothing: `valkey`.
        """
        if name in _NOT_SECRET and isinstance(child, Mapping):
            return ""
        if name not in _NOT_SECRET and is_credential(name) and isinstance(child, (str, int, float, list, tuple)):
            return name
        return key

    def items(self, name: str, values: list[Any], depth: int) -> list[Any]:
        words = [item if isinstance(item, str) else "" for item in values]
        secret: dict[int, list[Span]] = {}
        for place, start, end in argument_zones(words):
            secret.setdefault(place, []).extend(literals(words[place], start, end))
        own = "" if name in _NOT_SECRET or not is_credential(name) else name
        return [
            self.masked(item, secret[place]) if place in secret and not own else self.value(own, item, depth + 1)
            for place, item in enumerate(values)
        ]

    def scalar(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        text = str(value) if not isinstance(value, int) or value.bit_length() < 1024 else hex(value)
        if name not in _NOT_SECRET and is_credential(name) and not is_harmless(name, text):
            return self.masked(text, list(literals(text, 0, len(text))))
        if isinstance(value, int) and value.bit_length() < 1024:
            return value
        if isinstance(value, float) and value == value and abs(value) != float("inf"):
            return value
        variable, sign, rest = text.partition("=")
        if sign and " " not in variable and is_credential(variable) and not is_harmless(variable, rest):
            return self.masked(text, list(literals(text, len(variable) + 1, len(text))))
        logins = list(login_secrets(text)) if holds_logins(name) else []
        return self.masked(text, [*secret_parts(text), *logins])

    def masked(self, text: str, spans: list[Span]) -> str:
        parts: list[str] = []
        at = 0
        for start, end in merged(spans):
            parts += (text[at:start], self.mask)
            at = end
        return self.clean("".join((*parts, text[at:])))
