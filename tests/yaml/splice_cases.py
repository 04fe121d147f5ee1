"""The cases of test_splice.py: edits as pairs of texts, and changes that must be refused."""

from __future__ import annotations

from typing import Any, NamedTuple

from composeharden.yaml.change import Append, Change, Remove, Reshape, Set
from composeharden.yaml.scalars import Tagged

A = (0, "services", "a")
HEALTHY = {"condition": "service_healthy"}


class Case(NamedTuple):
    """One edit: what it shows, the changes, the text before and after."""

    name: str
    changes: list[Change]
    before: str
    after: str
    needs_final_break: bool = False


def _set(key: str, value: Any) -> list[Change]:
    return [Set((*A, key), value)]


def _append(key: str, *items: Any) -> list[Change]:
    return [Append((*A, key), items)]


def _reshape(*names: str) -> list[Change]:
    return [Reshape((*A, "depends_on"), dict.fromkeys(names, HEALTHY))]


UNTOUCHED = """\
services: # c
    a:  {image: x,   "k" : [1 ,2]}
    b:
     - 'q'
     -   x   # c


"""

NOTHING = [
    Case("no changes", [], UNTOUCHED, UNTOUCHED),
    Case("no items", [Append((0, "services", "a", "k"), ())], UNTOUCHED, UNTOUCHED),
    Case("no items in a block list", [Append((0, "services", "b"), ())], UNTOUCHED, UNTOUCHED),
    Case("the same plain value", _set("image", "x"), UNTOUCHED, UNTOUCHED),
    Case("the same items", [Set((0, "services", "b"), ["q", "x"])], "services:\n  b:\n    - q\n    - x\n",
         "services:\n  b:\n    - q\n    - x\n"),
]  # fmt: skip

NEW_KEYS = [
    Case(
        "after the last line of the service",
        _set("read_only", True),
        """\
        services:
          a:
            image: x
          b:
            image: y
        """,
        """\
        services:
          a:
            image: x
            read_only: true
          b:
            image: y
        """,
    ),
    Case(
        "after a comment behind the last value",
        _set("read_only", True),
        """\
        services:
          a:
            image: x # why x
        """,
        """\
        services:
          a:
            image: x # why x
            read_only: true
        """,
    ),
    Case(
        "after comments as deep as the service, before those further out and before blank lines",
        _set("read_only", True),
        """\
        services:
          a:
            image: x
            # ports:
              # deeper

            # after a blank line

          # of b
          b:
            image: y
        """,
        """\
        services:
          a:
            image: x
            # ports:
              # deeper

            # after a blank line
            read_only: true

          # of b
          b:
            image: y
        """,
    ),
    Case(
        "at the top level, before comments in column 0",
        [Set((0, "name"), "p")],
        """\
        services: {}
        # volumes:
        #   data:
        """,
        """\
        services: {}
        name: p
        # volumes:
        #   data:
        """,
    ),
    Case(
        "at the end of the file, with comments below",
        _set("read_only", True),
        """\
        services:
          a:
            image: x

        # the end
        """,
        """\
        services:
          a:
            image: x
            read_only: true

        # the end
        """,
    ),
    Case(
        "after a tab before a comment",
        _set("read_only", True),
        "services:\n  a:\t# c\n    image: x\t# why x\n",
        "services:\n  a:\t# c\n    image: x\t# why x\n    read_only: true\n",
    ),
    Case("one space deep", _set("x", {"k": 1}), "services:\n a:\n  image: x\n",
         "services:\n a:\n  image: x\n  x:\n   k: 1\n"),
    Case("three spaces deep", _set("x", {"k": 1}), "services:\n   a:\n      image: x\n",
         "services:\n   a:\n      image: x\n      x:\n         k: 1\n"),
    Case("eight spaces deep", _set("x", {"k": 1}), "services:\n        a:\n                image: x\n",
         "services:\n        a:\n                image: x\n                x:\n                        k: 1\n"),
    Case(
        "mixed depths: as deep as the service itself",
        _set("read_only", True),
        """\
        services:
            b:
             image: y
            a:
                      image: x
        """,
        """\
        services:
            b:
             image: y
            a:
                      image: x
                      read_only: true
        """,
    ),
    Case(
        "after a long plain text over several lines",
        _set("read_only", True),
        "services:\n  a:\n    command: one\n      two\n\n      three\n",
        "services:\n  a:\n    command: one\n      two\n\n      three\n    read_only: true\n",
    ),
    Case(
        "after a very long string, which stays on its line",
        _set("read_only", True),
        "services:\n  a:\n    command: " + "word " * 200 + "\n",
        "services:\n  a:\n    command: " + "word " * 200 + "\n    read_only: true\n",
    ),
    Case(
        "emoji and escapes as they are",
        _set("read_only", True),
        'services:\n  a:\n    labels: {"🦊": "\\U0001F600"} # 🐳\n',
        'services:\n  a:\n    labels: {"🦊": "\\U0001F600"} # 🐳\n    read_only: true\n',
    ),
    Case(
        "in a service without a body",
        _set("image", "x"),
        """\
        services:
            a:   # nothing yet
                # still nothing
            b:
        """,
        """\
        services:
            a:   # nothing yet
                image: x
                # still nothing
            b:
        """,
    ),
    Case("beside a merge key", _set("read_only", True), "x-b: &b {image: x}\nservices:\n  a:\n    <<: *b\n",
         "x-b: &b {image: x}\nservices:\n  a:\n    <<: *b\n    read_only: true\n"),
    Case("through an alias, in the anchor", _set("read_only", True), "services:\n  b: &b\n    image: x\n  a: *b\n",
         "services:\n  b: &b\n    image: x\n    read_only: true\n  a: *b\n"),
    Case("under !override", _set("read_only", True), "services:\n  a: !override\n    image: x\n",
         "services:\n  a: !override\n    image: x\n    read_only: true\n"),
    Case("after !reset", _set("read_only", True), "services:\n  a:\n    ports: !reset []\n    image: !reset\n",
         "services:\n  a:\n    ports: !reset []\n    image: !reset\n    read_only: true\n"),
    Case("after a tag and an anchor without a value", _set("x", 1), "services:\n  a:\n    k: !t &k # c\nx-k: *k\n",
         "services:\n  a:\n    k: !t &k # c\n    x: 1\nx-k: *k\n"),
    Case("after a first key with an anchor", _set("x", 1), "services:\n  a:\n    &k image: *k\n",
         "services:\n  a:\n    &k image: *k\n    x: 1\n"),
    Case("after a key in its long form", _set("x", 1), "services:\n  a:\n    ? image\n    : y\n",
         "services:\n  a:\n    ? image\n    : y\n    x: 1\n"),
    Case(
        "in the second document",
        [Set((1, "services", "a", "read_only"), True)],
        """\
        services:
          a:
            image: x
        --- # second
        services:
          a:
            image: y
        ...
        """,
        """\
        services:
          a:
            image: x
        --- # second
        services:
          a:
            image: y
            read_only: true
        ...
        """,
    ),
    Case(
        "in a mapping inside a list",
        [Set((*A, "volumes", 0, "read_only"), True)],
        """\
        services:
          a:
            volumes:
            -   type: bind
                source: .
            - x:/x
        """,
        """\
        services:
          a:
            volumes:
            -   type: bind
                source: .
                read_only: true
            - x:/x
        """,
    ),
]  # fmt: skip

BLOCK_SCALARS = [
    Case(
        f"after a block scalar with {head} at the end of the service",
        _set("x", 1),
        f"services:\n  a:\n    command: {head}\n        text\n        # text\n\n\n  b:\n    image: y\n",
        f"services:\n  a:\n    command: {head}\n        text\n        # text\n{first}    x: 1\n{rest}  b:\n    image: y\n",
    )
    for head, first, rest in (
        ("|", "", "\n\n"), ("|-", "", "\n\n"), (">", "", "\n\n"), (">- # c", "", "\n\n"), ("|4", "", "\n\n"),
        ("|+", "\n\n", ""), (">+", "\n\n", ""), ("|4+ # c", "\n\n", ""),
    )
] + [
    Case(
        f"after a block scalar with {head} at the end of the file",
        _set("x", 1),
        f"services:\n  a:\n    command: {head}\n      text\n",
        f"services:\n  a:\n    command: {head}\n      text\n    x: 1\n",
        needs_final_break="-" not in head,
    )
    for head in ("|", "|-", "|+", ">", ">-", ">+")
]  # fmt: skip

NEW_LISTS = [
    Case(
        "with dashes as deep as the lists of the service",
        _set("cap_drop", ["ALL"]),
        """\
        services:
          b:
            ports:
              - "1:1"
          a:
            ports:
            - "2:2"
        """,
        """\
        services:
          b:
            ports:
              - "1:1"
          a:
            ports:
            - "2:2"
            cap_drop:
            - ALL
        """,
    ),
    Case(
        "with dashes as deep as in the rest of the file",
        _set("cap_drop", ["ALL"]),
        """\
        services:
          b:
            ports:
            - "1:1"
          a:
            image: x
        """,
        """\
        services:
          b:
            ports:
            - "1:1"
          a:
            image: x
            cap_drop:
            - ALL
        """,
    ),
    Case(
        "in brackets where every list of the file is",
        _set("cap_drop", ["ALL"]),
        "services:\n  a:\n    ports: ['1:1']\n",
        "services:\n  a:\n    ports: ['1:1']\n    cap_drop: [ALL]\n",
    ),
    Case(
        "quotes as in the file",
        _set("tmpfs", ["a: b", "x"]),
        "services:\n  a:\n    ports:\n      - '1:1'\n",
        "services:\n  a:\n    ports:\n      - '1:1'\n    tmpfs:\n      - 'a: b'\n      - x\n",
    ),
    Case(
        "of mappings",
        _set("volumes", [{"type": "tmpfs", "target": "/run", "tmpfs": {"size": 1}}, "x:/x"]),
        "services:\n  a:\n    ports:\n      - '1:1'\n",
        """\
        services:
          a:
            ports:
              - '1:1'
            volumes:
              - type: tmpfs
                target: /run
                tmpfs:
                  size: 1
              - x:/x
        """,
    ),
    Case("empty", _set("ports", []), "services:\n  a:\n    image: x\n", "services:\n  a:\n    image: x\n    ports: []\n"),
    Case("under a tag", _set("ports", Tagged("!override", ["1:1"])), "services:\n  a:\n    image: x\n",
         "services:\n  a:\n    image: x\n    ports: !override\n      - 1:1\n"),
]  # fmt: skip

FLOW = [
    Case("a new key", _set("x", True), "services: {a: {image: y}}\n", "services: {a: {image: y, x: true}}\n"),
    Case("a new key in an empty mapping", _set("x", True), "services:\n  a: {}\n", "services:\n  a: {x: true}\n"),
    Case("a new key after a final comma", _set("x", True), "services: {a: {image: y,}}\n",
         "services: {a: {image: y, x: true,}}\n"),
    Case("quoted keys as in JSON", _set("x", ["y"]), 'services: {"a": {"image":"y"}}\n',
         'services: {"a": {"image":"y", "x": ["y"]}}\n'),
    Case(
        "a new key on a line of its own",
        _set("x", [1]),
        """\
        services:
          a: {
            image: y, # why
            ports: [1] # one
          }
        """,
        """\
        services:
          a: {
            image: y, # why
            ports: [1], # one
            x: [1]
          }
        """,
    ),
    Case("a key without a value before it", _set("x", 1), "services: {a: {image: }}\n", "services: {a: {image:, x: 1 }}\n"),
    Case("another value", _set("image", "z"), "services: {a: {image:   y , x: 1}}\n",
         "services: {a: {image:   z , x: 1}}\n"),
    Case("a value where there was none", _set("image", "z"), 'services: {a: {"image":, x: 1}}\n',
         'services: {a: {"image": z, x: 1}}\n'),
    Case("a tag and an anchor replaced", _set("image", "z"), "services: {a: {image: !t &k y}}\n",
         "services: {a: {image: z}}\n"),
    Case("one more item", _append("ports", "b c"), "services: {a: {ports: [ a ]}}\n",
         "services: {a: {ports: [ a, b c ]}}\n"),
    Case("the first item", _append("ports", "x"), "services:\n  a:\n    ports: []\n", "services:\n  a:\n    ports: [x]\n"),
    Case("a text that needs quotes there", _append("tmpfs", "a:b"), "services:\n  a:\n    tmpfs: [x]\n",
         'services:\n  a:\n    tmpfs: [x, "a:b"]\n'),
    Case("removed: the first key", [Remove((*A, "x"))], "services: {a: {x: 1, y: 2}}\n", "services: {a: {y: 2}}\n"),
    Case("removed: the last key", [Remove((*A, "y"))], "services: {a: {x: 1, y: 2 }}\n", "services: {a: {x: 1 }}\n"),
    Case("a list of names", _reshape("b"), "services: {a: {depends_on: [b]}}\n",
         "services: {a: {depends_on: {b: {condition: service_healthy}}}}\n"),
]  # fmt: skip

VALUES = [
    Case("another word", _set("image", "z"), "services:\n  a:\n    image:   x   # c\n",
         "services:\n  a:\n    image: z   # c\n"),
    Case("a hash in a text is no comment", _set("image", "z"), "services:\n  a:\n    image: 'x # y'\n",
         "services:\n  a:\n    image: z\n"),
    Case("a key with a colon", _set("a:b", 2), "services:\n  a:\n    a:b: 1\n", "services:\n  a:\n    a:b: 2\n"),
    Case("a quoted key", _set("a: b", 2), "services:\n  a:\n    \"a: b\" : 1\n", "services:\n  a:\n    \"a: b\" : 2\n"),
    Case("a value where there was none", _set("image", "z"), "services:\n  a:\n    image: # c\n",
         "services:\n  a:\n    image: z # c\n"),
    Case("a list where there was none", _set("tmpfs", ["/t"]), "services:\n  a:\n    tmpfs: # c\n",
         "services:\n  a:\n    tmpfs: # c\n      - /t\n"),
    Case("a list instead of a word", _set("tmpfs", ["/t"]), "services:\n  a:\n    tmpfs: /x # c\n    image: x\n",
         "services:\n  a:\n    tmpfs: # c\n      - /t\n    image: x\n"),
    Case("a word instead of a list", _set("tmpfs", "/x"), "services:\n  a:\n    tmpfs: # c\n    - a\n    - b\n    image: x\n",
         "services:\n  a:\n    tmpfs: /x # c\n    image: x\n"),
    Case("a list instead of a list", _set("tmpfs", ["/t"]), "services:\n  a:\n    tmpfs: # c\n    - a\n    - b # d\n",
         "services:\n  a:\n    tmpfs: # c\n    - /t # d\n"),
    Case("a value under its key", _set("image", "z"), "services:\n  a:\n    image: # c\n      # d\n      x # e\n",
         "services:\n  a:\n    image: # c\n      # d\n      z # e\n"),
    Case("instead of a block scalar", _set("command", "z"), "services:\n  a:\n    command: |\n      x\n\n    image: x\n",
         "services:\n  a:\n    command: z\n\n    image: x\n"),
    Case("instead of an alias", _set("image", "z"), "x-i: &i x\nservices:\n  a:\n    image: *i # c\n",
         "x-i: &i x\nservices:\n  a:\n    image: z # c\n"),
    Case("infinite", _set("x", float("-inf")), "services:\n  a:\n    x: 1\n", "services:\n  a:\n    x: -.inf\n"),
]  # fmt: skip

ITEMS = [
    Case("indented", _append("cap_drop", "ALL"), "services:\n  a:\n    cap_drop:\n      - X # c\n    image: y\n",
         "services:\n  a:\n    cap_drop:\n      - X # c\n      - ALL\n    image: y\n"),
    Case("under their key, with a wide gap", _append("cap_drop", "ALL"), "services:\n  a:\n    cap_drop:\n    -   X\n",
         "services:\n  a:\n    cap_drop:\n    -   X\n    -   ALL\n"),
    Case("after a mapping", _append("volumes", {"type": "tmpfs", "target": "/t"}),
         "services:\n  a:\n    volumes:\n      - type: bind\n        source: .\n    # c\n",
         "services:\n  a:\n    volumes:\n      - type: bind\n        source: .\n      - type: tmpfs\n        target: /t\n    # c\n"),
    Case("after an alias", _append("tmpfs", "/t"), "x-t: &t /x\nservices:\n  a:\n    tmpfs:\n      - *t\n",
         "x-t: &t /x\nservices:\n  a:\n    tmpfs:\n      - *t\n      - /t\n"),
    Case("after an item without a value", _append("tmpfs", "/t"), "services:\n  a:\n    tmpfs:\n      -\n",
         "services:\n  a:\n    tmpfs:\n      -\n      - /t\n"),
    Case("under !override", _append("tmpfs", "/t"), "services:\n  a:\n    tmpfs: !override\n    - /x\n",
         "services:\n  a:\n    tmpfs: !override\n    - /x\n    - /t\n"),
    Case("through an alias, in the anchor", _append("tmpfs", "/t"), "x-t: &t\n- /x\nservices:\n  a:\n    tmpfs: *t\n",
         "x-t: &t\n- /x\n- /t\nservices:\n  a:\n    tmpfs: *t\n"),
]  # fmt: skip

REMOVED = [
    Case("with the comment on its line", [Remove((0, "version"))], "version: '3' # old\nservices: {}\n", "services: {}\n"),
    Case("with the blank line below, at the start", [Remove((0, "version"))], "version: '3'\n\nservices: {}\n",
         "services: {}\n"),
    Case("with one of two blank lines around it", [Remove((0, "version"))], "name: p\n\nversion: '3'\n\nservices: {}\n",
         "name: p\n\nservices: {}\n"),
    Case("but not the comment above", [Remove((0, "version"))], "# c\nversion: '3'\nservices: {}\n",
         "# c\nservices: {}\n"),
    Case("a block, comments inside included", [Remove((0, "x-a"))], "x-a:\n  # c\n  - 1\n  # d\n  - 2\nservices: {}\n",
         "services: {}\n"),
    Case("the last key", [Remove((*A, "x"))], "services:\n  a:\n    image: x\n    x: 1\n", "services:\n  a:\n    image: x\n"),
    Case("the last key, and a new one behind it", [Remove((*A, "x")), *_set("k", 2)],
         "services:\n  a:\n    image: x\n    x: 1\n", "services:\n  a:\n    image: x\n    k: 2\n"),
]  # fmt: skip

RESHAPED = [
    Case(
        "indented names, with comments and quotes",
        _reshape("b", "c"),
        """\
        services:
          a:
            depends_on: # c1
              # c2
              - b # c3
              # c4
              - "c"
            image: x
        """,
        """\
        services:
          a:
            depends_on: # c1
              # c2
              b: # c3
                condition: service_healthy
              # c4
              "c":
                condition: service_healthy
            image: x
        """,
    ),
    Case(
        "names under their key move to the right, with the comments between them",
        _reshape("b", "c"),
        """\
        services:
          a:
            depends_on:
            - b
            # c

            - c
            image: x
        """,
        """\
        services:
          a:
            depends_on:
              b:
                condition: service_healthy
              # c

              c:
                condition: service_healthy
            image: x
        """,
    ),
    Case("names in brackets", _reshape("b", "c"), "services:\n    a:\n        depends_on: [b, 'c'] # c\n",
         "services:\n    a:\n        depends_on: # c\n            b:\n                condition: service_healthy\n"
         "            c:\n                condition: service_healthy\n"),
    Case("names in brackets under their key", _reshape("b"), "services:\n  a:\n    depends_on:\n      [b]\n",
         "services:\n  a:\n    depends_on:\n      b:\n        condition: service_healthy\n"),
    Case("to values without keys", [Reshape((*A, "networks"), {"n": None, "m": {}})],
         "services:\n  a:\n    networks:\n      - n\n      - m\n",
         "services:\n  a:\n    networks:\n      n: null\n      m: {}\n"),
    Case("no names", [Reshape((*A, "networks"), {})], "services:\n  a:\n    networks: []\n",
         "services:\n  a:\n    networks: {}\n"),
    Case("under !override", [Reshape((*A, "networks"), {"n": {}})], "services:\n  a:\n    networks: !override\n    - n\n",
         "services:\n  a:\n    networks: !override\n      n: {}\n"),
]  # fmt: skip

SEVERAL = [
    Case(
        "at one place, the deeper first, whatever the order",
        [*_set("read_only", True), *_append("cap_drop", "X"), *_set("tmpfs", ["/t"]), Set((0, "name"), "p")],
        "services:\n  a:\n    cap_drop:\n    - ALL\n",
        "services:\n  a:\n    cap_drop:\n    - ALL\n    - X\n    read_only: true\n    tmpfs:\n    - /t\nname: p\n",
    ),
    Case(
        "reshaped last, and more keys",
        [*_set("read_only", True), *_reshape("b"), *_set("x", 1)],
        "services:\n  a:\n    depends_on:\n    - b\n",
        "services:\n  a:\n    depends_on:\n      b:\n        condition: service_healthy\n    read_only: true\n    x: 1\n",
    ),
    Case("in two flow mappings", [*_set("x", 1), Set((0, "services", "b"), {})], "services: {a: {y: 1}}\n",
         "services: {a: {y: 1, x: 1}, b: {}}\n"),
    Case("two keys in one flow mapping", [*_set("x", 1), *_set("z", 2)], "services: {a: {y: 1}}\n",
         "services: {a: {y: 1, x: 1, z: 2}}\n"),
]  # fmt: skip

GROUPS = {"nothing": NOTHING, "new key": NEW_KEYS, "block scalar": BLOCK_SCALARS, "new list": NEW_LISTS, "flow": FLOW,
          "value": VALUES, "items": ITEMS, "removed": REMOVED, "reshaped": RESHAPED, "several": SEVERAL}  # fmt: skip

REFUSALS: list[tuple[str, list[Change], str, str]] = [
    ("a place that is not there", _append("nothing", 1), "services:\n  a:\n    image: x\n", "is not written in this file"),
    ("a service that is not there", _set("x", 1), "services:\n  b:\n    image: x\n", "is not written in this file"),
    ("a document that is not there", [Set((2, "x"), 1)], "x: 1\n", "the document is empty"),
    ("an empty document", [Set((0, "x"), 1)], "# nothing\n---\n", "the document is empty"),
    ("a key under a word", _set("x", 1), "services:\n  a: word\n", "is not written as a mapping"),
    ("a key under an empty item", [Set((*A, 0, "x"), 1)], "services:\n  a:\n    -\n", "is not written as a mapping"),
    ("a key under a tag alone", _set("x", 1), "services:\n  a: !reset\n", "under a tag"),
    ("a key under an empty anchor", _set("x", 1), "services:\n  a: &a\n  b: *a\n", "&a, which is used elsewhere"),
    ("an item of a word", _append("x", 1), "services:\n  a:\n    x: 1\n", "is not written as a list"),
    ("a shared list reshaped", _reshape("b"), "services:\n  a:\n    depends_on: &d [b]\n  b:\n    depends_on: *d\n",
     "&d, which is used elsewhere"),
    ("a list of other things reshaped", _reshape("b"), "services:\n  a:\n    depends_on: [{b: 1}]\n", "other than plain names"),
    ("other names reshaped", _reshape("c"), "services:\n  a:\n    depends_on: [b]\n", "other than plain names"),
    ("numbers reshaped", _reshape("1"), "services:\n  a:\n    depends_on: [1]\n", "not the list of names"),
    ("a mapping reshaped", _reshape("b"), "services:\n  a:\n    depends_on: {b: 1}\n", "is not a list"),
    ("a shared value replaced", _set("x", 2), "services:\n  a:\n    x: {y: &y 1}\n    z: *y\n", "&y, which is used elsewhere"),
    ("a shared value removed", [Remove((*A, "x"))], "services:\n  a:\n    x: &y 1\n    z: *y\n", "&y, which is used elsewhere"),
    ("the only key removed", [Remove((*A, "x"))], "services:\n  a:\n    x: 1\n", "is the only key"),
    ("a key that is not there removed", [Remove((*A, "y"))], "services:\n  a:\n    x: 1\n", "is not written in this file"),
    ("the first key of an item removed", [Remove((*A, 0, "x"))], "services:\n  a:\n    - x: 1\n      y: 2\n", "shares its line"),
    ("a comment inside", _set("x", [2]), "services:\n  a:\n    x:\n      - 1\n      # c\n      - 2\n", "a comment"),
    ("a comment inside a flow list", _set("x", [2]), "services:\n  a:\n    x: [1, # c\n      2]\n", "a comment"),
    ("a comment in a flow list reshaped", _reshape("b"), "services:\n  a:\n    depends_on: [b # c\n      ]\n", "a comment"),
    ("a comment in the head of a block scalar", _set("x", 1), "services:\n  a:\n    x: | # c\n      y\n", "a comment"),
    ("two comments would meet", _set("x", 1), "services:\n  a:\n    x: # c\n      - 1 # d\n", "would become one"),
    ("a pair without braces", [Set((*A, 0, "y"), 1)], "services:\n  a: [x: 1]\n", "has no braces"),
    ("a key without a colon", _set("x", 1), "services:\n  a: {x}\n", "has no colon"),
    ("one key twice", [*_set("x", 1), *_set("x", 2)], "services:\n  a:\n    image: x\n", "no longer be YAML"),
    ("a key and what is in it", [Remove((*A, "x")), Set((*A, "x", "y"), 2)], "services:\n  a:\n    x:\n      y: 1\n    z: 1\n",
     "the same place"),
    ("two keys in an empty mapping", [*_set("x", 1), *_set("y", 1)], "services:\n  a: {}\n", "no longer be YAML"),
    ("half a character", _set("x", "\ud800"), "services:\n  a:\n    image: x\n", "no longer be YAML"),
    ("a number too large for Docker", _set("x", 2**64), "services:\n  a:\n    image: x\n", "something else: services.a.x"),
    ("a tag without a text", _set("x", Tagged("!reset", None)), "services:\n  a:\n    image: x\n", "something else"),
]  # fmt: skip
