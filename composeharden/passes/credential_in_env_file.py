"""Report credentials in the files of `env_file`, where nothing beside the Compose file keeps them out of a repository.

An untracked file is a better place than the Compose file, though every process of the container gets all of it. One
that is committed is no better. What a `.gitignore` in the folder of the Compose file covers is left alone. Files
outside of that folder are not read. Messages never contain the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.neighbours import environment_lines, is_ignored
from composeharden.compose.project import Project
from composeharden.credential_findings import REFERENCES as REFERENCES
from composeharden.credential_findings import wording
from composeharden.credentials import Kind, in_setting
from composeharden.outcome import Effect, Location, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
ABOUT_TEXT = True

FILES = {
    "app.env": b"# settings\nDEBUG=no\nDB_PASSWORD=hunter2\n",
    "quoted.env": b"export DATABASE_URL='postgres://app:hunter2@db/app' # main\n",
    "good.env": b"DB_PASSWORD=\nDB_PASSWORD_FILE=/run/secrets/db\nTOKEN=${TOKEN}\nSECRET_KEY\n",
    "ignored.env": b"DB_PASSWORD=hunter2\n",
    ".gitignore": b"*.log\nignored.*\n",
}
"""What lies beside the cases."""
REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    env_file: app.env\n",
    "services:\n  app:\n    image: example/app:1\n    env_file: [{path: ./quoted.env, required: false}]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    env_file: [good.env]\n",
    "services:\n  app:\n    image: example/app:1\n    env_file: [ignored.env, missing.env, ../app.env]\n",
    "services:\n  app:\n    image: example/app:1\n",
)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report each line once, for the first service that reads the file."""
    told: set[tuple[str, int]] = set()
    for name, posture in postures.items():
        for line in environment_lines(project, posture.service.get("env_file")):
            if (line.file, line.number) in told or is_ignored(project, line.file):
                continue
            told.add((line.file, line.number))
            found = in_setting(line.name, line.raw)
            if found is not None:
                yield Proposal(
                    message=f"{wording(found, line.name)}, in a file of env_file",
                    service=name,
                    key="env_file",
                    location=Location(line.file, line.number, 1),
                    severity=Severity.MEDIUM if found.kind is Kind.TOKEN else None,
                    advice="keep the file out of the repository, readable for its owner alone, or use a file secret; "
                    "if it was committed, replace the credential",
                )
