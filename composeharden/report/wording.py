"""Changes in a few words: `cap_drop: ALL`, `tmpfs: /run /tmp`, `depends_on: db healthy`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from composeharden.outcome import Finding
from composeharden.redaction import Redactor
from composeharden.yaml.change import Append, Change, Remove, Rename, Replace, Reshape

_LONGEST = 160


def changes_in_words(changes: Iterable[Change], redactor: Redactor) -> str:
    """What a group of changes writes, on one line and clean."""
    return redactor.one_line("; ".join(_change(change, redactor) for change in changes))


def identifiers(finding: Finding) -> list[str]:
    """The references that are identifiers rather than addresses, as short as they are understood: `CIS 5.4`."""
    found = [item for item in finding.references if "://" not in item]
    return [
        item.replace("CIS Docker ", "CIS ").replace("OWASP Docker ", "OWASP ").replace("NIST SP 800-190 ", "NIST ")
        for item in found
    ]


def _change(change: Change, redactor: Redactor) -> str:
    key = ".".join(str(part) for part in change.path[3:] or change.path[1:])
    if isinstance(change, Remove):
        return f"{key} removed"
    if isinstance(change, Reshape):
        return f"{key}: {_conditions(change.value)}"
    if isinstance(change, Append):
        return f"{key}: + {_value(redactor.data(change.path, list(change.items)))}"
    if isinstance(change, Rename):
        path = (*change.path[:-1], change.key)
        return f"{key} becomes {change.key}: {_value(redactor.data(path, change.value))}"
    value = [change.value] if isinstance(change, Replace) else change.value
    return f"{key}: {_value(redactor.data(change.path, value))}"


def _conditions(value: Mapping[str, Any]) -> str:
    words = []
    for name, body in value.items():
        condition = body.get("condition") if isinstance(body, Mapping) else None
        words.append(f"{name} {str(condition).removeprefix('service_').replace('_', ' ')}" if condition else name)
    return ", ".join(words)


def _value(value: Any) -> str:
    text = _flat(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(child)}" for key, child in value.items())
    if isinstance(value, list):
        return " ".join(_flat(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
