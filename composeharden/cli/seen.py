"""What one input had to do with exceptions and baselines; plain data, for what is said of the whole run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from composeharden.configuration.exemptions import Use


class Entry(NamedTuple):
    """One finding of a baseline, in the order in which they are sorted."""

    file: str
    """Relative to the folder of the baseline, with slashes."""
    service: str
    """Empty for the stack as a whole."""
    rule: str
    fingerprint: str


@dataclass
class Seen:
    """The record of one input."""

    governed_by: str = ""
    """The folder of its configuration."""
    uses: set[Use] = field(default_factory=set)
    """The exceptions that some finding of it matched."""
    known: set[str] = field(default_factory=set)
    """Fingerprints of the baseline that it still has."""
    entries: dict[Entry, None] = field(default_factory=dict)
    """What a new baseline says of it, in order."""
    complete: bool = False
    """Every pass that was chosen has looked at it."""
