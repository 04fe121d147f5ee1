"""Settings of a service under which the facts of its image do not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from composeharden.compose.mounts import covers, is_below
from composeharden.images.facts import Facts
from composeharden.outcome import Confidence
from composeharden.posture.record import Posture

if TYPE_CHECKING:
    from composeharden.compose.dockerfile import Program


def obey_caveats(posture: Posture, facts: Facts) -> None:
    """Hold back what the facts warn of."""
    for caveat in facts.rows("caveat"):
        if _applies(posture, caveat["when"]):
            reason = facts.clause(caveat["reason"])
            posture.hold(caveat["holds"], reason, Confidence.ASSUMED if caveat.get("doubt") else None)
        elif "environment" in caveat["when"] and not posture.service.knows_environment:
            posture.hold(
                caveat["holds"], "its env_file cannot be read, and may set what speaks against it", Confidence.ASSUMED
            )


def _applies(posture: Posture, when: Mapping[str, str]) -> bool:
    service = posture.service
    mounts = (*service.mounts, *posture.copied)
    if "mount" in when and not any(is_below(mount, when["mount"]) or covers(mount, when["mount"]) for mount in mounts):
        return False
    if "no_mount" in when and any(covers(mount, when["no_mount"]) for mount in service.mounts):
        return False
    names = (*service.environment, *(posture.built.environment if posture.built is not None else ()))
    if "environment" in when and not any(re.fullmatch(when["environment"], name) for name in names):
        return False
    if "command" in when and not re.search(when["command"], " ".join(service.command or _baked(posture, "command"))):
        return False
    if "probe" in when and not re.search(when["probe"], " ".join(service.probe or _baked(posture, "healthcheck"))):
        return False
    return "user" not in when or when["user"] == _user_kind(posture)


def _baked(posture: Posture, name: str) -> tuple[str, ...]:
    """The words of a program that the Dockerfile sets."""
    program: Program | None = getattr(posture.built, name, None)
    return program.words if program is not None else ()


def _user_kind(posture: Posture) -> str:
    if not posture.service.get("user") and (posture.built is None or posture.built.user is None):
        return ""
    if posture.runs_as_root:
        return "root"
    known = posture.facts.service_identity.split(":")[0] if posture.facts is not None else ""
    return "service" if posture.identity.split(":")[0] == known else "other"
