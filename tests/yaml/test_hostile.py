"""Files made to hurt: each is read, or refused with a reason, within a few seconds of CPU time and 512 MiB."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

CPU_SECONDS = 8
BYTES = 512 * 2**20
ROOT = Path(__file__).parents[2]
_PROGRAM = """
import sys
from composeharden.yaml.change import Refused, Set
from composeharden.yaml.proof import edit, same
from composeharden.yaml.source import SourceError, all_data, load
try:
    source = load(sys.stdin.buffer.read())
    data = all_data(source)
    assert same(data, all_data(source))
    after = edit(source, [Set((0, "x-new"), True)]).source if data and isinstance(data[0], dict) else source
    print("read", len(data), len(after.text) - len(source.text))
except SourceError as error:
    print("not read:", error.message, error.position and tuple(error.position))
except Refused as error:
    print("refused:", error.reason)
"""


def _outcome(data: bytes) -> str:
    """What becomes of a file, in a process that dies when it takes too much."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], input=data, capture_output=True, check=False, cwd=ROOT,
                          preexec_fn=_limits, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode().strip()


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def _alias_bomb(levels: int, width: int, flow: bool = True) -> bytes:
    lines = ["x0: &x0 [a, a, a]"]
    for level in range(1, levels):
        items = [f"*x{level - 1}"] * width
        body = f" [{', '.join(items)}]" if flow else "".join(f"\n  - {item}" for item in items)
        lines.append(f"x{level}: &x{level}{body}")
    return "\n".join(lines).encode()


def _merge_bomb(keys: int, merges: int) -> bytes:
    base = "".join(f"  k{number}: 1\n" for number in range(keys))
    return f"x: &x\n{base}y:\n  <<: [{', '.join(['*x'] * merges)}]\n".encode()


def _chain(link: bytes, length: int) -> bytes:
    return b"x0: &x0 {}\n" + b"".join(b"x%d: &x%d " % (n, n) + link % (n - 1) + b"\n" for n in range(1, length))


REFUSED = {
    "alias bomb": (_alias_bomb(10, 9), "aliases expand to more than 2,000,000 values"),
    "alias bomb in block style": (_alias_bomb(10, 9, flow=False), "aliases expand to more than 2,000,000 values"),
    "alias bomb, deep and narrow": (_alias_bomb(60, 2), "aliases expand to more than 2,000,000 values"),
    "merge bomb": (_merge_bomb(2000, 2000), "aliases expand to more than 2,000,000 values"),
    "3,000 lists in one another": (b"a: " + b"[" * 3000 + b"]" * 3000, "nested deeper than 128 levels"),
    "3,000 mappings in one another": (b"a: " + b"{a: " * 3000 + b"}" * 3000, "nested deeper than 128 levels"),
    "1,000 blocks in one another": ("".join(" " * depth + "a:\n" for depth in range(1000)).encode(), "nested deeper"),
    "1,000 dashes in one line": (b"- " * 1000 + b"a", "nested deeper than 128 levels"),
    "brackets never closed": (b"[" * 100_000, "nested deeper than 128 levels"),
    "an anchor inside itself": (b"a: &a\n  b: {c: [*a]}\n", "anchor &a contains itself"),
    "3,000 anchors, each around the one before": (
        _chain(b"[*x%d]", 3000),
        "nested deeper than 128 levels once aliases",
    ),
    "3,000 merge keys, each with the one before": (
        _chain(b"{<<: *x%d}", 3000),
        "nested deeper than 128 levels once aliases",
    ),
    "NUL": (b"a: \0\n", "character U+0000 is not allowed"),
    "only NUL": (b"\0" * 100_000, "character U+0000 is not allowed"),
    "Latin-1": (b"a: \xe9\n", "byte 0xe9 is not UTF-8"),
    "random bytes": (bytes(range(256)) * 100, "byte 0x80 is not UTF-8"),
    "a surrogate": (b"a: \xed\xa0\x80\n", "byte 0xed is not UTF-8"),
    "an escaped surrogate": (b'a: "\\ud800"\n', "an escape stands for no character"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "the file is UTF-16"),
    "a Python object": (b"!!python/object/apply:os.system ['true'] : b\n", "a key must be a plain name"),
    "11 MiB": (b"# a\n" * (11 * 2**18), "the file is larger than 10 MiB"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_reason(data: bytes, reason: str) -> None:
    outcome = _outcome(data)
    assert outcome.startswith("not read: ")
    assert reason in outcome


READ = {
    "an empty file": (b"", "read 0 0"),
    "only a byte order mark": (b"\xef\xbb\xbf", "read 0 0"),
    "only line breaks": (b"\n" * 100_000, "read 0 0"),
    "only comments": (b"# a\n" * 50_000, "read 0 0"),
    "only a comment without a line break": (b"#" * 100_000, "read 0 0"),
    "many empty documents": (b"---\n" * 2000, "read 2000 0"),
    "a number of 5,000 digits": (b"a: " + b"9" * 5000 + b"\n", "read 1 12"),
    "a number of 100,000 binary digits": (b"a: 0b" + b"1" * 100_000 + b"\n", "read 1 12"),
    "a number of a million underscores": (b"a: 1" + b"_" * 1_000_000 + b"\n", "read 1 12"),
    "a float with a huge exponent": (b"a: 1e999999999\n", "read 1 12"),
    "a line of a million characters": (b"a: '" + b"x " * 500_000 + b"'\n", "read 1 12"),
    "a plain value over 5,000 lines": (b"a: b\n" + b"  b\n" * 5000, "read 1 12"),
    "a block scalar of 10,000 lines": (b"a: |\n" + b"  b\n" * 10_000, "read 1 12"),
    "5,000 aliases of one list": (b"a: &a [1, 2]\n" + b"".join(b"b%d: *a\n" % n for n in range(5000)), "read 1 12"),
    "a shared tree just below the limit": (_alias_bomb(6, 9), "read 1 12"),
    "120 lists in one another": (b"a: " + b"[" * 120 + b"]" * 120 + b"\n", "read 1 12"),
    "a Python object": (b"a: !!python/object/apply:os.system ['true']\n", "read 1 12"),
    "a tag no one knows": (b"a: !<tag:example.org,2000:%3Cx%3E> b\n", "read 1 12"),
    "10,000 tags before tabs": (b"".join(b"a%d: !a\tb\n" % n for n in range(10_000)), "read 1 12"),
    "10,000 tags before anchors": (b"".join(b"a%d: !a &b c\n" % n for n in range(10_000)), "read 1 12"),
    "10,000 entries in one line": (
        b"a: {" + b", ".join(b"k%d: !a &b [c]" % n for n in range(10_000)) + b"}",
        "read 1 12",
    ),
    "10,000 comments": (b"".join(b"a%d: b # c\n" % n for n in range(10_000)), "read 1 12"),
    "1,000 services": (b"services:\n" + b"".join(b"  s%d:\n    image: x\n" % n for n in range(1000)), "read 1 12"),
}


@pytest.mark.parametrize(("data", "outcome"), READ.values(), ids=READ)
def test_read(data: bytes, outcome: str) -> None:
    assert _outcome(data) == outcome
