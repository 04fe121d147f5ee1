"""Report jobs that would be reported as services: containers of the top-level `jobs` run by hand or on a schedule.

A job takes nearly every setting of a service. Everything from medium severity on that a service would be reported for
is reported here; fixes are not made in jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from composeharden.compose.entries import mapping
from composeharden.compose.project import Project
from composeharden.inner_container import reports
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal, all_passes
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.4.3",)

REPORTED = (
    "services:\n  app:\n    image: example/app:1\njobs:\n  backup:\n    image: example/backup:1\n"
    "    privileged: true\n"
    "    triggers: {manual: true}\n",
    "jobs:\n  backup:\n    image: example/backup\n    triggers: {schedule: ['0 3 * * *']}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\njobs:\n  backup:\n    image: example/backup:1\n    user: '1000'\n"
    "    triggers: {manual: true}\n",
    "services:\n  app:\n    image: example/app:1\n",
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report what is wrong with each job."""
    rules = all_passes().values()
    for name, raw in project.top_level("jobs").items():
        settings = {key: value for key, value in mapping(raw).items() if key not in ("triggers", "profiles")}
        for proposal in reports(project, name, settings, f"job {name}", rules) if settings else ():
            yield replace(proposal, key="jobs", item="", service="")
