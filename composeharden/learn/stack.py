"""One service of a stack as a subject: with what it depends on, and nothing of the user's within reach."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from composeharden.compose.project import Project
from composeharden.engine import Docker, Throwaway
from composeharden.learn.subject import Place, Subject
from composeharden.verify.allowed import Allowed, Patience
from composeharden.verify.copies import make_copies
from composeharden.verify.isolation import Isolation, images_of
from composeharden.verify.model import canonical, single

_HARDENED = ("cap_drop", "read_only")
_NO_NEW_PRIVILEGES = "no-new-privileges"
_INTERVAL = 2.0


class CannotBeLearned(Exception):
    """The service cannot be run here, or what is learned could not be used; the message says why."""


def in_stack(
    docker: Docker, own: Throwaway, project: Project, service: str, know: Callable[[str, str], None]
) -> tuple[Subject, list[str]]:
    """A service with all it needs, and what is different from real life.

    Args:
        docker, own: an engine and a run on it.
        project: the stack.
        service: the name of the service.
        know: called with the name and value of each variable, before anything is shown.

    Raises:
        CannotBeLearned: it is not there, is built here, or cannot be isolated from this machine.
    """
    model = canonical(docker, project, (), os.path.join(own.folder, "stack.json"))
    services: Mapping[str, Any] = model.get("services") or {}
    for body in services.values():
        for name, value in (body.get("environment") or {}).items():
            know(str(name), single("" if value is None else value))
    if service not in services:
        raise CannotBeLearned(f"no service is called {service}")
    body = services[service]
    if body.get("build") or not body.get("image"):
        raise CannotBeLearned(
            f"{service} is built here, and facts are about images: give the image to `composeharden learn` itself"
        )
    images = images_of(docker, model, {})
    isolation = Isolation(
        _unhardened(model, service),
        os.path.abspath(project.directory or "."),
        Allowed(),
        Patience(interval=_INTERVAL),
        images,
        frozenset((service,)),
    )
    if service in isolation.left_out:
        raise CannotBeLearned(f"{service} is not run: {isolation.left_out[service]}")
    details = images[service]
    assert details is not None
    mounts = [mount for mount in body.get("volumes") or () if mount.get("type") == "volume"]
    mounted = frozenset(single(mount["target"]) for mount in mounts)
    subject = Subject(
        single(body["image"]), details, isolation.model, service, mounted, _Isolated(docker, own, isolation)
    )
    return subject, [*isolation.notes, *(f"also run: {name}" for name in isolation.services if name != service)]


def _unhardened(model: Mapping[str, Any], service: str) -> dict[str, Any]:
    """The model with the service as it was before anybody hardened it; its user and tmpfs are part of what it is."""
    body = {key: value for key, value in model["services"][service].items() if key not in _HARDENED}
    options = [one for one in body.get("security_opt") or () if not str(one).startswith(_NO_NEW_PRIVILEGES)]
    body["security_opt"] = options
    return {**model, "services": {**model["services"], service: body}}


@dataclass(frozen=True)
class _Isolated:
    """Makes the volumes and copies of one life, and the model that uses them."""

    docker: Docker
    own: Throwaway
    isolation: Isolation

    def __call__(self, place: Place) -> Mapping[str, Any]:
        model = self.isolation.model
        copies = make_copies(self.docker, self.own, self.isolation, model, place.name, place.folder, place.labels)
        return self.isolation.apply(model, copies)
