"""What `verify`, and --verify of others, share: the options, what is said before anything starts, the trial."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from composeharden.cli.granted import know_secrets
from composeharden.cli.inputs import STDIN
from composeharden.cli.overlay import overlay_for, with_overlay
from composeharden.cli.run import Done, Settings, look
from composeharden.cli.stacks import opened
from composeharden.outcome import Outcome, Status
from composeharden.redaction import Redactor

if TYPE_CHECKING:
    from composeharden.compose.project import Project
    from composeharden.decide import Options
    from composeharden.engine import Docker
    from composeharden.report.verification import Verification
    from composeharden.verify import Trial

_Function = TypeVar("_Function", bound=Callable[..., Any])
NO_ENGINE = 3
_CHANGED = "a file of the project was changed while it was tried: run it again; nothing is written"


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a trial."""

    allow_network: bool = False
    allow_host_access: bool = False
    pull: bool = False
    build: bool = False
    window: float = 10.0
    check_interval: float = 5.0
    timeout: int = 1800
    copy_limit: int = 64
    probes: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    yes: bool = False


class TrialError(Exception):
    """The trial could not be made. `code` is the exit code; the text is fit to be shown."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


class Probe(click.ParamType[tuple[str, tuple[str, ...]]]):
    """SERVICE=COMMAND; a command that begins with a bracket is a JSON list, any other is for the container's shell."""

    name = "SERVICE=COMMAND"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The service and the words of the command."""
        if isinstance(value, tuple):
            return value
        service, equals, text = str(value).partition("=")
        if not equals or not service or not text.strip():
            self.fail("it takes SERVICE='COMMAND'", param, ctx)
        return service, words_of(text)


def words_of(command: str) -> tuple[str, ...]:
    """The words of a probe: those of a JSON list, or a call of the shell."""
    if command.lstrip().startswith("["):
        import json

        try:
            words = json.loads(command)
        except ValueError:
            words = None
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            return tuple(words)
    return ("sh", "-c", command)


_OPTIONS = (
    click.option(
        "--allow-network", is_flag=True, help="Let the trial reach other machines, with what the stack knows."
    ),
    click.option(
        "--allow-host-access",
        is_flag=True,
        help="Run what cannot be kept apart from this machine: privileged, devices.",
    ),
    click.option("--pull", is_flag=True, help="Pull images that are missing."),
    click.option("--build", is_flag=True, help="Build the images of services that are built, from local folders only."),
    click.option(
        "--window",
        type=click.FloatRange(0, 3600),
        default=10,
        show_default=True,
        help="Watch the stack for that many seconds after its first start.",
    ),
    click.option(
        "--check-interval",
        type=click.FloatRange(0.5, 600),
        default=5,
        show_default=True,
        help="Run health checks at least every so many seconds.",
    ),
    click.option(
        "--timeout",
        type=click.IntRange(10, 86400),
        default=1800,
        show_default=True,
        help="Seconds for the whole trial.",
    ),
    click.option(
        "--copy-limit",
        type=click.IntRange(0, 4096),
        default=64,
        show_default=True,
        help="Copy mounted folders up to that many MiB; larger ones start empty.",
    ),
    click.option(
        "--probe",
        "probes",
        type=Probe(),
        multiple=True,
        help="Run a command in a service after each start (repeatable).",
    ),
    click.option("-y", "--yes", is_flag=True, help="Do not ask before the first start."),
)


def trial_options(function: _Function) -> _Function:
    """Add the options of a trial; `wanted` takes them."""
    for decorate in reversed(_OPTIONS):
        function = decorate(function)
    return function


def wanted(given: dict[str, Any]) -> Wanted:
    """Take the options of a trial out of `given`."""
    probes: dict[str, tuple[tuple[str, ...], ...]] = {}
    for service, words in given.pop("probes"):
        probes[service] = (*probes.get(service, ()), words)
    names = (one.name for one in fields(Wanted) if one.name != "probes")
    return Wanted(**{name: given.pop(name) for name in names}, probes=probes)


@dataclass
class Tried:
    """A trial that was made."""

    verification: Verification
    redactor: Redactor
    options: Options
    """Those under which the pipeline decides what the stack was seen to live with."""
    survived: Outcome | None = None
    """What it was seen to live with, as it was decided when it was run."""


def tried(path: str, settings: Settings, want: Wanted, try_assumed: bool = False) -> Tried:
    """Run a stack as it is and hardened. Raises TrialError; on the way out nothing of it is left."""
    from composeharden.engine import Deadline, Docker, EngineError, Interrupted, NoEngineError, Throwaway, sweep

    if path == STDIN:
        raise TrialError("a trial needs a file: standard input has no folder")
    outcome, redactor = look(path, settings)
    if outcome.problems:
        raise TrialError(_problems(outcome, redactor))
    if not try_assumed and not outcome.patches:
        return Tried(_nothing(path, outcome), redactor, settings.options)
    try:
        docker = Docker.find(Deadline(want.timeout))
        sweep(docker)
        with Throwaway(docker, want.timeout) as own:
            project = _project(path, settings)
            know_secrets(redactor, project)
            trial = _trial(docker, own, project, path, settings, want, _read(outcome))
            return _run(trial, outcome, redactor, settings, want, try_assumed)
    except NoEngineError as error:
        raise TrialError(str(error), NO_ENGINE) from None
    except EngineError as error:
        raise TrialError(_said(error.said, str(error), redactor)) from None
    except OSError as error:
        raise TrialError(no_room(error)) from None
    except Interrupted:
        raise TrialError("ended; nothing of it is left on the engine", 143) from None
    except KeyboardInterrupt:
        raise TrialError("stopped; nothing of it is left on the engine", 130) from None


def no_room(error: OSError) -> str:
    """What to say where the files of a trial cannot be written."""
    import tempfile

    return f"{tempfile.gettempdir()} takes no files ({error.strerror}): TMPDIR names another folder for them"


def with_trial(path: str, settings: Settings) -> tuple[Settings, str]:
    """The settings under which exactly what survived a trial is done, and its report. Raises TrialError."""
    want = settings.extra.get("trial")
    if want is None:
        return settings, ""
    if settings.options.migrate or settings.options.new_stack:
        raise TrialError("a trial cannot use files that are not written yet: give --verify once the secrets have moved")
    from composeharden.cli.run import wants_color
    from composeharden.report import style, verification

    trial = tried(path, settings, want, try_assumed=True)
    looks = style.Style(wants_color(sys.stderr), style.can_show_symbols(sys.stderr.encoding))
    told = verification.render(trial.verification, trial.redactor, looks, settings.verbose)
    if trial.verification.unfinished:
        raise TrialError(f"{told}nothing is proven, so nothing is written")
    settings = replace(settings, options=trial.options)
    if trial.survived is not None and _fixes(look(path, settings)[0]) != _fixes(trial.survived):
        raise TrialError(f"{told}{_CHANGED}")
    return settings, told + "\n"


def _fixes(outcome: Outcome) -> list[tuple[str, str, str]]:
    """What an outcome would change, whatever is thought of its confidence."""
    fixes = [one for one in outcome.with_status(Status.FIX) if one.changes]
    return sorted((one.rule, one.service or "", repr(one.changes)) for one in fixes)


def failed_trial(path: str, error: TrialError) -> Done:
    """The end of one input without a trial: nothing is done to it."""
    return Done(path, err=f"{error}\n", trouble=True, kept=error.code)


def verify_option(function: _Function) -> _Function:
    """Add --verify and the options of a trial; `trial_of` takes them."""
    text = "Run the stack first, try what is only assumed, too, and keep exactly what it lives with."
    return click.option("--verify", is_flag=True, help=text)(trial_options(function))


def trial_of(given: dict[str, Any], jobs: int) -> Wanted | None:
    """Take --verify and the options of a trial out of `given`. Raises click.UsageError."""
    want = wanted(given)
    if not given.pop("verify"):
        if want != Wanted():
            raise click.UsageError("the options of a trial are for --verify")
        return None
    if jobs != 1:
        raise click.UsageError("--verify runs one stack at a time; leave -j out")
    return want


def _project(path: str, settings: Settings) -> Project:
    from composeharden.pipeline import load_as_it_is

    files, read = opened(path)
    overlay = overlay_for(path, settings.options.overlay)
    project = load_as_it_is(files, with_overlay(read, overlay), replace(settings.options, overlay=overlay))
    if project is None:
        raise TrialError(_CHANGED)
    return project


_Read = tuple[dict[str, str], dict[str, str]]


def _read(outcome: Outcome) -> _Read:
    """What the files of a project say, and the variables they are filled in with."""
    return {path: source.text for path, source in outcome.sources.items()}, dict(outcome.variables)


def _trial(
    docker: Docker, own: Any, project: Project, path: str, settings: Settings, want: Wanted, first: _Read
) -> Trial:
    from composeharden.verify import Allowed, Patience, Trial

    def decided(options: Options) -> Outcome:
        outcome = look(path, replace(settings, options=options))[0]
        if _read(outcome) != first:
            raise TrialError(_CHANGED)
        return outcome

    allowed = Allowed(
        want.allow_network, want.allow_host_access, want.pull, want.build, copy_bytes=want.copy_limit * 1024 * 1024
    )
    configured = settings.governing.configuration.probes if settings.governing is not None else {}
    probes = {name: tuple(words_of(text) for text in texts) for name, texts in configured.items()} | dict(want.probes)
    patience = Patience(window=want.window, interval=want.check_interval)
    return Trial(docker, own, project, decided, settings.options, allowed, patience, probes, _tell)


def _run(
    trial: Trial, outcome: Outcome, redactor: Redactor, settings: Settings, want: Wanted, try_assumed: bool
) -> Tried:
    from composeharden.verify import Plan, Planned

    for body in (trial.model.get("services") or {}).values():
        for name, value in (body.get("environment") or {}).items():
            redactor.add_value(
                str(name), str(value if value is not None else os.environ.get(name, "")).replace("$$", "$")
            )
    unknown = sorted({*want.probes, *settings.options.services} - set(trial.model.get("services") or {}))
    if unknown:
        raise TrialError(f"no service is called {redactor.one_line(', '.join(unknown))}")
    _announce(trial, redactor, want)
    result = trial.verify(Planned(Plan(), outcome), try_assumed)
    from composeharden.cli.verified import verification

    options = settings.options
    survived = result.survived
    if survived is not None:
        proven = {(str(fix.service), fix.rule): "" for fix in survived.fixes if result.shows(fix)}
        plan = survived.plan
        options = replace(
            options, tried={**plan.tried, **proven}, additions=plan.additions, assume=options.assume or try_assumed
        )
    lived = survived.outcome if survived is not None else None
    return Tried(verification(result, outcome.path, redactor, trial), redactor, options, lived)


def _announce(trial: Trial, redactor: Redactor, want: Wanted) -> None:
    """Say what is going to be started, and ask a person who can answer."""
    isolation = trial.isolation
    if not isolation.services:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in isolation.left_out.items())
        raise TrialError(redactor.sentence(f"there is nothing to run: {reasons}"))
    from composeharden.verify.isolation import image_names

    images = image_names(trial.model)
    reach = "with" if want.allow_network else "without"
    lines = [f"On Docker {trial.docker.engine_version}, in throw-away projects, {reach} network access:"]
    lines += [f"run      {name} ({images[name]})" for name in isolation.services]
    lines += [f"not run  {name}: {reason}" for name, reason in isolation.left_out.items()]
    lines += [f"note     {note}" for note in isolation.notes]
    lines += [f"not kept apart: {reason}" for reason in isolation.host_access]
    sys.stderr.write("\n  ".join(redactor.sentence(line) for line in lines) + "\n")
    sys.stderr.flush()
    asked = not want.yes and sys.stdin.isatty() and sys.stderr.isatty()
    if asked and not click.confirm("Start?", err=True, default=True):
        raise TrialError("nothing was started", 1)


def _tell(text: str) -> None:
    """Progress, for a person who waits."""
    if sys.stderr.isatty():
        sys.stderr.write(f"  ... {Redactor().sentence(text)}\n")
        sys.stderr.flush()


def _problems(outcome: Outcome, redactor: Redactor) -> str:
    from composeharden.report.style import Style
    from composeharden.report.text import problem_lines

    return "\n".join(problem_lines(outcome.problems, redactor, Style()))


def _said(said: str, message: str, redactor: Redactor) -> str:
    lines = [redactor.sentence(line) for line in said.splitlines()[-8:] if line.strip()]
    return "\n".join([redactor.sentence(message), *(f"  | {line}" for line in lines)])


def _nothing(path: str, outcome: Outcome) -> Verification:
    from composeharden.report.verification import Verification

    return Verification(outcome.path or path, (), notes=("nothing would be changed, so there is nothing to compare",))


__all__ = ["NO_ENGINE", "TrialError", "Tried", "Wanted", "trial_options", "tried", "wanted", "words_of"]
