"""The check of the checker: it sees what moved besides the declared changes, and nothing in a clean patch."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composeharden.yaml.change import Append, Change, Remove, Reshape, Set
from tests.corpus.noise import comments, comments_lost, hunks, noise

BEFORE = """\
version: '3' # old

services:
  web: # the site
    image: nginx
    depends_on:
    # first
    - db # data
    cap_drop: [NET_RAW]

  db:
    image: "postgres#16"
"""
AFTER = """\
services:
  web: # the site
    image: nginx
    depends_on:
      # first
      db: # data
        condition: service_healthy
    cap_drop: [NET_RAW, ALL]
    read_only: true

  db:
    image: "postgres#16"
"""
CHANGES: list[Change] = [
    Remove((0, "version")),
    Reshape((0, "services", "web", "depends_on"), {"db": {"condition": "service_healthy"}}),
    Append((0, "services", "web", "cap_drop"), ("ALL",)),
    Set((0, "services", "web", "read_only"), True),
]


def test_a_clean_patch_has_no_noise() -> None:
    assert noise(BEFORE, AFTER, CHANGES) == []
    assert comments_lost(BEFORE, AFTER, CHANGES) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("image: nginx\n", "image:  nginx\n"),
        ('"postgres#16"', "'postgres#16'"),
        ("image: nginx\n", "image: nginx \n"),
        ("true\n\n", "true\n"),
        ("    read_only", "\n    read_only"),
        ("# the site", "# site"),
        ("[NET_RAW, ALL]", "[ALL]"),
        ("      # first\n", ""),
        ("image: nginx\n", "image: nginx\r\n"),
        ("read_only: true", "privileged: true"),
        ('"postgres#16"\n', '"postgres#16"'),
    ],
)
def test_whatever_else_moves_is_noise(old: str, new: str) -> None:
    assert old in AFTER
    assert noise(BEFORE, AFTER.replace(old, new), CHANGES)


def test_a_removed_list_goes_with_its_items_and_no_more() -> None:
    before = "services:\n  web:\n    links:\n    - db\n    - b\n    ports:\n    - 80\n"
    changes = [Remove((0, "services", "web", "links"))]
    assert noise(before, "services:\n  web:\n    ports:\n    - 80\n", changes) == []
    assert noise(before, "services:\n  web:\n    ports: []\n", changes)
    assert noise(before, "services:\n  web:\n    links:\n    - db\n    ports:\n    - 80\n", changes)


def test_a_lost_comment_is_seen_and_one_on_a_removed_key_is_not_missed() -> None:
    assert comments_lost(BEFORE, AFTER.replace("# first", ""), CHANGES) == ["# first"]
    assert comments_lost(BEFORE, AFTER, CHANGES[1:]) == ["# old"]


def test_a_hash_in_a_value_is_no_comment() -> None:
    assert comments("a: 'x # y' # real\nb: |\n  # text\n") == {"# real": 1}


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_script_leads_from_one_text_to_the_other_and_is_no_longer_than_that_of_difflib(
    before: list[str], after: list[str]
) -> None:
    found = list(hunks(before, after))
    gone = [line for hunk in found for line in hunk.gone]
    new = [line for hunk in found for line in hunk.new]
    assert len(before) - len(gone) == len(after) - len(new)
    kept = sum(block.size for block in difflib.SequenceMatcher(None, before, after, False).get_matching_blocks())
    assert len(gone) + len(new) <= len(before) + len(after) - 2 * kept
    for text, part in ((before, gone), (after, new)):
        rest = iter(text)
        assert all(line in rest for line in part)
