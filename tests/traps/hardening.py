"""Hardening a service given as a few lines, and looking at what it has afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any

import yaml

from composeharden.decide import Options
from composeharden.images.catalog import Catalog, Folder
from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden

ONLY = frozenset(("cap-drop", "depends-on", "no-new-privileges", "read-only"))
"""These keep a service on the user it has: who runs as whom is decided, and tested, elsewhere."""
EVIDENCE = """
[evidence.read]
kind = "documentation"
url = "https://example.org/"
read = "2026-11-23"
shows = "What it says."
"""


def stack(service: str, rest: str = "") -> str:
    """The text of a Compose file with a service `it`, given as the text of its keys, and the rest below."""
    return f"services:\n  it:\n{indent(dedent(service).strip(), ' ' * 4)}\n{rest}"


def outcome(
    service: str, rest: str = "", *, files: Mapping[str, str] | None = None, facts: str = "", **options: Any
) -> Outcome:
    """What becomes of the stack; `facts` are a user's own about the image example/it, without their evidence."""
    stored = {"compose.yaml": stack(service, rest), **(files or {})}

    def read(path: str) -> bytes:
        name = path.removeprefix("./")
        if name not in stored:
            raise FileNotFoundError(2, "No such file or directory", path)
        return stored[name].encode()

    options.setdefault("only", ONLY)
    found = harden("compose.yaml", read, Options(catalog=_catalog(facts), **options))
    assert not found.problems, found.problems
    return found


def hardened(service: str, rest: str = "", **more: Any) -> dict[str, Any]:
    """The keys of the service `it` after hardening. Takes what `outcome` takes."""
    found = outcome(service, rest, **more)
    text = found.patches[0].after.text if found.patches else stack(service, rest)
    keys: dict[str, Any] = yaml.safe_load(text)["services"]["it"]
    return keys


def kept(service: str, rest: str = "", **more: Any) -> set[str]:
    """The capabilities that the service `it` keeps; fails where they are not dropped."""
    keys = hardened(service, rest, **more)
    assert keys["cap_drop"] == ["ALL"]
    return set(keys.get("cap_add", ()))


def tmpfs(service: str, rest: str = "", **more: Any) -> list[str]:
    """The tmpfs mounts that the service `it` has; fails where its root is not read-only."""
    keys = hardened(service, rest, **more)
    assert keys["read_only"] is True
    return list(keys.get("tmpfs", ()))


def held(rule: str, service: str, rest: str = "", **more: Any) -> str:
    """Why a pass was held back from the service `it`; fails where it was not."""
    findings = [one for one in outcome(service, rest, **more).findings if (one.service, one.rule) == ("it", rule)]
    assert [one.status for one in findings] == [Status.HELD], findings
    return findings[0].reason


def said(rule: str, service: str, rest: str = "", **more: Any) -> list[Finding]:
    """What a pass says of the service `it`."""
    findings = outcome(service, rest, only=frozenset((rule,)), **more).findings
    return [one for one in findings if one.service == "it"]


def _catalog(facts: str) -> Catalog:
    if not facts:
        return Catalog()
    head = f'family = "own"\ntitle = "It"\nrepositories = ["example/it"]\n{EVIDENCE}\n'
    stored = {"facts/": b"own.toml", "facts/own.toml": (head + facts).encode()}
    return Catalog([Folder("facts", stored.__getitem__)])
