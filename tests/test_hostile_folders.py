"""A folder from somebody else: no name, link, image name or repository in it runs, stops or blocks a run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from composeharden.cli.inputs import reader
from composeharden.cli.write import WriteError, replace_file
from composeharden.images.bundled import Bundled
from composeharden.images.judge import expressions
from composeharden.outcome import Outcome
from composeharden.pipeline import harden
from composeharden.redaction import Redactor

BEFORE, AFTER = b"services: {}\n", b"services: {a: {image: b}}\n"
NGINX = "services:\n  web:\n    image: nginx:1.25\n    volumes: ['./conf.d:/etc/nginx/conf.d:ro']\n"
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")


def hardened(folder: Path, text: str) -> Outcome:
    path = folder / "compose.yaml"
    path.write_text(text)
    return harden(str(path), reader(str(path)))


def read_only(outcome: Outcome) -> str:
    return next(str(finding.reason) for finding in outcome.findings if finding.rule == "read-only")


def test_a_bare_repository_in_the_folder_is_not_asked(tmp_path: Path) -> None:
    """A commit can bring one along, with a filter that Git runs to compare the file."""
    subprocess.run([*GIT, "init", "-q", "--bare", str(tmp_path)], check=True)
    file, mark = tmp_path / "compose.yaml", tmp_path / "mark"
    file.write_bytes(BEFORE)
    place = ("--git-dir", str(tmp_path), "--work-tree", str(tmp_path))
    for command in (["add", "-f", "compose.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*GIT, *place, *command], cwd=tmp_path, check=True)
    (tmp_path / "config").write_text(
        f'[core]\n\tbare = false\n\tworktree = .\n[filter "x"]\n\tclean = touch {mark}; cat\n'
    )
    (tmp_path / ".gitattributes").write_text("* filter=x\n")
    os.utime(file, (1, 1))
    replace_file(str(file), BEFORE, AFTER)
    assert not mark.exists()


def test_no_filter_runs_for_a_file_in_git(tmp_path: Path) -> None:
    file, mark = tmp_path / "compose.yaml", tmp_path / "mark"
    file.write_bytes(BEFORE)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*GIT, *command], cwd=tmp_path, check=True)
    subprocess.run([*GIT, "config", "filter.x.clean", f"touch {mark}; cat"], cwd=tmp_path, check=True)
    (tmp_path / ".gitattributes").write_text("* filter=x\n")
    os.utime(file, (1, 1))
    assert replace_file(str(file), BEFORE, AFTER).undo.startswith("git ")
    assert not mark.exists()


@pytest.mark.parametrize("target", ["/dev/zero", "same"])
def test_a_link_is_no_copy(tmp_path: Path, target: str) -> None:
    """A link to an endless device is never read, and one to the same text would not bring the file back."""
    (tmp_path / "same").write_bytes(BEFORE)
    file = tmp_path / "compose.yaml"
    file.write_bytes(BEFORE)
    (tmp_path / "compose.yaml.orig").symlink_to(target)
    replace_file(str(file), BEFORE, AFTER)
    assert (tmp_path / "compose.yaml.orig.2").read_bytes() == BEFORE


def test_without_a_name_for_the_copy_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes(BEFORE)
    for number in ("", *(f".{number}" for number in range(2, 1000))):
        (tmp_path / f"compose.yaml.orig{number}").write_bytes(b"older")
    with pytest.raises(WriteError):
        replace_file(str(file), BEFORE, AFTER)
    assert file.read_bytes() == BEFORE


def test_any_name_can_stand_in_a_mounted_folder(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    for name in (b"\xff.conf", b"a\nb.conf"):
        Path(os.fsdecode(os.fsencode(tmp_path / "conf.d") + b"/" + name)).write_bytes(b"")
    assert "cannot be looked at" in read_only(hardened(tmp_path, NGINX))


def test_a_mounted_folder_is_read_up_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    for name in ("a", "b"):
        (tmp_path / "conf.d" / name).write_bytes(b"#" * 600_000)
    assert "cannot be looked at" in read_only(hardened(tmp_path, NGINX))


@pytest.mark.parametrize("size", [1_000_000, 1_100_000])
def test_a_mounted_file_is_read_whole_or_not_at_all(tmp_path: Path, size: int) -> None:
    """Its last line could be the one that matters."""
    (tmp_path / "conf.d").write_bytes(b"#" * size + b"\naccess_log /elsewhere/log;\n")
    said = read_only(hardened(tmp_path, NGINX))
    assert ("writes to /elsewhere/log" in said, "cannot be looked at" in said) == (size <= 2**20, size > 2**20)


@pytest.mark.parametrize("image", ["x" * 20_000, "a b/" * 5_000, "nginx/\\0"])
def test_any_image_name_is_looked_up(tmp_path: Path, image: str) -> None:
    assert hardened(tmp_path, f'services:\n  web:\n    image: "{image}"\n') is not None


def test_an_output_without_unicode_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    image: nginx:1.25\n    hostname: café\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "composeharden", "diff", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert "read_only: true" in done.stdout


BUNDLED = Bundled()


@pytest.mark.parametrize("family", list(BUNDLED.families()))
def test_the_expressions_of_the_facts_take_time_in_proportion(family: str) -> None:
    for path, expression in expressions(BUNDLED.document(family)):
        words = set(re.findall(r"[A-Za-z_-]{2,}", expression)) | {"", "/", "-", "="}
        for text in [(word + " ") * (30_000 // (len(word) + 1)) for word in words] + [
            " ".join(sorted(words)) + " " * 30_000
        ]:
            begin = time.process_time()
            for _ in re.finditer(expression, text):
                pass
            assert time.process_time() - begin < 0.8, (path, text[:40])


def test_a_secret_within_a_path_is_masked() -> None:
    redactor = Redactor()
    redactor.add_value("DB_PASSWORD", "aBcD//eFgH+iJkL")
    assert "eFgH" not in redactor.one_line("its env_file is outside of the project (/x/aBcD/eFgH+iJkL)")


@pytest.mark.parametrize(
    "conf",
    [
        'http { proxy_cache_path "/data/cache" keys_zone=a:1m; }',
        "server { listen 80; client_body_temp_path /srv/up; }",
        "http { client_body_temp_path tmp; }",
        "access_log logs/access.log;",
    ],
)
def test_paths_of_nginx_are_found_however_they_are_written(tmp_path: Path, conf: str) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text(conf)
    assert "writes to" in read_only(hardened(tmp_path, NGINX))


@pytest.mark.parametrize(
    "conf",
    ["access_log off;", "error_log stderr;", "access_log syslog:server=log main;", "error_log memory:32m debug;"],
)
def test_what_is_no_file_of_nginx_holds_nothing_back(tmp_path: Path, conf: str) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.conf").write_text(conf)
    assert "writes to" not in read_only(hardened(tmp_path, NGINX))


def test_the_options_of_nginx_can_name_places(tmp_path: Path) -> None:
    command = "services:\n  web:\n    image: nginx:1.25\n    command: [nginx, -g, 'daemon off; {};']\n"
    assert "places of their own" in read_only(hardened(tmp_path, command.format("pid /srv/x.pid")))
    assert "places of their own" not in read_only(hardened(tmp_path, command.format("error_log /dev/stdout info")))
