"""Who a service runs as, and whether it still runs the program that its image's facts are about."""

from __future__ import annotations

from composeharden.images.facts import Facts
from composeharden.outcome import Confidence
from composeharden.posture.record import Posture

_SHELLS = frozenset(("sh", "bash", "ash", "dash"))
_OF_THE_PROGRAM = ("read-only", "cap-drop", "user", "init")
_OF_ITS_MODE = (*_OF_THE_PROGRAM, "healthcheck")
"""Passes that only know the image's own program."""


def decide_identity(posture: Posture) -> None:
    """Root or not, and which uid and gid serve in the end. `user` of the service goes before USER of a Dockerfile."""
    user, facts = str(posture.service.get("user") or ""), posture.facts
    said = posture.built.user if posture.built is not None else None
    if not user and (said is None or not said.text):
        # An empty USER depends on what is not known: then nobody can tell.
        posture.runs_as_root = _image_starts_as_root(posture) if said is None else None
        if said is None and facts is not None and facts.service_identity != "root":
            posture.identity = facts.service_identity
        return
    if user:
        _decide_user(posture, user, "user:")
    elif said is not None:
        _decide_user(posture, said.text, "USER of its Dockerfile")


def _decide_user(posture: Posture, user: str, key: str) -> None:
    facts = posture.facts
    name = user.split(":")[0]
    # Variables without a value can leave a lone colon: Docker takes that for root, whatever the image says.
    posture.runs_as_root = name in ("root", "0", "")
    if posture.runs_as_root:
        posture.identity = "" if facts is None or facts.service_identity == "root" else facts.service_identity
        if _image_starts_as_root(posture) is False:
            posture.hold(("read-only", "cap-drop"), f"{key} makes it root, which its image is not", Confidence.ASSUMED)
        return
    posture.identity = user if name.isdigit() else ""
    known = facts.service_identity if facts is not None else ""
    if facts is not None and name.isdigit() and name == known.split(":")[0]:
        posture.identity = known if ":" not in user else user
    elif facts is not None and not (facts.is_runtime and posture.built is not None):
        # Not against cap-drop: a user that is not root has no capabilities to lose, save those of program files.
        posture.hold(("read-only",), f"{key} is not the {known} its image is made for", Confidence.ASSUMED)


def _image_starts_as_root(posture: Posture) -> bool | None:
    """Whether the image starts as root by itself. None: not known."""
    built, facts = posture.built, posture.facts
    if built is not None and built.user is not None:
        return built.user.text.split(":")[0] in ("root", "0") if built.user.text else None
    if built is not None and built.base.text == "scratch":
        return True
    return facts.starts_as_root if facts is not None else None


def doubt_other_programs(posture: Posture) -> None:
    """Lower the confidence where the service runs something else than its image is made for."""
    service, facts = posture.service, posture.facts
    is_known = facts is not None and not facts.is_runtime
    if (is_known or posture.built is not None) and any(
        key in service for key in ("post_start", "pre_stop", "pre_start")
    ):
        posture.hold(_OF_THE_PROGRAM, "its lifecycle hooks may need more", Confidence.ASSUMED)
    if facts is None or facts.is_runtime:
        return
    reason = other_program(posture)
    if reason:
        posture.hold(_OF_ITS_MODE, reason, Confidence.ASSUMED)


def other_program(posture: Posture) -> str:
    """Why a service does not run the program that its image's facts are about; empty where it does."""
    service, facts = posture.service, posture.facts
    if service.entrypoint:
        return "its entrypoint replaces the image's own"
    if facts is not None and service.command and not _is_own_command(service.command, facts):
        return "its command is not the image's own program"
    return ""


def runs_own_program(posture: Posture) -> bool:
    """Whether a service surely starts its image's own entry point with the image's own program."""
    service, facts = posture.service, posture.facts
    if facts is None or facts.is_runtime or service.entrypoint:
        return False
    return not service.command or _is_own_command(service.command, facts)


def _is_own_command(command: list[str], facts: Facts) -> bool:
    programs = [str(name) for name in facts.table("start").get("programs", ())]
    first = command[0].rsplit("/", 1)[-1]
    if first in _SHELLS:
        return False
    return command[0].startswith("-") or command[0] in programs or first in programs
