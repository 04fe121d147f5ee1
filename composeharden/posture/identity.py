"""Who a service runs as, and whether it still runs the program that its image's facts are about."""

from __future__ import annotations

from composeharden.images.facts import Facts
from composeharden.outcome import Confidence
from composeharden.posture.record import Posture

_SHELLS = frozenset(("sh", "bash", "ash", "dash"))


def decide_identity(posture: Posture) -> None:
    """Root or not, and which uid and gid serve in the end."""
    user, facts = str(posture.service.get("user") or ""), posture.facts
    if not user:
        posture.runs_as_root = facts.starts_as_root if facts is not None else None
        if facts is not None and facts.service_identity != "root":
            posture.identity = facts.service_identity
        return
    name = user.split(":")[0]
    # Variables without a value can leave a lone colon: Docker takes that for root, whatever the image says.
    posture.runs_as_root = name in ("root", "0", "")
    if posture.runs_as_root:
        posture.identity = "" if facts is None or facts.service_identity == "root" else facts.service_identity
        if facts is not None and facts.starts_as_root is False:
            posture.hold(("read-only", "cap-drop"), "user: makes it root, which its image is not", Confidence.ASSUMED)
        return
    posture.identity = user if name.isdigit() else ""
    known = facts.service_identity if facts is not None else ""
    if facts is not None and name.isdigit() and name == known.split(":")[0]:
        posture.identity = known if ":" not in user else user
    elif facts is not None:
        # Not against cap-drop: a user that is not root has no capabilities to lose, save those of program files.
        posture.hold(("read-only",), f"user: is not the {known} its image is made for", Confidence.ASSUMED)


def doubt_other_programs(posture: Posture) -> None:
    """Lower the confidence where the service runs something else than its image is made for."""
    service, facts = posture.service, posture.facts
    if facts is None or facts.is_runtime:
        return
    if service.entrypoint:
        posture.hold(("read-only", "cap-drop"), "its entrypoint replaces the image's own", Confidence.ASSUMED)
    elif service.command and not _is_own_command(service.command, facts):
        posture.hold(("read-only", "cap-drop"), "its command is not the image's own program", Confidence.ASSUMED)
    if any(key in service for key in ("post_start", "pre_stop", "pre_start")):
        posture.hold(("read-only", "cap-drop"), "its lifecycle hooks may need more", Confidence.ASSUMED)


def _is_own_command(command: list[str], facts: Facts) -> bool:
    programs = [str(name) for name in facts.table("start").get("programs", ())]
    first = command[0].rsplit("/", 1)[-1]
    if first in _SHELLS:
        return False
    return command[0].startswith("-") or command[0] in programs or first in programs
