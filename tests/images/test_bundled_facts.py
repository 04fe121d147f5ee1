"""The facts that are bundled: fit for the schema, grounded, and consistent with each other."""

from __future__ import annotations

import re
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from composeharden.images import catalog
from composeharden.images.bundled import Bundled
from composeharden.images.catalog import BUILT_IN
from composeharden.images.judge import expressions, judge, tables
from composeharden.posture.capabilities import DEFAULT_CAPABILITIES

FOLDER = Path(catalog.__file__).parent / "facts"
FAMILIES = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.fixture(scope="module")
def bundled() -> Bundled:
    return Bundled()


def rows(document: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """All rows of one kind of fact, those of variants too."""
    return (row for path, row in tables(document) if path[-2:-1] == (key,) or path[-1] == key)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_is_fit_for_use(family: str, bundled: Bundled) -> None:
    """The schema, evidence that is there, regular expressions that compile."""
    path = FOLDER / f"{family}.toml"
    assert judge(bundled.document(family), family, path.name, path.read_text("utf-8")) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_piece_of_evidence_is_evidence_of_something(family: str, bundled: Bundled) -> None:
    document = bundled.document(family)
    used = {name for _, table in tables(document) for name in table.get("evidence", ())}
    assert set(document["evidence"]) - used == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_capability_goes_beyond_what_docker_gives(family: str, bundled: Bundled) -> None:
    """A file capability aside: execve fails without it."""
    for table in rows(bundled.document(family), "capabilities"):
        for kind in ("root", "user"):
            assert set(table.get(kind, ())) - DEFAULT_CAPABILITIES - set(table.get("file", ())) == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_tmpfs_hides_data(family: str, bundled: Bundled) -> None:
    """Not the data itself nor a folder in it. One above is safe: Docker mounts the volume of the data into it, and
    where there is none read_only is held back. The facts of one tag count together: a variant replaces whole tables.
    """
    document = bundled.document(family)
    for one in (document, *({**document, **variant} for variant in document.get("variant", ()))):
        data = [row["path"].rstrip("/") for row in one.get("data", ())]
        for row in one.get("writable", ()):
            inside = [path for path in data if f"{row['path']}/".startswith(f"{path}/")]
            assert row.get("kind") == "volume" or inside == [], row["path"]


@pytest.mark.parametrize("family", FAMILIES)
def test_regular_expressions_answer_at_once(family: str, bundled: Bundled) -> None:
    """None of them is nested in a way that takes for ever on text made to be slow."""
    for path, expression in expressions(bundled.document(family)):
        for text in ("a" * 4000, "/" * 4000, "-p " * 1500, "0" * 4000, " " * 4000):
            start = time.process_time()
            re.search(expression, text)
            assert time.process_time() - start < 1, path


def test_a_repository_belongs_to_one_family() -> None:
    count = Counter(name for entry in BUILT_IN.entries() for name in entry.document["repositories"])
    assert [name for name, number in count.items() if number > 1] == []


def test_every_repository_finds_its_family() -> None:
    for entry in BUILT_IN.entries():
        for repository in entry.document["repositories"]:
            facts = BUILT_IN.lookup(f"{repository}:1")
            assert facts is not None
            assert facts.family == entry.family


def test_what_is_retired_is_a_repository_of_the_family() -> None:
    for entry in BUILT_IN.entries():
        assert set(entry.document.get("retired", ())) <= set(entry.document["repositories"])


class TestWhatIsRead:
    """Only the file that is asked for is parsed."""

    @pytest.fixture
    def parsed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The family of every file that is parsed."""
        seen: list[str] = []
        loads = tomllib.loads

        def counted(text: str) -> dict[str, Any]:
            document = loads(text)
            seen.append(document["family"])
            return document

        monkeypatch.setattr("composeharden.images.bundled.tomllib.loads", counted)
        return seen

    def test_a_repository_that_is_named_like_its_file(self, parsed: list[str]) -> None:
        assert Bundled().family_of("postgres") == "postgres"
        assert parsed == ["postgres"]

    def test_a_repository_of_another_name(self, parsed: list[str]) -> None:
        assert Bundled().family_of("pgvector/pgvector") == "postgres"
        assert parsed == ["postgres"]

    def test_a_repository_that_nothing_is_known_of(self, parsed: list[str]) -> None:
        assert Bundled().family_of("example/app") is None
        assert parsed == []

    def test_the_names_of_the_families(self, parsed: list[str]) -> None:
        assert list(Bundled().families()) == FAMILIES
        assert parsed == []

    def test_nothing_is_parsed_twice(self, parsed: list[str]) -> None:
        bundled = Bundled()
        for _ in range(3):
            assert bundled.family_of("redis") == "redis"
            assert bundled.document("redis")["family"] == "redis"
        assert parsed == ["redis"]


@pytest.mark.parametrize(
    "name", ["", ":", "@", "example:" + "1" * 5000, "postgres:" + "9" * 5000, "a" * 5000 + "/b:c@d"]
)
def test_strange_names_are_just_unknown_or_newest(name: str) -> None:
    facts = BUILT_IN.lookup(name)
    assert facts is None or facts.family == "postgres"
