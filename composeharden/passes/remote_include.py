"""Report parts of the stack that are fetched from elsewhere: whoever can change them runs what they like here.

`include` and `extends` take Git repositories, web addresses and OCI artifacts. Compose fetches them for every command,
also for those that only look, and a Compose file can do anything on the host. A full commit id or digest at least
makes sure that it is the one you have read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from composeharden.compose.entries import items, mapping
from composeharden.compose.project import Project
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #13", "NIST SP 800-190 4.1.5", "https://docs.docker.com/compose/trust-model/")

REPORTED = (
    "include: ['oci://registry.example/stack:latest']\nservices:\n  app:\n    image: example/app:1\n",
    "include:\n  - path: [https://github.com/example/stack.git]\nservices:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    extends: {file: 'https://github.com/example/stack.git', service: app}\n",
    "include: ['git@github.com:example/stack.git#0123456789abcdef0123456789abcdef01234567']\nservices: {}\n",
)
UNCHANGED = (
    "services:\n  app:\n    build: https://github.com/example/app.git\n",
    "include: [../common/compose.yaml]\nservices:\n  app:\n    image: example/app:1\n",
    "include:\n  - path: [base.yaml, more.yaml]\nservices:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    extends: {file: base.yaml, service: app}\n",
)

_REMOTE = re.compile(r"(?:https?|git|ssh|oci)://|git@|github\.com/", re.IGNORECASE)
_PINNED = re.compile(r"#[0-9a-f]{40}(?:[0-9a-f]{24})?(?::|\Z)|@sha256:[0-9a-f]{64}", re.IGNORECASE)


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report each remote include, and each service that extends a remote one."""
    for entry in items(project.model.get("include")):
        for path in [entry, *items(mapping(entry).get("path"))]:
            if _REMOTE.match(as_text(path)):
                yield _proposal(as_text(path), "a part of the stack is fetched from elsewhere", "include")
    for name, service in project.services.items():
        file = as_text(mapping(service.get("extends")).get("file"))
        if _REMOTE.match(file):
            yield _proposal(file, "it extends a service that is fetched from elsewhere", "extends", name)


def _proposal(path: str, message: str, key: str, service: str = "") -> Proposal:
    pinned = bool(_PINNED.search(path))
    return Proposal(
        message=message if pinned else f"{message} and not pinned",
        key=key,
        item=path,
        service=service,
        severity=Severity.LOW if pinned else None,
        advice="read it, and read it again with every new commit"
        if pinned
        else "pin it: #<full commit id> for Git, @sha256:<digest> for OCI; or keep a copy in the repository",
    )
