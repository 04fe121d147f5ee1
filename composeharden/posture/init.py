"""Whether a service needs an init in front of its program: one that passes signals on and reaps what is left behind."""

from __future__ import annotations

from composeharden.posture.record import Posture

_INITS = frozenset(("tini", "dumb-init", "s6-svscan", "init", "catatonit", "my_init", "supervisord", "systemd"))


def decide_init(posture: Posture) -> None:
    """Ask for an init where the documentation of the image does, and none is there."""
    service, facts = posture.service, posture.facts
    table = facts.table("init") if facts is not None else {}
    if facts is None or not table.get("helps") or "init" in service or "init" in posture.without:
        return
    built = posture.built
    baked = [program.words for program in (built.entrypoint, built.command) if program is not None] if built else []
    words = [*service.entrypoint, *service.command, *(word for program in baked for word in program)]
    if any(word.rsplit("/", 1)[-1] in _INITS for word in words):
        return
    posture.init = True
    posture.asks["init"] = ()
    posture.evidence["init"] = facts.sources(table)
    if table.get("reason"):
        posture.why.setdefault("init", []).append(str(table["reason"]))
