"""Writes docs/images, a page per image family and an index, from the facts themselves.

    make docs

tests/images/test_pages.py fails when the folder is not what this would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from composeharden.cli.example import example
from composeharden.images.catalog import BUILT_IN
from composeharden.images.facts import Facts
from composeharden.images.reference import parse
from composeharden.report.image_page import as_markdown, family_page, index

FOLDER = Path(__file__).parent.parent / "docs" / "images"
_NOTE = "<!-- Made by `make docs` from composeharden/images/facts/{}: change the facts, not this page. -->\n\n"
_HEAD = """\
# Images

Made by `make docs` from the facts in `composeharden/images/facts`; `composeharden explain IMAGE` prints the same for
one tag, offline. `composeharden images` counts the evidence. Facts of your own go to `.composeharden/images/NAME.toml`
or to a folder that `--images` names: they follow [the schema](../../schemas/image.schema.json), and win.

"""


def pages() -> Mapping[str, str]:
    """The text of every page by file name."""
    entries = list(BUILT_IN.entries())
    found = {"README.md": _HEAD + "\n".join(index((item.family, item.document) for item in entries)) + "\n"}
    for item in entries:
        image = item.document["repositories"][0]
        hardened = example(image, Facts(item.document, parse(image)), BUILT_IN)
        found[f"{item.family}.md"] = _NOTE.format(f"{item.family}.toml") + as_markdown(
            family_page(item.document, hardened)
        )
    return found


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, "utf-8")
