"""What a run found, decided and did: plain frozen records that know nobody above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

from composeharden.yaml.change import Change
from composeharden.yaml.source import Source
from composeharden.yaml.splice import Edit

if TYPE_CHECKING:
    from composeharden.beside import Beside, SideFile


class Severity(IntEnum):
    """How much a finding matters, in the order of a threshold such as --fail-on."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(IntEnum):
    """How sure we are of the facts behind a fix."""

    ASSUMED = 0
    """Nobody looked: plausible only."""
    SOURCED = 1
    """Read in the image's own source, or documented."""
    STAND_IN = 2
    """A rebuild with the same entrypoint ran hardened on an engine."""
    PROVEN = 3
    """This image ran hardened on an engine."""

    def __str__(self) -> str:
        return self.name.lower().replace("_", "-")


class Effect(IntEnum):
    """What a fix changes for the user."""

    NONE = 0
    BEHAVIOUR = 1
    """The service runs differently."""
    ACCESS = 2
    """Who can reach it."""
    DATA = 3
    """Where data or secrets live."""

    def __str__(self) -> str:
        return self.name.lower()


class Status(Enum):
    """What becomes of a finding."""

    FIX = "fix"
    """The default fix makes its changes."""
    HELD = "held"
    """There are changes, and they are held back: see reason and unlock."""
    REPORT = "report"
    """Nothing to change automatically: see advice."""
    SUPPRESSED = "suppressed"
    """The file says to leave it: see reason."""
    REFUSED = "refused"
    """The changes could not be made safely in the text: see reason."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about one service (or the whole stack), with the changes that fix it as one atomic group."""

    rule: str
    """Name of the pass; stable for ever."""
    service: str | None
    severity: Severity
    message: str
    """One sentence without any value that could be a secret."""
    location: Location
    status: Status = Status.REPORT
    confidence: Confidence = Confidence.SOURCED
    effect: Effect = Effect.NONE
    changes: tuple[Change, ...] = ()
    """Meaning of the fix, on the effective model: paths start with document 0, then "services" and the name."""
    files: tuple[SideFile, ...] = ()
    """What the fix writes beside the Compose files, as part of the same group."""
    needs: tuple[str, ...] = ()
    """Rules whose fix this one stands or falls with: of the same service, or of another as `service/rule`."""
    why: str = ""
    """What the change rests on: the reasons and facts of this image, one line each."""
    advice: str = ""
    """What a person can do about it."""
    reason: str = ""
    """Why it is held, suppressed or refused."""
    suppressed_by: str = ""
    """What suppresses it: a comment in the file, an exception of the configuration, or the baseline."""
    unlock: str = ""
    """The flag that applies a held fix, if one does."""
    references: tuple[str, ...] = ()
    """CIS, OWASP and other identifiers."""
    evidence: tuple[str, ...] = ()
    """Where the facts were read or run."""

    def unless(self, refused: Mapping[tuple[str, str], str]) -> Finding:
        """The finding, as refused where its fix is among those that are, by service and rule, with the reason."""
        reason = refused.get((self.service or "", self.rule))
        if self.status is not Status.FIX or reason is None:
            return self
        return replace(self, status=Status.REFUSED, reason=reason)


class Acceptance(NamedTuple):
    """Why a finding is left as it is, by a decision that stands elsewhere than in the file."""

    reason: str
    by: str
    """`exception` or `baseline`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, seen or done. It never carries a value of the file."""

    message: str
    location: Location
    hint: str = ""
    about_file: bool = False
    """It is about the file as a whole, such as one that is missing: no place in it is meant."""


@dataclass(frozen=True, slots=True)
class Share:
    """The edits of a patch that one finding asks for; findings that need the same change share its edits."""

    service: str | None
    rule: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """The new text of one file, proven."""

    path: str
    before: Source
    after: Source
    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    """The same fix as operations on this file."""
    shares: tuple[Share, ...] = ()
    """Which finding each edit belongs to."""

    @property
    def data(self) -> bytes:
        """The bytes to write."""
        return self.after.encode(self.after.text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything about one input."""

    path: str
    findings: tuple[Finding, ...] = ()
    patches: tuple[Patch, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    services: frozenset[str] = frozenset()
    """Names of the services in it."""
    sources: dict[str, Source] = field(default_factory=dict, compare=False)
    """Every file that was read, by path: what redaction and the reports look at."""
    variables: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Values used for interpolation: redaction must know them. Never printed."""
    texts: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Other files that messages may repeat parts of, such as Dockerfiles: redaction must know them."""
    scopes: tuple[dict[str, str], ...] = field(default=(), compare=False, repr=False)
    """Values that only included files see: the same."""
    files: tuple[str, ...] = ()
    """The files that were named or found, in the order of merging; without those that they name themselves."""
    beside_files: tuple[Beside, ...] = ()
    """Other files that are written together with the patches: all of them, or none."""
    overlay: str = ""
    """The override file that takes the changes; empty where they are made in place."""

    def with_status(self, status: Status) -> tuple[Finding, ...]:
        """The findings that ended in `status`."""
        return tuple(finding for finding in self.findings if finding.status is status)

    @property
    def recreated(self) -> tuple[str, ...]:
        """Services whose containers the next `up -d` replaces."""
        names = {finding.service for finding in self.with_status(Status.FIX) if finding.service and finding.changes}
        return tuple(sorted(names))
