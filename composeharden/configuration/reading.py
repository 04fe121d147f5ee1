"""From the settings as written to a `Configuration`, or to every problem with its place and what was probably meant."""

from __future__ import annotations

import contextlib
import datetime
import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from composeharden.compose.problems import did_you_mean, shown
from composeharden.configuration import ANY, Bar, Configuration, Exemption, ProjectFiles
from composeharden.configuration.document import Document, Path
from composeharden.configuration.globs import LONGEST, Globs, Names, leads_out
from composeharden.outcome import Problem, Severity

MOST_PROBLEMS = 20

_TOP = (
    "passes",
    "severity",
    "fail_on",
    "fail_on_held",
    "confidence",
    "files",
    "exclude",
    "projects",
    "probes",
    "exceptions",
)
_PASSES = ("only", "skip")
_PROJECT = ("files", "profiles", "env_files", "project_directory")
_EXCEPTION = ("rules", "service", "files", "reason", "until")
_NEVER_EMPTY = ("rules", "service", "files", "exclude")
"""What an empty list would switch off, or switch on for everything, without saying so."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read(document: Document, passes: Collection[str]) -> tuple[Configuration, list[Problem]]:
    """The configuration, and what is wrong with it; with a problem it must not be used.

    Args:
        document: the settings as written.
        passes: the names of all passes.
    """
    reader = _Reader(document, passes)
    return reader.configuration(), reader.problems[:MOST_PROBLEMS]


class _Reader:
    """Takes every value on its own terms; a wrong one is told and stands for nothing."""

    def __init__(self, document: Document, passes: Collection[str]) -> None:
        self.document = document
        self.passes = passes
        self.problems: list[Problem] = []

    def configuration(self) -> Configuration:
        top = self.table((), self.document.data, _TOP)
        chosen = self.table(("passes",), top.get("passes", {}), _PASSES)
        return Configuration(
            only=frozenset(self.rules(("passes", "only"), chosen.get("only", ()))),
            skip=frozenset(self.rules(("passes", "skip"), chosen.get("skip", ()))),
            severities=self.severities(top.get("severity", {})),
            fail_on=self.severity(("fail_on",), top["fail_on"]) if "fail_on" in top else None,
            fail_on_held=self.flag(("fail_on_held",), top["fail_on_held"]) if "fail_on_held" in top else None,
            bar=self.bar(top["confidence"]) if "confidence" in top else None,
            files=Globs(self.paths(("files",), top.get("files", ()))),
            exclude=Globs(self.paths(("exclude",), top.get("exclude", ()))),
            projects=tuple(self.projects(top.get("projects", ()))),
            probes=self.probes(top.get("probes", {})),
            exemptions=tuple(self.exemptions(top.get("exceptions", ()))),
        )

    # -- parts -------------------------------------------------------------------------------------------------------

    def severities(self, value: Any) -> dict[str, Severity]:
        table = self.table(("severity",), value)
        found = {}
        for name, one in table.items():
            path: Path = ("severity", name)
            if self.is_pass(path, name, at_key=True):
                severity = self.severity(path, one)
                if severity is not None:
                    found[name] = severity
        return found

    def projects(self, value: Any) -> Iterable[ProjectFiles]:
        for number, one in enumerate(self.items(("projects",), value)):
            path: Path = ("projects", number)
            table = self.table(path, one, _PROJECT)
            if isinstance(one, dict) and "files" not in one:
                self.fault(path, "a project needs `files`, the list of its Compose files in order")
            place = (*path, "project_directory")
            folders = self.paths(place, self.single(place, table.get("project_directory", ())), wild=False)
            yield ProjectFiles(
                files=self.paths((*path, "files"), table.get("files", ()), wild=False),
                location=self.document.place(path, False),
                profiles=self.strings((*path, "profiles"), table.get("profiles", ())),
                env_files=self.paths((*path, "env_files"), table.get("env_files", ()), wild=False),
                project_directory=folders[0] if folders else "",
            )

    def probes(self, value: Any) -> dict[str, tuple[str, ...]]:
        return {name: self.strings(("probes", name), one) for name, one in self.table(("probes",), value).items()}

    def exemptions(self, value: Any) -> Iterable[Exemption]:
        for number, one in enumerate(self.items(("exceptions",), value)):
            path: Path = ("exceptions", number)
            table = self.table(path, one, _EXCEPTION)
            if isinstance(one, dict) and "rules" not in one:
                self.fault(path, "an exception needs `rules`, the passes whose findings are accepted", '"*" is all')
            reasons = self.strings((*path, "reason"), self.single((*path, "reason"), table.get("reason", ())))
            reason = " ".join(" ".join(reasons).split())
            if isinstance(one, dict) and not reason:
                self.fault((*path, "reason"), "an exception needs a `reason`: why it is as it is, in a few words")
            yield Exemption(
                rules=frozenset(self.rules((*path, "rules"), table.get("rules", ()), any_too=True)),
                services=Names(self.strings((*path, "service"), table.get("service", ()), "a service's name")),
                files=Globs(self.paths((*path, "files"), table.get("files", ()))),
                reason=reason,
                until=self.day((*path, "until"), table["until"]) if "until" in table else None,
                location=self.document.place(path, False),
            )

    # -- values ------------------------------------------------------------------------------------------------------

    def fault(self, path: Path, message: str, hint: str = "", at_key: bool = False) -> None:
        self.problems.append(Problem(message, self.document.place(path, at_key), hint))

    def table(self, path: Path, value: Any, known: Collection[str] | None = None) -> Mapping[str, Any]:
        """A mapping, less the keys that it must not have."""
        if not isinstance(value, dict):
            what = f"an entry of {_named(path)}" if path and isinstance(path[-1], int) else _named(path)
            self.fault(path, f"{what} must be a mapping")
            return {}
        unknown = [key for key in value if known is not None and key not in known]
        for key in unknown:
            where = f"of {_named(path)}" if path else "of a configuration"
            hint = did_you_mean(key, known or ()) or f"known are {', '.join(known or ())}"
            self.fault((*path, key), f"`{shown(key)}` is no key {where}", hint, at_key=True)
        return {key: one for key, one in value.items() if key not in unknown}

    def items(self, path: Path, value: Any) -> list[Any]:
        if isinstance(value, (list, tuple)):
            return list(value)
        self.fault(path, f"{_named(path)} must be a list")
        return []

    def single(self, path: Path, value: Any) -> Any:
        """One value, not a list of some."""
        if not isinstance(value, list):
            return value
        self.fault(path, f"{_named(path)} must be one text, not a list")
        return ()

    def strings(self, path: Path, value: Any, what: str = "text") -> tuple[str, ...]:
        """One or several texts."""
        found = []
        for number, one in enumerate(value if isinstance(value, (list, tuple)) else (value,)):
            place = (*path, number) if isinstance(value, list) else path
            if type(one) is not str or not one.strip():
                self.fault(place, f"{_named(path)} must be {what}, in quotes where YAML takes it for something else")
            elif "\0" in one or len(one) > LONGEST:
                self.fault(place, f"{_named(path)} has at most {LONGEST} characters, none of them NUL")
            else:
                found.append(one)
        if value == [] and path[-1] in _NEVER_EMPTY:
            self.fault(path, f"{_named(path)} is empty; leave the key out, or say what is meant")
        return tuple(found)

    def paths(self, path: Path, value: Any, wild: bool = True) -> tuple[str, ...]:
        """Paths or patterns, none of which leads out of the folder of the configuration."""
        what = "a path or pattern" if wild else "a path"
        found = self.strings(path, value, what)
        out = [text for text in found if leads_out(text)]
        if out:
            self.fault(path, f"{_named(path)} must be {what} below the folder of the configuration")
        return tuple(text for text in found if text not in out)

    def rules(self, path: Path, value: Any, any_too: bool = False) -> Iterable[str]:
        names = self.strings(path, value, "the name of a pass")
        for number, name in enumerate(names):
            if (any_too and name == ANY) or self.is_pass((*path, number) if isinstance(value, list) else path, name):
                yield name

    def is_pass(self, path: Path, name: str, at_key: bool = False) -> bool:
        if name in self.passes:
            return True
        near = difflib.get_close_matches(name.lower().replace("_", "-"), self.passes, 1)
        hint = f"did you mean `{near[0]}`?" if near else "`composeharden explain` lists them"
        self.fault(path, f"no pass is called `{shown(name)}`", hint, at_key)
        return False

    def severity(self, path: Path, value: Any) -> Severity | None:
        names = [str(severity) for severity in Severity]
        if isinstance(value, str) and value in names:
            return Severity[value.upper()]
        self.fault(path, f"{_named(path)} must be one of {', '.join(names)}", _near(value, names))
        return None

    def bar(self, value: Any) -> Bar | None:
        names = [str(bar) for bar in Bar]
        if isinstance(value, str) and value in names:
            return Bar(value)
        self.fault(("confidence",), f"`confidence` must be one of {', '.join(names)}", _near(value, names))
        return None

    def flag(self, path: Path, value: Any) -> bool | None:
        if isinstance(value, bool):
            return value
        self.fault(path, f"{_named(path)} must be true or false")
        return None

    def day(self, path: Path, value: Any) -> datetime.date | None:
        if type(value) is datetime.date:
            return value
        if isinstance(value, str) and _DAY.fullmatch(value):
            with contextlib.suppress(ValueError):  # the 31st of February
                return datetime.date.fromisoformat(value)
        self.fault(path, f"{_named(path)} must be a day, such as 2027-01-31")
        return None


def _named(path: Path) -> str:
    """The last key of a path as a person writes it."""
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    return f"`{shown(name)}`" if name else "the configuration"


def _near(value: Any, names: Iterable[str]) -> str:
    return did_you_mean(value, names) if isinstance(value, str) else ""
