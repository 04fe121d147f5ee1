"""Dockerfiles as BuildKit reads them, and that no text, however hostile, costs more than its length."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.compose.build_steps import is_setuid, packages, steps
from composeharden.compose.dockerfile import DockerfileError, Image, parse
from composeharden.compose.dockerfile_words import expand, split
from composeharden.compose.instructions import KEYWORDS, instructions


def image(text: str, target: str | None = None, **args: str | None) -> Image:
    return parse(dedent(text), args, target)


def user(text: str, target: str | None = None, **args: str | None) -> str | None:
    found = image(text, target, **args).user
    return None if found is None else found.text


class TestLines:
    def test_an_ordinary_file(self) -> None:
        found, escape = instructions("FROM alpine\nRUN a\n\n# note\nUSER app\n")
        assert [(one.keyword, one.text, one.line) for one in found] == [
            ("FROM", "alpine", 1),
            ("RUN", "a", 2),
            ("USER", "app", 5),
        ]
        assert escape == "\\"

    def test_nothing_but_comments_is_nothing(self) -> None:
        assert instructions("# a\n\n  # b\n") == ([], "\\")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("RUN a \\\n  && b\n", ["a   && b"]),
            ("RUN a \\\n# note\n\n   # another\n  b\n", ["a   b"]),
            ("RUN a \\  \nb\n", ["a b"]),
            ("RUN a \\\\\nUSER b\n", ["a \\\\", "b"]),
            ("run a\r\nuser b\r\n", ["a", "b"]),
            ("\ufeffRUN a\n", ["a"]),
            ("   RUN\ta\n", ["a"]),
            ("RUN a \\", ["a "]),
        ],
    )
    def test_continued_lines(self, text: str, said: list[str]) -> None:
        assert [one.text for one in instructions(text)[0]] == [item.strip() for item in said]

    def test_the_escape_directive_stands_at_the_top(self) -> None:
        assert instructions("# escape=`\nRUN a `\n b\n")[0][0].text == "a  b"
        assert instructions("# syntax=docker/dockerfile:1\n# Escape = `\nRUN a\n")[1] == "`"
        assert instructions("# note\n# escape=`\nRUN a\n")[1] == "\\"
        assert instructions("\n# escape=`\nRUN a\n")[1] == "\\"

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("# escape=x\n", 1),
            ("# syntax=example/other:1\nFROM alpine\n", 1),
            ("FROM alpine\nFORM alpine\n", 2),
            ("FROM alpine\n{% if x %}\n", 2),
            ("FROM alpine\n\nRUN <<EOF\nUSER x\n", 3),
        ],
    )
    def test_errors_say_the_line_and_nothing_of_the_text(self, text: str, line: int) -> None:
        with pytest.raises(DockerfileError) as error:
            instructions(text)
        assert error.value.line == line
        assert "example" not in str(error.value)
        assert "FORM" not in str(error.value)

    def test_a_heredoc_holds_no_instructions(self) -> None:
        found = instructions(
            "RUN <<EOF cat > /x\nUSER root\nEOF\nCOPY <<-'A' <<\"B\" /y\n\tone\n\tA\ntwo\nB\nUSER app\n"
        )[0]
        assert [one.keyword for one in found] == ["RUN", "COPY", "USER"]
        assert found[0].heredocs == ("USER root",)
        assert found[1].heredocs == ("\tone", "two")
        assert found[2].line == 9

    def test_nor_does_one_for_other_builds(self) -> None:
        found = instructions("ONBUILD RUN <<EOF\nUSER root\nEOF\nONBUILD\nUSER app\n")[0]
        assert [one.keyword for one in found] == ["ONBUILD", "ONBUILD", "USER"]

    @pytest.mark.parametrize("text", ["RUN cat <<< EOF", 'RUN echo "<<EOF"', "RUN echo $((1 << 2))", "CMD cat <<EOF"])
    def test_what_is_no_heredoc(self, text: str) -> None:
        assert [one.keyword for one in instructions(text + "\nUSER app\n")[0]] == [text.split()[0], "USER"]


class TestWords:
    @pytest.mark.parametrize(
        ("word", "value"),
        [
            ("plain", "plain"),
            ("$A", "one"),
            ("${A}", "one"),
            ("x${A}y", "xoney"),
            ("'$A'", "$A"),
            ('"$A"', "one"),
            ("\\$A", "$A"),
            ("${NONE:-two}", "two"),
            ("${EMPTY:-two}", "two"),
            ("${EMPTY-two}", ""),
            ("${A:-two}", "one"),
            ("${A:+two}", "two"),
            ("${NONE:+two}", ""),
            ("${NONE:-${A}}", "one"),
            ("${NONE:-$NONE}", None),
            ("$NONE", None),
            ("$HIDDEN", None),
            ("${HIDDEN:-two}", None),
            ("${NONE:?}", None),
            ("${A#o}", None),
            ("${A", None),
            ("${}", None),
            ("a$", "a$"),
            ('"a b"', "a b"),
            ('"', ""),
            ("\\", ""),
        ],
    )
    def test_expansion(self, word: str, value: str | None) -> None:
        assert expand(word, {"A": "one", "EMPTY": "", "HIDDEN": None}, "\\") == value

    def test_splitting(self) -> None:
        assert split("a='b c' \"d e\"f g\\ h 'i", "\\") == ["a='b c'", '"d e"f', "g\\ h", "'i"]
        assert split("C:\\dir a` b", "`") == ["C:\\dir", "a` b"]


class TestStages:
    def test_the_last_stage_is_built_and_others_do_not_count(self) -> None:
        text = "FROM golang AS build\nUSER root\nRUN sudo x\nFROM alpine:3\nUSER app\n"
        found = image(text)
        assert (found.base.text, found.line, user(text), found.steps) == ("alpine:3", 4, "app", [])

    def test_a_stage_inherits_from_the_one_it_is_built_on(self) -> None:
        text = "FROM alpine:3 AS Base\nUSER app\nENV A=1\nEXPOSE 80\nFROM base\nUSER $A\n"
        found = image(text)
        assert (found.base.text, found.base.line, found.line, user(text)) == ("alpine:3", 1, 5, "1")
        assert [said.text for said in found.ports] == ["80"]

    @pytest.mark.parametrize(
        ("target", "expected"), [("DEV", "root"), ("0", "app"), ("1", "root"), (None, "last"), ("", "last")]
    )
    def test_targets(self, target: str | None, expected: str) -> None:
        assert user("FROM a AS base\nUSER app\nFROM base AS dev\nUSER root\nFROM base\nUSER last\n", target) == expected

    @pytest.mark.parametrize("target", ["none", "3", "-1", "9" * 5000, "²"])
    def test_no_such_target(self, target: str) -> None:
        with pytest.raises(DockerfileError):
            image("FROM a\n", target)

    def test_stages_that_files_are_copied_from_bring_their_programs(self) -> None:
        text = """\
            FROM debian:12 AS tools
            RUN sudo x && setcap cap_net_raw+ep /ping
            FROM debian:12 AS unused
            RUN chmod u+s /su
            FROM debian:12
            COPY --from=tools /ping /ping
            """
        assert [(step.kind, step.line, step.capabilities) for step in image(text).steps] == [
            ("setcap", 2, ("NET_RAW",))
        ]

    def test_images_from_elsewhere(self) -> None:
        text = """\
            FROM golang AS a
            FROM alpine:3
            COPY --from=a /x /x
            COPY --from=example/y:1 /y /y
            RUN --mount=type=bind,from=z true
            """
        found = [(said.text, said.line) for said in image(text).bases]
        assert found == [("golang", 1), ("alpine:3", 2), ("example/y:1", 4), ("z", 5)]

    def test_an_additional_context_stands_in_for_an_image(self) -> None:
        assert parse("FROM base\n", {}, None, ["base"]).base.text == ""
        assert parse("FROM x AS base\nUSER a\nFROM base\n", {}, None, ["base"]).user is None

    @pytest.mark.parametrize(
        "text", ["", "# nothing\n", "RUN x\nFROM a\n", "FROM\n", "FROM a b\n", "FROM a AS\n", "FROM a\nCOPY x\n"]
    )
    def test_what_is_no_dockerfile(self, text: str) -> None:
        with pytest.raises(DockerfileError):
            image(text)


class TestArguments:
    @pytest.mark.parametrize(
        ("text", "args", "base"),
        [
            ("FROM node:24", {}, "node:24"),
            ("FROM --platform=$BUILDPLATFORM node:24 AS x", {}, "node:24"),
            ("ARG V=24\nFROM node:$V", {}, "node:24"),
            ("ARG V=24\nFROM node:$V", {"V": "22"}, "node:22"),
            ("ARG V=24\nFROM node:$V", {"V": None}, ""),
            ("ARG V\nFROM node:$V", {}, ""),
            ("ARG V\nFROM node:${V:-24}", {}, "node:24"),
            ("ARG A=24 B=$A-slim\nFROM node:${B}", {}, "node:24-slim"),
            ("FROM node:$V", {"V": "22"}, ""),
            ("FROM node:$TARGETARCH", {}, ""),
        ],
    )
    def test_of_the_base(self, text: str, args: dict[str, str | None], base: str) -> None:
        assert parse(text, args).base.text == base

    @pytest.mark.parametrize(
        ("text", "args", "expected"),
        [
            ("FROM a\nARG U=app\nUSER $U", {}, "app"),
            ("FROM a\nARG U=app\nUSER $U", {"U": "1000"}, "1000"),
            ("ARG U=app\nFROM a\nARG U\nUSER $U", {}, "app"),
            ("ARG U=app\nFROM a\nUSER $U", {}, ""),
            ("FROM a\nARG U=app\nENV U=env\nUSER $U", {"U": "arg"}, "env"),
            ("FROM a AS b\nARG U=app\nFROM b\nUSER $U", {}, "app"),
            ("FROM a\nENV U=one V=$U\nUSER $V", {}, ""),
            ("FROM a\nENV U one two\nUSER $U", {}, "one two"),
            ("FROM a\nUSER ${U:-1000}:${G:-1000}", {}, "1000:1000"),
        ],
    )
    def test_of_a_stage(self, text: str, args: dict[str, str | None], expected: str) -> None:
        found = parse(text, args).user
        assert found is not None
        assert found.text == expected

    def test_settings_with_a_value_of_every_stage(self) -> None:
        text = "ARG A=1\nFROM x AS y\nENV B='2 3' C=\nFROM z\nARG D\nARG E=5\nENV F 6 7\n"
        found = image(text)
        assert [(item.keyword, item.name, item.value, item.line) for item in found.settings] == [
            ("ARG", "A", "1", 1),
            ("ENV", "B", "2 3", 3),
            ("ARG", "E", "5", 6),
            ("ENV", "F", "6 7", 7),
        ]
        assert found.environment == {"F": 7}
        assert "2 3" not in repr(found)


class TestStart:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("HEALTHCHECK NONE", ("NONE",)),
            ("HEALTHCHECK --interval=5s --retries=2 CMD curl -f localhost", ("CMD-SHELL", "curl -f localhost")),
            ('healthcheck cmd ["node", "check.js"]', ("CMD", "node", "check.js")),
            ("HEALTHCHECK CMD [broken", ("CMD-SHELL", "[broken")),
        ],
    )
    def test_healthcheck(self, line: str, words: tuple[str, ...]) -> None:
        found = image(f"FROM a\n{line}\n").healthcheck
        assert found is not None
        assert (found.words, found.line) == (words, 2)

    def test_without_any(self) -> None:
        found = image("FROM a\nONBUILD HEALTHCHECK CMD x\nONBUILD USER y\n")
        assert (found.healthcheck, found.user, found.entrypoint, found.command) == (None, None, None, None)

    def test_an_entrypoint_takes_the_command_of_earlier_stages_away(self) -> None:
        found = image('FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["y"]\n')
        assert found.command is not None
        assert found.command.words == ()
        found = image('FROM a\nCMD ["x"]\nENTRYPOINT y\n')
        assert found.command is not None
        assert found.command.words == ("x",)

    def test_ports_volumes_and_copies(self) -> None:
        found = image('FROM a\nENV P=80\nEXPOSE $P 53/udp\nVOLUME ["/a b"]\nVOLUME /c /d\nCOPY --chown=1 a "b c" /d/\n')
        assert [said.text for said in found.ports] == ["80", "53/udp"]
        assert [said.text for said in found.volumes] == ["/a b", "/c", "/d"]
        assert [(one.sources, one.target, one.stage) for one in found.copies] == [(("a", "b c"), "/d/", "")]

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("COPY . .", 2),
            ("ADD --chown=1 ./ /app", 2),
            ('COPY [".", "/app"]', 2),
            ("COPY * /app/", 2),
            ("COPY app /app", 0),
            ("COPY --from=b . .", 0),
            ("COPY <<EOF /x\nCOPY . .\nEOF", 0),
        ],
    )
    def test_the_whole_context(self, line: str, found: int) -> None:
        assert image(f"FROM a\n{line}\n").whole_context == found


class TestSteps:
    @pytest.mark.parametrize(
        "text",
        [
            "pip install pseudo-sudoku",
            "chmod 755 /a && chmod -R u+x /b",
            "chmod 2775 /data && chmod g+s /data",
            "find / -perm /6000 -exec chmod a-s {} +",
            "useradd -u 1000 app",
            "install -m 0755 a /b",
            "cat /etc/sudoers",
        ],
    )
    def test_harmless(self, text: str) -> None:
        assert list(steps(text, 1)) == []

    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("apt-get install -y sudo", ["sudo"]),
            ("apk add su-exec", ["su-exec"]),
            ("setcap 'cap_net_bind_service=+ep' /app", ["setcap"]),
            ("chmod 4755 /a", ["setuid"]),
            ("chmod -R u+s /a", ["setuid"]),
            ("install -o root -m 4755 a /b", ["setuid"]),
            ("useradd -o -u 0 toor", ["root"]),
        ],
    )
    def test_found(self, text: str, kinds: list[str]) -> None:
        assert [step.kind for step in steps(text, 1)] == kinds

    def test_a_copy_can_set_the_bit_too(self) -> None:
        assert [step.kind for step in image("FROM a\nCOPY --chmod=4755 b /b\n").steps] == ["setuid"]

    @pytest.mark.parametrize(
        ("mode", "expected"), [("+s", True), ("u=rwxs,go=rx", True), ("g+s", False), ("1777", False), ("06711", True)]
    )
    def test_modes(self, mode: str, expected: bool) -> None:
        assert is_setuid(mode) is expected

    def test_packages(self) -> None:
        assert packages("apt-get update && apt-get install -y --no-install-recommends curl=8.* ca-certificates")[0] == {
            "curl",
            "ca-certificates",
        }
        assert packages("apk add --no-cache --virtual .deps gcc")[0] == set()
        assert packages("apk add curl && apk del curl") == (set(), {"curl", "del", "apk"})
        assert packages("pip install curl")[0] == set()
        assert image("FROM a\nRUN apk add curl wget\nRUN apk del wget\n").packages == {"curl"}


LINES = st.sampled_from(
    (*(f"{keyword} " for keyword in sorted(KEYWORDS)), "# escape=`\n", "\\\n", "`\n", "<<EOF ", "EOF\n", "${A:-", "}",
     "$A", '"', "'", "[", "]", "--from=", "--mount=from=", "AS b ", "alpine ", "A=", "CMD ", "0", "\n", "\r\n", "\t",
     "#", "\0", "é"),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=40), st.sampled_from((None, "", "b", "0")))
def test_nothing_but_its_own_error_is_raised(parts: list[str], target: str | None) -> None:
    for text in ("".join(parts), "FROM alpine\n" + "".join(parts)):
        assert 1 <= line_of_error(text, target) <= text.count("\n") + 1


def line_of_error(text: str, target: str | None = None) -> int:
    """The line that an error is about, 1 without any."""
    try:
        parse(text, {"A": "x"}, target)
    except DockerfileError as error:
        return error.line
    return 1


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    line_of_error("FROM a\n" + text)


HOSTILE = {
    "one line": "RUN " + "a" * 1_000_000,
    "continued": "RUN a \\\n" * 100_000,
    "stages": "".join(f"FROM a{number} AS a{number + 1}\n" for number in range(30_000)),
    "stages of each other": "FROM x\n" * 1000 + "".join("COPY --from=0 . .\n" for _ in range(50_000)),
    "doubling": "ENV A=aaaaaaaa\n" + "ENV A=$A$A\n" * 80_000,
    "flags": "RUN " + "--a " * 250_000,
    "quotes": 'ENV A="' + '\\"' * 400_000,
    "open quotes": "ENV " + "'" * 999_999,
    "braces": "ENV A=" + "${A:-" * 200_000,
    "nested": "ENV A=" + "${B:-" * 8 + "x" * 900_000 + "}" * 8,
    "defaults": "ENV A=" + "${B:-x}" * 140_000,
    "brackets": "CMD " + "[" * 1_000_000,
    "heredocs": "RUN " + "<<A " * 200_000 + "\nA" * 100_000,
    "variables": "ENV " + "A=b " * 250_000,
    "arguments": "ARG A=b\n" * 100_000 + "USER $A\n",
    "chmod": "RUN " + "chmod " * 150_000,
    "install": "RUN " + "install " * 120_000,
    "useradd": "RUN " + "useradd " * 120_000,
    "modes": "RUN chmod " + "u=rwx," * 150_000,
    "packages": "RUN apt-get install " + "curl " * 200_000,
    "commands": "RUN " + "apk add a;" * 100_000,
    "mounts": "RUN --mount=" + "from=a," * 140_000,
    "exposed": "ENV A=" + "9" * 400 + "\nEXPOSE " + "${A} " * 190_000,
    "spaces": "RUN" + " " * 1_000_000 + "\\",
    "empty": "RUN \\" + "\n" * 1_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_costs_no_more_than_its_length(text: str) -> None:
    started = time.process_time()
    line_of_error("FROM a\n" + text)
    assert time.process_time() - started < 5
