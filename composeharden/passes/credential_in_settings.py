"""Report credentials in labels, in options of logging and volumes, in the content of configs, and in `x-` fields.

A password for a log server, a token in a label or the login of a network share is in the repository and its history
like one in `environment`, and in what Docker shows of containers and volumes. So is what stands in an extension field,
also where no service uses it. Messages never contain the value.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from composeharden.compose.entries import item_of, items, mapping, plain
from composeharden.compose.places import Path, locate
from composeharden.compose.project import Project, Service
from composeharden.compose.values import as_mapping, as_text
from composeharden.credential_findings import REFERENCES as REFERENCES
from composeharden.credential_findings import severity, wording
from composeharden.credentials import Credential, in_lines, in_setting, in_text
from composeharden.outcome import Effect, Location, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
ABOUT_TEXT = True

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n"
    "    logging: {driver: splunk, options: {splunk-token: hunter2hunter2}}\n",
    "services:\n  app:\n    image: example/app:1\n    labels:\n      - backup.password=hunter2\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['share:/data']\nvolumes:\n  share:\n"
    "    driver_opts: {type: cifs, device: //files/share, o: 'username=app,password=hunter2'}\n",
    "x-old: {environment: {DB_PASSWORD: hunter2}}\nservices:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    x-backup: ['PASSWORD=hunter2']\n",
    "services:\n  app:\n    image: example/app:1\n    configs: [app]\n"
    "configs:\n  app:\n    content: |\n      port = 80\n      password = hunter2\n",
    "services:\n  app:\n    image: example/app:1\n    deploy: {labels: {backup.password: hunter2}}\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    logging: {driver: json-file, options: {max-size: 10m}}\n",
    "services:\n  app:\n    image: example/app:1\n    labels: {backup.password: '${PASSWORD}'}\n",
    "services:\n  app:\n    image: example/app:1\n    volumes: ['share:/data']\nvolumes:\n  share:\n"
    "    driver_opts: {type: cifs, device: //files/share, o: 'username=app,password=${PASSWORD}'}\n",
    "services:\n  app:\n    image: example/app:1\n    labels: {app.token-header: X-Token}\n",
    "x-env: &env {DB_PASSWORD: hunter2}\nservices:\n  app:\n    image: example/app:1\n    environment: *env\n",
    "x-env: {DB_PASSWORD: '${DB_PASSWORD}', TOKEN_TTL: 60, notes: [password, token]}\n"
    "services:\n  app:\n    image: example/app:1\n",
    "services:\n  app:\n    image: example/app:1\n    configs: [app]\n"
    "configs:\n  app:\n    content: |\n      password_file = /run/secrets/app\n      password = ${PASSWORD}\n",
    "services:\n  app:\n    image: example/app:1\n    deploy: {labels: {backup.password: ''}}\n",
)

_ADVICE = "give it through a variable from an untracked .env; replace it, since copies and history keep it"


def check(posture: Posture) -> Iterable[Proposal]:
    """Report labels, annotations and options of one service."""
    service = posture.service
    for key, what, value in _settings(service):
        for name, text in as_mapping(plain(value)).items():
            found = in_setting(name, text or "")
            if found is not None:
                yield Proposal(
                    message=wording(found, f"{what}: {name}"),
                    key=key,
                    item=item_of(value, name),
                    severity=severity(found, service.project),
                    advice=_ADVICE,
                )


def _settings(service: Service) -> Iterator[tuple[str, str, Any]]:
    raw = service.raw
    yield "labels", "labels", raw.get("labels")
    yield "annotations", "annotations", raw.get("annotations")
    yield "logging", "logging", mapping(raw.get("logging")).get("options")
    yield "deploy", "deploy labels", mapping(raw.get("deploy")).get("labels")
    yield "build", "build labels", mapping(raw.get("build")).get("labels")
    yield "provider", "provider", mapping(raw.get("provider")).get("options")


def check_project(project: Project, postures: Mapping[str, Posture]) -> Iterable[Proposal]:
    """Report the options of volumes and networks, the content of configs, and extension fields."""
    for section in ("volumes", "networks"):
        for name, resource in project.top_level(section).items():
            for option, value in mapping(mapping(resource).get("driver_opts")).items():
                found = _in_option(option, as_text(value))
                if found is not None:
                    what = f"{section.removesuffix('s')} {name}: {option}"
                    yield _of_project(project, found, what, (section, name, "driver_opts", option))
    for name, config in project.top_level("configs").items():
        found = in_lines(as_text(plain(mapping(config).get("content"))))
        if found is not None:
            yield _of_project(project, found, f"config {name}", ("configs", name, "content"))
    yield from _extensions(project)


def _extensions(project: Project) -> Iterator[Proposal]:
    """Extension fields, less what a service takes from them: the finding about that service says it."""
    used = {pair for service in project.services.values() for pair in _pairs(service)}
    for key, value in project.model.items():
        if key.startswith("x-"):
            for found, path, what in _below(value, (key,), used):
                yield _of_project(project, found, what, path)
    for name, service in project.services.items():
        for key, value in service.raw.items():
            if key.startswith("x-"):
                for found, path, what in _below(value, ("services", name, key), used):
                    yield replace(_of_project(project, found, what, path), service=name)


def _pairs(service: Service) -> Iterator[tuple[str, str | None]]:
    settings = [value for _, _, value in _settings(service)]
    settings += [service.raw.get("environment"), mapping(service.raw.get("build")).get("args")]
    hooks = (hook for key in ("pre_start", "post_start", "pre_stop") for hook in items(service.raw.get(key)))
    settings += [mapping(hook).get("environment") for hook in hooks]
    for value in settings:
        yield from as_mapping(plain(value)).items()
    yield from (("", text) for text in (_words(service.raw.get(key)) for key in _COMMANDS) if text)
    yield "", _words(mapping(service.raw.get("healthcheck")).get("test"))


_COMMANDS = ("command", "entrypoint")


def _words(value: Any) -> str:
    return " ".join(as_text(plain(word)) for word in items(value))


def _below(value: Any, path: Path, used: Container[tuple[str, str | None]]) -> Iterator[tuple[Credential, Path, str]]:
    """Every credential below an extension field; of aliases each text once."""
    todo: list[tuple[Any, Path]] = [(value, path)]
    seen: set[int] = set()
    while todo:
        held, at = todo.pop()
        held = plain(held)
        if id(held) in seen and isinstance(held, (dict, list)):
            continue
        seen.add(id(held))
        if isinstance(held, list):
            for name, text in as_mapping([item for item in held if isinstance(item, str) and "=" in item]).items():
                yield from _one(name, text, at, used)
        children = held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ()
        for key, child in children:
            if isinstance(plain(child), (dict, list)):
                todo.append((child, (*at, key)))
            elif isinstance(held, dict):
                yield from _one(str(key), as_text(plain(child)), (*at, key), used)
            if key in (*_COMMANDS, "test") and ("", _words(child)) not in used:
                found = in_text(_words(child))
                if found is not None:
                    yield found, (*at, key), f"{path[-1]}: {key}"


def _one(
    name: str, text: str | None, path: Path, used: Container[tuple[str, str | None]]
) -> Iterator[tuple[Credential, Path, str]]:
    found = in_setting(name, text or "") if (name, text) not in used else None
    if found is not None:
        extension = next(str(part) for part in path if str(part).startswith("x-"))
        yield found, path, f"{extension}: {name}"


def _of_project(project: Project, found: Credential, what: str, path: Path) -> Proposal:
    return Proposal(
        message=wording(found, what),
        key=str(path[0]),
        location=_place(project, path),
        severity=severity(found, project),
        advice=_ADVICE,
    )


def _place(project: Project, path: Path) -> Location | None:
    """Where a path is written: in the last file that has it."""
    for layer in reversed(project.layers):
        if path[0] in layer.root.index:
            node = locate(layer.root, path, at_key=True)
            if node is not None:
                position = layer.source.position(node.outer)
                return Location(layer.file, position.line, position.column)
    return None


def _in_option(name: str, value: str) -> Credential | None:
    """In the option itself, or among the `name=value` that mount options are made of."""
    parts = [part.partition("=") for part in value.split(",")]
    return in_setting(name, value) or next(
        (found for inner, _, text in parts if (found := in_setting(inner, text)) is not None), None
    )
