"""From what passes propose to findings with a status: applied by default, held back and why, or only reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from composeharden.compose.project import Layer, Project, Service
from composeharden.images.catalog import BUILT_IN, Catalog
from composeharden.outcome import Confidence, Effect, Finding, Location, Status
from composeharden.passes import Pass, Proposal, all_passes
from composeharden.posture import Posture, decide
from composeharden.suppress import Suppression
from composeharden.yaml import nodes


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
    catalog: Catalog = field(default=BUILT_IN, repr=False, compare=False)
    """What is known of images."""

    def chosen(self) -> list[Pass]:
        """The passes to run."""
        return [
            item
            for name, item in all_passes().items()
            if (not self.only or name in self.only) and name not in self.skip
        ]


def findings(project: Project, options: Options, suppressed: Iterable[Suppression] = ()) -> list[Finding]:
    """Every finding of the chosen passes, in the order of the file."""
    postures = {
        name: decide(service, options.catalog)
        for name, service in project.services.items()
        if service.is_container and service.raw and (not options.services or name in options.services)
    }
    rules = list(suppressed)
    found = [
        _suppress(finding, rules)
        for rule in options.chosen()
        for finding in _findings_of(rule, project, postures, options)
    ]
    order = {name: place for place, name in enumerate(project.services)}
    return sorted(
        found, key=lambda finding: (order.get(finding.service or "", -1), finding.rule, finding.location.line)
    )


def _findings_of(rule: Pass, project: Project, postures: Mapping[str, Posture], options: Options) -> Iterator[Finding]:
    if rule.for_service is not None:
        for name, posture in postures.items():
            for proposal in rule.for_service(posture):
                yield _finding(rule, proposal, project.services[name], posture, options)
    if rule.for_project is not None:
        for proposal in rule.for_project(project, postures):
            about = _service_of(proposal)
            if about not in project.services:
                if not options.services:
                    yield _finding(rule, proposal, None, None, options, project)
            elif not options.services or about in options.services:
                yield _finding(rule, proposal, project.services[about], postures.get(about), options)


def _service_of(proposal: Proposal) -> str:
    """The name of the service a proposal is about; empty for the stack as a whole."""
    paths = [change.path for change in proposal.changes if len(change.path) > 2]
    return proposal.service or (str(paths[0][2]) if paths else "")


def _finding(
    rule: Pass,
    proposal: Proposal,
    service: Service | None,
    posture: Posture | None,
    options: Options,
    project: Project | None = None,
) -> Finding:
    finding = Finding(
        rule=rule.name,
        service=service.name if service is not None else None,
        severity=rule.severity if proposal.severity is None else proposal.severity,
        message=proposal.message,
        location=proposal.location or _location(service, project, proposal),
        confidence=proposal.confidence,
        effect=rule.effect if proposal.effect is None else proposal.effect,
        changes=proposal.changes,
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
    if finding.effect >= Effect.ACCESS:
        what = "where data lives" if finding.effect is Effect.DATA else "who can reach the service"
        return replace(finding, status=Status.HELD, reason=f"it changes {what}")
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
        if proposal.item:
            node = _item_node(service, layer, proposal) or node
    else:
        assert project is not None
        layer, node = _top_level(project, proposal.key)
    place = layer.source.position(node.outer)
    return Location(layer.file, place.line, place.column)


def _item_node(service: Service, layer: Layer, proposal: Proposal) -> nodes.Node | None:
    for _, body in service.bodies:
        held = nodes.resolved(body)
        value = held.get(proposal.key or "") if isinstance(held, nodes.Mapping) else None
        for node in nodes.walk(value) if value is not None else ():
            if isinstance(node, nodes.Scalar) and node.text == proposal.item:
                return node
    return None


def _top_level(project: Project, key: str | None) -> tuple[Layer, nodes.Node]:
    for layer in project.layers:
        if key is not None and key in layer.root.index:
            return layer, layer.root.pairs[layer.root.index[key]][0]
    return project.layers[0], project.layers[0].root


def _suppress(finding: Finding, rules: list[Suppression]) -> Finding:
    for rule in rules:
        if rule.reason and finding.rule in rule.rules and rule.service in (None, finding.service):
            return replace(finding, status=Status.SUPPRESSED, reason=rule.reason, unlock="")
    return finding
