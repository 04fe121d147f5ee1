"""From the result of a trial to what is reported of it."""

from __future__ import annotations

from collections.abc import Iterator

from composeharden.redaction import Redactor
from composeharden.report import diff
from composeharden.report.verification import Trouble, Verification, Verified
from composeharden.verify import Result, Trial


def verification(result: Result, path: str, redactor: Redactor, trial: Trial) -> Verification:
    """The report of one stack; texts are redacted where they are rendered, a diff already here."""
    isolation, repaired = result.isolation, result.repaired
    shown = ""
    if repaired is not None:
        for patch in repaired.outcome.patches:
            redactor.add(patch.after)
        shown = "".join(
            diff.unified(patch, redactor, 3, False, repaired.outcome.findings) for patch in repaired.outcome.patches
        )
    names = list(trial.model.get("services") or {})
    notes = [*isolation.notes]
    notes += [
        f"{one.service}: {one.check} was worse once, and not the second time: {one.message}" for one in result.once
    ]
    return Verification(
        path=path,
        services=tuple(_service(name, result) for name in names),
        notes=tuple(dict.fromkeys(notes)),
        repaired=shown,
        is_repaired=repaired is not None,
        unfinished=result.unfinished,
        seconds=result.seconds,
        lives=result.lives,
        starts=result.starts,
        engine=trial.docker.engine_version,
    )


def _service(name: str, result: Result) -> Verified:
    verdict = result.verdict(name)
    after = result.after.of(name)
    return Verified(
        name=name,
        verdict=verdict,
        reason=_reason(name, verdict, result),
        changes=tuple(sorted(result.first.rules(name))) if result.first is not None else (),
        worse=tuple(
            Trouble(one.check, one.phase, one.message, one.lines) for one in result.found if one.service == name
        ),
        blamed=tuple(_blamed(name, result)),
        said=tuple(result.quiet.get(name, ())),
        ports=tuple(sorted(after[0].ports or ())) if after else (),
        users=tuple(sorted({f"{command} {uid}" for command, uid in after[0].processes})) if after else (),
    )


def _reason(name: str, verdict: str, result: Result) -> str:
    if verdict == "not-run":
        return result.isolation.left_out[name]
    seen = result.before.of(name)
    if verdict != "not-comparable":
        return ""
    once = next((one for one in result.unconfirmed if one.service == name), None)
    if once is not None:
        return f"{once.check} was worse ({once.message}), and there was no time to try it again"
    return f"as it is, it {seen[0].words}" if seen and not seen[0].is_good else "it was not run hardened"


def _blamed(name: str, result: Result) -> Iterator[tuple[str, str]]:
    for candidate in result.blamed:
        if candidate.service == name:
            yield ", ".join(candidate.rules), candidate.words
