"""What cannot be told of a service holds its passes back, by name: other files, variables, unknown images."""

from __future__ import annotations

from composeharden.compose.project import Service
from composeharden.outcome import Confidence
from composeharden.posture.record import HARDENING, Posture


def hold_what_is_unclear(posture: Posture) -> None:
    """Hold back what depends on something that is not in view."""
    service = posture.service
    for reason in service.unclear:
        posture.hold((*HARDENING, "depends-on", "healthcheck"), reason)
    if service.project.is_for_swarm:
        posture.hold(
            (*HARDENING, "depends-on", "healthcheck", "obsolete-version"),
            "the file is made for `docker stack deploy`, which ignores or refuses what would be written",
        )
    if service.flag("privileged"):
        posture.hold(HARDENING, "the service is privileged: take that away first, everything else is void beside it")
    if "isolation" in service or service.image.startswith("mcr.microsoft.com/windows"):
        posture.hold((*HARDENING, "healthcheck"), "it is a Windows container, where these settings mean nothing")
    _hold_what_has_no_value(posture)
    if "build" in service:
        return  # its Dockerfile may say more
    if posture.facts is None:
        posture.hold(HARDENING, _nothing_known(service), Confidence.ASSUMED)
    elif posture.facts.is_runtime:
        posture.hold(
            ("read-only", "cap-drop"),
            f"{posture.facts.title} runs a program that nothing is known of",
            Confidence.ASSUMED,
        )


_READS = {
    "cap_add": ("cap-drop", "user"),
    "cap_drop": ("cap-drop",),
    "security_opt": ("no-new-privileges",),
    "read_only": ("read-only",),
    "tmpfs": ("read-only", "user"),
    "network_mode": ("user",),
    "user": ("cap-drop", "read-only"),
    "privileged": HARDENING,
}


def _hold_what_has_no_value(posture: Posture) -> None:
    """A variable without a value, where a pass reads the setting. Of a command only the program's name matters."""
    service = posture.service
    for key, passes in _READS.items():
        names = service.unset(key)
        if names:
            posture.hold(
                passes,
                f"{key} depends on {', '.join(sorted(names))}, which has no value here",
                Confidence.ASSUMED if key == "user" else None,
            )
    for key in ("entrypoint", "command"):
        raw = service.raw.get(key)
        program = raw[0] if isinstance(raw, list) and raw else raw
        if isinstance(program, str) and "$" in program.split(" ")[0] and service.unset(key):
            posture.hold(
                ("cap-drop", "read-only", "user", "healthcheck"),
                f"{key} depends on {', '.join(sorted(service.unset(key)))}, which has no value here",
                Confidence.ASSUMED,
            )
    for target in service.unknown_targets:
        posture.hold(
            ("read-only", "user"),
            f"a mount's target depends on {target}, which has no value here",
            Confidence.ASSUMED,
        )
    names = service.unset("image")
    if names and posture.facts is not None and "build" not in service:
        posture.hold(
            (*HARDENING, "healthcheck"),
            f"the image depends on {', '.join(sorted(names))}, which has no value here",
            Confidence.ASSUMED,
        )


def _nothing_known(service: Service) -> str:
    if service.unset("image"):
        return f"the image depends on {', '.join(sorted(service.unset('image')))}, which has no value here"
    return "nothing is known of this image"
