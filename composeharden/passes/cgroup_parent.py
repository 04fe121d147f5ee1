"""Report services that are put under a control group of somebody's choice.

Limits count along the tree of control groups. Another parent can take a service out of the limits that hold for all
containers of the host.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.25",)

REPORTED = ("services:\n  app:\n    image: example/app:1\n    cgroup_parent: /special.slice\n",)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    cgroup: private\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the key."""
    if posture.service.get("cgroup_parent"):
        yield Proposal(
            message="it runs under a control group that is not the engine's",
            key="cgroup_parent",
            advice="remove cgroup_parent and set limits on the service itself",
        )
