"""The real engine, driven through `docker` and `docker compose`: runs of our own that leave nothing behind.

Nothing here knows what a run is for. `Docker.find` says whether there is an engine, `Throwaway` gives a run its name,
its labels and its scratch folder and removes all of it in the end, `sweep` removes what a killed run has left.
"""

from __future__ import annotations

from composeharden.engine.commands import Deadline, EngineError, Finished, NoEngineError, OverdueError
from composeharden.engine.docker import Docker, Process, Stopped
from composeharden.engine.throwaway import LABEL, Interrupted, Throwaway, remove, sweep

__all__ = [
    "LABEL",
    "Deadline",
    "Docker",
    "EngineError",
    "Finished",
    "Interrupted",
    "NoEngineError",
    "OverdueError",
    "Process",
    "Stopped",
    "Throwaway",
    "remove",
    "sweep",
]
