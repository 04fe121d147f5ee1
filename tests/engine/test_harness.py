"""The parts of the test bed that could be wrong without any stack noticing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .commands import EngineError, attempt, run
from .processes import CAPABILITIES, parse_processes, worker_uids
from .stand_ins import ForeignImageError, content_hash, is_current

FOREIGN = "composeharden-test-foreign:latest"


def status(pid: int, parent: int, uid: int, mask: str = "0000000000000000", state: str = "S (sleeping)") -> str:
    """A block of READ_ALL's output."""
    return (
        f"== /proc/{pid}/status\nName:\tserver\nState:\t{state}\nPid:\t{pid}\nPPid:\t{parent}\n"
        f"Uid:\t0\t{uid}\t{uid}\t{uid}\nGid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
        f"CapEff:\t{mask}\nCapBnd:\t{mask}\nNoNewPrivs:\t1\n"
    )


def test_only_the_tree_below_process_1_is_the_service() -> None:
    health_check = status(40, 0, 0) + status(41, 40, 0)
    text = status(1, 0, 0) + status(7, 1, 101) + status(8, 7, 101) + health_check + status(9, 1, 0, state="Z (zombie)")
    processes = parse_processes(text)
    assert [process.pid for process in processes] == [1, 7, 8]
    assert worker_uids(processes) == {101}
    assert worker_uids(processes[:1]) == {0}


def test_a_process_that_ended_while_being_read_is_left_out() -> None:
    assert [process.pid for process in parse_processes(status(1, 0, 0) + "== /proc/12/status\n")] == [1]


def test_capability_masks_are_read_by_the_kernels_numbers() -> None:
    (process,) = parse_processes(status(1, 0, 0, mask="00000000a80425fb"))
    default = (
        "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP "
        "SETUID SYS_CHROOT"
    )
    assert process.bounding == set(default.split())
    assert len(CAPABILITIES) == len(set(CAPABILITIES)) == 41


def test_the_content_hash_sees_bytes_names_and_modes(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM base\n")
    seen = {content_hash([file], tmp_path), content_hash([file], tmp_path, salt="other base")}
    file.chmod(0o755)
    seen.add(content_hash([file], tmp_path))
    file.write_text("FROM other\n")
    seen.add(content_hash([file], tmp_path))
    seen.add(content_hash([file.rename(tmp_path / "Other")], tmp_path))
    assert len(seen) == 5


def test_errors_carry_what_the_command_said() -> None:
    with pytest.raises(EngineError, match=r"(?s)exit 3 .*told on stderr"):
        run(["sh", "-c", "echo told on stderr >&2; exit 3"], timeout=10)
    with pytest.raises(EngineError, match=r"(?s)not done within 1 s.*said before"):
        run(["sh", "-c", "echo said before; exec sleep 20"], timeout=1)


@pytest.fixture
def foreign_image(engine: None, tmp_path: Path) -> Iterator[str]:
    """An image that somebody else made, as far as its labels tell."""
    archive = tmp_path / "empty.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("file"), io.BytesIO())
    run(["docker", "import", str(archive), FOREIGN], timeout=60)
    yield FOREIGN
    attempt(["docker", "image", "rm", FOREIGN], timeout=60)


def test_a_tag_of_somebody_elses_is_never_taken(foreign_image: str) -> None:
    with pytest.raises(ForeignImageError, match=foreign_image):
        is_current(foreign_image, "any")
