"""Report credentials in labels, logging options and the options of volumes.

A password for a log server, a token in a label or the login of a network share is in the repository and its history
like one in `environment`, and in what Docker shows of containers and volumes. Messages never contain the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from composeharden.compose.entries import item_of, mapping, plain
from composeharden.compose.project import Project
from composeharden.compose.values import as_mapping, as_text
from composeharden.credential_findings import REFERENCES as REFERENCES
from composeharden.credential_findings import severity, wording
from composeharden.credentials import Credential, in_setting
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n"
    "    logging: {driver: splunk, options: {splunk-token: hunter2hunter2}}\n",
    "services:\n  app:\n    image: example/app:1\n    labels:\n      - backup.password=hunter2\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['share:/data']\nvolumes:\n  share:\n"
    "    driver_opts: {type: cifs, device: //files/share, o: 'username=app,password=hunter2'}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    logging: {driver: json-file, options: {max-size: 10m}}\n",
    "services:\n  app:\n    image: example/app:1\n    labels: {backup.password: '${PASSWORD}'}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['share:/data']\nvolumes:\n  share:\n"
    "    driver_opts: {type: cifs, device: //files/share, o: 'username=app,password=${PASSWORD}'}\n",
    "services:\n  app:\n    image: example/app:1\n    labels: {app.token-header: X-Token}\n",
)

_ADVICE = "give it through a variable from an untracked .env; replace it, since copies and history keep it"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report labels, annotations and logging options."""
    service = posture.service
    settings = {
        "labels": service.raw.get("labels"),
        "annotations": service.raw.get("annotations"),
        "logging": mapping(service.raw.get("logging")).get("options"),
    }
    for key, value in settings.items():
        for name, text in as_mapping(plain(value)).items():
            found = in_setting(name, text or "")
            if found is not None:
                yield Proposal(
                    message=wording(found, f"{key}: {name}"),
                    key=key,
                    item=item_of(value, name),
                    severity=severity(found, service.project),
                    advice=_ADVICE,
                )


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report the options of volumes."""
    for name, volume in project.top_level("volumes").items():
        for option, value in mapping(mapping(volume).get("driver_opts")).items():
            found = _in_option(option, as_text(value))
            if found is not None:
                yield Proposal(
                    message=wording(found, f"volume {name}: {option}"),
                    key="volumes",
                    advice=_ADVICE,
                    severity=severity(found, project),
                )


def _in_option(name: str, value: str) -> Credential | None:
    """In the option itself, or among the `name=value` that mount options are made of."""
    parts = [part.partition("=") for part in value.split(",")]
    return in_setting(name, value) or next(
        (found for inner, _, text in parts if (found := in_setting(inner, text)) is not None), None
    )
