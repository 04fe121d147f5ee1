"""Compose-like files in every way YAML can be written, as text: nothing here goes through a YAML emitter.

Every comment is unique ("# c17") and nothing but a comment holds such a text, so that comments can be counted without
knowing YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

_PLAIN_KEYS = ("image", "command", "environment", "labels", "read_only", "cap_drop", "depends_on", "x-a.b/c", "yes",
               "http://h:80/p", "k=v", "007", "web 1", "🦊", "~")  # fmt: skip
_QUOTED_KEYS = ('"quoted key"', "'it''s'", '"a: b"', "'#no'", '"\\U0001F600"', '"{}"')
_PLAIN = ("nginx:1.25", "a b", "yes", "0440", "22:22", "1.5", "null", "true", "~", "a#b", "http://h/#x", "-x", "🦊 fox",
          "${VAR:-x y}", "2001-01-01", "it's", 'say "hi"', "no-new-privileges:true", "w" * 200)  # fmt: skip
_PLAIN_ONLY_IN_BLOCK = ("a, b", "a [b]", "${A:?x}", "a{{.ID}}", "x ? y")
_QUOTED = ('"a: b"', "'it''s # no comment'", '"\\U0001F600\\t\\"x\\""', '""', "''", '"- a"', "'{'",
           '"' + "v " * 90 + '"', '"é ✓ 🦊"', '"true"', "'22:22'")  # fmt: skip
_BLOCK_LINES = ("text", "# no comment", "key: value", "  deeper", "- dash", "last ", "🦊", "")
_NAMES = ("db", "cache", "queue", "'web'", '"mail"', "a.b", "x_1")

Lines = list[str]


class _Writer:
    """Writes one file. Methods named after what they write return the first line's rest and the lines below it."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw
        self.comments = 0
        self.anchors: dict[str, list[str]] = {"map": [], "list": [], "scalar": []}
        self.names = 0
        self.tabs = self.chance(4)
        self.in_block_scalar = False

    def chance(self, of: int) -> bool:
        return bool(self._draw(st.integers(0, of - 1)) == of - 1)

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[self._draw(st.integers(0, len(choices) - 1))]

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}" + str(self.pick(("", " - [", " \"it's", ": {", "\ta", " &x *y !z")))

    def behind(self) -> str:
        """The end of a line: mostly nothing, sometimes blanks or a comment."""
        self.in_block_scalar = False
        if not self.chance(5):
            return ""
        gap = self.pick((" ", "  ", "\t", " \t ") if self.tabs else (" ", "   "))
        return str(self.pick(("", "  "))) if self.chance(4) else str(gap) + self.comment()

    def between(self, column: int) -> Lines:
        """Blank lines and comment lines between two entries of a block."""
        lines = []
        while self.chance(5):
            depth = self.pick((0, column, column, column if self.in_block_scalar else column + 2))
            lines.append(" " * depth + self.comment() if self.chance(2) else self.pick(("", "", " " * column)))
        return lines

    # -- block style -----------------------------------------------------------------------------------------------

    def mapping(self, column: int, level: int) -> Lines:
        lines: Lines = []
        if self.anchors["map"] and self.chance(4):
            lines.append(" " * column + "<<: " + self.merged())
        for number, key in enumerate(self.keys()):
            lines += self.between(column) if number else []
            mark = self.pick(("? ", "?   ")) if self.chance(60) else ""
            first, rest = self.value(column, level + 1)
            if mark:
                lines += [" " * column + mark + key, " " * column + ":" + first.replace("\t", " "), *rest]
            else:
                lines += [" " * column + key + self.pick((":", ":", ":", " :")) + first, *rest]
        return lines

    def merged(self) -> str:
        names = self.anchors["map"]
        return f"[*{self.pick(names)} , *{self.pick(names)}]" if self.chance(4) else "*" + str(self.pick(names))

    def keys(self) -> list[str]:
        count = self._draw(st.integers(1, 4))
        found: dict[str, None] = {}
        for _ in range(count):
            found[self.pick(_QUOTED_KEYS) if self.chance(5) else self.pick(_PLAIN_KEYS)] = None
        return list(found)

    def value(self, column: int, level: int) -> tuple[str, Lines]:
        """Any value of a key in `column`."""
        kinds: list[Callable[[int, int], tuple[str, Lines]]] = [self.scalar, self.scalar, self.scalar, self.flow]
        if level < 5:
            kinds += [self.items, self.items, self.nested, self.nested, self.block_scalar, self.names_list]
        return self.pick((*kinds, self.empty, self.alias, self.broken_scalar))(column, level)  # type: ignore[no-any-return]

    def empty(self, column: int, level: int) -> tuple[str, Lines]:
        return (" " + self.anchor("scalar") if self.chance(4) else self.pick(("", " ", " !reset"))) + self.behind(), []

    def alias(self, column: int, level: int) -> tuple[str, Lines]:
        names = [name for kind in self.anchors.values() for name in kind]
        return (f" *{self.pick(names)}" + self.behind(), []) if names else self.scalar(column, level)

    def anchor(self, kind: str) -> str:
        self.names += 1
        name = f"{self.pick(('a', 'b-c', 'D_'))}{self.names}"
        self.anchors[kind].append(name)
        return f"&{name}"

    def properties(self, kind: str) -> tuple[str, str]:
        """A tag and an anchor to write before a collection, and the anchor's name, which counts once it is complete."""
        if not self.chance(6):
            return "", ""
        text = self.anchor(kind)
        self.anchors[kind].pop()
        tag = self.pick((" !override", " !<!x,y>", "", ""))
        return f"{tag} {text}" if self.chance(2) else f" {text}{tag}", text[1:]

    def scalar(self, column: int, level: int) -> tuple[str, Lines]:
        text = self.pick(_QUOTED) if self.chance(3) else self.pick((*_PLAIN, *_PLAIN_ONLY_IN_BLOCK))
        before = " " + self.anchor("scalar") if self.chance(12) else " !!str" if self.chance(20) else ""
        if self.chance(15):  # on a line of its own
            comments = [" " * (column + 1) + self.comment()] if self.chance(3) else []
            return before + self.behind(), [*comments, " " * (column + 2) + text + self.behind()]
        return before + self.pick((" ", " ", "   ")) + text + self.behind(), []

    def broken_scalar(self, column: int, level: int) -> tuple[str, Lines]:
        """A plain or quoted scalar over several lines."""
        quote = self.pick(("", '"', "'"))
        lines = [" " * (column + 1 + self._draw(st.integers(0, 3))) + self.pick(("b", "c d", "e")) for _ in range(2)]
        lines.insert(1, "") if self.chance(3) else None
        return f" {quote}a", [*lines[:-1], lines[-1] + quote + self.behind()]

    def block_scalar(self, column: int, level: int) -> tuple[str, Lines]:
        step = self.pick((1, 2, 4))
        lines = [self.pick(_BLOCK_LINES) for _ in range(self._draw(st.integers(1, 4)))]
        head = self.pick("|>") + self.pick(("", "-", "+"))
        if lines[0].startswith(" ") or lines[0] == "" or self.chance(6):
            head = head[0] + str(step) + head[1:]
        lines = [" " * (column + step) + line if line else self.pick(("", "", " " * column)) for line in lines]
        before = " " + self.anchor("scalar") if self.chance(10) else ""
        comment = " " + self.comment() if self.chance(6) else ""
        self.in_block_scalar = True  # until the next line that is not as deep
        return f"{before} {head}{comment}", lines + [""] * self.pick((0, 0, 1, 2))

    def nested(self, column: int, level: int) -> tuple[str, Lines]:
        before, name = self.properties("map")
        inner = column + self.pick((1, 2, 2, 2, 3, 4, 8))
        first = before + self.behind()
        lines = [*self.between(inner), *self.mapping(inner, level)]
        self.anchors["map"] += [name] if name else []
        return first, lines

    def names_list(self, column: int, level: int) -> tuple[str, Lines]:
        """A list of names, such as depends_on."""
        inner = column + self.pick((0, 2, 2, 4))
        gap = self.pick((" ", " ", "   "))
        start = self._draw(st.integers(0, len(_NAMES) - 1))
        names = _NAMES[start : start + 3]
        if self.chance(4):
            return " [" + ", ".join(names) + "]" + self.behind(), []
        lines: Lines = []
        for name in names:
            lines += [*(self.between(inner) if lines else []), " " * inner + "-" + gap + name + self.behind()]
        return self.behind(), lines

    def items(self, column: int, level: int) -> tuple[str, Lines]:
        before, name = self.properties("list")
        inner = column + self.pick((0, 0, 1, 2, 2, 2, 4))
        first = before + self.behind()
        lines = self.between(inner)
        for number in range(self._draw(st.integers(1, 3))):
            lines += self.between(inner) if number else []
            lines += self.item(inner, level)
        self.anchors["list"] += [name] if name else []
        return first, lines

    def item(self, column: int, level: int) -> Lines:
        """One item. No tab may follow its dash, not even before a comment."""
        gap = self.pick((" ", " ", "   "))
        head = " " * column + "-"
        if self.chance(5):  # a mapping that begins on the line of its dash
            lines = self.mapping(column + 1 + len(gap), level + 1)
            return [head + gap + lines[0].lstrip(" "), *lines[1:]]
        if self.chance(20):
            return [(head + self.behind()).replace("\t", " ")]
        first, rest = self.pick((self.scalar, self.scalar, self.flow, self.alias, self.block_scalar))(column, level)
        return [head + first.replace("\t", " "), *rest]

    # -- flow style ------------------------------------------------------------------------------------------------

    def flow(self, column: int, level: int) -> tuple[str, Lines]:
        before, name = self.properties("list") if self.chance(2) else ("", "")
        text = self.flow_list(2) if name or self.chance(2) else self.flow_mapping(2)
        self.anchors["list"] += [name] if name else []
        if self.chance(4):  # one entry a line
            open_, body, close = text[0], text[1:-1].strip(" ,"), text[-1]
            if body and not any(char in body for char in '[]{}"'):
                inner = " " * (column + 2)
                parts = body.split(", ")
                lines = [inner + part + "," + self.behind() for part in parts]
                lines[-1] = inner + parts[-1] + self.pick(("", ",")) + self.behind()
                return f"{before} {open_}" + self.behind(), [*lines, " " * (column + 1) + close + self.behind()]
        return f"{before} {text}" + self.behind(), []

    def flow_value(self, level: int) -> str:
        if level and self.chance(4):
            return self.flow_list(level - 1) if self.chance(2) else self.flow_mapping(level - 1)
        if self.anchors["scalar"] and self.chance(8):
            return f"*{self.pick(self.anchors['scalar'])} "
        simple = ("a", "b c", "0440", "yes", "-1", "x:y", "v1.2", '"a, b"', "'c'", '""', "'# no'")
        return str(self.pick(simple))

    def flow_list(self, level: int) -> str:
        blank = self.pick(("", "", " "))
        body = ", ".join(self.flow_value(level) for _ in range(self._draw(st.integers(0, 3))))
        return f"[{blank}{body}{',' if body and self.chance(8) else ''}{blank}]"

    def flow_mapping(self, level: int) -> str:
        quoted, blank = self.chance(3), self.pick(("", "", " "))
        keys = [f'"{key}"' if quoted else key for key in ("a", "b", "c")[: self._draw(st.integers(0, 3))]]
        gap = self.pick((": ", ": ", ":")) if quoted else ": "
        body = ", ".join(key + gap + self.flow_value(level) for key in keys)
        return f"{{{blank}{body}{',' if body and self.chance(8) else ''}{blank}}}"

    # -- files -----------------------------------------------------------------------------------------------------

    def file(self) -> bytes:
        lines: Lines = []
        for number in range(self.pick((1, 1, 1, 1, 2, 3))):
            if number or self.chance(6):
                lines.append("---" + self.behind())
            self.anchors = {"map": [], "list": [], "scalar": []}
            lines += [*self.between(0), *self.document()]
            lines += ["..."] if self.chance(30) else []
        lines += self.between(0) if lines[-1] != "..." else []
        newline = self.pick(("\n", "\n", "\n", "\r\n"))
        text: str = newline.join(lines) + self.pick((newline, newline, newline, newline * 2, ""))
        return ("\ufeff" + text if self.chance(5) else text).encode()

    def document(self) -> Lines:
        if self.chance(20):
            return [self.flow_mapping(2) + self.behind()]
        if self.chance(2):
            return self.mapping(0, 0)
        step = self.pick((1, 2, 2, 4, 8))
        lines = ["x-base: &base" + self.behind(), *self.mapping(step, 3)] if self.chance(3) else []
        self.anchors["map"] += ["base"] if lines else []
        lines += ["services:" + self.behind()]
        for name in ("web", "'db'", "cache-1")[: self._draw(st.integers(1, 3))]:
            lines += self.between(step)
            first, rest = self.pick((self.nested, self.nested, self.nested, self.empty, self.flow))(step, 1)
            lines += [" " * step + name + ":" + first, *rest]
        return lines


@st.composite
def files(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
    """The bytes of one file."""
    return _Writer(draw).file()
