"""Keys and lists that were not there."""

from __future__ import annotations

from composeharden.yaml.change import Append, Set
from composeharden.yaml.scalars import Tagged
from tests.yaml.cases.case import A, Case, set_

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
    Case("the same plain value", set_("image", "x"), UNTOUCHED, UNTOUCHED),
    Case(
        "the same items",
        [Set((0, "services", "b"), ["q", "x"])],
        "services:\n  b:\n    - q\n    - x\n",
        "services:\n  b:\n    - q\n    - x\n",
    ),
]

NEW_KEYS = [
    Case(
        "after the last line of the service",
        set_("read_only", True),
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
        set_("read_only", True),
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
        set_("read_only", True),
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
        set_("read_only", True),
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
        set_("read_only", True),
        "services:\n  a:\t# c\n    image: x\t# why x\n",
        "services:\n  a:\t# c\n    image: x\t# why x\n    read_only: true\n",
    ),
    Case(
        "one space deep",
        set_("x", {"k": 1}),
        "services:\n a:\n  image: x\n",
        "services:\n a:\n  image: x\n  x:\n   k: 1\n",
    ),
    Case(
        "three spaces deep",
        set_("x", {"k": 1}),
        "services:\n   a:\n      image: x\n",
        "services:\n   a:\n      image: x\n      x:\n         k: 1\n",
    ),
    Case(
        "eight spaces deep",
        set_("x", {"k": 1}),
        "services:\n        a:\n                image: x\n",
        "services:\n        a:\n                image: x\n                x:\n                        k: 1\n",
    ),
    Case(
        "mixed depths: as deep as the service itself",
        set_("read_only", True),
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
        set_("read_only", True),
        "services:\n  a:\n    command: one\n      two\n\n      three\n",
        "services:\n  a:\n    command: one\n      two\n\n      three\n    read_only: true\n",
    ),
    Case(
        "after a very long string, which stays on its line",
        set_("read_only", True),
        "services:\n  a:\n    command: " + "word " * 200 + "\n",
        "services:\n  a:\n    command: " + "word " * 200 + "\n    read_only: true\n",
    ),
    Case(
        "emoji and escapes as they are",
        set_("read_only", True),
        'services:\n  a:\n    labels: {"🦊": "\\U0001F600"} # 🐳\n',
        'services:\n  a:\n    labels: {"🦊": "\\U0001F600"} # 🐳\n    read_only: true\n',
    ),
    Case(
        "in a service without a body",
        set_("image", "x"),
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
    Case(
        "beside a merge key",
        set_("read_only", True),
        "x-b: &b {image: x}\nservices:\n  a:\n    <<: *b\n",
        "x-b: &b {image: x}\nservices:\n  a:\n    <<: *b\n    read_only: true\n",
    ),
    Case(
        "through an alias, in the anchor",
        set_("read_only", True),
        "services:\n  b: &b\n    image: x\n  a: *b\n",
        "services:\n  b: &b\n    image: x\n    read_only: true\n  a: *b\n",
    ),
    Case(
        "under !override",
        set_("read_only", True),
        "services:\n  a: !override\n    image: x\n",
        "services:\n  a: !override\n    image: x\n    read_only: true\n",
    ),
    Case(
        "after !reset",
        set_("read_only", True),
        "services:\n  a:\n    ports: !reset []\n    image: !reset\n",
        "services:\n  a:\n    ports: !reset []\n    image: !reset\n    read_only: true\n",
    ),
    Case(
        "after a tag and an anchor without a value",
        set_("x", 1),
        "services:\n  a:\n    k: !t &k # c\nx-k: *k\n",
        "services:\n  a:\n    k: !t &k # c\n    x: 1\nx-k: *k\n",
    ),
    Case(
        "after a first key with an anchor",
        set_("x", 1),
        "services:\n  a:\n    &k image: *k\n",
        "services:\n  a:\n    &k image: *k\n    x: 1\n",
    ),
    Case(
        "after a key in its long form",
        set_("x", 1),
        "services:\n  a:\n    ? image\n    : y\n",
        "services:\n  a:\n    ? image\n    : y\n    x: 1\n",
    ),
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
]

BLOCK_SCALARS = [
    Case(
        f"after a block scalar with {head} at the end of the service",
        set_("x", 1),
        f"services:\n  a:\n    command: {head}\n        text\n        # text\n\n\n  b:\n    k: 1\n",
        f"services:\n  a:\n    command: {head}\n        text\n        # text\n{first}    x: 1\n{rest}  b:\n    k: 1\n",
    )
    for head, first, rest in (
        ("|", "", "\n\n"),
        ("|-", "", "\n\n"),
        (">", "", "\n\n"),
        (">- # c", "", "\n\n"),
        ("|4", "", "\n\n"),
        ("|+", "\n\n", ""),
        (">+", "\n\n", ""),
        ("|4+ # c", "\n\n", ""),
    )
] + [
    Case(
        f"after a block scalar with {head} at the end of the file",
        set_("x", 1),
        f"services:\n  a:\n    command: {head}\n      text\n",
        f"services:\n  a:\n    command: {head}\n      text\n    x: 1\n",
        needs_final_break="-" not in head,
    )
    for head in ("|", "|-", "|+", ">", ">-", ">+")
]

NEW_LISTS = [
    Case(
        "with dashes as deep as the lists of the service",
        set_("cap_drop", ["ALL"]),
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
        set_("cap_drop", ["ALL"]),
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
        set_("cap_drop", ["ALL"]),
        "services:\n  a:\n    ports: ['1:1']\n",
        "services:\n  a:\n    ports: ['1:1']\n    cap_drop: [ALL]\n",
    ),
    Case(
        "quotes as in the file",
        set_("tmpfs", ["a: b", "x"]),
        "services:\n  a:\n    ports:\n      - '1:1'\n",
        "services:\n  a:\n    ports:\n      - '1:1'\n    tmpfs:\n      - 'a: b'\n      - x\n",
    ),
    Case(
        "of mappings",
        set_("volumes", [{"type": "tmpfs", "target": "/run", "tmpfs": {"size": 1}}, "x:/x"]),
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
    Case(
        "empty", set_("ports", []), "services:\n  a:\n    image: x\n", "services:\n  a:\n    image: x\n    ports: []\n"
    ),
    Case(
        "under a tag",
        set_("ports", Tagged("!override", ["1:1"])),
        "services:\n  a:\n    image: x\n",
        "services:\n  a:\n    image: x\n    ports: !override\n      - 1:1\n",
    ),
]
