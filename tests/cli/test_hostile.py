"""Files made to hurt, through the real program with little memory and time: a clear answer, and nothing touched."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = 2 << 30
SECONDS = 60
SERVICE = b"services:\n  a:\n    image: memcached:1.6\n"
ALIASES = b"".join(b"x%d: &x%d [%s]\n" % (n, n, b",".join([b"*x%d" % (n - 1)] * 9)) for n in range(1, 10))
MERGES = (
    b"x-b: &b\n"
    + b"".join(b"  k%d: v\n" % n for n in range(2000))
    + b"services:\n"
    + b"".join(b"  s%d: {<<: *b}\n" % n for n in range(2000))
)

HOSTILE = {
    "alias bomb": b"x0: &x0 [a,a,a,a,a,a,a,a,a]\n" + ALIASES + SERVICE,
    "merge bomb": MERGES,
    "deep flow": b"x: " + b"[" * 3000 + b"]" * 3000,
    "deep block": b"".join(b" " * n + b"a:\n" for n in range(3000)),
    "NUL": SERVICE + b"    command: a\0b\n",
    "Latin-1": SERVICE + "    command: é\n".encode("latin-1"),
    "UTF-16": "services: {}\n".encode("utf-16"),
    "empty": b"",
    "too large": b"#" * (11 << 20),
    "anchor in itself": b"x: &x [*x]\n" + SERVICE,
    "unknown alias": SERVICE + b"    labels: *nowhere\n",
    "duplicate": SERVICE + b"    image: b\n",
    "python object": b"x: !!python/object/apply:os.system [id]\n" + SERVICE,
    "interpolation": SERVICE + b"    command: " + b"${a:-" * 5000 + b"}" * 5000 + b"\n",
    "long key": b"services:\n  a:\n    image: b\n    " + b"k" * 1_000_000 + b": v\n",
    "long value": SERVICE + b"    command: " + b"v " * 1_000_000 + b"\n",
    "terminal": b'services:\n  "\\e]0;x\\a::error::y":\n    image: "\\e[31m"\n',
}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program in `folder` under limits of memory and processor time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    return subprocess.run(
        [sys.executable, "-m", "composeharden", command, "compose.yaml"],
        cwd=folder,
        capture_output=True,
        check=False,
        preexec_fn=limit,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_hostile_file_gets_an_answer(name: str, command: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes(HOSTILE[name])
    done = run(command, tmp_path)
    printed = done.stdout + done.stderr
    assert done.returncode in (0, 1, 2), printed[-500:]
    assert b"compose.yaml" in printed
    assert b"Traceback" not in printed
    assert b"internal error" not in printed
    assert b"\x1b" not in printed
    assert not [line for line in printed.splitlines() if line.lstrip().startswith(b"::")]
    if command == "check" or done.returncode == 2:
        assert file.read_bytes() == HOSTILE[name]


def test_ten_thousand_services_are_hardened_within_a_minute_of_processor_time(tmp_path: Path) -> None:
    names = range(10_000)
    (tmp_path / "compose.yaml").write_text(
        "services:\n" + "".join(f"  s{name}:\n    image: memcached:1.6\n    environment: [A=b]\n" for name in names)
    )
    assert run("fix", tmp_path).returncode == 0
    text = (tmp_path / "compose.yaml").read_text()
    assert text.count("read_only: true") == text.count("cap_drop:") == len(names)
