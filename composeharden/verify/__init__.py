"""Does the hardened stack behave as the original? Both are run on the real engine, apart from everything else."""

from __future__ import annotations

from composeharden.verify.allowed import Allowed, Patience
from composeharden.verify.plan import Plan, Planned
from composeharden.verify.trial import Result, Trial

__all__ = ["Allowed", "Patience", "Plan", "Planned", "Result", "Trial"]
