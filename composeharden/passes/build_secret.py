"""Report credentials in build arguments and inline Dockerfiles: they stay in the image.

The value of an argument is recorded in the history of the image and goes with it to every registry. A build secret is
only there while the step that needs it runs. Messages never contain the value.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import item_of, mapping, plain
from composeharden.compose.values import as_mapping, as_text
from composeharden.credential_findings import REFERENCES as _REFERENCES
from composeharden.credential_findings import severity, wording
from composeharden.credentials import in_setting, in_text, is_credential_name, literal_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.10", *_REFERENCES)

REPORTED = (
    "services:\n  app:\n    build:\n      context: .\n      args:\n        NPM_TOKEN: hunter2hunter2\n",
    "services:\n  app:\n    build:\n      context: .\n      args: ['DB_PASSWORD=hunter2']\n",
    "services:\n  app:\n    build:\n      context: .\n      args: {NPM_TOKEN: '${NPM_TOKEN}'}\n",
)
UNCHANGED = (
    "services:\n  app:\n    build:\n      context: .\n      args: {VERSION: '1.2', TOKEN_FILE: /run/secrets/token}\n",
    "services:\n  app:\n    build:\n      context: .\n      secrets: [npm]\nsecrets: {npm: {environment: NPM_TOKEN}}\n",
    "services:\n  app:\n    build: .\n",
    "services:\n  app:\n    build:\n      context: .\n      args: {PASSWORD: ''}\n",
)

_ADVICE = "use build.secrets and RUN --mount=type=secret, then replace the credential: images and history keep it"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each argument that holds or carries a credential, and an inline Dockerfile with one."""
    service = posture.service
    build = mapping(service.raw.get("build"))
    arguments = plain(build.get("args"))
    for name, value in as_mapping(arguments).items():
        item = item_of(arguments, name)
        found = in_setting(name, value or "")
        if found is not None:
            yield Proposal(
                message=wording(found, f"build argument {name}"),
                key="build",
                item=item,
                advice=_ADVICE,
                severity=severity(found, service.project),
            )
        elif is_credential_name(name) and (value is None or "\0" in literal_text(value)):
            yield Proposal(
                message=f"build argument {name} puts a credential into the image's history",
                key="build",
                item=item,
                advice=_ADVICE,
            )
    found = in_text(as_text(plain(build.get("dockerfile_inline"))))
    if found is not None and not _is_said_of_its_line(posture):
        yield Proposal(
            message=wording(found, "its inline Dockerfile"),
            key="build",
            item="dockerfile_inline",
            severity=severity(found, service.project),
            advice=_ADVICE,
        )


def _is_said_of_its_line(posture: Posture) -> bool:
    """True where dockerfile-secret reports it."""
    settings = posture.built.settings if posture.built is not None else ()
    return any(in_setting(setting.name, setting.value) is not None for setting in settings)
