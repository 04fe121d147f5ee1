"""What may be to blame for what is worse, the likeliest first: by the words of logs, then change by change."""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from composeharden.decide import Addition
from composeharden.engine import Docker, Throwaway
from composeharden.images.facts import Writable
from composeharden.verify.compare import Difference
from composeharden.verify.plan import Plan
from composeharden.verify.seen import Seen
from composeharden.verify.vanishing import may_vanish

_READ_ONLY = re.compile(r"read-only file ?system|\bEROFS\b|\[Errno 30\]", re.IGNORECASE)
_NOT_PERMITTED = re.compile(r"not permitted|permission denied|\bEPERM\b|\bEACCES\b|\[Errno 1?[13]?\]", re.IGNORECASE)
_PATH = re.compile(r"/[\w.@+~-]+(?:/[\w.@+~-]+)*")
_SIZE = "64m"

_BY_WORDS = (
    (r"exec\b.*not permitted", ("NET_BIND_SERVICE",)),
    (r"exec\b.*not permitted", ("NET_RAW",)),
    (r"chown|owner", ("CHOWN",)),
    (r"setgroups|initgroups|setgid|setegid|set groups", ("SETGID", "SETUID")),
    (r"setuid|seteuid|setresuid|switching|gosu|su-exec|setpriv|privileges", ("SETGID", "SETUID")),
    (r"chmod|utime|changing permissions|setting times", ("FOWNER",)),
    (r"permission denied|EACCES|Errno 13", ("DAC_OVERRIDE",)),
    (r"\bkill\b|signal", ("KILL",)),
    (r"bind|listen", ("NET_BIND_SERVICE",)),
    (r"mknod|device node", ("MKNOD",)),
    (r"chroot", ("SYS_CHROOT",)),
    (r"raw socket|\bping\b|icmp", ("NET_RAW",)),
    (r"not permitted|EPERM|Errno 1\]", ("CHOWN",)),
    (r"not permitted|EPERM|Errno 1\]", ("FOWNER",)),
)
_BY_CHECK: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "user": (("SETGID", "SETUID"),),
    "stop": (("KILL",),),
    "health": (("DAC_OVERRIDE",),),
    "probe": (("DAC_OVERRIDE",),),
    "start": (("SETGID", "SETUID"), ("DAC_OVERRIDE",)),
    "restarts": (("SETGID", "SETUID"), ("DAC_OVERRIDE",)),
}
_RULES = ("read-only", "cap-drop", "user", "no-new-privileges", "init", "healthcheck", "tmpfs-options", "depends-on")
_FIRST = {
    "user": ("cap-drop", "user", "no-new-privileges"),
    "stop": ("cap-drop", "init", "user"),
    "health": ("healthcheck", "cap-drop", "user", "read-only"),
    "log": ("read-only", "cap-drop", "user"),
}


@dataclass(frozen=True)
class Candidate:
    """One change to a plan that may mend a service."""

    service: str
    rules: tuple[str, ...]
    """The passes whose fix would be to blame."""
    words: str
    """Why, if it helps: the end of `service: rule: ...`."""
    addition: Addition | None = None
    """What to add; without it, the fixes are left out."""

    def applied(self, plan: Plan) -> Plan:
        """The plan with it."""
        if self.addition is not None:
            return plan.adding(self.service, self.addition)
        for rule in self.rules:
            plan = plan.without(self.service, rule, self.words)
        return plan


class Found(NamedTuple):
    """A path of an image."""

    is_folder: bool
    has_content: bool
    mode: int


class ImageFiles:
    """Looks into images without running them."""

    def __init__(self, docker: Docker, own: Throwaway) -> None:
        self.docker, self.own = docker, own
        self._helpers: dict[str, str] = {}

    def look(self, image: str, path: str) -> Found | None:
        """What an image has at a path; None for nothing."""
        if image not in self._helpers:
            name = self.own.project()
            words = ("--name", name, "--network", "none", *self.own.label_arguments)
            self.docker.run("container", "create", *words, image, "true")
            self._helpers[image] = name
        shown = self.docker.attempt("cp", f"{self._helpers[image]}:{path}", "-", most=300_000)
        if shown.code != 0 and not shown.raw:
            return None
        try:
            with tarfile.open(fileobj=io.BytesIO(shown.raw + b"\0" * 1024), ignore_zeros=True) as archive:
                first = archive.next()
                return None if first is None else Found(first.isdir(), archive.next() is not None, first.mode)
        except (tarfile.TarError, EOFError):
            return None


def candidates(
    service: str,
    found: Sequence[Difference],
    after: Sequence[Seen],
    before: Sequence[Seen],
    rules: Sequence[str],
    image: Mapping[str, Any],
    files: ImageFiles,
    is_written: bool = False,
) -> Iterator[Candidate]:
    """What to try for a service that is worse, in this order.

    Args:
        service: its name.
        found: what is worse of it.
        after: how it was seen hardened, in each phase.
        before: how it was seen as it is.
        rules: the passes that change it.
        image: what the engine knows of its image.
        files: looks into images.
        is_written: whether what helps goes into the file with nobody asked: no tmpfs over what may be data then.
    """
    lines = list(_lines(found, after))
    checks = [one.check for one in found]
    if "read-only" in rules:
        for entry in _paths(lines, before, image, files):
            words, addition = f"it writes to {entry.path}", Addition(paths=(entry,))
            if may_vanish(entry.path):
                yield Candidate(service, ("read-only",), words, addition)
            else:
                words += ", and a tmpfs forgets it: give it a volume if that is data"
                yield Candidate(service, ("read-only",), words, None if is_written else addition)
    if "cap-drop" in rules:
        for names in _capabilities(lines, checks):
            yield Candidate(service, ("cap-drop",), f"it needs {' and '.join(names)}", Addition(capabilities=names))
    for rule in _in_order(rules, checks, lines):
        yield Candidate(service, (rule,), f"it does not live with it: {_short(found)}")
    if len(rules) > 1:
        yield Candidate(service, tuple(rules), f"it does not live with all of them together: {_short(found)}")


def _lines(found: Iterable[Difference], after: Iterable[Seen]) -> Iterator[str]:
    yield from (line for one in found for line in one.lines)
    for seen in after:
        yield from (one.line for one in seen.complaints)
        yield from filter(None, (seen.error, *seen.log))


def _short(found: Sequence[Difference]) -> str:
    return found[0].message + (f" ({found[0].phase})" if found[0].phase else "")


def _paths(
    lines: Iterable[str], before: Sequence[Seen], image: Mapping[str, Any], files: ImageFiles
) -> Iterator[Writable]:
    told: set[tuple[str, str]] = set()
    workers = {uid for seen in before for _, uid in seen.processes if uid}
    for line in lines:
        if not _READ_ONLY.search(line):
            continue
        for folder in _folders(_named(line), str(image["Id"]), files):
            there = files.look(str(image["Id"]), folder)
            owners = [""] if not workers else ["", f"{min(workers)}"] if there is None else [f"{min(workers)}", ""]
            for owner in owners:
                if (folder, owner) not in told:
                    told.add((folder, owner))
                    yield Writable(
                        folder, "seen on an engine: it is written to", "tmpfs", owner, False, "", _SIZE, "", ()
                    )


def _named(line: str) -> list[str]:
    """Paths in a line about a read-only file system, the likeliest first: the nearest before the words, then others."""
    place = _READ_ONLY.search(line)
    at = place.start() if place else 0
    found = [(match.start(), match.group()) for match in _PATH.finditer(line)]
    before = [path for start, path in reversed(found) if start < at]
    return list(dict.fromkeys([*before, *(path for start, path in found if start >= at)]))[:3]


def _folders(paths: Iterable[str], image: str, files: ImageFiles) -> Iterator[str]:
    """Folders that could be a tmpfs without hiding anything of the image."""
    for path in paths:
        clean = posixpath.normpath(path)
        for folder in (clean, posixpath.dirname(clean)):
            if folder.count("/") < 1 or folder == "/" or folder in ("/dev", "/proc", "/sys"):
                continue
            found = files.look(image, folder)
            if found is None and folder == clean and "." in posixpath.basename(clean):
                continue  # rather a file that it wants to make
            if found is None or (found.is_folder and (not found.has_content or folder in ("/tmp", "/run", "/var/tmp"))):
                yield folder


def _capabilities(lines: Sequence[str], checks: Sequence[str]) -> Iterator[tuple[str, ...]]:
    told: list[tuple[str, ...]] = []
    words = [line for line in lines if _NOT_PERMITTED.search(line)]
    by_words = (names for pattern, names in _BY_WORDS if any(re.search(pattern, line, re.I) for line in words))
    for names in (*by_words, *(names for check in checks for names in _BY_CHECK.get(check, ()))):
        if names not in told:
            told.append(names)
            yield names
    if len(told) > 1:
        every = tuple(sorted({name for names in told for name in names}))
        if every not in told:
            yield every


def _in_order(rules: Sequence[str], checks: Sequence[str], lines: Sequence[str]) -> list[str]:
    first: list[str] = []
    if any(_READ_ONLY.search(line) for line in lines):
        first.append("read-only")
    for check in checks:
        first += _FIRST.get(check, ())
    ordered = dict.fromkeys((*first, *_RULES, *rules))
    return [rule for rule in ordered if rule in rules]


__all__ = ["Candidate", "ImageFiles", "candidates"]
