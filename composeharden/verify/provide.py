"""Images that are not here yet: pulled or built where the user allows it, and never otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from composeharden.engine import Docker, Throwaway
from composeharden.verify.allowed import Allowed
from composeharden.verify.isolation import image_names
from composeharden.verify.life import Tell
from composeharden.verify.model import is_remote, write

_PULL_SECONDS = _BUILD_SECONDS = 1800.0


def provide(docker: Docker, own: Throwaway, model: Mapping[str, Any], allowed: Allowed, tell: Tell) -> dict[str, str]:
    """Pull and build what is allowed; returns the tags of services that were built here, which go with the run.

    Raises EngineError where a pull or a build fails.
    """
    services: Mapping[str, Any] = model.get("services") or {}
    names = image_names(model)
    if allowed.pull:
        for name, image in names.items():
            if not services[name].get("build") and "provider" not in services[name] and docker.image(image) is None:
                tell(f"pull {image}")
                docker.run("image", "pull", "--quiet", "--", image, timeout=_PULL_SECONDS)
    built = {
        name: body["build"] for name, body in services.items() if body.get("build") and not is_remote(body["build"])
    }
    if not allowed.build or not built:
        return {}
    return _build(docker, own, built, tell)


def _build(docker: Docker, own: Throwaway, built: Mapping[str, Any], tell: Tell) -> dict[str, str]:
    project = own.project()
    tags = {name: f"{project}-{number}:trial" for number, name in enumerate(built)}
    kept = ("additional_contexts", "args", "context", "dockerfile", "dockerfile_inline", "target")
    model = {
        "services": {
            name: {
                "image": tags[name],
                "build": {**{key: build[key] for key in kept if key in build}, "labels": own.labels},
            }
            for name, build in built.items()
        }
    }
    file = f"{own.folder}/{project}.json"
    write(model, file)
    tell(f"build {', '.join(built)}")
    argv = ("--project-name", project, "--file", file, "build", "--quiet")
    docker.run_compose(*argv, cwd=own.folder, timeout=_BUILD_SECONDS)
    return tags
