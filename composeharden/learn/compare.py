"""Whether a hardened life was as good as the one before, and no less safe."""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.learn.setting import Life, Moment, Setting, Shortfall, Stop, Work

STAGES = ("first start", "second start", "new container")


def waited_for(before: Moment, after: Moment, setting: Setting) -> str:
    """What a container still lacks to be as ready as it was before hardening; empty when it is ready."""
    if before.ended is not None:
        return "" if after.ended == before.ended else f"ended with {after.ended}, {before.ended} before"
    if after.ended is not None:
        return f"ended with exit code {after.ended}"
    if before.health == "healthy" and after.health != "healthy":
        return "its health check does not succeed"
    if missing := before.ports - after.ports:
        return f"does not listen on {', '.join(f'{number}/{protocol}' for protocol, number in sorted(missing))}"
    if missing_answers := before.answers - after.answers:
        number, answer = min(missing_answers)
        return f"port {number} does not answer as before ({answer})"
    return _workers(before, after, setting)


def _workers(before: Moment, after: Moment, setting: Setting) -> str:
    """Every program that stayed before is there, for the users it worked for, or for the one that was asked for.

    A service that silently stays root answers every probe: only the uid of its processes tells.
    """
    uid = int(setting.user.split(":")[0]) if setting.user else None
    wrong = {work.uid for work in after.works if uid is not None and work.uid != uid}
    if wrong:
        return f"runs as uid {_listed(wrong)} although it was started as {uid}"
    for command in sorted({work.command for work in before.works}):
        had, has = _uids(before.works, command), _uids(after.works, command)
        if not has:
            return f"{command} does not run"
        if uid is None and ((0 in has and 0 not in had) or had - has - {0}):
            return f"{command} runs as uid {_listed(has)}, as {_listed(had)} before"
    risen = {work.command for work in after.works if work.uid == 0} - {work.command for work in before.works}
    had_roots = any(work.uid == 0 for work in before.works)
    if risen and not had_roots:
        return f"{min(risen)} runs as root"
    return ""


def _uids(works: Iterable[Work], command: str) -> set[int]:
    return {work.uid for work in works if work.command == command}


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def stop_shortfall(before: Stop | None, after: Stop | None) -> Shortfall | None:
    """In what a stop was worse: another exit code, or only a kill ended it."""
    if before is None or after is None or before.killed:
        return None  # to end by itself where it had to be killed before is no loss
    if after.killed:
        return Shortfall("stop", f"had to be killed after {after.seconds:.0f} s ({before.seconds:.1f} s before)")
    if after.code != before.code:
        return Shortfall("stop", f"exit code {after.code}, {before.code} before")
    return None


def shortfall(before: Life, after: Life, setting: Setting) -> Shortfall | None:
    """In what a whole life was worse; None where it was as good."""
    for number, moment in enumerate(after.moments):
        lacks = waited_for(before.moments[min(number, len(before.moments) - 1)], moment, setting)
        if lacks:
            return Shortfall(STAGES[number], lacks)
        if number == 0 and (found := stop_shortfall(before.stop, after.stop)):
            return found
    return None
