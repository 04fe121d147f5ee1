"""The evidence that is written is that of what ran, and nothing else in a facts file moves. Needs no engine."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from composeharden.images.catalog import lookup
from composeharden.images.facts import Facts
from composeharden.images.judge import judge
from composeharden.images.reference import parse
from composeharden.outcome import Confidence

from .cases import FULL, all_cases
from .claims import Place, shown_facts
from .evidence import FACTS, Result, family_of, table, written
from .fact_text import FactTextError, with_runs, without_runs
from .trial import Shown

FILES = sorted(FACTS.glob("*.toml"))
DAY, ENGINE = "2026-01-31", "20.10.24"
ROOT = Shown(
    case="redis-root",
    image="redis:7",
    start="root",
    worker_uid=999,
    capabilities=frozenset(("CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID")),
    settings=FULL,
    tmpfs=frozenset(),
    probe=("CMD-SHELL", "redis-cli -h 127.0.0.1 ping | grep -q -E 'PONG|NOAUTH'"),
    stop_code=0,
    foreign=False,
)
USER = replace(ROOT, case="redis-user", start="user", capabilities=frozenset())
HAPROXY = replace(
    ROOT,
    case="haproxy-plain",
    image="haproxy:2.6",
    start="user",
    capabilities=frozenset(),
    tmpfs=frozenset(("/tmp", "/var/lib/haproxy")),
    probe=(),
)


def text_of(family: str) -> str:
    """A facts file as it would be had nothing ever run."""
    return without_runs((FACTS / f"{family}.toml").read_text("utf-8"))


def document_of(family: str) -> dict[str, Any]:
    return tomllib.loads(text_of(family))


def result(shown: Shown | None) -> Result:
    return Result(all_cases()[0], shown, "" if shown else "first start")


def facts(text: str, image: str) -> Facts:
    return Facts(tomllib.loads(text), parse(image))


class TestWhatIsShown:
    """Place by place."""

    def test_nothing_without_hardening(self) -> None:
        bare = replace(ROOT, settings=frozenset(), probe=())
        assert shown_facts(document_of("redis"), bare) == []

    def test_the_tables_of_the_tag_that_ran(self) -> None:
        """Redis before 8 has capabilities of its own; a read-only root is the same for all."""
        assert set(shown_facts(document_of("redis"), ROOT)) == {
            ("variant", 0, "capabilities"),
            ("variant", 0, "no_new_privileges"),
            ("read_only",),
            ("healthcheck", 0),
        }

    @pytest.mark.parametrize(
        ("change", "gone"),
        [
            ({"settings": FULL - {"cap_drop"}}, ("variant", 0, "capabilities")),
            ({"settings": FULL - {"read_only"}}, ("read_only",)),
            ({"settings": FULL - {"no_new_privileges"}}, ("variant", 0, "no_new_privileges")),
            ({"probe": ()}, ("healthcheck", 0)),
            ({"probe": ("CMD", "redis-cli", "ping")}, ("healthcheck", 0)),
            # A run with more says nothing of these, and one with fewer is another set as well.
            ({"capabilities": ROOT.capabilities | {"FOWNER"}}, ("variant", 0, "capabilities")),
            ({"capabilities": ROOT.capabilities - {"CHOWN"}}, ("variant", 0, "capabilities")),
            ({"start": "user"}, ("variant", 0, "capabilities")),
        ],
    )
    def test_what_did_not_run_is_not_shown(self, change: dict[str, Any], gone: tuple[Any, ...]) -> None:
        document = document_of("redis")
        assert set(shown_facts(document, ROOT)) - set(shown_facts(document, replace(ROOT, **change))) == {gone}

    def test_a_user_counts_where_the_file_had_to_name_it(self) -> None:
        document = document_of("redis")
        assert set(shown_facts(document, USER)) - set(shown_facts(document, ROOT)) == {("variant", 0, "user")}
        document["variant"][0]["start"]["user"] = "999:999"
        assert ("variant", 0, "user") not in shown_facts(document, USER)

    def test_a_path_counts_where_it_was_mounted(self) -> None:
        document = document_of("haproxy")
        assert {("writable", 0), ("writable", 1)} <= set(shown_facts(document, HAPROXY))
        one = shown_facts(document, replace(HAPROXY, tmpfs=frozenset(("/tmp",))))
        assert [place for place in one if place[0] == "writable"] == [("writable", 1)]

    def test_a_runtime_is_not_shown_by_a_program_of_ours(self) -> None:
        assert shown_facts(document_of("php"), replace(ROOT, image="php:8.2-apache")) == []

    def test_what_does_not_work_is_not_shown(self) -> None:
        document = document_of("redis")
        document["read_only"]["works"] = False
        assert ("read_only",) not in shown_facts(document, ROOT)


class TestText:
    """Only the evidence changes."""

    @pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
    def test_a_file_survives(self, file: Path) -> None:
        """Evidence for every fact that there is goes in and comes out again, and the rest is the same to the byte."""
        bare = without_runs(file.read_text("utf-8"))
        document = tomllib.loads(bare)
        places: list[Place] = [(key,) for key in ("capabilities", "read_only", "no_new_privileges") if key in document]
        places += [(key, number) for key in ("writable", "healthcheck") for number in range(len(document.get(key, ())))]
        for number, variant in enumerate(document.get("variant", ())):
            places += [("variant", number, key) for key in variant if isinstance(variant[key], dict) and key != "when"]
        tables = {"root": {"kind": "stand-in", "shows": 'a "quoted" word, a \\ and a ü'}}
        full = with_runs(bare, tables, {"root": places})
        assert full.count('"stand-in-root"') == len(places)
        assert tomllib.loads(full)["evidence"]["stand-in-root"] == tables["root"]
        assert without_runs(full) == bare

    def test_comments_and_order_stay(self) -> None:
        text = written("redis", [result(ROOT), result(USER)], DAY, ENGINE, text_of("redis"))
        before, after = text_of("redis").splitlines(), text.splitlines()
        changed = {line for line in before if line not in after}
        assert all(line.startswith("evidence = ") for line in changed)
        assert [line for line in after if line.startswith("#")] == [line for line in before if line.startswith("#")]
        assert [line for line in after if line.startswith("[") and "stand-in" not in line] == [
            line for line in before if line.startswith("[")
        ]

    def test_a_second_run_of_the_day_changes_nothing(self) -> None:
        once = written("redis", [result(ROOT), result(USER)], DAY, ENGINE, text_of("redis"))
        assert written("redis", [result(ROOT), result(USER)], DAY, ENGINE, once) == once

    def test_a_later_run_replaces_the_earlier_one(self) -> None:
        once = written("redis", [result(ROOT), result(USER)], DAY, ENGINE, text_of("redis"))
        later = written("redis", [result(ROOT), result(USER)], "2026-02-01", ENGINE, once)
        assert later == once.replace(DAY, "2026-02-01")

    def test_a_case_that_fails_leaves_nothing_behind(self) -> None:
        once = written("redis", [result(ROOT)], DAY, ENGINE, text_of("redis"))
        assert once != text_of("redis")
        assert written("redis", [result(None)], DAY, ENGINE, once) == text_of("redis")

    def test_a_place_that_is_not_there_is_an_error(self) -> None:
        with pytest.raises(FactTextError, match="is not the evidence of"):
            with_runs(text_of("redis"), {}, {"root": [("writable", 7)]})

    @pytest.mark.parametrize("family", ["redis", "haproxy"])
    def test_the_outcome_is_fit_for_use(self, family: str) -> None:
        shown = HAPROXY if family == "haproxy" else ROOT
        text = written(family, [result(shown)], DAY, ENGINE, text_of(family))
        assert judge(tomllib.loads(text), family, f"{family}.toml", text) == []


class TestWhatItIsWorth:
    """A stand-in lifts the facts of the tags that it stands for, for the start that it had."""

    def test_the_tag_that_ran(self) -> None:
        found = facts(written("redis", [result(ROOT)], DAY, ENGINE, text_of("redis")), "redis:7")
        assert found.confidence(found.table("read_only")) is Confidence.STAND_IN
        assert found.confidence(found.table("capabilities"), as_root=True) is Confidence.STAND_IN
        assert found.confidence(found.table("start")) is Confidence.SOURCED

    def test_the_other_way_to_start(self) -> None:
        found = facts(written("redis", [result(ROOT)], DAY, ENGINE, text_of("redis")), "redis:7")
        assert found.confidence(found.table("capabilities"), as_root=False) is Confidence.SOURCED
        found = facts(written("redis", [result(USER)], DAY, ENGINE, text_of("redis")), "redis:7")
        assert found.confidence(found.table("capabilities"), as_root=False) is Confidence.STAND_IN
        assert found.confidence(found.table("capabilities"), as_root=True) is Confidence.SOURCED

    @pytest.mark.parametrize("image", ["redis:8", "redis", "redis:7-alpine"])
    def test_tags_with_other_facts(self, image: str) -> None:
        """Redis 8 steps down in another way, and Alpine's has other numbers: neither has run."""
        found = facts(written("redis", [result(ROOT), result(USER)], DAY, ENGINE, text_of("redis")), image)
        assert found.confidence(found.table("read_only")) is Confidence.SOURCED
        assert found.confidence(found.table("capabilities")) is Confidence.SOURCED
        assert not any("stand-in" in line for line in found.sources(found.table("read_only")))

    def test_an_image_that_is_built_on_it(self) -> None:
        found = facts(written("redis", [result(ROOT)], DAY, ENGINE, text_of("redis")), "redis:7")
        derived = found.of_derived()
        assert derived.confidence(derived.table("read_only")) is Confidence.SOURCED
        assert found.confidence(found.table("read_only")) is Confidence.STAND_IN

    def test_what_was_only_reported_is_applied_once_it_ran(self) -> None:
        bare, ran = (
            facts(text, "haproxy:3.4")
            for text in (text_of("haproxy"), written("haproxy", [result(HAPROXY)], DAY, ENGINE, text_of("haproxy")))
        )
        path = bare.rows("writable")[1]
        assert bare.confidence(path) is Confidence.ASSUMED
        assert ran.confidence(ran.rows("writable")[1], as_root=False) is Confidence.STAND_IN

    def test_a_runtime_stays_assumed(self) -> None:
        found = lookup("php:8.2-apache")
        assert found is not None
        assert found.confidence(found.table("capabilities")) is Confidence.ASSUMED


class TestCases:
    """What `make evidence` would run."""

    def test_every_case_is_of_a_known_family_and_has_a_name_of_its_own(self) -> None:
        cases = all_cases()
        assert len({case.id for case in cases}) == len(cases)
        assert all(family_of(case) for case in cases)

    def test_the_table_tells_what_failed(self) -> None:
        text = table([result(ROOT), result(None)]).splitlines()
        assert "| yes | yes | healthy | yes | 999 | 0 | yes |" in text[2]
        assert "no: first start" in text[3]

    def test_hand_written_evidence_has_other_names(self) -> None:
        """What bears this prefix is replaced by the next run."""
        for file in FILES:
            names = tomllib.loads(file.read_text("utf-8"))["evidence"]
            kinds = {item["kind"] for name, item in names.items() if name.startswith("stand-in-")}
            assert kinds <= {"stand-in"}
