"""Facts of one's own: they win over the bundled ones, and a file that cannot be used is told at its line."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from composeharden.decide import Options
from composeharden.images.catalog import BUILT_IN, Catalog, FactsError, Folder
from composeharden.images.folder import MAX_BYTES
from composeharden.outcome import Confidence, Problem, Status
from composeharden.pipeline import harden

GOOD = """\
family = "shop"
title = "The shop"
repositories = ["example/shop", "redis"]

[evidence.run]
kind = "engine"
command = "docker compose up"
engine = "Docker 28"
image = "example/shop:1"
read = "2026-01-31"
shows = "It ran."

[start]
user = "1000:1000"
evidence = ["run"]

[capabilities]
evidence = ["run"]

[capabilities.user]

[read_only]
works = true
evidence = ["run"]

[no_new_privileges]
works = true
evidence = ["run"]

[[writable]]
path = "/run/shop"
purpose = "socket"
evidence = ["run"]

[[caveat]]
when = { command = "--unsafe" }
holds = ["read-only"]
reason = "It writes elsewhere."
evidence = ["run"]
"""
SERVICE = b"services:\n  it:\n    image: example/shop:1\n"


def folder(path: str = "own", **texts: str) -> Folder:
    """A folder that exists only here."""
    files = {f"{path}/{name}.toml": text.encode() for name, text in texts.items()}
    files[f"{path}/"] = "\n".join([*(f"{name}.toml" for name in texts), "README.md", "._shop.toml"]).encode()

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name]

    return Folder(path, read)


def problems(**texts: str) -> tuple[Problem, ...]:
    """What is wrong with a folder of files."""
    with pytest.raises(FactsError) as caught:
        Catalog([folder(**texts)]).lookup("example/other")
    return caught.value.problems


def test_ones_own_facts_are_found() -> None:
    facts = Catalog([folder(shop=GOOD)]).lookup("example/shop:1")
    assert facts is not None
    assert facts.title == "The shop"
    assert facts.confidence(facts.table("start")) is Confidence.PROVEN


def test_ones_own_facts_win_and_the_others_stay() -> None:
    one = Catalog([folder(shop=GOOD)])
    found = {name: one.find(name) for name in ("redis", "postgres", "example/none", "")}
    assert found["redis"] is not None
    assert found["redis"].family == "shop"
    assert found["redis"].file == "own/shop.toml"
    assert found["postgres"] == BUILT_IN.find("postgres")
    assert found["example/none"] is found[""] is None


def test_the_first_folder_wins() -> None:
    other = GOOD.replace("The shop", "Another")
    facts = Catalog([folder("a", shop=other), folder("b", shop=GOOD)]).lookup("redis")
    assert facts is not None
    assert facts.title == "Another"


def test_all_families_are_listed_the_one_that_counts_first() -> None:
    own = GOOD.replace('"shop"', '"postgres"')
    entries = [entry for entry in Catalog([folder(postgres=own)]).entries() if entry.family == "postgres"]
    assert [entry.file for entry in entries] == ["own/postgres.toml", ""]


def test_they_harden() -> None:
    outcome = harden("compose.yaml", read_service, Options(catalog=Catalog([folder(shop=GOOD)])))
    fixed = {finding.rule: finding.confidence for finding in outcome.with_status(Status.FIX)}
    assert fixed == dict.fromkeys(("cap-drop", "no-new-privileges", "read-only"), Confidence.PROVEN)
    assert "/run/shop:uid=1000,gid=1000" in outcome.patches[0].after.text


def test_a_broken_file_is_a_problem_of_the_run_and_nothing_is_changed() -> None:
    outcome = harden("compose.yaml", read_service, Options(catalog=Catalog([folder(shop="a = ")])))
    assert [item.location.file for item in outcome.problems] == ["own/shop.toml"]
    assert outcome.patches == ()


def read_service(path: str) -> bytes:
    if path != "compose.yaml":
        raise FileNotFoundError(path)
    return SERVICE


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('title = "The shop"', "title = ", 2, "is no TOML"),
        ('title = "The shop"\n', "", 1, "lacks `title`"),
        ('family = "shop"', 'family = "store"', 1, "must be the file's name, `shop`"),
        ("[start]", "[startt]", 13, "`startt` is no key of image facts"),
        ('user = "1000:1000"', 'user = "me"', 14, "`start.user` does not match"),
        ('user = "1000:1000"', 'users = "me"', 14, "`start.users` is no key"),
        ('user = "1000:1000"\n', "", 13, "`start` lacks `user`"),
        ("works = true", 'works = "yes"', 23, "`read_only.works` must be true or false"),
        ('path = "/run/shop"', 'path = "run"', 31, "`writable[1].path` does not match"),
        ('path = "/run/shop"', 'path = "/run:exec"', 31, "`writable[1].path` does not match"),
        ('purpose = "socket"\nevidence = ["run"]', 'purpose = "socket"', 30, "`writable[1]` lacks `evidence`"),
        ('purpose = "socket"\nevidence = ["run"]', 'purpose = "socket"\nevidence = []', 33, "is too short"),
        ('purpose = "socket"\nevidence = ["run"]', 'purpose = "socket"\nevidence = ["ran"]', 33, "is not there: `ran`"),
        ('holds = ["read-only"]', 'holds = ["readonly"]', 37, "must be one of read-only"),
        ('command = "--unsafe"', 'command = "("', 36, "`caveat[1].when.command` is no regular expression"),
        ('kind = "engine"', 'kind = "source"', 5, "lacks `repository`, `path`"),
        ('kind = "engine"', 'kind = "dream"', 6, "must be one of engine"),
        ('read = "2026-01-31"', 'read = "January"', 10, "must be a day"),
        ('read = "2026-01-31"', "read = 2026-01-31", 10, "must be text"),
        ('repositories = ["example/shop", "redis"]', "repositories = []", 3, "is too short"),
        ('repositories = ["example/shop", "redis"]', 'repositories = ["redis", "redis"]', 3, "something twice"),
        ('title = "The shop"', 'title = "The shop"\nlatest = "new"', 3, "`latest` does not match"),
        ('title = "The shop"', f'title = "{"x" * MAX_BYTES}"', 1, "is larger than"),
        ('title = "The shop"', f"title = {'[' * 3000}", 1, "is n"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_with_its_place(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    first = problems(shop=GOOD.replace(old, new, 1))[0]
    assert message in first.message
    assert (first.location.file, first.location.line) == ("own/shop.toml", line)


def test_the_first_broken_thing_does_not_hide_the_others() -> None:
    found = problems(shop="x = 1", other="= 1")
    assert {item.location.file for item in found} == {"own/shop.toml", "own/other.toml"}


def test_values_are_not_repeated() -> None:
    text = GOOD.replace('user = "1000:1000"', 'user = "correct-horse"').replace("works = true", 'works = "staple"')
    assert not any(word in item.message for item in problems(shop=text) for word in ("correct", "staple"))


def test_two_files_cannot_speak_of_the_same_repository() -> None:
    found = problems(shop=GOOD, store=GOOD.replace('"shop"', '"store"'))
    assert "`example/shop` has facts in own/shop.toml too" in [item.message for item in found]


def test_a_folder_that_cannot_be_read() -> None:
    with pytest.raises(FactsError, match="cannot be read: No such file or directory"):
        Catalog([Folder("gone", folder()._read)]).lookup("redis")


def test_a_file_that_cannot_be_read_and_one_that_is_no_text(tmp_path: Path) -> None:
    def read(path: str) -> bytes:
        if path.endswith("/"):
            return b"gone.toml\nlatin.toml\n"
        if "gone" in path:
            raise PermissionError(13, "Permission denied")
        return b"title = '\xe9'"

    with pytest.raises(FactsError, match=r"gone\.toml:1: cannot be read: Permission denied; .*is not UTF-8"):
        list(Catalog([Folder("own", read)]).entries())


def test_the_error_survives_another_process() -> None:
    error = FactsError(problems(shop="="))
    again: Any = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems


def test_jsonschema_is_only_imported_for_facts_of_ones_own() -> None:
    script = (
        "import sys; from composeharden.images.catalog import lookup; from composeharden.cli import check; "
        "assert lookup('redis:7'); sys.exit('jsonschema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_several_missing_keys_are_told_once() -> None:
    assert [item.message for item in problems(shop='family = "shop"')] == ["lacks `title`, `repositories`, `evidence`"]
