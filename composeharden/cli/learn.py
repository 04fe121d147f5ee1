"""`composeharden learn`: run an image, see what it needs, and write that down as image facts."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from composeharden.cli.facts import OWN
from composeharden.cli.granted import know_secrets
from composeharden.cli.learned import Target, TargetError
from composeharden.cli.loaded import loaded
from composeharden.cli.stacks import Choice, choice, project_options
from composeharden.cli.trials import no_room
from composeharden.redaction import Redactor

if TYPE_CHECKING:
    from composeharden.engine import Docker, Throwaway
    from composeharden.learn.document import Record
    from composeharden.learn.session import Count
    from composeharden.learn.stage import Probe
    from composeharden.learn.subject import Subject

_PROBLEM, _NO_ENGINE, _STOPPED, _ENDED = 2, 3, 130, 143


@click.command("learn", context_settings={"allow_interspersed_args": False})
@click.argument("words", metavar="IMAGE [COMMAND]... | --service NAME [FILE]", nargs=-1, type=click.UNPROCESSED)
@click.option("--service", metavar="NAME", help="Learn the image of this service, with all it depends on.")
@project_options
@click.option(
    "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="A variable for the image (repeatable)."
)
@click.option("--probe", "probes", multiple=True, metavar="CMD", help="A shell command that must succeed in it.")
@click.option("--window", type=click.FloatRange(1, 600), default=5.0, show_default=True, help="Seconds of watching.")
@click.option("--timeout", type=click.FloatRange(10), metavar="SECONDS", help="Give up after that time.")
@click.option("--no-trace", is_flag=True, help="Do not trace capabilities through the kernel: more trials instead.")
@click.option("--force", is_flag=True, help="Also replace a file that a person wrote or edited; it is kept as .orig.")
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help=f"Write there instead of {OWN}; - prints it.")
def command(words: tuple[str, ...], service: str | None, variables: tuple[str, ...], **given: Any) -> None:
    """Run IMAGE again and again on the engine of this machine, and write down what it needs.

    First as it is, under observation, then hardened: which capabilities, which writable paths, whether as its own user.
    What is written was run whole, from a first start on empty volumes to a new container over the same ones. The image
    has to be there; its containers are on a network of their own that leads nowhere, and are gone in the end.
    """
    redactor = Redactor()
    known = dict(map(_variable, variables))
    for name, value in known.items():
        redactor.add_value(name, value)
    if service is not None:
        if known or len(words) > 1:
            raise click.UsageError("with --service, the stack has the variables and the command; name its file only")
        asked: _Asked = _of_service(service, words[0] if words else "", redactor)
    elif not words or words[0].startswith("-"):
        raise click.UsageError("name an image, or a service with --service")
    elif choice() != Choice():
        raise click.UsageError("options about a project go with --service")
    else:
        asked = _of_image(words[0], words[1:], known)
    target = Target(asked.image, asked.beside, given["output"], given["force"])
    target.check()
    probes = [word for probe in given["probes"] for word in ("--probe", probe)]
    repeat = shlex.join(["composeharden", "learn", *probes, *asked.repeat])
    _guarded(asked, target, redactor, repeat, given)


@dataclass(frozen=True)
class _Asked:
    """What is to be learned."""

    image: str
    beside: str
    """The folder of the project."""
    repeat: tuple[str, ...]
    subject: Callable[[Docker, Throwaway], Subject]
    """Makes it what can be run."""


def _of_image(image: str, words: tuple[str, ...], variables: Mapping[str, str]) -> _Asked:
    def subject(docker: Docker, own: Throwaway) -> Subject:
        from composeharden.learn.subject import alone

        details = docker.image(image)
        if details is None:
            raise click.UsageError(f"the engine has no image {image}; pull or build it first")
        if str(details.get("Id", "")).removeprefix("sha256:").startswith(image):
            raise click.UsageError(
                f"{image} is the id of an image, and facts are about names: give it one with docker tag"
            )
        return alone(image, details, variables, words)

    return _Asked(image, "", (*(word for name in variables for word in ("-e", name)), image, *words), subject)


def _of_service(service: str, path: str, redactor: Redactor) -> _Asked:
    project, file = loaded(path, redactor)
    know_secrets(redactor, project)
    if service not in project.services:
        raise click.UsageError(f"no service is called {service}")

    def subject(docker: Docker, own: Throwaway) -> Subject:
        from composeharden.learn.stack import CannotBeLearned, in_stack

        try:
            found, notes = in_stack(docker, own, project, service, redactor.add_value)
        except CannotBeLearned as error:
            raise click.UsageError(redactor.sentence(str(error))) from None
        for note in notes:
            _tell(redactor.sentence(note))
        return found

    image = project.services[service].image or service
    return _Asked(image, os.path.dirname(file), ("--service", service, *((path,) if path else ())), subject)


def _guarded(asked: _Asked, target: Target, redactor: Redactor, repeat: str, given: Mapping[str, Any]) -> None:
    """Learn it, and say in a sentence what goes wrong."""
    from composeharden.engine import EngineError, Interrupted, NoEngineError

    try:
        record, count = _learned(asked, redactor, repeat, given)
        for line in (target.write(record), *_summary(record, count)):
            _tell(line)
    except NoEngineError as error:
        _complain(str(error), _NO_ENGINE)
    except EngineError as error:
        _complain("\n".join([redactor.sentence(str(error)), *map(redactor.sentence, error.said.splitlines()[-5:])]))
    except TargetError as error:
        _complain(str(error))
    except OSError as error:
        _complain(no_room(error))
    except Interrupted:
        _complain("ended; nothing of it is left on the engine, and nothing was written", _ENDED)
    except KeyboardInterrupt:
        _complain("stopped; nothing of it is left on the engine, and nothing was written", _STOPPED)


def _learned(asked: _Asked, redactor: Redactor, repeat: str, given: Mapping[str, Any]) -> tuple[Record, Count]:
    from composeharden.engine import Deadline, Docker, Throwaway, sweep
    from composeharden.learn.session import NothingToLearn, Plan, learn

    docker = Docker.find(Deadline(given["timeout"]))
    sweep(docker)
    plan = Plan(
        probes=tuple(_in_container(docker, probe) for probe in given["probes"]),
        traces=not given["no_trace"],
        window=given["window"],
        command=repeat,
        redact=redactor.sentence,
        tell=lambda line: _tell(redactor.sentence(line)),
    )
    with Throwaway(docker, given["timeout"]) as own:
        subject = asked.subject(docker, own)
        _announce(subject)
        try:
            return learn(docker, own, subject, plan)
        except NothingToLearn as error:
            lines = [
                f"{asked.image} does not run as it is ({error.shortfall.words}), so there is nothing to compare with",
                *error.shortfall.log,
                "give it the variables (-e NAME=VALUE) and the command that it needs, or the service of a stack",
            ]
            _complain("\n".join(map(redactor.sentence, lines)))


def _variable(text: str) -> tuple[str, str]:
    """NAME=VALUE, or NAME for the value that this process has."""
    name, sign, value = text.partition("=")
    if not sign and name not in os.environ:
        raise click.UsageError(f"the variable {name} has no value here; say {name}=VALUE")
    return name, value if sign else os.environ[name]


def _announce(subject: Subject) -> None:
    _tell(
        f"{subject.image} will be started and stopped up to a hundred times: image "
        f"{str(subject.details.get('Id', ''))[:19]}, on an internal network, with empty volumes and no published port"
    )


def _in_container(docker: Docker, script: str) -> Probe:
    def probe(container: str, start: int) -> str:
        done = docker.exec(container, "sh", "-c", script)
        return "" if done.code == 0 else f"the probe fails with exit code {done.code}"

    return probe


def _summary(record: Record, count: Count) -> list[str]:
    from composeharden.learn.document import setting_words

    found = record.found
    lines = [f"{'as root' if record.seen.starts_as_root else 'as its user'}: {setting_words(found.own.setting)}"]
    lines += [f"as its user: {setting_words(found.user.setting)}"] if found.user is not None else []
    return [*lines, f"{count.trials} trials, {count.starts} starts, {count.seconds:.0f} s"]


def _tell(line: str) -> None:
    if line:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _complain(message: str, code: int = _PROBLEM) -> NoReturn:
    sys.stderr.write(f"composeharden: {message}\n")
    sys.exit(code)
