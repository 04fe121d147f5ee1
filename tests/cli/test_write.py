"""Files on a real file system: written whole with all their attributes, or not touched."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from composeharden.cli.write import WriteError, replace_file, write_new

BEFORE, AFTER = b"services: {}\n", b"services: {a: {image: b}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_bytes(BEFORE)
    return path


def test_the_mode_and_the_owner_stay(file: Path) -> None:
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 2345)
    replace_file(str(file), BEFORE, AFTER)
    info = file.stat()
    assert file.read_bytes() == AFTER
    assert stat.S_IMODE(info.st_mode) == 0o640
    if os.geteuid() == 0:
        assert (info.st_uid, info.st_gid) == (1234, 2345)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no extended attributes")
def test_extended_attributes_stay(file: Path) -> None:
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    replace_file(str(file), BEFORE, AFTER)
    assert os.getxattr(file, "user.note") == b"kept"


def test_a_file_that_is_not_in_git_is_kept_beside_it(file: Path) -> None:
    written = replace_file(str(file), BEFORE, AFTER)
    assert (file.parent / "compose.yaml.orig").read_bytes() == BEFORE
    subprocess.run(written.undo, shell=True, check=True, cwd=file.parent)
    assert file.read_bytes() == BEFORE


def test_an_older_copy_is_never_overwritten(file: Path) -> None:
    older = file.parent / "compose.yaml.orig"
    older.write_bytes(b"older")
    replace_file(str(file), BEFORE, AFTER)
    assert older.read_bytes() == b"older"
    assert (file.parent / "compose.yaml.orig.2").read_bytes() == BEFORE


def test_a_committed_file_needs_no_copy(file: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "compose.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=file.parent, check=True)
    written = replace_file(str(file), BEFORE, AFTER)
    assert not (file.parent / "compose.yaml.orig").exists()
    assert written.undo.startswith("git ")
    subprocess.run(written.undo, shell=True, check=True, cwd=file.parent)
    assert file.read_bytes() == BEFORE


def test_a_staged_file_needs_no_copy_and_comes_back_from_the_index(file: Path) -> None:
    file.write_bytes(b"first\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "compose.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=file.parent, check=True)
    file.write_bytes(BEFORE)
    subprocess.run([*git, "add", "compose.yaml"], cwd=file.parent, check=True)
    written = replace_file(str(file), BEFORE, AFTER)
    assert not (file.parent / "compose.yaml.orig").exists()
    subprocess.run(written.undo, shell=True, check=True, cwd=file.parent)
    assert file.read_bytes() == BEFORE


def test_what_only_the_index_of_a_running_commit_holds_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(b"first\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "compose.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=file.parent, check=True)
    file.write_bytes(BEFORE)
    monkeypatch.setenv("GIT_INDEX_FILE", str(file.parent / ".git" / "next-index"))
    subprocess.run([*git, "add", "compose.yaml"], cwd=file.parent, check=True)
    replace_file(str(file), BEFORE, AFTER)
    assert (file.parent / "compose.yaml.orig").read_bytes() == BEFORE


def test_a_changed_file_in_git_is_kept(file: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    file.write_bytes(b"first\n")
    for command in (["init", "-q"], ["add", "compose.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=file.parent, check=True)
    file.write_bytes(BEFORE)
    replace_file(str(file), BEFORE, AFTER)
    assert (file.parent / "compose.yaml.orig").read_bytes() == BEFORE


def test_a_file_that_changed_meanwhile_is_left_alone(file: Path) -> None:
    file.write_bytes(b"someone else's\n")
    with pytest.raises(WriteError, match="meanwhile"):
        replace_file(str(file), BEFORE, AFTER)
    assert file.read_bytes() == b"someone else's\n"


def test_a_read_only_file_is_left_alone(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(WriteError, match="read-only"):
        replace_file(str(file), BEFORE, AFTER)
    assert file.read_bytes() == BEFORE


def test_a_link_inside_the_folder_is_written_through(file: Path) -> None:
    link = file.parent / "link.yaml"
    link.symlink_to("compose.yaml")
    replace_file(str(link), BEFORE, AFTER)
    assert link.is_symlink()
    assert file.read_bytes() == AFTER


def test_a_link_that_leads_out_is_refused(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    link = folder / "compose.yaml"
    link.symlink_to(file)
    with pytest.raises(WriteError, match="leads out"):
        replace_file(str(link), BEFORE, AFTER)
    assert file.read_bytes() == BEFORE


def test_a_full_disk_loses_nothing(file: Path) -> None:
    """A file-size limit makes the kernel refuse the write half-way, as a full disk does."""
    script = (
        "import resource, signal, sys\n"
        "from composeharden.cli.write import WriteError, replace_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        f"    replace_file({str(file)!r}, {BEFORE!r}, b'x' * 100_000)\n"
        "except WriteError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "cannot be written" in done.stderr
    assert file.read_bytes() == BEFORE
    assert {path.name for path in file.parent.iterdir()} <= {"compose.yaml", "compose.yaml.orig"}


def test_a_killed_write_leaves_the_old_file_or_the_new_one(file: Path) -> None:
    big = b"x" * 5_000_000
    script = (
        f"from composeharden.cli.write import replace_file\nreplace_file({str(file)!r}, {BEFORE!r}, b'x' * 5_000_000)\n"
    )
    for delay in (0.02, 0.04, 0.06, 0.08, 0.1):
        file.write_bytes(BEFORE)
        process = subprocess.Popen([sys.executable, "-c", script])
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert file.read_bytes() in (BEFORE, big)


def test_a_new_file_gets_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    write_new(str(tmp_path / "a.patch"), b"secret", 0o600)
    assert stat.S_IMODE((tmp_path / "a.patch").stat().st_mode) == 0o600
