"""Remove the top-level `version`, which Compose ignores and warns about on every run.

Files made for `docker stack deploy` keep it: Swarm still reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.project import Project
from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture
from composeharden.yaml.change import Remove

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("https://docs.docker.com/reference/compose-file/version-and-name/",)

EXAMPLE = Case(
    before="version: '3.8'\n\nservices:\n  web:\n    image: example/web:1\n",
    after="services:\n  web:\n    image: example/web:1\n",
)
UNCHANGED = ("services:\n  web:\n    image: example/web:1\n",)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Propose to remove it from the first document that has it."""
    if "version" in project.model:
        yield Proposal(
            message="the top-level version is obsolete",
            key="version",
            changes=(Remove((0, "version")),),
            held="the file is made for `docker stack deploy`, which reads it" if project.is_for_swarm else "",
        )
