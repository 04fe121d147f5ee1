"""The pages of images: those in docs/images are current, and hold every fact with its evidence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from composeharden.cli.example import Example, example
from composeharden.images.catalog import BUILT_IN
from composeharden.images.judge import tables
from composeharden.report import image_page
from tests import image_pages

PAGES = image_pages.pages()


def text_of(image: str) -> str:
    facts = BUILT_IN.lookup(image)
    assert facts is not None
    return image_page.as_text(image_page.page(image, facts, example(image, facts, BUILT_IN)))


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_documentation_is_current() -> None:
    """`make docs` writes it."""
    there = {path.name: path.read_text("utf-8") for path in image_pages.FOLDER.glob("*.md")}
    assert sorted(there) == sorted(PAGES)
    assert [name for name, text in PAGES.items() if there[name] != text] == []


@pytest.mark.parametrize("name", sorted(set(PAGES) - {"README.md"}))
def test_every_link_within_a_page_leads_somewhere(name: str) -> None:
    targets = re.findall(r'<a id="(.+?)">', PAGES[name])
    assert set(re.findall(r"\]\(#(.+?)\)", PAGES[name])) <= set(targets)
    assert len(targets) == len(set(targets))


def test_nothing_is_left_out() -> None:
    """Every text that a fact holds for people is on its page, in both forms."""
    for entry in BUILT_IN.entries():
        one = image_page.family_page(entry.document, Example("services: {}\n", ()))
        shown = words(image_page.as_text(one))
        for path, table in tables(entry.document):
            for key in ("purpose", "what", "size_reason", "note", "path", "variable"):
                assert words(str(table.get(key, ""))) in shown, (entry.family, path, key)
        for item in entry.document["evidence"].values():
            assert words(item["shows"]) in shown
            assert words(item["shows"])[:20].split("_")[0].split("*")[0].split("<")[0] in PAGES[f"{entry.family}.md"]


def test_a_page_is_narrowed_to_the_tag() -> None:
    assert "serves as 999:999" in text_of("postgres:16")
    assert "serves as 70:70" in text_of("postgres:16-alpine")
    assert "/var/lib/postgresql/data: databases" in text_of("postgres:17")
    assert "data:/var/lib/postgresql\n" in text_of("postgres:18")


def test_every_kind_of_fact_is_in_words() -> None:
    shown = words(text_of("postgres:16"))
    for part in (
        "starts as root and serves as 999:999, stepping down with gosu [dockerfile, entrypoint, postgis, pgvector]",
        "CHOWN: the entry point gives data, log and socket directories to postgres",
        "with a `user:` that is not root: none",
        "/var/run/postgresql: Unix socket and its lock file (tmpfs, size=16m); one socket and one lock file",
        "POSTGRES_PASSWORD: `POSTGRES_PASSWORD_FILE` takes a path instead",
        "5432/tcp: client connections; leave it inside the stack",
        "where the environment sets `POSTGRES_INITDB_WALDIR`: The write-ahead log",
        "[entrypoint] source, read 2026-11-23: docker-library/postgres@52dbe03:19/bookworm/docker-entrypoint.sh",
        "- /tmp:size=64m",
    ):
        assert part in shown


def test_what_is_held_back_is_said_with_its_reason() -> None:
    assert re.search(r"read-only is held( \(--assume\))?: ", text_of("couchdb:3"))


def test_a_page_needs_no_unicode_and_does_as_it_is_told_by_no_one() -> None:
    document: dict[str, Any] = {
        "family": "odd",
        "title": "Odd é \x1b[31m<script>",
        "repositories": ["example/odd"],
        "evidence": {
            "e": {"kind": "documentation", "url": "https://example.org", "read": "2026-01-31", "shows": "a | *b*"}
        },
        "read_only": {"works": False, "reason": "\x07", "evidence": ["e"]},
    }
    one = image_page.family_page(document, Example("services: {}\n", ()))
    shown = image_page.as_text(one, symbols=False)
    assert shown.isascii()
    assert "\x1b" not in shown + image_page.as_text(one)
    assert "\x07" not in shown
    assert "a \\| \\*b\\*" in image_page.as_markdown(one)
