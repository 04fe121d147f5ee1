"""Report services that the kernel must not stop when memory runs out.

With `oom_kill_disable` a service that reaches its limit hangs instead of ending; without a limit it can bring the host
to a stand. A strongly negative `oom_score_adj` makes the kernel sacrifice everything else first.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import mapping, nested
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.11", "OWASP Docker #7")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    oom_kill_disable: true\n",
    "services:\n  app:\n    image: example/app:1\n    oom_kill_disable: true\n    mem_limit: 1g\n",
    "services:\n  app:\n    image: example/app:1\n    oom_score_adj: -1000\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    oom_kill_disable: false\n",
    "services:\n  app:\n    image: example/app:1\n    oom_score_adj: 500\n",
    "services:\n  app:\n    image: example/app:1\n    mem_limit: 1g\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report both keys."""
    service = posture.service
    limited = service.get("mem_limit") or mapping(nested(service, "deploy", "resources", "limits")).get("memory")
    if service.flag("oom_kill_disable"):
        yield Proposal(
            message="the kernel may not stop it when memory runs out" + ("" if limited else ", and nothing limits it"),
            key="oom_kill_disable",
            severity=Severity.LOW if limited else None,
            advice="remove oom_kill_disable and set a memory limit",
        )
    score = as_text(service.get("oom_score_adj"))
    if score.lstrip("-").isdecimal() and int(score) <= -500:
        yield Proposal(
            message="the kernel stops nearly everything else first when memory runs out",
            key="oom_score_adj",
            severity=Severity.LOW,
            advice="remove oom_score_adj and set a memory limit",
        )
