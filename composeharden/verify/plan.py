"""What is tried: the fixes of a stack, some of them left out, some with more than the facts ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from composeharden.decide import Addition, Options, Tried
from composeharden.outcome import Confidence, Finding, Outcome, Status
from composeharden.yaml.change import Change

Look = Callable[[Options], Outcome]
"""What the pipeline decides under other options."""


@dataclass(frozen=True)
class Plan:
    """One set of fixes. It is decided anew each time: what is left out changes what others need."""

    tried: Tried = field(default_factory=dict)
    additions: Mapping[str, Addition] = field(default_factory=dict)

    def without(self, service: str, rule: str, reason: str) -> Plan:
        """The same less one fix."""
        return replace(self, tried={**self.tried, (service, rule): reason})

    def adding(self, service: str, addition: Addition) -> Plan:
        """The same with more capabilities or writable paths for a service."""
        more = self.additions.get(service, Addition()).with_more(addition)
        return replace(self, additions={**self.additions, service: more})


@dataclass(frozen=True)
class Planned:
    """A plan with what it comes to."""

    plan: Plan
    outcome: Outcome

    @property
    def fixes(self) -> list[Finding]:
        """What would be changed."""
        return [finding for finding in self.outcome.with_status(Status.FIX) if finding.changes]

    @property
    def changes(self) -> list[Change]:
        """The same as declared changes."""
        return [change for finding in self.fixes for change in finding.changes]

    def rules(self, service: str) -> list[str]:
        """The passes that change a service."""
        return [finding.rule for finding in self.fixes if finding.service == service]

    def assumed(self) -> frozenset[str]:
        """Services with a fix that is only assumed to work."""
        return frozenset(
            finding.service for finding in self.fixes if finding.service and finding.confidence is Confidence.ASSUMED
        )


def waits_for(fix: Finding) -> frozenset[str]:
    """The services that a fix makes its own wait for. One that is not run is left out of what is tried."""
    found: set[str] = set()
    for change in fix.changes:
        if change.path[3:4] == ("depends_on",):
            value = getattr(change, "value", None)
            found.update(map(str, change.path[4:5] or (value if isinstance(value, (Mapping, list, tuple)) else ())))
    return frozenset(found)
