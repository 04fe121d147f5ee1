"""What the Dockerfile of a service that is built here says of it, on top of the facts of its base image."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from composeharden.compose.mounts import Mount, normal
from composeharden.compose.project import Service
from composeharden.images.catalog import Catalog
from composeharden.images.facts import Facts
from composeharden.outcome import Confidence, Location
from composeharden.posture.record import HARDENING, Posture

if TYPE_CHECKING:  # only read where something is built
    from composeharden.compose.builds import Dockerfile
    from composeharden.compose.dockerfile import Image, Step

_HARMLESS = frozenset(("ARG", "COPY", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD"))
"""Instructions under which what is known of the base image's own program still holds."""

_PROGRAMS = re.compile(r"/?\Z|/(?:usr/(?:local/)?)?(?:s?bin|lib\w*)(?:/|\Z)|/[\w.-]*entry-?point(?:\.sh|\.d)?(?:/|\Z)")
"""Where programs lie; a file that is copied there may replace one."""

_WINDOWS = re.compile(r"mcr\.microsoft\.com/windows|.*(?:nanoserver|windowsservercore)")
_SETUID_PROGRAMS = frozenset(("doas", "newuidmap", "pkexec", "setuid", "sudo", "uidmap"))
_DOES = {
    "setcap": "gives a program a file capability",
    "setuid": "makes a setuid program",
    "root": "makes an account that is root",
}


def readable(service: Service) -> Dockerfile | None:
    """The Dockerfile of a service, None where there is none or it could not be read."""
    found = service.dockerfile
    return found if found is not None and found.image is not None else None


def image_facts(service: Service, catalog: Catalog) -> Facts | None:
    """The facts of the image a service runs, or of the base image where it is built here."""
    if "build" not in service:
        # Also where only the tag depends on a variable without a value: it is held back for that then.
        return catalog.lookup(service.image) if service.image else None
    found = readable(service)
    base = found.image.base.text if found is not None and found.image is not None else ""
    facts = catalog.lookup(base) if base else None
    return facts.of_derived() if facts is not None else None


def look_into(posture: Posture, catalog: Catalog) -> None:
    """Take in what the Dockerfile says, before anything is decided."""
    found = readable(posture.service)
    if found is None or found.image is None:
        return
    posture.built = found.image
    posture.copied = _copied(found, found.image)
    names = {said.text for said in found.image.bases} - {"", found.image.base.text}
    facts = (catalog.lookup(name) for name in sorted(names))
    posture.copied_from = [one for one in facts if one is not None and not one.is_runtime]


def place(posture: Posture, line: int) -> Location | None:
    """The place of a line of the service's Dockerfile; None where that cannot be told."""
    found = posture.service.dockerfile
    return Location(found.file, found.line(line)) if found is not None and found.file else None


def _copied(found: Dockerfile, image: Image) -> list[Mount]:
    """What the Dockerfile copies to absolute paths, as if it were mounted there; without a source if not known."""
    mounts = []
    for one in image.copies:
        if one.target.startswith("/"):
            sources = [posixpath.join(found.context, source.lstrip("/")) for source in one.sources if not one.stage]
            mounts += [Mount("bind", source, one.target) for source in sources or [""]]
    return mounts


def declared(posture: Posture) -> list[Mount]:
    """The volumes that the Dockerfile declares: Docker mounts one that can be written to on each."""
    volumes = posture.built.volumes if posture.built is not None else ()
    return [Mount("volume", "", said.text) for said in volumes if said.text.startswith("/")]


def weigh_dockerfile(posture: Posture) -> None:
    """Hold back what a build leaves open, and say what speaks for dropping capabilities."""
    image = posture.built
    if image is None:
        found = posture.service.dockerfile
        reason = (found.reason if found is not None else "") or "nothing is known of it"
        posture.hold(HARDENING, f"the image is built here, and {reason}", Confidence.ASSUMED)
        return
    if _WINDOWS.match(image.base.text):
        posture.hold((*HARDENING, "healthcheck"), "it is a Windows container, where these settings mean nothing")
    _hold_privileges(posture, image)
    if posture.facts is None or posture.facts.is_runtime:
        _weigh_own_program(posture, image)
    else:
        _weigh_program_of_base(posture, image, posture.facts)


def _weigh_own_program(posture: Posture, image: Image) -> None:
    posture.hold(
        ("read-only", "no-new-privileges"),
        "the image is built here, and nothing is known of the program it runs",
        Confidence.ASSUMED,
    )
    doubt = _against_cap_drop(posture, image)
    if doubt:
        posture.hold(("cap-drop",), f"the image is built here{doubt}", Confidence.ASSUMED)
        return
    posture.capabilities_confidence = Confidence.SOURCED
    posture.why.setdefault("cap-drop", []).append(
        f"the image is built here: {_who(posture, image)}, which has no capabilities to lose"
    )
    said = image.user if not posture.service.get("user") else None
    where = place(posture, said.line) if said is not None else None
    if where is not None:
        posture.evidence["cap-drop"] = (f"source: {where.file}:{where.line}",)


def _against_cap_drop(posture: Posture, image: Image) -> str:
    """What makes it uncertain that no capability is needed; empty where nothing does."""
    if posture.runs_as_root is not False:
        return " and runs as root" if posture.runs_as_root else ", and nothing says that it does not run as root"
    who = _who(posture, image)
    if posture.facts is None and image.base.text != "scratch":
        return f": {who}, but nothing is known of its base image"
    if image.steps:
        return f": {who}, but its Dockerfile {_does(posture, image.steps[0])}"
    if programs_with_capabilities(posture):
        return f": {who}, but a program it copies has a file capability"
    return ""


def programs_with_capabilities(posture: Posture) -> dict[str, str]:
    """Capabilities that a program file brings along: without them it could not even be executed."""
    found = {
        name: f"a program has this file capability (line {_line(posture, step.line)} of its Dockerfile)"
        for step in (posture.built.steps if posture.built is not None else ())
        for name in step.capabilities
    }
    for facts in posture.copied_from:
        found.update(facts.table("capabilities").get("file", {}))
    return found


def _who(posture: Posture, image: Image) -> str:
    if posture.service.get("user"):
        return "user: makes it run as another user than root"
    uid = image.user.text.split(":")[0] if image.user is not None else ""
    return f"its Dockerfile runs as {f'uid {uid}' if uid.isdigit() else 'another user than root'}"


def _does(posture: Posture, step: Step) -> str:
    return f"{_DOES.get(step.kind, f'installs or uses {step.kind}')} (line {_line(posture, step.line)})"


def _line(posture: Posture, line: int) -> int:
    found = posture.service.dockerfile
    return found.line(line) if found is not None else line


def _hold_privileges(posture: Posture, image: Image) -> None:
    """Somebody put a program there that gains privileges, so it will be used: unless root runs, it would fail."""
    if posture.runs_as_root:
        return
    for step in image.steps:
        if step.kind in _SETUID_PROGRAMS or set(step.capabilities) - {"NET_BIND_SERVICE"}:
            posture.hold(("no-new-privileges",), f"its Dockerfile {_does(posture, step)}, which would stop working")


def _weigh_program_of_base(posture: Posture, image: Image, facts: Facts) -> None:
    both = ("read-only", "cap-drop")
    name = f"the image is built here on {facts.title.split(' (')[0]}"
    changed = [(line, keyword) for keyword, line in image.keywords.items() if keyword not in _HARMLESS]
    if changed:
        line, keyword = min(changed)
        what = f"{keyword} in line {_line(posture, line)} may change what it needs"
        posture.hold(both, f"{name}, and {what}", Confidence.ASSUMED)
    copies = [one for one in image.copies if not one.target.startswith("/") or _PROGRAMS.match(normal(one.target))]
    if copies:
        what = f"line {_line(posture, copies[0].line)} may replace a program of it"
        posture.hold(both, f"{name}, and {what}", Confidence.ASSUMED)
    if programs_with_capabilities(posture):
        posture.hold(("cap-drop",), f"{name}, and a program it copies has a file capability", Confidence.ASSUMED)
    if not changed and not copies:
        for each in both:
            posture.why.setdefault(each, []).append(f"{name}, whose program it leaves as it is")
