"""The applicable patch: what git makes of it is byte for byte what was proven."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.report.patch import applicable, applicable_all, git_path
from composeharden.yaml.change import Append, Change, Refused, Remove, Set
from composeharden.yaml.source import load
from tests.report.outcomes import patched
from tests.yaml.changes import changes
from tests.yaml.documents import files

GIT = ("git", "-c", "core.autocrlf=false", "-c", "core.quotepath=true")


def git_apply(folder: Path, patch: bytes, *options: str) -> None:
    finished = subprocess.run([*GIT, "apply", *options, "-"], cwd=folder, input=patch, capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr.decode() + patch.decode()


def round_trip(folder: Path, text: bytes, wanted: list[Change], path: str = "compose.yaml", context: int = 3) -> bytes:
    patch = patched(text, wanted, path)
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    written = applicable(patch, context)
    if patch.data == text:
        assert written == b""
        return written
    git_apply(folder, written, "--check")
    git_apply(folder, written)
    assert file.read_bytes() == patch.data
    git_apply(folder, written, "--reverse")
    assert file.read_bytes() == text
    return written


READ_ONLY = Set((0, "services", "web", "read_only"), True)
PLAIN = b"services:\n  web:\n    image: nginx\n  db:\n    image: postgres\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PLAIN,
        b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.removesuffix(b"\n"),
        PLAIN.replace(b"\n", b"\r\n").removesuffix(b"\r\n"),
        b"services:\n  web:\n    image: nginx",
        b"services: {web: {image: nginx}}",
        b"services:\n  web:\n    image: nginx\n\n\n# \xc3\xa9 \xf0\x9f\xa6\x8a\n",
        b"services:\n  web:\n    command: |\n      ::error::x\n      --- a/b\n      +++ c\n      @@ -1 +1 @@\n",
    ],
    ids=[
        "lf",
        "crlf",
        "bom",
        "bom crlf",
        "no final lf",
        "no final crlf",
        "last line",
        "one line",
        "unicode",
        "diff inside",
    ],
)
@pytest.mark.parametrize("context", [0, 1, 3])
def test_git_applies_it(tmp_path: Path, text: bytes, context: int) -> None:
    patch = patched(text, [READ_ONLY])
    (tmp_path / "compose.yaml").write_bytes(text)
    git_apply(tmp_path, applicable(patch, context), *(("--unidiff-zero",) if context == 0 else ()))
    assert (tmp_path / "compose.yaml").read_bytes() == patch.data


@pytest.mark.parametrize(
    "path",
    [
        "compose.yaml",
        "./compose.yaml",
        "a/b/compose.yaml",
        "with space/my file.yaml",
        'quo"te.yaml',
        "back\\slash.yaml",
        "é🦊.yaml",
        "tab\there.yaml",
        "new\nline.yaml",
        "-dash.yaml",
        "trailing .yaml ",
        "$HOME.yaml",
        "\x1b[31m.yaml",
    ],
)
def test_git_finds_the_file(tmp_path: Path, path: str) -> None:
    round_trip(tmp_path, PLAIN, [READ_ONLY], path)


def test_several_changes_make_separate_hunks(tmp_path: Path) -> None:
    text = "".join(f"# {line}\n" for line in range(20)).encode()
    written = round_trip(
        tmp_path,
        b"version: '3'\n" + text + PLAIN + text.replace(b"#", b"  #") + b"x-end: []\n",
        [Remove((0, "version")), READ_ONLY, Append((0, "x-end"), ("a",))],
    )
    assert written.count(b"\n@@ ") == 3


def test_files_are_joined(tmp_path: Path) -> None:
    patches = [patched(PLAIN, [READ_ONLY], name) for name in ("one.yaml", "two.yaml")]
    for patch in patches:
        (tmp_path / patch.path).write_bytes(PLAIN)
    git_apply(tmp_path, applicable_all(patches))
    assert all((tmp_path / patch.path).read_bytes() == patch.data for patch in patches)


def test_secrets_stay_as_they_are() -> None:
    text = "services:\n  web:\n    environment:\n      PASSWORD: correct-horse\n"
    assert b" " * 6 + b"PASSWORD: correct-horse\n" in applicable(patched(text, [READ_ONLY]))


def test_a_path_is_relative() -> None:
    assert git_path("a/", "/srv/compose.yaml") == "a/srv/compose.yaml"


def test_any_edit_of_any_file(tmp_path: Path) -> None:
    count = 0

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        nonlocal count
        text = data.draw(files())
        wanted = data.draw(changes(load(text)))
        try:
            round_trip(tmp_path, text, wanted)
        except Refused:
            return
        count += 1

    holds()
    assert count > 30
