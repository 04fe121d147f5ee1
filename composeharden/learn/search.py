"""From what was seen to the smallest settings that were run whole: which trials to make, and what they mean.

Whether a set of capabilities works is not monotone: a bigger set can fail where a smaller one works. So nothing is ever
inferred from another set: what comes out was run itself, from its first start on empty volumes to its last, and of what
is left each single capability was taken away in a trial that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from composeharden.learn.setting import Path, Setting, Shortfall

Trial = Callable[[Setting, bool], Shortfall | None]
"""Lives through a setting; True for the longest life, with a new container at its end. None where it was as good."""
Refused = Callable[[Iterable[str], Iterable[Path]], tuple[Path, ...]]
"""The paths that a log says are read-only, other than those that are writable already."""

SELDOM = frozenset(("AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SETPCAP", "SYS_CHROOT", "NET_BIND_SERVICE"))
"""Capabilities that hardly any service uses: first all of them are taken away at once."""
ORDER = ("FSETID", "KILL", "FOWNER", "CHOWN", *sorted(SELDOM), "DAC_OVERRIDE", "SETUID", "SETGID")
"""In which the others are taken away: first those whose check is often made and seldom matters."""
_REPAIRS = 4


@dataclass(frozen=True)
class Seen:
    """What is known before the first trial."""

    starts_as_root: bool
    service: str
    """uid:gid of whoever serves in the end, where that is another one than whom it starts as; else empty."""
    default: frozenset[str]
    """What the container had: nothing else is ever added."""
    traced: Mapping[str, frozenset[str]] | None
    """Capabilities that were used, with the programs; None where nothing was traced."""
    file_capabilities: frozenset[str]
    writable: tuple[Path, ...]
    """Candidates, see `writable`."""
    start: str = ""
    """uid:gid that it starts as, where that is not root."""
    optional: frozenset[str] = frozenset()
    """Those of them that hold content of the image, which many do without."""
    refused: Refused = lambda log, known: ()


@dataclass(frozen=True)
class Start:
    """What was found for one way to start."""

    setting: Setting | None
    """The smallest that was run whole; None where there is none."""
    reasons: Mapping[str, Shortfall] = field(default_factory=dict)
    """What happened without each capability that is left."""
    paths: Mapping[str, Shortfall] = field(default_factory=dict)
    """What happened without each writable path that is left, as far as it was tried."""
    against: Mapping[str, Shortfall] = field(default_factory=dict)
    """What speaks against `read_only`, `no_new_privileges`, or against all of it (`start`)."""


@dataclass(frozen=True)
class Found:
    """What was found in all."""

    own: Start
    """For the start that the image has by itself."""
    user: Start | None = None
    """For a start as the user that serves in the end; None where there is no such user."""


class Search:
    """One search: every setting is tried once only."""

    def __init__(self, seen: Seen, trial: Trial) -> None:
        self._seen = seen
        self._trial = trial
        self._tried: dict[tuple[Setting, bool], Shortfall | None] = {}

    def run(self) -> Found:
        """Make the trials and say what they found."""
        own = self._start("")
        user = self._start(self._seen.service) if self._seen.starts_as_root and self._seen.service else None
        return self._confirmed(own, user)

    # -- one way to start ------------------------------------------------------------------------------------------

    def _start(self, user: str) -> Start:
        against: dict[str, Shortfall] = {}
        setting = self._works(user, against)
        if setting is None:
            return Start(None, against=against)
        reasons: dict[str, Shortfall] = {}
        setting = self._fewer_capabilities(setting, reasons)
        paths: dict[str, Shortfall] = {}
        setting = self._fewer_paths(setting, paths)
        return Start(setting, reasons, paths, against)

    def _works(self, user: str, against: dict[str, Shortfall]) -> Setting | None:
        """The first setting that works, from the most wanted one on."""
        seen = self._seen
        for no_new_privileges in (True, False):
            for capabilities in self._sets(user):
                plain = Setting(
                    user, capabilities, no_new_privileges=no_new_privileges, service=seen.service, start=seen.start
                )
                full = replace(plain, read_only=True, writable=self._offered())
                found = self._repaired(full)
                if isinstance(found, Setting):
                    return found
                failed = self._try(plain)
                if failed is None:
                    against["read_only"] = found
                    return plain
                against["no_new_privileges" if no_new_privileges else "start"] = failed
        against.pop("no_new_privileges", None)
        return None

    def _sets(self, user: str) -> list[frozenset[str]]:
        """Where to begin: with what was used, or with everything."""
        seen = self._seen
        by_file = seen.file_capabilities & seen.default
        if user or not seen.starts_as_root:
            # Without root no capability is effective, save those that a program brings along.
            sets = [frozenset[str](), by_file]
        elif seen.traced is None:
            sets = [seen.default]
        else:
            sets = [frozenset(seen.traced) & seen.default | by_file, seen.default]
        return list(dict.fromkeys(sets))

    def _offered(self) -> tuple[Path, ...]:
        return tuple(sorted(row for row in self._seen.writable if row.path not in self._seen.optional))

    def _repaired(self, setting: Setting) -> Setting | Shortfall:
        """The setting with as many more writable paths as it takes, or what it lacks in the end."""
        failed = self._try(setting)
        for _ in range(_REPAIRS):
            if failed is None:
                return setting
            told = self._seen.refused(failed.log, setting.writable)
            more = tuple(row for row in told if row.path not in self._seen.optional and row.kind == "tmpfs") or told
            if not more:
                break
            setting = replace(setting, writable=_joined(setting.writable, more))
            failed = self._try(setting)
        optional = tuple(row for row in self._seen.writable if row.path in self._seen.optional)
        others = [_joined(setting.writable, optional)]
        if not setting.user and self._seen.service:
            others.append(tuple(replace(row, owner="service") for row in setting.writable))
        for rows in others:
            if failed is not None and rows != setting.writable:
                other = replace(setting, writable=rows)
                failed = self._try(other)
                setting = other if failed is None else setting
        return setting if failed is None else failed

    def _fewer_capabilities(self, setting: Setting, reasons: dict[str, Shortfall]) -> Setting:
        for fewer in self._shortcuts(setting.capabilities or frozenset()):
            less = replace(setting, capabilities=fewer)
            if self._try(less) is None:
                setting = less
                break
        while True:
            reasons.clear()
            held = setting.capabilities or frozenset()
            for name in sorted(held, key=_place):
                less = replace(setting, capabilities=held - {name})
                failed = self._try(less)
                if failed is None:
                    setting = less
                    break
                reasons[name] = failed
            else:
                return setting

    def _shortcuts(self, held: frozenset[str]) -> list[frozenset[str]]:
        """What to try first of a large set, since most services need little of it."""
        if len(held) <= len(ORDER) // 2:
            return []
        by_file = self._seen.file_capabilities & held
        return [by_file, held - SELDOM | by_file]

    def _fewer_paths(self, setting: Setting, paths: dict[str, Shortfall]) -> Setting:
        """Without the paths that can be done without, of those that hold nothing worth keeping; /tmp always stays."""
        for row in setting.writable:
            if row.path == "/tmp" or (row.kind == "volume" and row.path not in self._seen.optional):
                continue
            less = replace(setting, writable=tuple(other for other in setting.writable if other != row))
            failed = self._try(less)
            if failed is None:
                setting = less
            else:
                paths[row.path] = failed
        return setting

    # -- both together ---------------------------------------------------------------------------------------------

    def _confirmed(self, own: Start, user: Start | None) -> Found:
        """Both as they will be written, with the same writable paths, each through the longest life."""
        both = _joined(_rows(own), _rows(user))
        own = self._last(own, both)
        if user is not None:
            user = self._last(user, both if own.setting is None or not own.setting.read_only else own.setting.writable)
        return Found(own, user)

    def _last(self, start: Start, rows: tuple[Path, ...]) -> Start:
        setting = start.setting
        if setting is None:
            return start
        choices = [setting]
        if setting.read_only:
            choices = [replace(setting, writable=rows), setting]
        failed: Shortfall | None = None
        for choice in dict.fromkeys(choices):
            failed = self._try(choice, True)
            # All that was found so far spoke for it: a machine can be busy, and a service in a mood.
            if failed is None or self._works_again(choice):
                return replace(start, setting=choice)
        assert failed is not None
        return replace(start, setting=None, against={**start.against, "start": failed})

    def _works_again(self, setting: Setting) -> bool:
        """Whether what failed once works two times after that."""
        return all(self._trial(setting, True) is None for _ in range(2))

    def _try(self, setting: Setting, whole: bool = False) -> Shortfall | None:
        if (setting, whole) not in self._tried:
            self._tried[(setting, whole)] = self._trial(setting, whole)
        return self._tried[(setting, whole)]


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _rows(start: Start | None) -> tuple[Path, ...]:
    setting = start.setting if start is not None else None
    return setting.writable if setting is not None and setting.read_only else ()


def _joined(rows: Iterable[Path], more: Iterable[Path]) -> tuple[Path, ...]:
    """The rows and those of the others that lie in none of them; what lies in a new one goes."""
    found = list(rows)
    for row in more:
        if any(_covers(other, row) for other in found):
            continue
        found = [other for other in found if not _covers(row, other)] + [row]
    return tuple(sorted(found))


def _covers(row: Path, other: Path) -> bool:
    return other.path == row.path or other.path.startswith(row.path.rstrip("/") + "/")
