"""What a repository says about itself: the records that its configuration file is read into.

Nothing here opens a file or knows where one lies. `reading` makes the records, `exemptions` applies the exceptions.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from composeharden.configuration.globs import Globs, Names
from composeharden.outcome import Location, Severity

NAME = ".composeharden.yaml"
TABLE = ("tool", "composeharden")
"""Where the same settings stand in pyproject.toml."""
ANY = "*"
"""In the rules of an exception: every pass."""


class Bar(Enum):
    """How sure the facts behind a fix have to be."""

    DEFAULT = "default"
    ASSUME = "assume"
    STRICT = "strict-evidence"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Exemption:
    """One exception: which findings are accepted, why, and for how long."""

    rules: frozenset[str]
    """Names of passes, or ANY alone."""
    services: Names
    """Those it is for; every service, and the stack itself, where it names none."""
    files: Globs
    """The same for files."""
    reason: str
    until: datetime.date | None
    """The last day on which it counts."""
    location: Location

    def ended(self, today: datetime.date) -> bool:
        """True when it does not count any more."""
        return self.until is not None and today > self.until

    def covers(self, rule: str, service: str | None) -> bool:
        """Whether it is about a pass and a service (None for the stack as a whole)."""
        named = rule in self.rules or ANY in self.rules
        return named and (not self.services or (service is not None and self.services(service)))


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """Files that make one stack together, in the order of `docker compose -f`; paths as written."""

    files: tuple[str, ...]
    location: Location
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    project_directory: str = ""


@dataclass(frozen=True)
class Configuration:
    """The settings of one file. None, or an empty value, where it does not say."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    fail_on: Severity | None = None
    fail_on_held: bool | None = None
    bar: Bar | None = None
    files: Globs = field(default_factory=Globs)
    """What a search takes for a Compose file, relative to the folder of the configuration."""
    exclude: Globs = field(default_factory=Globs)
    projects: tuple[ProjectFiles, ...] = ()
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By service, commands that a trial runs in it."""
    exemptions: tuple[Exemption, ...] = ()
