"""Fix-up and report passes, one file each, found by walking this package: there is no list to edit.

The module's name is the pass's name (`cap_drop.py` is `cap-drop`) and stays for ever. Its docstring is what `explain`
prints, its EXAMPLE and UNCHANGED cases are documentation and tests at once.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from composeharden.compose.project import Project
from composeharden.outcome import Confidence, Effect, Location, Severity
from composeharden.posture import Posture
from composeharden.yaml.change import Change

if TYPE_CHECKING:
    from composeharden.beside import SideFile


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pass has to say about one service or the stack; with `changes`, how to fix it."""

    message: str
    key: str | None = None
    """The key of the service (or top level) that the message is about: where the finding points to."""
    changes: tuple[Change, ...] = ()
    files: tuple[SideFile, ...] = ()
    """What the changes need beside the Compose files."""
    never_ran: tuple[Change, ...] = ()
    """With --new-stack these are made, without `files`, in place of `changes`."""
    confidence: Confidence = Confidence.SOURCED
    severity: Severity | None = None
    effect: Effect | None = None
    held: str = ""
    """A reason of the pass's own to hold the changes back, whatever the user asks for."""
    doubt: str = ""
    """What makes it only assumed, where that is not in the posture."""
    why: str = ""
    advice: str = ""
    references: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    narrower: bool = False
    """Another proposal of the same pass holds all of this and what is only assumed: that one where it is allowed."""
    service: str = ""
    """For a pass over the whole project: the service that is meant (taken from the changes where there are any)."""
    item: str = ""
    """Text of the entry under `key` that is meant, to point at its line."""
    location: Location | None = None
    """A place in another file than those of the stack, such as a Dockerfile; goes before all of these."""


@dataclass(frozen=True, slots=True)
class Case:
    """A Compose file before a pass and after it; the same text where the pass must leave it alone."""

    before: str
    after: str


ServiceCheck = Callable[[Posture], Iterable[Proposal]]
ProjectCheck = Callable[[Project, Mapping[str, Posture]], Iterable[Proposal]]


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: its constant properties and its check."""

    name: str
    severity: Severity
    effect: Effect
    references: tuple[str, ...]
    for_service: ServiceCheck | None
    for_project: ProjectCheck | None
    module: ModuleType

    @property
    def doc(self) -> str:
        """The documentation, first line first."""
        return (self.module.__doc__ or "").strip()

    @property
    def migrates(self) -> bool:
        """Whether it has nothing to say but what --migrate does."""
        return bool(getattr(self.module, "MIGRATES", False))

    @property
    def is_about_text(self) -> bool:
        """Whether what it finds matters wherever it stands in the file, such as a credential."""
        return bool(getattr(self.module, "ABOUT_TEXT", False))

    @property
    def example(self) -> Case | None:
        """A before and after, for a pass that fixes."""
        return getattr(self.module, "EXAMPLE", None)

    @property
    def unchanged(self) -> tuple[str, ...]:
        """Files in which the pass finds nothing."""
        return tuple(getattr(self.module, "UNCHANGED", ()))


@functools.cache
def all_passes() -> Mapping[str, Pass]:
    """Every pass by name, in alphabetical order."""
    found = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        name = info.name.replace("_", "-")
        found[name] = Pass(
            name=name,
            severity=module.SEVERITY,
            effect=getattr(module, "EFFECT", Effect.NONE),
            references=tuple(getattr(module, "REFERENCES", ())),
            for_service=getattr(module, "check", None),
            for_project=getattr(module, "check_project", None),
            module=module,
        )
    return found
