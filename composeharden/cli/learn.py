"""`composeharden learn`: run an image, see what it needs, and write that down as image facts."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from composeharden.cli.facts import OWN
from composeharden.cli.inputs import STDIN, lies_in, read

if TYPE_CHECKING:
    from composeharden.engine import Docker
    from composeharden.learn.document import Record
    from composeharden.learn.session import Count
    from composeharden.learn.stage import Probe
    from composeharden.learn.subject import Subject
    from composeharden.redaction import Redactor

_NO_ENGINE = 3


@click.command("learn", context_settings={"allow_interspersed_args": False})
@click.argument("image")
@click.argument("words", metavar="[COMMAND]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="A variable for the image (repeatable)."
)
@click.option("--probe", "probes", multiple=True, metavar="CMD", help="A shell command that must succeed in it.")
@click.option("--window", type=click.FloatRange(1, 600), default=5.0, show_default=True, help="Seconds of watching.")
@click.option("--timeout", type=click.FloatRange(10), metavar="SECONDS", help="Give up after that time.")
@click.option("--no-trace", is_flag=True, help="Do not trace capabilities through the kernel: more trials instead.")
@click.option("--force", is_flag=True, help="Also replace a file that a person wrote or edited; it is kept as .orig.")
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help=f"Write there instead of {OWN}; - prints it.")
def command(
    image: str,
    words: tuple[str, ...],
    variables: tuple[str, ...],
    probes: tuple[str, ...],
    window: float,
    timeout: float | None,
    no_trace: bool,
    force: bool,
    output: str | None,
) -> None:
    """Run IMAGE again and again on the engine of this machine, and write down what it needs.

    First as it is, under observation, then hardened: which capabilities, which writable paths, whether as its own user.
    What is written was run whole, from a first start on empty volumes to a new container over the same ones. The image
    has to be there; its containers are on a network of their own that leads nowhere, and are gone in the end.
    """
    from composeharden.engine import EngineError, NoEngineError
    from composeharden.redaction import Redactor

    environment = dict(map(_variable, variables))
    redactor = Redactor()
    for name, value in environment.items():
        redactor.add_value(name, value)
    target = _Target(image, output, force)
    repeat = ["composeharden", "learn", *(part for name in environment for part in ("-e", name))]
    repeat += [part for probe in probes for part in ("--probe", probe)] + [image, *words]
    try:
        target.check()
        _run(image, words, environment, probes, window, timeout, not no_trace, shlex.join(repeat), target, redactor)
    except NoEngineError as error:
        _complain(str(error), _NO_ENGINE)
    except EngineError as error:
        _complain("\n".join([str(error), *map(redactor.sentence, error.said.splitlines()[-5:])]))


def _run(
    image: str,
    words: tuple[str, ...],
    environment: dict[str, str],
    probes: tuple[str, ...],
    window: float,
    timeout: float | None,
    traces: bool,
    repeat: str,
    target: _Target,
    redactor: Redactor,
) -> None:
    from composeharden.engine import Deadline, Docker, Throwaway, sweep
    from composeharden.learn.session import NothingToLearn, Plan, learn
    from composeharden.learn.subject import alone

    docker = Docker.find(Deadline(timeout))
    sweep(docker)
    details = docker.image(image)
    if details is None:
        raise click.UsageError(f"the engine has no image {image}; pull or build it first")
    subject = alone(image, details, environment, words)
    _announce(subject)
    plan = Plan(
        probes=tuple(_in_container(docker, probe) for probe in probes),
        traces=traces,
        window=window,
        command=repeat,
        redact=redactor.sentence,
        tell=lambda line: _tell(redactor.sentence(line)),
    )
    try:
        with Throwaway(docker, timeout) as own:
            record, count = learn(docker, own, subject, plan)
    except NothingToLearn as error:
        lines = [f"{image} does not run as it is ({error.shortfall.words}), so there is nothing to compare with"]
        lines += [redactor.sentence(line) for line in error.shortfall.log]
        _complain("\n".join([*lines, "give it the variables (-e NAME=VALUE) and the command that it needs"]))
    target.write(record)
    _tell(_summary(record, count))


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


def _summary(record: Record, count: Count) -> str:
    from composeharden.learn.document import setting_words

    lines = []
    if record.seen.starts_as_root:
        lines.append(f"as root: {setting_words(record.found.own.setting)}")
    else:
        lines.append(f"as its user: {setting_words(record.found.own.setting)}")
    if record.found.user is not None:
        lines.append(f"as its user: {setting_words(record.found.user.setting)}")
    lines.append(f"{count.trials} trials, {count.starts} starts, {count.seconds:.0f} s")
    return "\n".join(lines)


class _Target:
    """Where the facts go, and what must not be replaced there."""

    def __init__(self, image: str, output: str | None, force: bool) -> None:
        from composeharden.images.reference import parse
        from composeharden.learn.document import family_of

        self._repository = parse(image).repository
        self._folder = OWN if output is None else output
        self._is_project = output is None
        self._path = os.path.join(self._folder, f"{family_of(image)}.toml")
        self._force = force

    def check(self) -> None:
        """Raise click.UsageError where nothing may be written; before anything is run, and once more afterwards."""
        if self._folder == STDIN:
            return
        if self._is_project and not lies_in(self._folder, os.path.realpath(".")):
            raise click.UsageError(f"{self._folder} is a link out of the project; name a folder with -o")
        other = self._other_file()
        if other and os.path.normpath(other) != os.path.normpath(self._path):
            raise click.UsageError(f"{self._repository} has facts in {other} already; rename or remove that file first")
        if os.path.lexists(self._path) and not self._force and not self._is_ours():
            raise click.UsageError(
                f"{self._path} was written or edited by a person, and stays as it is; --force replaces it, -o - prints"
            )

    def write(self, record: Record) -> None:
        """Write the file, or print it."""
        from composeharden.cli.write import WriteError, create_file, replace_file
        from composeharden.learn.file import written

        data = written(record)
        self._judge(data)
        if self._folder == STDIN:
            sys.stdout.write(data.decode())
            return
        self.check()
        try:
            os.makedirs(self._folder, exist_ok=True)
            if os.path.lexists(self._path):
                done = replace_file(self._path, read(self._path), data)
            else:
                done = create_file(self._path, data)
        except (OSError, WriteError) as error:
            _complain(f"{self._path}: {error}")
        _tell(f"{self._path} is written; read it, then `composeharden diff` uses it; undo: {done.undo}")

    def _is_ours(self) -> bool:
        from composeharden.learn.file import is_our_own

        try:
            return is_our_own(read(self._path))
        except OSError:
            return False

    def _other_file(self) -> str:
        """The file in the folder that has facts of the image. A file that cannot be used ends the run."""
        from composeharden.cli.facts import folder_of
        from composeharden.cli.trouble import facts_or_exit

        if not os.path.isdir(self._folder):
            return ""
        folder = folder_of(self._folder)
        with facts_or_exit():
            family = folder.family_of(self._repository)
        return folder.file(family) if family is not None else ""

    def _judge(self, data: bytes) -> None:
        import tomllib

        from composeharden.images.judge import judge

        text = data.decode()
        name = os.path.basename(self._path).removesuffix(".toml")
        problems = judge(tomllib.loads(text), name, self._path, text)
        if problems:
            _complain(f"the facts cannot be written down: {problems[0].message}")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _complain(message: str, code: int = 2) -> None:
    sys.stderr.write(f"composeharden: {message}\n")
    sys.exit(code)
