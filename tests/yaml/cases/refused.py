"""Changes that cannot be made safely, and what the reason must say."""

from __future__ import annotations

from composeharden.yaml.change import Change, Remove, Set
from composeharden.yaml.scalars import Tagged
from tests.yaml.cases.case import A, append, reshape, set_

REFUSALS: list[tuple[str, list[Change], str, str]] = [
    (
        "a place that is not there",
        append("nothing", 1),
        "services:\n  a:\n    image: x\n",
        "is not written in this file",
    ),
    ("a service that is not there", set_("x", 1), "services:\n  b:\n    image: x\n", "is not written in this file"),
    ("a document that is not there", [Set((2, "x"), 1)], "x: 1\n", "the document is empty"),
    ("an empty document", [Set((0, "x"), 1)], "# nothing\n---\n", "the document is empty"),
    ("a key under a word", set_("x", 1), "services:\n  a: word\n", "is not written as a mapping"),
    ("a key under an empty item", [Set((*A, 0, "x"), 1)], "services:\n  a:\n    -\n", "is not written as a mapping"),
    ("a key under a tag alone", set_("x", 1), "services:\n  a: !reset\n", "under a tag"),
    ("a key under an empty anchor", set_("x", 1), "services:\n  a: &a\n  b: *a\n", "&a, which is used elsewhere"),
    ("an item of a word", append("x", 1), "services:\n  a:\n    x: 1\n", "is not written as a list"),
    (
        "a shared list reshaped",
        reshape("b"),
        "services:\n  a:\n    depends_on: &d [b]\n  b:\n    depends_on: *d\n",
        "&d, which is used elsewhere",
    ),
    (
        "a list of other things reshaped",
        reshape("b"),
        "services:\n  a:\n    depends_on: [{b: 1}]\n",
        "other than plain names",
    ),
    ("other names reshaped", reshape("c"), "services:\n  a:\n    depends_on: [b]\n", "other than plain names"),
    ("numbers reshaped", reshape("1"), "services:\n  a:\n    depends_on: [1]\n", "not the list of names"),
    ("a mapping reshaped", reshape("b"), "services:\n  a:\n    depends_on: {b: 1}\n", "is not a list"),
    (
        "a shared value replaced",
        set_("x", 2),
        "services:\n  a:\n    x: {y: &y 1}\n    z: *y\n",
        "&y, which is used elsewhere",
    ),
    (
        "a shared value removed",
        [Remove((*A, "x"))],
        "services:\n  a:\n    x: &y 1\n    z: *y\n",
        "&y, which is used elsewhere",
    ),
    ("the only key removed", [Remove((*A, "x"))], "services:\n  a:\n    x: 1\n", "is the only key"),
    (
        "a key that is not there removed",
        [Remove((*A, "y"))],
        "services:\n  a:\n    x: 1\n",
        "is not written in this file",
    ),
    (
        "the first key of an item removed",
        [Remove((*A, 0, "x"))],
        "services:\n  a:\n    - x: 1\n      y: 2\n",
        "shares its line",
    ),
    ("a comment inside", set_("x", [2]), "services:\n  a:\n    x:\n      - 1\n      # c\n      - 2\n", "a comment"),
    ("a comment inside a flow list", set_("x", [2]), "services:\n  a:\n    x: [1, # c\n      2]\n", "a comment"),
    (
        "a comment in a flow list reshaped",
        reshape("b"),
        "services:\n  a:\n    depends_on: [b # c\n      ]\n",
        "a comment",
    ),
    ("a comment in the head of a block scalar", set_("x", 1), "services:\n  a:\n    x: | # c\n      y\n", "a comment"),
    ("two comments would meet", set_("x", 1), "services:\n  a:\n    x: # c\n      - 1 # d\n", "would become one"),
    ("a pair without braces", [Set((*A, 0, "y"), 1)], "services:\n  a: [x: 1]\n", "has no braces"),
    ("a key without a colon", set_("x", 1), "services:\n  a: {x}\n", "has no colon"),
    ("one key twice", [*set_("x", 1), *set_("x", 2)], "services:\n  a:\n    image: x\n", "no longer be YAML"),
    (
        "a key and what is in it",
        [Remove((*A, "x")), Set((*A, "x", "y"), 2)],
        "services:\n  a:\n    x:\n      y: 1\n    z: 1\n",
        "the same place",
    ),
    ("two keys in an empty mapping", [*set_("x", 1), *set_("y", 1)], "services:\n  a: {}\n", "no longer be YAML"),
    ("half a character", set_("x", "\ud800"), "services:\n  a:\n    image: x\n", "no longer be YAML"),
    (
        "a number too large for Docker",
        set_("x", 2**64),
        "services:\n  a:\n    image: x\n",
        "something else: services.a.x",
    ),
    ("a tag without a text", set_("x", Tagged("!reset", None)), "services:\n  a:\n    image: x\n", "something else"),
]
