"""`fix --check` writes nothing; and whatever is asked for, fix never touches who can reach a service or its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from composeharden import Confidence, Effect, Options, Status, decide, harden
from composeharden.passes import Pass, Proposal, all_passes
from composeharden.posture import Posture
from composeharden.yaml.change import Set
from tests.cli.program import CLEAN, LEGACY, ROOT, run, write


@pytest.mark.parametrize(("text", "code"), [(CLEAN, 0), (LEGACY, 1), ("a: [", 2)])
def test_check_tells_whether_fix_would_change_something(tmp_path: Path, text: str, code: int) -> None:
    write(tmp_path, {"compose.yaml": text})
    done = run(tmp_path, "fix", "--check")
    assert done.returncode == code
    assert [path.name for path in tmp_path.iterdir()] == ["compose.yaml"]
    assert (tmp_path / "compose.yaml").read_text() == text
    assert "is written" not in done.stderr
    assert done.stdout == ""


def test_after_fix_there_is_nothing_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    assert run(tmp_path, "fix").returncode == 0
    text = (tmp_path / "compose.yaml").read_text()
    assert run(tmp_path, "fix", "--check").returncode == 0
    assert run(tmp_path, "fix").returncode == 0
    assert (tmp_path / "compose.yaml").read_text() == text


def test_check_of_standard_input_prints_no_file(tmp_path: Path) -> None:
    done = run(tmp_path, "fix", "--check", "-", stdin=LEGACY)
    assert (done.returncode, done.stdout) == (1, "")


def test_check_and_an_output_file_exclude_each_other(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY})
    assert run(tmp_path, "fix", "--check", "-o", "out.yaml").returncode == 2


@pytest.mark.parametrize(("effect", "made"), [(Effect.BEHAVIOUR, True), (Effect.ACCESS, False), (Effect.DATA, False)])
@pytest.mark.parametrize("confidence", [Confidence.PROVEN, Confidence.ASSUMED])
def test_changes_of_access_or_data_are_listed_and_never_made(
    effect: Effect, made: bool, confidence: Confidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a pass made for it, whatever the options and however sure it is."""
    name = "no-new-privileges"  # the name that is held back least

    def check(posture: Posture) -> Iterator[Proposal]:
        if "user" not in posture.service:
            change = Set((0, "services", posture.service.name, "user"), "1000:1000")
            yield Proposal(message="x", changes=(change,), effect=effect, confidence=confidence)

    only: dict[str, Pass] = {name: replace(all_passes()[name], for_service=check, for_project=None)}
    monkeypatch.setattr(decide, "all_passes", lambda: only)
    outcome = harden("compose.yaml", _only(CLEAN), Options(assume=True))
    assert bool(outcome.patches) is made
    (finding,) = outcome.findings
    if effect is Effect.DATA:  # --migrate makes it: until then it is told what to do
        assert (finding.status, finding.changes) == (Status.REPORT, ())
        return
    assert finding.status is (Status.FIX if made else Status.HELD)
    assert made or ("it changes" in finding.reason and not finding.unlock)


@pytest.mark.parametrize("assume", [False, True])
def test_no_fix_of_a_bundled_stack_is_one_of_access_or_data(assume: bool) -> None:
    stacks = sorted((ROOT / "fixtures").glob("*/compose.yaml"))
    assert stacks
    for stack in stacks:
        outcome = harden("compose.yaml", _only(stack.read_text("utf-8")), Options(assume=assume))
        assert all(finding.effect < Effect.ACCESS for finding in outcome.with_status(Status.FIX)), stack


def _only(text: str) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        if path != "compose.yaml":
            raise FileNotFoundError(2, "No such file or directory", path)
        return text.encode()

    return read
