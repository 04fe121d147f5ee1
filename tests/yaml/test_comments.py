"""Comments are found wherever YAML allows one, and nowhere else."""

from __future__ import annotations

import pytest

from composeharden.yaml.comments import comments
from composeharden.yaml.source import load

CASES = {
    "none": ("a: 1\n", []),
    "only comments": ("# a\n\n  # b", ["# a", "# b"]),
    "behind a value": ("a: 1 # b\n", ["# b"]),
    "behind a tab": ("a:\t# b\n  c: 1\t# d\n", ["# b", "# d"]),
    "with CRLF": ("a: 1 # b\r\n# c\r\n", ["# b", "# c"]),
    "in texts there are none": ("a: b#c\nd: 'e # f'\ng: \"# h\"\ni: http://j/#k\n", []),
    "in a flow list": ("a: [b, # c\n  '# d'] # e\n", ["# c", "# e"]),
    "right behind a quote": ("a: ['b'# c\n]\n", ["# c"]),
    "in the head of a block scalar only": ("a: | # b\n  # c\n# d\n", ["# b", "# d"]),
    "above an indented block scalar's content": ("a:\n  - |+ # b\n    # c\n\n  # d\n", ["# b", "# d"]),
    "behind anchors, tags and aliases": ("a: &b#c # d\n  e: !f#g h # i\nj: *b#c # k\n", ["# d", "# i", "# k"]),
    "behind document marks": ("--- # a\nb: 1\n... # c\n--- # d\n", ["# a", "# c", "# d"]),
    "behind a byte order mark": ("\ufeff# a\nb: 1\n", ["# a"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_comments(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in comments(load(text.encode()))] == expected
