"""Report builds from sources elsewhere that are not pinned: what is built is whatever is there that day.

A Git URL with a branch or without one, an archive on the web, or an additional context from an image without digest
can change between two builds. A full commit id or a digest cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from composeharden.compose.entries import build_settings, item_of, mapping
from composeharden.compose.project import Service
from composeharden.compose.values import as_mapping, as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.2", "OWASP Docker #13", "NIST SP 800-190 4.1.5")

REPORTED = (
    "services:\n  app:\n    build: https://github.com/example/app.git#main\n",
    "services:\n  app:\n    build: {context: 'git@github.com:example/app.git'}\n",
    "services:\n  app:\n    build:\n      context: .\n      additional_contexts: {base: 'docker-image://alpine:3'}\n",
)
UNCHANGED = (
    "services:\n  app:\n    build: ./app\n",
    "services:\n  app:\n    build: https://github.com/example/app.git#0123456789abcdef0123456789abcdef01234567:dir\n",
    "services:\n  app:\n    build:\n      context: .\n"
    "      additional_contexts: {lib: ../lib, base: 'service:base'}\n"
    "  base:\n    build: ./base\n",
    "services:\n  app:\n    build:\n      context: .\n      additional_contexts:\n"
    "        - base=docker-image://alpine@sha256:"
    "0000000000000000000000000000000000000000000000000000000000000000\n",
)

_REMOTE = re.compile(r"(?:https?|git|ssh|ftp)://|git@|docker-image://|oci-layout://|github\.com/", re.IGNORECASE)
_PINNED = re.compile(r"#[0-9a-f]{40}(?:[0-9a-f]{24})?(?::|\Z)|@sha256:[0-9a-f]{64}", re.IGNORECASE)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the context and each additional one."""
    for what, item, source in _sources(posture.service):
        if _REMOTE.match(source) and not _PINNED.search(source):
            yield Proposal(
                message=f"{what} of its build comes from elsewhere and is not pinned",
                key="build",
                item=item,
                advice="pin it: #<full commit id> for Git, @sha256:<digest> for images; keep archives in a repository",
            )


def _sources(service: Service) -> Iterator[tuple[str, str, str]]:
    build = build_settings(service)
    yield "the context", "context" if isinstance(service.get("build"), dict) else "", as_text(build.get("context"))
    contexts = mapping(service.raw.get("build")).get("additional_contexts")
    for name, source in as_mapping(build.get("additional_contexts")).items():
        yield f"the context {name}", item_of(contexts, name), source or ""
