"""A run that writes several files is all there or not at all, whenever it is killed and wherever the disk is full."""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from composeharden.cli.files import WriteError
from composeharden.cli.transaction import JOURNAL, Target, recover, write_together
from tests.cli import interrupted as runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runs.prepare(tmp_path / "stack")
    return tmp_path / "stack"


def again(folder: Path) -> None:
    shutil.rmtree(folder)
    runs.prepare(folder)


def steps(folder: Path, work: object = runs.write) -> int:
    """How many steps a run takes that nothing stops."""
    code, count = runs.in_child(folder, 0, runs.die, work)  # type: ignore[arg-type]
    assert code == 0
    return count


def test_nothing_is_left_to_do_where_nothing_was_interrupted(folder: Path) -> None:
    assert runs.recovered(folder) == ""
    assert runs.is_whole(folder) == "before"


def test_all_is_written(folder: Path) -> None:
    runs.write(folder)
    assert runs.is_whole(folder) == "after"
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert (folder / "secrets/one").stat().st_mode & 0o777 == 0o644
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_killed_before_each_step(folder: Path) -> None:
    """Before the journal is committed everything is taken back, behind that everything is completed."""
    count = steps(folder)
    assert 40 < count < 255
    ends = []
    for at in range(1, count + 1):
        again(folder)
        code, _ = runs.in_child(folder, at, runs.die, runs.write)
        assert code == -signal.SIGKILL
        runs.recovered(folder)
        ends.append(runs.is_whole(folder))
        assert runs.recovered(folder) == ""
    assert set(ends) == {"before", "after"}, ends
    assert ends == sorted(ends, reverse=True)  # b > a: once committed, no later kill loses it


def test_killed_again_while_it_is_recovered(folder: Path) -> None:
    count = steps(folder)
    for at in range(3, count, 13):
        for second in itertools.count(1):
            again(folder)
            runs.in_child(folder, at, runs.die, runs.write)
            code, _ = runs.in_child(folder, second, runs.die, runs.recovered)
            runs.recovered(folder)
            assert runs.is_whole(folder)
            if code == 0:
                break


def test_killed_at_any_moment(folder: Path) -> None:
    """A real process, ended from outside."""
    chance = random.Random(20)
    ends = set()
    for _ in range(60):
        again(folder)
        child = os.fork()
        if child == 0:
            try:
                runs.write(folder)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        runs.recovered(folder)
        ends.add(runs.is_whole(folder))
    assert "" not in ends


def test_refused_by_the_system_at_each_step(folder: Path) -> None:
    """Nothing is left behind, and no next run is needed; once committed, going back is as good as being done."""
    count = steps(folder)
    refused = 0
    for at in range(1, count + 1):
        again(folder)
        code, _ = runs.in_child(folder, at, runs.no_space, runs.write)
        if (folder / JOURNAL).exists():
            runs.recovered(folder)
        assert runs.is_whole(folder), at
        refused += code != 0 and runs.is_whole(folder) == "before"
    assert refused > count // 2


@pytest.mark.parametrize("limit", [0, 1, 5, 10, 20, 30, 200, 400, 700, 1000])
def test_files_may_only_have_so_many_bytes(folder: Path, limit: int) -> None:
    def limited(folder: Path) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        runs.write(folder)

    code, _ = runs.in_child(folder, 0, runs.die, limited)
    runs.recovered(folder)
    assert runs.is_whole(folder) == ("after" if code == 0 else "before")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(disk)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a file system of a given size takes root and the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """With less and less room, down to none."""
    folder, ends = small_disk / "stack", []
    for pages in range(29):
        if folder.exists():
            shutil.rmtree(folder)
        runs.prepare(folder)
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * 4096 * pages)
        code, _ = runs.in_child(folder, 0, runs.die, runs.write)
        ends.append((code, runs.is_whole(folder)))
        assert not (folder / JOURNAL).exists()
    assert set(ends) == {(0, "after"), (1, "before")}, ends


def test_somebody_changed_a_file_in_between(folder: Path) -> None:
    """A run that was committed is not completed over somebody's work, nor forgotten."""
    for at in range(1, steps(folder)):
        again(folder)
        runs.in_child(folder, at, runs.die, runs.write)
        committed = (folder / JOURNAL).exists() and b"committed" in (folder / JOURNAL).read_bytes()
        if committed and (folder / "more.yaml").read_bytes() == runs.BEFORE["more.yaml"]:
            (folder / "more.yaml").unlink()
            (folder / "more.yaml").write_bytes(b"mine\n")
            with pytest.raises(WriteError, match="has changed since"):
                runs.recovered(folder)
            assert (folder / "more.yaml").read_bytes() == b"mine\n"
            return
    pytest.fail("no kill left a run committed with its last file to come")


def test_a_journal_that_came_with_a_repository(folder: Path) -> None:
    """It could have any file written: only one that was made in this place is believed."""
    target, prepared = folder.parent / "profile", folder.parent / ".composeharden-1.new"
    prepared.write_text("evil")
    files = [["../profile", "../.composeharden-1.new", ""]]
    for inode in (0, 1, True, "x"):
        data = {"version": 1, "inode": inode, "files": files, "folders": []}
        (folder / JOURNAL).write_text(json.dumps(data) + "\ncommitted\n")
        with pytest.raises(WriteError, match="not left here by an interrupted run"):
            recover(str(folder))
    assert not target.exists()
    assert prepared.exists()


@pytest.mark.parametrize("text", ["x\ncommitted\n", "[]\n", '{"version": 1}\n', "\n\n", "\0\n"])
def test_a_journal_that_says_nothing(folder: Path, text: str) -> None:
    (folder / JOURNAL).write_text(text)
    with pytest.raises(WriteError, match="not left here"):
        recover(str(folder))


def test_a_journal_that_is_a_link_or_a_pipe(folder: Path) -> None:
    (folder / JOURNAL).symlink_to(folder / "compose.yaml")
    with pytest.raises(WriteError):
        recover(str(folder))
    (folder / JOURNAL).unlink()
    os.mkfifo(folder / JOURNAL)
    with pytest.raises(WriteError):
        recover(str(folder))


def test_two_runs_at_a_time(tmp_path: Path) -> None:
    """The second waits for the first, and does not take it for one that was interrupted."""
    children = []
    for number in range(6):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                files = [Target(str(tmp_path / f"{number}-{one}"), b"x", True, 0o644) for one in range(5)]
                write_together(str(tmp_path), files)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    assert len(list(tmp_path.iterdir())) == 30


def test_a_new_file_takes_no_name_of_somebody_else(folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "secrets/two").write_bytes(b"mine")
    with pytest.raises(WriteError, match="secrets/two is there by now"):
        runs.write(folder)
    (folder / "secrets/two").unlink()
    (folder / "secrets").rmdir()
    assert runs.is_whole(folder) == "before"
