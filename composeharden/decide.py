"""From what passes propose to findings with a status: applied by default, held back and why, or only reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from composeharden.compose.lint import Linter
from composeharden.compose.project import Layer, Project, Service
from composeharden.images.catalog import BUILT_IN, Catalog
from composeharden.images.facts import Writable
from composeharden.outcome import Acceptance, Confidence, Effect, Finding, Location, Severity, Status
from composeharden.passes import Pass, Proposal, all_passes
from composeharden.posture import FOUNDATIONS, Posture, decide
from composeharden.suppress import Suppression, comment
from composeharden.yaml import nodes
from composeharden.yaml.source import Source

Accept = Callable[[Sequence[Finding], Mapping[str, Source]], Sequence[Acceptance | None]]
_Reasons = Mapping[tuple[str | None, str], Acceptance]
"""Service (None: all) and rule to why it is left."""
_MOST_ROUNDS = 8
"""What is accepted can bring up other findings: those of what rested on it."""


Tried = Mapping[tuple[str, str], str]
"""Service and pass to why the fix did not survive a run; empty where it did."""


@dataclass(frozen=True)
class Addition:
    """Capabilities and writable paths (with the options of their tmpfs) that a service was seen to need."""

    capabilities: tuple[str, ...] = ()
    paths: tuple[Writable, ...] = ()

    def with_more(self, other: Addition) -> Addition:
        """Both, each thing once."""
        capabilities = dict.fromkeys((*self.capabilities, *other.capabilities))
        paths = {row.path: row for row in (*self.paths, *other.paths)}
        return Addition(tuple(capabilities), tuple(paths.values()))

    def put_into(self, posture: Posture) -> None:
        """Make a posture ask for it, too."""
        for name in self.capabilities:
            posture.capabilities.setdefault(name, "seen on an engine: it does not run without")
        posture.capabilities = dict(sorted(posture.capabilities.items()))
        known = {row.path for row in posture.writable}
        posture.writable += [row for row in self.paths if row.path not in known]


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    assume: bool = False
    """Lower the confidence bar to ASSUMED. Never unlocks access or data."""
    strict_evidence: bool = False
    """Hold no-new-privileges back too on images that nothing is known of."""
    environment: Mapping[str, str] | None = None
    """Values for interpolation; the process environment is never looked at here."""
    allow_partial: bool = False
    """Take parts of a project that cannot be seen for granted: they are no problem, only a note."""
    migrate: bool = False
    """Make changes of effect `data`, too: move secrets and volumes."""
    in_git: bool = False
    """The project lies in a work tree of git: files with secrets are to be ignored there."""
    keeps_env: str = ""
    """Why nothing may be added to `.env`."""
    taken_names: frozenset[str] = frozenset()
    """Variables of the shell, which go before those of `.env`: no new one may have such a name."""
    new_stack: bool = False
    """The stack never ran, so there is no data that could be left behind: make those changes of effect `data` that
    are safe then."""
    overlay: str = ""
    """The override file that takes all changes, so that every other file stays as it is; empty to change in place."""
    catalog: Catalog = field(default=BUILT_IN, repr=False, compare=False)
    """What is known of images."""
    lint: Linter | None = field(default=None, repr=False, compare=False)
    """What else to ask about Dockerfiles; nothing is asked by default."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Severities of passes that go before their own."""
    tried: Tried = field(default_factory=dict)
    """What a run on an engine has shown of fixes, by service and pass: see `Tried`."""
    additions: Mapping[str, Addition] = field(default_factory=dict)
    """What such a run has shown a service to need besides what is known of its image."""
    accept: Accept | None = field(default=None, repr=False, compare=False)
    """Asked about all findings of an input, given its files: which of them are left as they are, and why."""

    def chosen(self) -> list[Pass]:
        """The passes to run."""
        return [
            item
            for name, item in all_passes().items()
            if (not self.only or name in self.only) and name not in self.skip
        ]


def findings(project: Project, options: Options, suppressed: Iterable[Suppression] = ()) -> list[Finding]:
    """Every finding of the chosen passes, in the order of the file."""
    comments = _reasons(suppressed)
    found = _found(project, options, comments, comments)
    if options.accept is None:
        return found
    sources = {layer.file: layer.source for layer in project.layers}
    accepted: _Reasons = {}
    answers = options.accept(found, sources)
    for _ in range(_MOST_ROUNDS):
        known, accepted = accepted, {**accepted, **_accepted_fixes(found, answers)}
        if accepted == known:
            break
        found = _found(project, options, comments, {**accepted, **comments})
        answers = options.accept(found, sources)
    return [
        finding if answer is None or finding.status is Status.SUPPRESSED else _suppressed(finding, answer)
        for finding, answer in zip(found, answers, strict=True)
    ]


def _accepted_fixes(
    found: Iterable[Finding], answers: Iterable[Acceptance | None]
) -> dict[tuple[str | None, str], Acceptance]:
    """What will not be made, so that nothing else may rest on it."""
    pairs = zip(found, answers, strict=True)
    return {
        (one.service, one.rule): answer for one, answer in pairs if answer is not None and one.service and one.changes
    }


def _found(project: Project, options: Options, comments: _Reasons, settled: _Reasons) -> list[Finding]:
    """Every finding, given what comments suppress, and what no other fix may rest on."""
    chosen = {rule.name: rule for rule in options.chosen()}
    found: list[Finding] = []
    postures: dict[str, Posture] = {}
    for name, service in project.services.items():
        if service.is_container and service.raw and (not options.services or name in options.services):
            postures[name], held = _settled(service, chosen, options, settled)
            found += held
    found += [
        _suppress(finding, comments)
        for rule in chosen.values()
        for finding in _findings_of(rule, project, postures, options)
    ]
    order = {name: place for place, name in enumerate(project.services)}
    return sorted(
        found, key=lambda finding: (order.get(finding.service or "", -1), finding.rule, finding.location.line)
    )


def _settled(
    service: Service, chosen: Mapping[str, Pass], options: Options, reasons: _Reasons
) -> tuple[Posture, list[Finding]]:
    """The posture that rests on nothing but what will be made, and what was asked for and will not be."""
    without = frozenset(name for name in (*FOUNDATIONS, "read-only", "tmpfs-options") if name not in chosen)
    told: list[Finding] = []
    while True:
        posture = decide(service, options.catalog, without)
        posture.told = frozenset(finding.rule for finding in told)
        if service.name in options.additions:
            options.additions[service.name].put_into(posture)
        failing = {}
        for name, needs in posture.asks.items():
            found = [_of_service(chosen[rule], posture, options, reasons) for rule in (name, *needs)]
            reason = next((one for one in map(_against, found) if one is not None), None)
            if reason is not None and found[0] is not None:
                failing[name] = found[0] if found[0].status is not Status.FIX else _held(found[0], reason)
        if not failing:
            return posture, told
        told += failing.values()
        without |= failing.keys()


def _of_service(rule: Pass, posture: Posture, options: Options, reasons: _Reasons) -> Finding | None:
    """What a pass that others rest on has to mend in a service."""
    proposals = rule.for_service(posture) if rule.for_service is not None else ()
    found = (_finding(rule, one, posture.service, posture, options) for one in proposals if one.changes)
    return next((_suppress(finding, reasons) for finding in found), None)


def _against(finding: Finding | None) -> Finding | None:
    """The finding where its fix will not be made."""
    return finding if finding is not None and finding.status is not Status.FIX else None


def _held(finding: Finding, cause: Finding) -> Finding:
    why = f"it needs {cause.rule}, which is {cause.status}: {cause.reason}"
    return replace(finding, status=Status.HELD, reason=why, unlock=cause.unlock)


def _findings_of(rule: Pass, project: Project, postures: Mapping[str, Posture], options: Options) -> Iterator[Finding]:
    if rule.migrates and not options.migrate:
        return
    if rule.for_service is not None:
        for name, posture in postures.items():
            for proposal in rule.for_service(posture):
                yield _finding(rule, proposal, project.services[name], posture, options)
    if rule.for_project is not None:
        for proposal in rule.for_project(project, postures):
            if proposal.narrower and options.assume:
                continue
            about = _service_of(proposal)
            if about not in project.services:
                if not options.services:
                    yield _finding(rule, proposal, None, None, options, project)
            elif not options.services or about in options.services:
                yield _finding(rule, proposal, project.services[about], postures.get(about), options)


def _service_of(proposal: Proposal) -> str:
    """The name of the service a proposal is about; empty for the stack as a whole."""
    paths = [change.path for change in proposal.changes if len(change.path) > 2 and change.path[1] == "services"]
    return proposal.service or (str(paths[0][2]) if paths else "")


def _finding(
    rule: Pass,
    proposal: Proposal,
    service: Service | None,
    posture: Posture | None,
    options: Options,
    project: Project | None = None,
) -> Finding:
    is_new = options.new_stack and bool(proposal.never_ran)
    finding = Finding(
        rule=rule.name,
        service=service.name if service is not None else None,
        severity=options.severities.get(rule.name, rule.severity if proposal.severity is None else proposal.severity),
        message=proposal.message,
        location=proposal.location or _location(service, project, proposal),
        confidence=proposal.confidence,
        effect=rule.effect if proposal.effect is None else proposal.effect,
        changes=proposal.never_ran if is_new else proposal.changes,
        files=() if is_new else proposal.files,
        needs=proposal.needs,
        why=proposal.why,
        advice=proposal.advice,
        references=(*rule.references, *proposal.references),
        evidence=proposal.evidence,
    )
    return _with_status(finding, proposal, posture, options)


def _with_status(finding: Finding, proposal: Proposal, posture: Posture | None, options: Options) -> Finding:
    if not finding.changes:
        return replace(finding, status=Status.REPORT)
    blocked = proposal.held or (posture.blocked(finding.rule) if posture is not None else "")
    if blocked:
        return replace(finding, status=Status.HELD, reason=blocked)
    is_new = options.new_stack and bool(proposal.never_ran)
    if finding.effect is Effect.DATA and not (options.migrate or is_new):
        return replace(finding, status=Status.REPORT, changes=(), files=(), needs=())
    if finding.effect is Effect.ACCESS:
        return replace(finding, status=Status.HELD, reason="it changes who can reach the service")
    tried = options.tried.get((finding.service or "", finding.rule))
    if tried:
        # Only what is assumed is held back again by itself.
        stays = "" if finding.confidence is Confidence.ASSUMED else f"; `{comment(finding.rule)}` keeps it out for good"
        return replace(finding, status=Status.HELD, reason=tried + stays)
    if tried is not None:
        return replace(finding, status=Status.FIX, confidence=Confidence.PROVEN)
    if finding.confidence is Confidence.ASSUMED and not _is_allowed_assumption(finding, posture, options):
        doubts = posture.doubts(finding.rule) if posture is not None else ""
        reason = proposal.doubt or doubts or "what is known of it was only reported, not read in its source"
        return replace(finding, status=Status.HELD, reason=reason, unlock="--assume")
    return replace(finding, status=Status.FIX)


def _is_allowed_assumption(finding: Finding, posture: Posture | None, options: Options) -> bool:
    return options.assume or (finding.rule == "no-new-privileges" and not options.strict_evidence)


def _location(service: Service | None, project: Project | None, proposal: Proposal) -> Location:
    if service is not None:
        origin = service.origin(proposal.key)
        layer, node = origin.layer, origin.node
        if proposal.item and proposal.key:
            layer, node = service.item(proposal.key, proposal.item) or (layer, node)
    else:
        assert project is not None
        layer, node = _top_level(project, proposal.key)
    place = layer.source.position(node.outer)
    return Location(layer.file, place.line, place.column)


def _top_level(project: Project, key: str | None) -> tuple[Layer, nodes.Node]:
    for layer in project.layers:
        if key is not None and key in layer.root.index:
            return layer, layer.root.pairs[layer.root.index[key]][0]
    return project.layers[0], project.layers[0].root


def _suppress(finding: Finding, reasons: _Reasons) -> Finding:
    answer = reasons.get((finding.service, finding.rule)) or reasons.get((None, finding.rule))
    return _suppressed(finding, answer) if answer is not None else finding


def _suppressed(finding: Finding, answer: Acceptance) -> Finding:
    return replace(finding, status=Status.SUPPRESSED, reason=answer.reason, suppressed_by=answer.by, unlock="")


def _reasons(suppressed: Iterable[Suppression]) -> _Reasons:
    """What comments say, the first of several."""
    found: dict[tuple[str | None, str], Acceptance] = {}
    for mark in suppressed:
        for rule in mark.rules if mark.reason else ():
            found.setdefault((mark.service, rule), Acceptance(mark.reason, "comment"))
    return found
