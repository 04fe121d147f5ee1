"""The patch that `git apply` takes: exact bytes, nothing masked. It may hold secrets that stand near a change."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from composeharden.outcome import Patch
from composeharden.report.hunks import hunks, lines_of, rows

if TYPE_CHECKING:
    from composeharden.beside import Beside

_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def applicable(patch: Patch, context: int = 3) -> bytes:
    """The unified diff of one file, empty if nothing changes.

    It applies with `git apply` from the directory the path is relative to. Line breaks, byte order marks and a missing
    final line break are kept as they are.
    """
    old, new = lines_of(patch.before.text), lines_of(patch.after.text)
    body: list[str] = []
    for hunk in hunks(patch, context):
        body.append(hunk.header + "\n")
        for sign, number in rows(hunk):
            line = new[number] if sign == "+" else old[number]
            body.append(sign + line if line.endswith("\n") else sign + line + "\n\\ No newline at end of file\n")
    if not body:
        return b""
    left, right = git_path("a/", patch.path), git_path("b/", patch.path)
    tab = "\t" if " " in left and not left.startswith('"') else ""
    head = f"diff --git {left} {right}\n"
    if is_new(patch):
        head += f"new file mode 100644\n--- /dev/null\n+++ {right}{tab}\n"
    else:
        head += f"--- {left}{tab}\n+++ {right}{tab}\n"
    return head.encode("utf-8") + patch.before.encode("".join(body))


def is_new(patch: Patch) -> bool:
    """True for a file that is not there yet: what is there and empty is no Compose file, and never changes."""
    return not patch.before.text


def applicable_all(patches: Iterable[Patch], context: int = 3) -> bytes:
    """The diffs of several files as one patch."""
    return b"".join(applicable(patch, context) for patch in patches)


def git_path(prefix: str, path: str) -> str:
    """A path as git writes it in a diff: relative, with slashes, quoted where it holds unusual characters."""
    if os.sep == "\\":
        path = path.replace("\\", "/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    path = prefix + path.lstrip("/")
    if path.isascii() and path.isprintable() and '"' not in path and "\\" not in path:
        return path
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no file system has such a name
        data = path.encode("utf-8", "backslashreplace")
    return (
        '"'
        + "".join(_ESCAPES.get(chr(byte)) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data)
        + '"'
    )


def of_side_files(files: Iterable[Beside]) -> bytes:
    """The patch of files that are written beside the Compose files. Those with secrets are no part of it."""
    return b"".join(_added(one) for one in files if not one.is_private)


def _added(one: Beside) -> bytes:
    """A file that is made, or that gets lines at its end: the last line of what was there tells where."""
    old, new = ((data or b"").splitlines(keepends=True) for data in (one.before, one.after))
    left, right = git_path("a/", one.path), git_path("b/", one.path)
    tab = "\t" if " " in left and not left.startswith('"') else ""
    head = f"diff --git {left} {right}\n"
    if one.before is None:
        head += f"new file mode {'100755' if one.mode & 0o100 else '100644'}\n--- /dev/null\n+++ {right}{tab}\n"
    else:
        head += f"--- {left}{tab}\n+++ {right}{tab}\n"
    context = old[-1:]
    added = new[len(old) :]
    body = [b"@@ -%d,%d +%d,%d @@\n" % (len(old), len(context), len(old) or 1, len(context) + len(added))]
    if context and not context[0].endswith(b"\n"):
        body += [b"-" + context[0] + b"\n\\ No newline at end of file\n", b"+" + new[len(old) - 1]]
    else:
        body += [b" " + line for line in context]
    return head.encode() + b"".join(body + [b"+" + line for line in added])
