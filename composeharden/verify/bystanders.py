"""Other containers of this machine that read labels or variables of all: proxies, updaters, schedulers, watchdogs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LEAVE_ALONE = {
    "autoheal": "False",
    "com.centurylinklabs.watchtower.enable": "false",
    "diun.enable": "false",
    "ofelia.enabled": "false",
    "traefik.enable": "false",
}
"""What each of them has to be told: the words of its own documentation."""


_ROUTES = frozenset(("LETSENCRYPT_HOST", "VIRTUAL_HOST", "VIRTUAL_HOST_MULTIPORTS"))
"""Variables by which nginx-proxy and its companion find what to route to, and for whom to get certificates."""


def without_routes(body: Mapping[str, Any]) -> dict[str, Any]:
    """A service whose variables no proxy acts on; they mean nothing to the service itself."""
    kept = {name: value for name, value in (body.get("environment") or {}).items() if name not in _ROUTES}
    return {key: value for key, value in body.items() if key != "environment"} | ({"environment": kept} if kept else {})


def overheard_by_nobody(image: Mapping[str, Any] | None) -> dict[str, str]:
    """Labels for a container of ours, by what the engine knows of its image, that keep those of the image from working.

    A container inherits the labels of its image. One that names a route or a job would be taken for the user's service.
    """
    own = ((image or {}).get("Config") or {}).get("Labels") or {}
    return {str(name): "" for name in own if not str(name).startswith("com.docker.compose.")} | _LEAVE_ALONE
