"""What a Dockerfile makes of an image: read as a text, nothing is built or fetched.

Only the stages that the target takes part in count, as BuildKit builds no others. `ONBUILD` concerns other builds.
Source: the Dockerfile reference, and frontend/dockerfile of BuildKit.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from composeharden.compose.build_steps import Step, is_setuid, packages, steps
from composeharden.compose.dockerfile_words import Values, expand, json_words, split, unquoted
from composeharden.compose.instructions import DockerfileError, Instruction, instructions

__all__ = ["Copy", "DockerfileError", "Image", "Program", "Said", "Setting", "Step", "parse"]

_PLATFORM = frozenset(f"{side}{part}" for side in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT"))
_FLAG = re.compile(r"--(\S*)\s*")
_CONTEXT = frozenset((".", "./", "*", "./*", "/"))
_OF_PROGRAMS = frozenset(("setcap", "setuid"))
"""Steps that a program takes along when it is copied to another stage."""


class Said(NamedTuple):
    """A value with the line that says it, from 1; empty where it depends on something that is not known."""

    text: str
    line: int


class Program(NamedTuple):
    """The words of ENTRYPOINT, CMD or HEALTHCHECK. In shell form they are `CMD-SHELL` and the text."""

    words: tuple[str, ...]
    line: int


class Setting(NamedTuple):
    """An ARG or ENV as it is written. Its value must never be shown."""

    keyword: str
    name: str
    value: str
    line: int


class Copy(NamedTuple):
    """A COPY or ADD. `stage` is what --from says; without it the sources lie in the build context."""

    sources: tuple[str, ...]
    target: str
    stage: str
    line: int


@dataclass
class Image:
    """What the target of a Dockerfile says of its image, on top of what its base image brings."""

    base: Said
    """The image that the chain of stages begins with; `scratch` for none."""
    line: int
    """Where the target's stage begins."""
    bases: list[Said] = field(default_factory=list)
    """Every image that the build takes from elsewhere, to build on or to copy from."""
    user: Said | None = None
    ports: list[Said] = field(default_factory=list)
    volumes: list[Said] = field(default_factory=list)
    healthcheck: Program | None = None
    """The words as in `healthcheck.test`; `NONE` where it is switched off."""
    entrypoint: Program | None = None
    command: Program | None = None
    environment: dict[str, int] = field(default_factory=dict)
    """The names of the variables that are set, with their lines."""
    settings: list[Setting] = field(default_factory=list, repr=False)
    """Every ARG and ENV with a value, of all stages."""
    steps: list[Step] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)
    """Packages installed to stay."""
    removed: set[str] = field(default_factory=set)
    """Packages taken away."""
    keywords: dict[str, int] = field(default_factory=dict)
    """The instructions that end up in the image, with the first line of each."""
    whole_context: int = 0
    """The first line that copies everything from the build context; 0 where none does."""


@dataclass
class _Stage:
    """`parent` is the stage it builds on, None for an image from elsewhere; `base` is what FROM says."""

    name: str
    base: Said
    parent: int | None
    body: list[Instruction] = field(default_factory=list)


def parse(
    text: str, args: Mapping[str, str | None], target: str | None = None, contexts: Collection[str] = ()
) -> Image:
    """Read a Dockerfile.

    Args:
        text: the whole file.
        args: build arguments that are given; None for one whose value is not known.
        target: the stage to build, by name or number; None for the last one.
        contexts: names of additional build contexts, which stand in for stages and images of the same name.

    Raises:
        DockerfileError: it is no Dockerfile, or has no such target. Nothing else, whatever the text.
    """
    found, escape = instructions(text)
    file = _File(found, escape, args, contexts)
    number = file.target(target)
    chain = file.chain(number)
    image = Image(file.stages[chain[0]].base, file.stages[number].base.line)
    image.settings = list(file.settings())
    own = set(chain)
    for place in sorted(file.reached(number)):
        _look_at(file, place, place in own, image)
    scope = _Scope(file)
    for place in chain:
        scope.enter()
        for one in file.stages[place].body:
            image.keywords.setdefault(one.keyword, one.line)
            _apply(one, scope, image)
    return image


class _File:
    """The stages of a Dockerfile, and the arguments before the first of them."""

    def __init__(
        self, found: Iterable[Instruction], escape: str, args: Mapping[str, str | None], contexts: Collection[str]
    ) -> None:
        self.escape = escape
        self.args = args
        self.globals: dict[str, str | None] = dict.fromkeys(_PLATFORM)
        self.stages: list[_Stage] = []
        self._head: list[Instruction] = []
        self._names: dict[str, int] = {}
        self._contexts = {name.lower() for name in contexts}
        for one in found:
            self._take(one)
        if not self.stages:
            raise DockerfileError("no stage begins with FROM", 1)

    def _take(self, one: Instruction) -> None:
        if one.keyword == "FROM":
            self.stages.append(self._stage(one))
            if self.stages[-1].name:
                self._names[self.stages[-1].name] = len(self.stages) - 1
        elif self.stages:
            self.stages[-1].body.append(one)
        elif one.keyword == "ARG":
            self._head.append(one)
            for name, value in arguments(one, self.escape):
                if value is not None or name in self.args:
                    self.globals[name] = self.given(name, value, self.globals)
        else:
            raise DockerfileError("it stands before the first FROM", one.line)

    def _stage(self, one: Instruction) -> _Stage:
        words = [word for word in split(one.text, self.escape) if not word.startswith("--")]
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].lower() != "as"):
            raise DockerfileError("FROM takes an image, and AS with a name", one.line)
        name = expand(words[0], self.globals, self.escape) or ""
        known = None if name.lower() in self._contexts else self._names.get(name.lower())
        base = Said("" if name.lower() in self._contexts else name, one.line)
        return _Stage(words[2].lower() if len(words) == 3 else "", base, known)

    def given(self, name: str, value: str | None, values: Values) -> str | None:
        """The value of an argument: what the build gives, else its default."""
        if name in self.args:
            return self.args[name]
        return expand(value, values, self.escape) if value is not None else None

    def target(self, name: str | None) -> int:
        """The number of the stage to build."""
        if not name:
            return len(self.stages) - 1
        number = self.place(name)
        if number is None:
            raise DockerfileError("it has no stage of the target's name", self.stages[-1].base.line)
        return number

    def place(self, name: str) -> int | None:
        """The number of a stage, by its name or as a number."""
        if name.lower() in self._names:
            return self._names[name.lower()]
        # Five digits at most: int() refuses thousands of them with an error of its own.
        number = int(name) if re.fullmatch("[0-9]{1,5}", name) else len(self.stages)
        return number if number < len(self.stages) else None

    def is_elsewhere(self, name: str) -> bool:
        """True for what --from names when it is an image, not a stage or a context."""
        return self.place(name) is None and name.lower() not in self._contexts and "$" not in name

    def chain(self, number: int) -> list[int]:
        """The stages that a stage is built on, the first one first, and itself."""
        found, place = [], number
        while True:
            found.append(place)
            parent = self.stages[place].parent
            if parent is None:
                return found[::-1]
            place = parent

    def reached(self, number: int) -> set[int]:
        """Every stage that is built for a stage."""
        found: set[int] = set()
        open_ = [number]
        while open_:
            place = open_.pop()
            if place not in found:
                found.add(place)
                parent = self.stages[place].parent
                others = (self.place(name) for one in self.stages[place].body for name in taken_from(one))
                # A stage only takes from those before it: a later one of the same name is an image's name here.
                open_ += [other for other in (parent, *others) if other is not None and other < place]
        return found

    def settings(self) -> Iterator[Setting]:
        """Every ARG and ENV with a value."""
        for one in (*self._head, *(one for stage in self.stages for one in stage.body)):
            if one.keyword in ("ARG", "ENV"):
                for name, value in (arguments if one.keyword == "ARG" else variables)(one, self.escape):
                    if value:
                        yield Setting(one.keyword, name, unquoted(value, self.escape), one.line)


class _Scope:
    """The variables of the stages that build on each other: ENV goes before ARG."""

    def __init__(self, file: _File) -> None:
        self.escape = file.escape
        self._file = file
        self._env: dict[str, str | None] = {}
        self._arg: dict[str, str | None] = {}
        self._values = ChainMap(self._env, self._arg)
        self.has_command = False

    def enter(self) -> None:
        """Begin a stage: an ENTRYPOINT in it takes away the CMD of those before."""
        self.has_command = False

    def set(self, one: Instruction) -> list[str]:
        """Take an ARG or ENV in; the names it sets."""
        if one.keyword == "ARG":
            for name, value in arguments(one, self.escape):
                if value is not None or name in self._file.args:
                    self._arg[name] = self._file.given(name, value, self._values)
                elif name in self._file.globals:
                    self._arg[name] = self._file.globals[name]
            return []
        # All of one instruction see the values from before it.
        found = {name: expand(value, self._values, self.escape) for name, value in variables(one, self.escape)}
        self._env.update(found)
        return list(found)

    def text(self, word: str) -> str:
        """A word with its variables filled in, empty where that is not known."""
        return expand(word, self._values, self.escape) or ""


def _look_at(file: _File, place: int, is_final: bool, image: Image) -> None:
    """What matters of every stage that is built: where it comes from, and what programs may bring along."""
    stage = file.stages[place]
    if stage.parent is None and stage.base.text != "scratch":
        image.bases.append(stage.base)
    for one in stage.body:
        image.bases += [Said(name, one.line) for name in taken_from(one) if file.is_elsewhere(name)]
        text = "\n".join((one.text, *one.heredocs))
        if one.keyword == "RUN":
            image.steps += [step for step in steps(text, one.line) if is_final or step.kind in _OF_PROGRAMS]
        elif one.keyword in ("ADD", "COPY"):
            if is_setuid(dict(_flags(one)[0]).get("chmod", "")):
                image.steps.append(Step("setuid", one.line))
            copied = _copy(one, file.escape)
            if not copied.stage and not _CONTEXT.isdisjoint(copied.sources):
                image.whole_context = image.whole_context or one.line


def _apply(one: Instruction, scope: _Scope, image: Image) -> None:
    """One instruction of the stages that become the image, in their order."""
    if one.keyword in ("ARG", "ENV"):
        image.environment.update(dict.fromkeys(scope.set(one), one.line))
    elif one.keyword == "USER":
        image.user = Said(scope.text(one.text), one.line)
    elif one.keyword in ("EXPOSE", "VOLUME"):
        words = json_words(one.text) if one.keyword == "VOLUME" else None
        said = [Said(scope.text(word), one.line) for word in words or split(one.text, scope.escape)]
        (image.ports if one.keyword == "EXPOSE" else image.volumes).extend(said)
    elif one.keyword == "RUN":
        added, removed = packages("\n".join((one.text, *one.heredocs)))
        image.packages = (image.packages - removed) | added
        image.removed = (image.removed | removed) - added
    elif one.keyword in ("ADD", "COPY"):
        image.copies.append(_copy(one, scope.escape))
    else:
        _start(one, scope, image)


def _start(one: Instruction, scope: _Scope, image: Image) -> None:
    if one.keyword == "HEALTHCHECK":
        image.healthcheck = _healthcheck(one)
    elif one.keyword == "CMD":
        image.command = _program(one.text, one.line)
        scope.has_command = True
    elif one.keyword == "ENTRYPOINT":
        image.entrypoint = _program(one.text, one.line)
        image.command = image.command if scope.has_command else Program((), one.line)


def _program(text: str, line: int) -> Program:
    words = json_words(text)
    return Program(tuple(words) if words is not None else ("CMD-SHELL", text), line)


def _healthcheck(one: Instruction) -> Program:
    _, text = _flags(one)
    keyword, _, rest = text.replace("\t", " ", 1).partition(" ")
    if keyword.upper() == "NONE":
        return Program(("NONE",), one.line)
    if keyword.upper() != "CMD" or not rest.strip():
        raise DockerfileError("HEALTHCHECK takes CMD or NONE", one.line)
    words = json_words(rest.strip())
    return Program(("CMD", *words) if words is not None else ("CMD-SHELL", rest.strip()), one.line)


def _flags(one: Instruction) -> tuple[list[tuple[str, str]], str]:
    """The `--name=value` that an instruction begins with, and what follows them."""
    found, at = [], 0
    while flag := _FLAG.match(one.text, at):
        name, _, value = flag.group(1).partition("=")
        found.append((name.lower(), value))
        at = flag.end()
    return found, one.text[at:]


def taken_from(one: Instruction) -> Iterator[str]:
    """The stages or images that an instruction takes files from."""
    if one.keyword not in ("ADD", "COPY", "RUN") or not one.text.startswith("--"):
        return
    for name, value in _flags(one)[0]:
        if name == "from":
            yield value
        elif name == "mount":
            yield from (part.removeprefix("from=") for part in value.split(",") if part.startswith("from="))


def _copy(one: Instruction, escape: str) -> Copy:
    flags, text = _flags(one)
    words = json_words(text)
    if words is None:
        words = [unquoted(word, escape) for word in split(text, escape)]
    if len(words) < 2:
        raise DockerfileError(f"{one.keyword} takes a source and a target", one.line)
    sources = tuple(source for source in words[:-1] if not source.startswith("<<"))
    return Copy(sources, words[-1], dict(flags).get("from", ""), one.line)


def arguments(one: Instruction, escape: str) -> Iterator[tuple[str, str | None]]:
    """The names of an ARG, each with its default as it is written, None without one."""
    for word in split(one.text, escape):
        name, sign, value = word.partition("=")
        yield name, value if sign else None


def variables(one: Instruction, escape: str) -> Iterator[tuple[str, str]]:
    """The names of an ENV, each with its value as it is written. `ENV NAME value` is the old form for one."""
    words = split(one.text, escape)
    if words and "=" not in words[0]:
        yield words[0], one.text[len(words[0]) :].strip()
        return
    for word in words:
        name, _, value = word.partition("=")
        yield name, value
