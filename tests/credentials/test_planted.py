"""Recall and precision on a planted set: credentials in every place and form, and as many look-alikes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from composeharden import Finding, Options, harden
from composeharden.cli import cli
from composeharden.report.formats import FORMATS
from tests.corpus.credential_sample import RULES

_TABLE = tomllib.loads((Path(__file__).parent / "planted.toml").read_text("utf-8"))["place"]
LOOKALIKES_AT_LEAST = 100
PLANTED = 100


class Case(NamedTuple):
    """One setting in its stack."""

    setting: str
    files: dict[str, bytes]


def cases(kind: str) -> Iterator[Case]:
    for place in _TABLE:
        for setting in place[kind]:
            if "beside" in place:
                yield Case(setting, {"compose.yaml": place["stack"].encode(), place["beside"]: f"{setting}\n".encode()})
            else:
                yield Case(setting, {"compose.yaml": place["stack"].replace("SETTING", setting).encode()})


def found(case: Case) -> list[Finding]:
    """What is said of the stack by the passes that look for credentials."""

    def read(path: str) -> bytes:
        if path not in case.files:
            raise FileNotFoundError(path)
        return case.files[path]

    outcome = harden("compose.yaml", read, Options(only=RULES))
    assert not outcome.problems, outcome.problems
    return list(outcome.findings)


def names(kind: str) -> list[str]:
    return [f"{place['name']} {number}" for place in _TABLE for number, _ in enumerate(place[kind], 1)]


@pytest.mark.parametrize("case", list(cases("planted")), ids=names("planted"))
def test_is_found(case: Case) -> None:
    reported = found(case)
    assert reported
    for one in reported:
        said = f"{one.message} {one.advice} {one.why} {one.reason}"
        assert "plant" not in said.replace("plain", "")
        assert 1 <= one.location.line <= len(case.files[one.location.file].splitlines())


@pytest.mark.parametrize("case", list(cases("lookalikes")), ids=names("lookalikes"))
def test_is_not_found(case: Case) -> None:
    assert [one.message for one in found(case)] == []


VALUE = re.compile(r"plant(?:e[dr])?[ _-]?\d\d(?:\d(?!\d))?", re.IGNORECASE)


def test_no_report_repeats_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every planted stack through every format of a report, and through the text of each command."""
    monkeypatch.chdir(tmp_path)
    planted = [case for case in cases("planted") if VALUE.search(case.setting)]
    paths = []
    for number, case in enumerate(planted):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in case.files.items():
            (folder / name).write_bytes(data)
        paths.append(f"{number}/compose.yaml")
    reports = [part for one in FORMATS for part in ("--report", f"{one}=report.{one}")]
    run = CliRunner()
    printed = [run.invoke(cli, ["check", "-v", *reports, *paths])]
    printed += [run.invoke(cli, [command, "-v", "--assume", *paths]) for command in ("diff", "check")]
    texts = [one.output for one in printed] + [(tmp_path / f"report.{one}").read_text("utf-8") for one in FORMATS]
    assert all(len(text) > 5_000 for text in texts)
    assert "holds a password or key in plain text" in texts[0]
    assert [match.group() for text in texts for match in VALUE.finditer(text)] == []
    print(f"\n{len(planted)} secrets, {sum(len(text.encode()) for text in texts):,} bytes searched")


def test_there_are_enough() -> None:
    planted, lookalikes = names("planted"), names("lookalikes")
    assert len(planted) == PLANTED
    assert len(lookalikes) >= LOOKALIKES_AT_LEAST
