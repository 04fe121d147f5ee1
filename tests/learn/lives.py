"""Lives and predicates for tests of the deciding part: no engine has a hand in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from composeharden.learn.search import Found, Search, Seen
from composeharden.learn.setting import Life, Moment, Path, Setting, Shortfall, Stop, Work
from composeharden.posture import DEFAULT_CAPABILITIES

ROOT = Work("server", 0)
WORKER = Work("server", 33, 33)
READY = Moment(ROOT, frozenset((ROOT, WORKER)), frozenset((("tcp", 80),)), frozenset(((80, "HTTP 200"),)))
GOOD_STOP = Stop(0, 0.3, False)
LIFE = Life((READY, READY, READY), GOOD_STOP, 1.0)
TMP = Path("/tmp")

Works = Callable[[Setting], str]
"""What a setting lacks; empty where it works."""


def seen(
    traced: Iterable[str] | None = None,
    *,
    service: str = "33:33",
    root: bool = True,
    file_capabilities: Iterable[str] = (),
    writable: tuple[Path, ...] = (TMP,),
    optional: Iterable[str] = (),
) -> Seen:
    """What is known before the first trial."""
    return Seen(
        starts_as_root=root,
        service=service,
        default=DEFAULT_CAPABILITIES,
        traced=None if traced is None else {name: frozenset(("entrypoint",)) for name in traced},
        file_capabilities=frozenset(file_capabilities),
        writable=writable,
        optional=frozenset(optional),
        refused=lambda log, known: tuple(Path(line) for line in log if Path(line) not in known),
    )


class Runs:
    """A search over a predicate, with all that it has tried."""

    def __init__(
        self, known: Seen, works: Works, refuses: Callable[[Setting], tuple[str, ...]] = lambda one: ()
    ) -> None:
        self.tried: list[tuple[Setting, bool, bool]] = []

        def trial(setting: Setting, whole: bool) -> Shortfall | None:
            log = refuses(setting) if setting.read_only else ()
            lacks = works(setting) or ("read-only" if log else "")
            self.tried.append((setting, whole, not lacks))
            return Shortfall("first start", lacks, log) if lacks else None

        self.found: Found = Search(known, trial).run()

    @property
    def proven(self) -> set[Setting]:
        """What has lived through the longest life."""
        return {setting for setting, whole, worked in self.tried if whole and worked}


def needs(*names: str) -> Works:
    """A service that takes these capabilities when it starts as root, and nothing as a user."""

    def works(setting: Setting) -> str:
        have = DEFAULT_CAPABILITIES if setting.capabilities is None else setting.capabilities
        missing = set(names) - have
        return f"lacks {min(missing)}" if missing and not setting.user else ""

    return works
