"""The posture itself: what one service needs to run hardened, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from composeharden.compose.mounts import Mount
from composeharden.compose.project import Service
from composeharden.images.facts import Facts, Writable
from composeharden.outcome import Confidence

if TYPE_CHECKING:
    from composeharden.compose.dockerfile import Image

HARDENING = ("read-only", "cap-drop", "no-new-privileges", "user", "init", "tmpfs-options")
"""The passes that a posture is decided for."""


@dataclass
class Hold:
    """A reason against one pass. Without `lowers` nothing applies it; with it, lower evidence may (--assume)."""

    reason: str
    lowers: Confidence | None = None


@dataclass
class Posture:
    """What one service needs to run hardened, with reasons and confidence."""

    service: Service
    facts: Facts | None
    """Of its image; of the base image where it is built here."""
    built: Image | None = None
    """What its Dockerfile says, where it is built here and that can be read."""
    copied: list[Mount] = field(default_factory=list)
    """What its Dockerfile copies, as if it were mounted."""
    copied_from: list[Facts] = field(default_factory=list)
    """Of the images that its Dockerfile copies from."""
    without: frozenset[str] = frozenset()
    """Passes that are not made in this run: nothing may rest on them."""
    asks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Passes that others rest on here (FOUNDATIONS), each with the passes that it needs itself."""
    told: frozenset[str] = frozenset()
    """Passes that were asked for and held back: their finding says why, and no other need repeat it."""
    runs_as_root: bool | None = None
    identity: str = ""
    """uid:gid that a tmpfs for the service process belongs to; empty when root or not known."""
    user: str = ""
    """uid:gid to start as, where a root start is not needed: what the pass `user` writes."""
    user_confidence: Confidence = Confidence.ASSUMED
    why_root: str = ""
    """What keeps a service starting as root that could do without it otherwise."""
    probe: dict[str, Any] | None = None
    """The health check to add: what the pass `healthcheck` writes."""
    probe_confidence: Confidence = Confidence.ASSUMED
    init: bool = False
    """Whether the pass `init` puts an init in front of its program."""
    capabilities: dict[str, str] = field(default_factory=dict)
    capabilities_confidence: Confidence = Confidence.ASSUMED
    writable: list[Writable] = field(default_factory=list)
    read_only_confidence: Confidence = Confidence.ASSUMED
    privileges_confidence: Confidence = Confidence.ASSUMED
    holds: dict[str, list[Hold]] = field(default_factory=dict)
    why: dict[str, list[str]] = field(default_factory=dict)
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def starts_as_root(self) -> bool:
        """Also where that is not known."""
        return self.runs_as_root is not False

    def hold(self, passes: Iterable[str], reason: str, lowers: Confidence | None = None) -> None:
        """Hold passes back, each for `reason`."""
        for name in passes:
            self.holds.setdefault(name, []).append(Hold(reason, lowers))

    def blocked(self, name: str) -> str:
        """The reason that nothing overrules, or empty."""
        return next((hold.reason for hold in self.holds.get(name, ()) if hold.lowers is None), "")

    def confidence(self, name: str, base: Confidence) -> Confidence:
        """`base`, lowered by what speaks against it."""
        return min([base, *(hold.lowers for hold in self.holds.get(name, ()) if hold.lowers is not None)])

    def doubts(self, name: str) -> str:
        """What lowered the confidence, as one phrase; empty when nothing did."""
        return "; ".join(hold.reason for hold in self.holds.get(name, ()) if hold.lowers is not None)
