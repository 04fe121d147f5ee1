"""What sort of file a document is."""

from __future__ import annotations

import pytest

from composeharden.compose.kinds import Kind, classify
from composeharden.yaml.source import load

CASES = [
    ("services: {web: {image: a}, db: {build: .}}", Kind.STACK),
    ("services: {web: {extends: {file: a.yaml, service: b}}, c: {provider: {type: d}}}", Kind.STACK),
    ("x-base: &base {image: a}\nservices: {web: {<<: *base}, b: *base}", Kind.STACK),
    ("include: [a.yaml]", Kind.STACK),
    ("include: [a.yaml]\nservices: {}", Kind.STACK),
    ("version: '3'\nservices: {web: {image: !override a}}", Kind.STACK),
    ("services: {web: {environment: {A: b}}}", Kind.FRAGMENT),
    ("services: {web: {image: a}, db: {}}", Kind.FRAGMENT),
    ("services: {web: {image: a}, db: }", Kind.FRAGMENT),
    ("services: {web: {image: !reset a}}", Kind.FRAGMENT),
    ("services: {}", Kind.FRAGMENT),
    ("services:", Kind.FRAGMENT),
    ("volumes: {data: }", Kind.FRAGMENT),
    ("x-base: {image: a}", Kind.FRAGMENT),
    ("web: {image: a}\ndb: {build: ., links: [web]}", Kind.LEGACY),
    ("web: {image: a}\nhelper: {volumes: [a]}", Kind.LEGACY),
    ("web: {extends: {file: a.yml, service: b}}", Kind.LEGACY),
    ("- a", Kind.OTHER),
    ("text", Kind.OTHER),
    ("5", Kind.OTHER),
    ("apiVersion: v1\nkind: Pod\nspec: {image: a}", Kind.OTHER),
    ("web: {image: a}\nname: b", Kind.OTHER),
    ("services: {web: {<<: 5}}", Kind.OTHER),
    ("name: alone", Kind.EMPTY),
    ("version: '3'", Kind.EMPTY),
    ("{}", Kind.EMPTY),
    ("---\n", Kind.EMPTY),
]


@pytest.mark.parametrize(("text", "kind"), CASES)
def test_the_kind_of_a_document(text: str, kind: Kind) -> None:
    assert [classify(root) for root in load(text.encode()).documents] == [kind]


def test_kinds_have_names() -> None:
    assert [str(kind) for kind in Kind] == ["stack", "fragment", "legacy v1", "not compose", "empty"]
