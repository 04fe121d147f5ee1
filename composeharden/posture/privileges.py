"""Whether a service needs to gain privileges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from composeharden.compose.values import as_bool
from composeharden.posture.record import Posture

_GAINS_PRIVILEGES = re.compile(r"(?:^|[\s;&|(/])(sudo|su|doas|newuidmap|newgidmap|fusermount3?|pkexec)(?=\s|$)")


def decide_privileges(posture: Posture) -> None:
    """Hold no-new-privileges back where a setuid program is needed."""
    service, facts = posture.service, posture.facts
    name = "no-new-privileges"
    table: Mapping[str, Any] = facts.table("no_new_privileges") if facts is not None else {}
    if facts is not None and table:
        posture.privileges_confidence = facts.confidence(table, posture.starts_as_root)
        posture.evidence[name] = facts.sources(table)
        if not table["works"]:
            reason = facts.clause(str(table.get("reason") or "its image gains privileges through setuid programs"))
            posture.hold((name,), reason)
    built = posture.built
    baked = (built.entrypoint, built.command, built.healthcheck) if built is not None else ()
    words = [word for program in baked if program is not None for word in program.words]
    found = _GAINS_PRIVILEGES.search(" ".join([*service.entrypoint, *service.command, *service.probe, *words]))
    if found:
        posture.hold((name,), f"its command uses {found.group(1)}, a setuid program")
    if posture.runs_as_root is not True and any(_is_of_root(posture, hook) for hook in _hooks(posture)):
        posture.hold((name,), "its hook runs as root, which would have no capability in a service that is not root")


def _hooks(posture: Posture) -> list[Any]:
    """The commands that Compose runs in the container. Steps before the start have a container of their own."""
    found = (posture.service.get(key) for key in ("post_start", "pre_stop"))
    return [hook for hooks in found if isinstance(hooks, list) for hook in hooks]


def _is_of_root(posture: Posture, hook: Any) -> bool:
    """With the flag, root gets no capability by executing a program: it only keeps what the container started with."""
    user = str(hook.get("user") or "") if isinstance(hook, dict) else ""
    return user.split(":")[0] in ("root", "0") and as_bool(hook.get("privileged")) is not True


def has_no_new_privileges(options: Iterable[str]) -> bool:
    """True for each spelling Docker takes: bare, `:true` and `=true`."""
    return any(
        option.replace("=", ":").strip().lower() in ("no-new-privileges", "no-new-privileges:true")
        for option in options
    )
