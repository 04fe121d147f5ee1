"""Settings of a service under which the facts of its image do not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from composeharden.compose.mounts import covers, is_below
from composeharden.images.facts import Facts
from composeharden.outcome import Confidence
from composeharden.posture.record import Posture


def obey_caveats(posture: Posture, facts: Facts) -> None:
    """Hold back what the facts warn of."""
    for caveat in facts.rows("caveat"):
        if _applies(posture, caveat["when"]):
            posture.hold(caveat["holds"], caveat["reason"], Confidence.ASSUMED if caveat.get("doubt") else None)
        elif "environment" in caveat["when"] and not posture.service.knows_environment:
            posture.hold(
                caveat["holds"], "its env_file cannot be read, and may set what speaks against it", Confidence.ASSUMED
            )


def _applies(posture: Posture, when: Mapping[str, str]) -> bool:
    service = posture.service
    if "mount" in when and not any(
        is_below(mount, when["mount"]) or covers(mount, when["mount"]) for mount in service.mounts
    ):
        return False
    if "no_mount" in when and any(covers(mount, when["no_mount"]) for mount in service.mounts):
        return False
    if "environment" in when and not any(re.fullmatch(when["environment"], name) for name in service.environment):
        return False
    if "command" in when and not re.search(when["command"], " ".join(service.command)):
        return False
    if "probe" in when and not re.search(when["probe"], " ".join(posture.service.probe)):
        return False
    return "user" not in when or when["user"] == _user_kind(posture)


def _user_kind(posture: Posture) -> str:
    if not posture.service.get("user"):
        return ""
    if posture.runs_as_root:
        return "root"
    known = posture.facts.service_identity.split(":")[0] if posture.facts is not None else ""
    return "service" if posture.identity.split(":")[0] == known else "other"
