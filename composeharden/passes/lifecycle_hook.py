"""Report hooks that run with more rights than their service, and containers before a start that are unsafe themselves.

`post_start` and `pre_stop` run a command in the service's container, as any user and even privileged. `pre_start` runs
a whole container with settings of its own beforehand: everything that is dangerous in a service is so there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from composeharden.compose.entries import items, mapping
from composeharden.compose.values import as_bool, as_text
from composeharden.inner_container import reports
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal, all_passes
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.5", "OWASP Docker #2", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    post_start:\n      - {command: chown app /data, user: root}\n",
    "services:\n  app:\n    image: example/app:1\n    pre_stop:\n      - {command: sync, privileged: true}\n",
    "services:\n  app:\n    image: example/app:1\n    pre_start:\n      - {image: alpine, command: 'true'}\n",
    "services:\n  app:\n    image: example/app:1\n    pre_start:\n"
    "      - {image: 'alpine:3.22', command: 'true', volumes: ['/:/host']}\n",
    "services:\n  app:\n    image: example/app:1\n    post_start:\n"
    "      - {command: seed, environment: {DB_PASSWORD: hunter2}}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    user: root\n    post_start:\n"
    "      - {command: seed, user: root}\n",
    "services:\n  app:\n    image: example/app:1\n    post_start:\n"
    "      - {command: seed, environment: {KEY_ID: abc}}\n",
    "services:\n  app:\n    image: example/app:1\n    post_start:\n      - {command: warm-up, user: '1000'}\n",
    "services:\n  app:\n    image: example/app:1\n    pre_start:\n"
    "      - {image: 'alpine:3.22', command: 'true', user: '1'}\n",
    "services:\n  app:\n    image: example/app:1\n    pre_stop:\n      - {command: sync, privileged: false}\n",
)

_ROOT = "a step before the start that gives the data to its user once needs no root hook"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the hooks of one service."""
    for key in ("post_start", "pre_stop"):
        for number, hook in enumerate(items(posture.service.raw.get(key)), 1):
            yield from _command_hook(posture, key, f"{key} hook {number}", mapping(hook))
    for number, hook in enumerate(items(posture.service.raw.get("pre_start")), 1):
        for proposal in _container_hook(posture, f"pre_start hook {number}", mapping(hook)):
            # The keys of a hook are not keys of the service: point at the hooks.
            yield _at("pre_start", proposal)


def _command_hook(posture: Posture, key: str, what: str, hook: dict[str, Any]) -> Iterator[Proposal]:
    unset: set[str] = set()
    user = posture.service.project.text(as_text(hook.get("user")), unset).split(":")[0]
    if as_bool(hook.get("privileged")) is True:
        yield Proposal(
            message=f"{what} runs privileged, with every right on the host",
            key=key,
            severity=Severity.HIGH,
            advice="remove privileged from the hook",
        )
    elif user in ("root", "0") and posture.runs_as_root is not True:
        yield Proposal(message=f"{what} runs as root, which the service does not need to be", key=key, advice=_ROOT)
    inner: dict[str, Any] = {name: hook[name] for name in ("command", "environment") if name in hook}
    for proposal in _reports(posture, inner, what):
        yield _at(key, proposal)


def _container_hook(posture: Posture, what: str, hook: dict[str, Any]) -> Iterator[Proposal]:
    raw = {name: value for name, value in hook.items() if name != "per_replica"}
    if "image" not in raw and "image" in posture.service.raw:
        raw["image"] = posture.service.raw["image"]
    yield from _reports(posture, raw, what)


def _reports(posture: Posture, raw: dict[str, Any], what: str) -> Iterator[Proposal]:
    return reports(posture.service.project, posture.service.name, raw, what, all_passes().values())


def _at(key: str, proposal: Proposal) -> Proposal:
    references = tuple(name for name in proposal.references if name not in REFERENCES)
    return replace(proposal, key=key, item="", references=references)
