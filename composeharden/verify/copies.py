"""What one life of a stack is lived over: volumes of its own, and copies of what is mounted from the host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from composeharden.engine import Docker, EngineError, Throwaway
from composeharden.verify.hostfiles import copy_file, fill
from composeharden.verify.isolation import Isolation


def make_copies(
    docker: Docker,
    own: Throwaway,
    isolation: Isolation,
    model: Mapping[str, Any],
    name: str,
    folder: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Make the volumes and copies that `Isolation.apply` is told of.

    Args:
        docker, own: an engine and a run on it.
        isolation: what is run, and over what.
        model: the one that will be applied; hardened, it can have volumes that the stack as it is has not.
        name: that of the life, which those of its volumes begin with.
        folder: where copies of single files go.
        labels: of every volume.

    Raises:
        EngineError: something cannot be copied.
    """
    volumes: dict[str, str] = {}
    files: dict[str, str] = {}

    def volume(source: str) -> str:
        volumes[source] = f"{name}-v{len(volumes)}"
        words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
        docker.run("volume", "create", *words, volumes[source])
        return volumes[source]

    for service in isolation.services:
        for mount in model["services"][service].get("volumes") or ():
            if mount.get("type") == "volume" and mount.get("source") and mount["source"] not in volumes:
                volume(mount["source"])
    for (service, _), found in isolation.files.items():
        if service in isolation.left_out:
            continue
        if found.treatment == "file" and found.source not in files:
            files[found.source] = os.path.join(folder, f"file-{len(files)}")
            try:
                copy_file(found, files[found.source])
            except OSError as error:
                raise EngineError(f"{found.source} cannot be copied: {error.strerror}") from error
        elif found.treatment in ("copy", "empty") and found.source not in volumes:
            fill(docker, own, found, volume(found.source), str((isolation.images[service] or {})["Id"]))
    return {"labels": dict(labels), "volumes": volumes, "files": files}
