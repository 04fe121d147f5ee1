"""`composeharden init`: a configuration to start from, which accepts what makes `check` fail today."""

from __future__ import annotations

import datetime
import functools
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from composeharden.cli.configuration import governing_folder, relative_to
from composeharden.cli.facts import Folders, images_option
from composeharden.cli.run import Done, Settings, judge, look, run
from composeharden.configuration import NAME
from composeharden.configuration.document import MAX_BYTES
from composeharden.decide import Options
from composeharden.outcome import Finding, Severity, Status
from composeharden.redaction import MASK
from composeharden.report.style import counted

_PLACES = (Path(__file__).parents[1] / "schemas", Path(__file__).parents[2] / "schemas")
_HEAD = """\
# What is accepted in the Compose files of this folder and below. Give each exception its real reason, or mend what it
# is about and remove it: `composeharden check -r` names those that match nothing any more.
"""

_Group = tuple[tuple[str, ...], tuple[str, ...]]
"""Rules, and the services (none: the stack as a whole) of a file that have just these findings."""


@click.command("init")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--fail-on",
    type=click.Choice([str(severity) for severity in Severity]),
    default="high",
    show_default=True,
    help="Accept what is at least this severe, and let `check` fail on it from now on.",
)
@click.option("--schema", is_flag=True, help="Print the schema of a configuration, for an editor; write nothing.")
@images_option
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Work on that many files at a time."
)
def command(folder: str, fail_on: str, folders: Folders, jobs: int, schema: bool) -> None:
    """Write a configuration that accepts today's findings, for all Compose files in FOLDER and below.

    Whatever makes `check` fail now gets an exception, with a reason to be filled in; new findings count. It never
    touches a configuration that is there already.
    """
    if schema:
        place = next(place for place in _PLACES if place.is_dir())
        click.echo((place / "config.schema.json").read_text("utf-8"), nl=False)
        return
    target = os.path.normpath(os.path.join(folder, NAME))
    _refuse_a_second(folder, target)
    severity = Severity[fail_on.upper()]
    settings = Settings(
        "init",
        Options(),
        folders=folders,
        configured=False,
        write_baseline=target,
        accepts=functools.partial(counts, fail_on=severity),
        extra={"top": folder},
    )
    done = run(work, [folder], True, jobs, settings)
    text = configuration([item.kept for item in done if item.kept], fail_on, settings.today)
    _write(target, text)
    count = sum(len(item.kept["accepted"]) for item in done if item.kept)
    click.echo(
        f"{target} accepts {counted(count, 'finding')}. Give each exception its reason; "
        f"`composeharden check -r {folder}` says what is new.",
        err=True,
    )


def _refuse_a_second(folder: str, target: str) -> None:
    found = governing_folder(folder)
    if os.path.lexists(target):
        raise click.UsageError(f"{target} is there already, and stays as it is")
    if found is not None and found.folder == os.path.realpath(folder):
        raise click.UsageError(f"{found.file} is a configuration already, and stays as it is")
    if found is not None:
        sys.stderr.write(f"note: {found.file} does not count for {folder} any more: the nearest configuration wins\n")


def work(path: str, settings: Settings) -> Done:
    """What one input needs so that `check` passes."""
    found = governing_folder(os.path.dirname(path))
    top = os.path.realpath(settings.extra["top"])
    if found is not None and found.folder.startswith(os.path.join(top, "")):
        return Done(path)  # it has a configuration of its own
    outcome, redactor = look(path, settings)
    done = judge(outcome, settings)

    def pattern(name: str) -> str:
        return _pattern(name, redactor.one_line(name))

    done.kept = {
        "file": pattern(relative_to(top)(path)),
        "accepted": [(entry.rule, pattern(entry.service)) for entry in settings.seen.entries],
        "problem": redactor.sentence(outcome.problems[0].message) if outcome.problems and not outcome.services else "",
    }
    return done


def counts(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding makes `check` fail."""
    if finding.status is Status.REPORT:
        return finding.severity >= fail_on
    return finding.status is Status.FIX or finding.suppressed_by == "baseline"


def _pattern(name: str, shown: str) -> str:
    """A name as a pattern that matches it alone, less characters that no YAML file can hold, and less any secret."""
    if MASK in shown:
        return "*".join(map(_literal, shown.split(MASK)))
    literal = _literal(name)
    return f"./{literal}" if literal.startswith(("~", "\\")) or literal[1:2] == ":" else literal


def _literal(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char if char.isprintable() else "?" for char in text)


def configuration(found: Iterable[dict[str, Any]], fail_on: str, today: datetime.date) -> str:
    """The text of a configuration.

    Args:
        found: what `work` says of each input.
        fail_on: the severity from which on a finding counts.
        today: the day that the reasons name.
    """
    found = list(found)
    lines = [_HEAD + f"fail_on: {fail_on}", ""]
    broken = [item for item in found if item["problem"]]
    if broken:
        lines += ["exclude:", *(line for item in broken for line in _excluded(item)), ""]
    files: dict[_Group, list[str]] = defaultdict(list)
    for item in found:
        for group in _groups(item["accepted"]):
            files[group].append(item["file"])
    lines += ["exceptions:"] if files else ["exceptions: []"]
    for (rules, services), names in sorted(files.items(), key=lambda item: (item[1], item[0])):
        lines.append(f"  - rules: {_listed(rules)}")
        lines += [f"    service: {_listed(services)}"] if services else []
        lines.append(f"    files: {_listed(names)}")
        lines.append(f"    reason: accepted as it was on {today}; say why, or mend it")
    return "\n".join(lines) + "\n"


def _excluded(item: dict[str, Any]) -> Iterator[str]:
    yield f"  # {item['problem']}"
    yield f"  - {_quoted(item['file'])}"


def _groups(accepted: Iterable[tuple[str, str]]) -> Iterator[_Group]:
    """The findings of a file, with services together that have the same."""
    rules: dict[str, set[str]] = defaultdict(set)
    for rule, service in accepted:
        rules[service].add(rule)
    services: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for service, names in rules.items():
        services[tuple(sorted(names)) if service else ("", *sorted(names))].append(service)
    for key, owners in services.items():
        yield (key[1:], ()) if not key[0] else (key, tuple(owners))


def _listed(names: Iterable[str]) -> str:
    names = [_quoted(name) for name in names]
    if len(", ".join(names)) < 80:
        return f"[{', '.join(names)}]"
    return "".join(f"\n      - {name}" for name in names)


def _quoted(name: str) -> str:
    plain = name.isascii() and name.replace("-", "a").replace("/", "a").replace(".", "a").replace("_", "a").isalnum()
    if plain and name[0].isalpha() and name.lower() not in ("true", "false", "null", "yes", "no", "on", "off"):
        return name
    return "'" + name.replace("'", "''") + "'"


def _write(target: str, text: str) -> None:
    data = text.encode("utf-8")
    if len(data) > MAX_BYTES:
        raise click.ClickException(
            f"there are too many findings for a configuration; use `composeharden check -r --write-baseline FILE`, "
            f"or {NAME} files in several folders"
        )
    try:
        with open(target, "xb") as file:
            file.write(data)
    except FileExistsError:
        raise click.UsageError(f"{target} is there already, and stays as it is") from None
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}") from None
