"""What the default fix makes of the plainest service of an image: the answer comes from the pipeline itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from composeharden.decide import Options
from composeharden.images.catalog import Catalog
from composeharden.images.facts import Facts
from composeharden.outcome import Finding
from composeharden.pipeline import harden

HARDENING = ("read-only", "cap-drop", "no-new-privileges")
_FILE = "compose.yaml"


class Example(NamedTuple):
    """A hardened service, and what became of each of the three hardening passes."""

    text: str
    findings: tuple[Finding, ...]


def example(image: str, facts: Facts, catalog: Catalog) -> Example:
    """Harden a service of `image` that has a volume wherever the image keeps data."""
    text = _service(image, _kept(facts))

    def read(path: str) -> bytes:
        if path != _FILE:
            raise FileNotFoundError(path)
        return text.encode()

    outcome = harden(_FILE, read, Options(only=frozenset(HARDENING), catalog=catalog))
    findings = sorted(outcome.findings, key=lambda finding: HARDENING.index(finding.rule))
    return Example(outcome.patches[0].after.text if outcome.patches else text, tuple(findings))


def _kept(facts: Facts) -> list[str]:
    paths = [str(row["path"]) for row in facts.rows("data")]
    return list(dict.fromkeys(paths + [row.path for row in facts.writable() if row.kind == "volume"]))


def _service(image: str, kept: Iterable[str]) -> str:
    names = {path: f"data{number or ''}" for number, path in enumerate(kept)}
    lines = ["services:", "  app:", f"    image: {image}"]
    lines += ["    volumes:", *(f"      - {name}:{path}" for path, name in names.items())] if names else []
    lines += ["volumes:", *(f"  {name}:" for name in names.values())] if names else []
    return "\n".join(lines) + "\n"
