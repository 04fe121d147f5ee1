"""The joint decision per service, made once before any pass: who it runs as, its capabilities, what it must write.

Passes render a posture and never decide anew: `read_only`, its tmpfs and the capabilities depend on each other (a
tmpfs of the wrong owner needs CHOWN, a foreign bind mount needs DAC_OVERRIDE), so one room weighs them together.
"""

from __future__ import annotations

from composeharden.compose.project import Service
from composeharden.images.catalog import BUILT_IN, Catalog
from composeharden.posture.built import image_facts, look_into, place, weigh_dockerfile
from composeharden.posture.capabilities import DEFAULT_CAPABILITIES, capability, decide_capabilities
from composeharden.posture.caveats import obey_caveats
from composeharden.posture.configuration import heed_configuration
from composeharden.posture.identity import decide_identity, doubt_other_programs, runs_own_program
from composeharden.posture.init import decide_init
from composeharden.posture.jobs import is_job
from composeharden.posture.privileges import decide_privileges, has_no_new_privileges
from composeharden.posture.probe import decide_probe
from composeharden.posture.record import HARDENING, Hold, Posture
from composeharden.posture.root_filesystem import decide_root_filesystem, sized, tmpfs_entry
from composeharden.posture.start_user import decide_user
from composeharden.posture.unclear import hold_what_is_unclear

__all__ = [
    "DEFAULT_CAPABILITIES",
    "FOUNDATIONS",
    "HARDENING",
    "Hold",
    "Posture",
    "capability",
    "decide",
    "has_no_new_privileges",
    "is_job",
    "place",
    "runs_own_program",
    "sized",
    "tmpfs_entry",
]


FOUNDATIONS = ("user", "healthcheck", "init")
"""Passes that others rest on: whether they are made must be settled before anything else is."""


def decide(service: Service, catalog: Catalog = BUILT_IN, without: frozenset[str] = frozenset()) -> Posture:
    """The posture of one service, from its own settings and the facts of its image.

    `without` names passes that will not be made: what would rest on them is decided as if they did not exist.
    Raises FactsError where the catalog holds facts that cannot be used.
    """
    facts = image_facts(service, catalog)
    posture = Posture(service, facts, without=without)
    look_into(posture, catalog)
    hold_what_is_unclear(posture)
    decide_identity(posture)
    if "build" in service:
        weigh_dockerfile(posture)
    doubt_other_programs(posture)
    if facts is not None:
        obey_caveats(posture, facts)
    decide_user(posture)
    decide_probe(posture)
    decide_init(posture)
    decide_capabilities(posture)
    decide_root_filesystem(posture)
    if facts is not None:
        heed_configuration(posture, facts)
    decide_privileges(posture)
    return posture
