"""The order in which a stack starts: who waits for whom, who uses whom, and how sure it is that waiting ends.

What passes say about it is decided here for the whole project at once, so that several changes together make no circle.
"""

from composeharden.start_order.graph import loops
from composeharden.start_order.order import StartOrder, aliases, plain_links
from composeharden.start_order.readiness import Readiness, probe_programs, readiness

__all__ = ["Readiness", "StartOrder", "aliases", "loops", "plain_links", "probe_programs", "readiness"]
