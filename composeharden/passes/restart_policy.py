"""Report services that Docker restarts for ever, however often they fail.

A service that dies at every start keeps the host busy and hides the failure, and an attack that crashes it gets as
many tries as it likes. The CIS benchmark asks for `on-failure:5`. Many stacks rather come back by themselves after a
restart of the host, which `on-failure` does not do: with a health check and somebody who looks at it, that is a
fair choice to suppress this finding for. A job that others wait for must end: Docker starting it again keeps them
from ever starting.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import mapping, nested
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture
from composeharden.posture.jobs import is_endless

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.15", "OWASP Docker #7")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    restart: always\n",
    "services:\n  app:\n    image: example/app:1\n    restart: unless-stopped\n",
    "services:\n  app:\n    image: example/app:1\n    restart: on-failure\n",
    "services:\n  app:\n    image: example/app:1\n    depends_on: {job: {condition: service_completed_successfully}}\n"
    "  job:\n    image: example/job:1\n    restart: always\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    restart: on-failure:5\n",
    "services:\n  app:\n    image: example/app:1\n    restart: 'no'\n",
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    deploy: {restart_policy: {condition: any, max_attempts: 5}}\n",
    "services:\n  app:\n    image: example/app:1\n    depends_on: {job: {condition: service_completed_successfully}}\n"
    "  job:\n    image: example/job:1\n    restart: on-failure:3\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report a policy without a last try."""
    policy = as_text(posture.service.get("restart"))
    deployed = mapping(nested(posture.service, "deploy", "restart_policy"))
    endless = policy in ("always", "unless-stopped", "on-failure")
    if not policy and deployed:
        endless = deployed.get("condition", "any") != "none" and "max_attempts" not in deployed
    if posture.service.name in posture.service.project.awaited_jobs and is_endless(posture.service):
        yield Proposal(
            message="others wait for its end, after which it is started again: they may never start",
            key="restart" if policy else "deploy",
            severity=Severity.MEDIUM,
            advice="use on-failure, or no policy at all: a job that is done stays done",
        )
    elif endless:
        yield Proposal(
            message="it is restarted for ever, however often it fails",
            key="restart" if policy else "deploy",
            advice="use on-failure:5, or keep the policy and watch the health and restart count of the service",
        )
