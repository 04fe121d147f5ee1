"""Writes what the documentation says of the passes, from the passes: docs/passes.md and a table in README.md.

    make docs

tests/test_readme.py fails when either is not what this would write.
"""

from __future__ import annotations

from pathlib import Path

from composeharden.passes import Pass, all_passes

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "passes.md"
_START, _END = "<!-- passes -->\n", "<!-- /passes -->"
_HEAD = """\
# Passes

Made by `make docs` from the passes themselves; `composeharden explain NAME` prints the same, offline. A pass that
fixes is applied by default where its facts are at least `sourced`; one that reports never changes a file.
"""


def page() -> str:
    """The whole page: a table of all passes, those that fix first, then a section for each."""
    passes = sorted(all_passes().values(), key=lambda item: (item.example is None, item.name))
    return "\n".join((_HEAD, *table(passes), "", *(line for item in passes for line in section(item)))).rstrip() + "\n"


def readme(text: str) -> str:
    """The text of README.md with the table of the passes that fix renewed."""
    head, rest = text.split(_START)
    _, tail = rest.split(_END)
    rows = [
        f"| [`{item.name}`](docs/passes.md#{item.name}) | {summary(item)} | {item.effect} |"
        for item in all_passes().values()
        if item.example is not None
    ]
    return head + _START + "\n".join(("| pass | | effect |", "|---|---|---|", *rows, "")) + _END + tail


def table(passes: list[Pass]) -> list[str]:
    """One row per pass."""
    rows = [
        f"| [`{item.name}`](#{item.name}) | {'fixes' if item.example else 'reports'} | {item.severity} "
        f"| {item.effect if item.example else ''} | {summary(item)} |"
        for item in passes
    ]
    return ["| pass | | severity | effect | |", "|---|---|---|---|---|", *rows]


def summary(item: Pass) -> str:
    """The first line of a pass's documentation, fit for a cell of a table."""
    return item.doc.splitlines()[0].replace("|", "\\|")


def section(item: Pass) -> list[str]:
    """The documentation of one pass with its example and references."""
    lines = [f"## {item.name}", "", item.doc, ""]
    if item.example is not None:
        lines += [f"Severity {item.severity}, effect {item.effect}.", ""]
        lines += ["Before:", "", *_yaml(item.example.before), "", "After:", "", *_yaml(item.example.after), ""]
    else:
        lines += [f"Severity {item.severity}, where the finding says no other.", ""]
    if item.references:
        lines += ["References: " + ", ".join(_reference(text) for text in item.references), ""]
    return lines


def _yaml(text: str) -> list[str]:
    return ["```yaml", *text.splitlines(), "```"]


def _reference(text: str) -> str:
    return f"<{text}>" if "://" in text else text


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    README.write_text(readme(README.read_text("utf-8")), "utf-8")
