"""Report files outside of the project folder that Compose reads for a service.

`env_file`, `label_file`, and the files of secrets and configs are read by whoever runs Compose, with that user's
rights, and end up in the container. In a file from somebody else that is a way to a private key; in your own it is a
dependency that the repository does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from composeharden.compose.binds import host_path
from composeharden.compose.entries import entries, mapping
from composeharden.compose.project import Project, Service
from composeharden.compose.values import as_text
from composeharden.host_paths import of_bind
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.LOW
EFFECT = Effect.NONE
REFERENCES = ("NIST SP 800-190 4.5.5", "https://docs.docker.com/compose/trust-model/")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    env_file: /etc/app/production.env\n",
    "services:\n  app:\n    image: example/app:1\n    env_file:\n      - path: ../../shared.env\n",
    "services:\n  app:\n    image: example/app:1\n    label_file: ~/labels\n",
    "services:\n  app:\n    image: example/app:1\n    secrets: [key]\nsecrets: {key: {file: ~/.ssh/id_ed25519}}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    env_file: [.env, ./config/app.env]\n",
    "services:\n  app:\n    image: example/app:1\n    secrets: [key]\nsecrets: {key: {file: ./secrets/key}}\n",
    "services:\n  app:\n    image: example/app:1\n    label_file: labels/app\n",
    "services:\n  app:\n    image: example/app:1\n    secrets: [key]\nsecrets: {key: {file: /etc/app/key}}\n",
)

_ADVICE = "keep the file below the project folder, untracked where it holds secrets"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the files of env_file and label_file."""
    for key, path, item in _files(posture.service):
        severity = _severity(path, True)
        if severity is not None:
            yield Proposal(
                message=f"its {key} is outside of the project ({path})",
                key=key,
                item=item,
                severity=severity,
                advice=_ADVICE,
            )


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report the files of secrets and configs that hold a user's own keys or the host's.

    Elsewhere on the host is a fair place for a secret.
    """
    for section in ("secrets", "configs"):
        for name, definition in project.top_level(section).items():
            file = as_text(mapping(definition).get("file"))
            severity = _severity(host_path(project.text(file, set())), False)
            if severity is not None:
                yield Proposal(
                    message=f"{section[:-1]} {name} is a file with keys or logins of the host",
                    key=section,
                    severity=severity,
                    advice="make a key of its own for the stack",
                )


def _files(service: Service) -> Iterator[tuple[str, str, str]]:
    for key in ("env_file", "label_file"):
        for entry in entries(service, key, "path"):
            unset: set[str] = set()
            service.project.text(entry.item, unset)
            if unset:  # what is below a folder that is not known is not below the root of the host
                continue
            yield key, host_path(as_text(mapping(entry.value).get("path")) or as_text(entry.value)), entry.item


def _severity(path: str, anywhere: bool) -> Severity | None:
    if not path.startswith(("/", "~", "..")):
        return None
    hazard = of_bind(path, True)
    if hazard is not None and hazard.severity >= Severity.MEDIUM:
        return Severity.MEDIUM
    # One folder up is how a repository with several stacks shares its settings.
    far = path.startswith(("/", "~", "../.."))
    return (Severity.LOW if far else Severity.INFO) if anywhere else None
