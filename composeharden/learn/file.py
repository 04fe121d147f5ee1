"""The file that facts are written to, and how to tell whether a person has had a hand in it."""

from __future__ import annotations

import hashlib
import re

from composeharden.learn.document import Record, facts
from composeharden.learn.toml import text_of

_MARK = re.compile(r"# composeharden learn ([0-9a-f]{16})\n")
_HEAD = """\
Facts from runs on this machine's engine, not from the image's source. Read them before you keep them: the next diff
uses them. A mode, a setting or a load that was not there in the runs may need more; `--probe` has it exercised.
Learning again replaces this file as long as nobody has edited it."""


def written(record: Record) -> bytes:
    """The file for what was found. The facts in it follow the schema unless the image has an impossible name."""
    text = text_of(facts(record), _HEAD)
    return f"# composeharden learn {_sum(text)}\n{text}".encode()


def is_our_own(data: bytes) -> bool:
    """Whether a file is as `learn` wrote it: no person has made or edited it."""
    text = data.decode("utf-8", "replace")
    found = _MARK.match(text)
    return found is not None and found[1] == _sum(text[found.end() :])


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
