"""Values, items and keys that were there, in block and in flow style."""

from __future__ import annotations

from composeharden.yaml.change import Remove, Reshape, Set
from tests.yaml.cases.case import A, Case, append, reshape, set_

FLOW = [
    Case("a new key", set_("x", True), "services: {a: {image: y}}\n", "services: {a: {image: y, x: true}}\n"),
    Case("a new key in an empty mapping", set_("x", True), "services:\n  a: {}\n", "services:\n  a: {x: true}\n"),
    Case(
        "a new key after a final comma",
        set_("x", True),
        "services: {a: {image: y,}}\n",
        "services: {a: {image: y, x: true,}}\n",
    ),
    Case(
        "quoted keys as in JSON",
        set_("x", ["y"]),
        'services: {"a": {"image":"y"}}\n',
        'services: {"a": {"image":"y", "x": ["y"]}}\n',
    ),
    Case(
        "a new key on a line of its own",
        set_("x", [1]),
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
    Case(
        "a key without a value before it",
        set_("x", 1),
        "services: {a: {image: }}\n",
        "services: {a: {image:, x: 1 }}\n",
    ),
    Case(
        "another value",
        set_("image", "z"),
        "services: {a: {image:   y , x: 1}}\n",
        "services: {a: {image:   z , x: 1}}\n",
    ),
    Case(
        "a value where there was none",
        set_("image", "z"),
        'services: {a: {"image":, x: 1}}\n',
        'services: {a: {"image": z, x: 1}}\n',
    ),
    Case(
        "a tag and an anchor replaced",
        set_("image", "z"),
        "services: {a: {image: !t &k y}}\n",
        "services: {a: {image: z}}\n",
    ),
    Case(
        "one more item",
        append("ports", "b c"),
        "services: {a: {ports: [ a ]}}\n",
        "services: {a: {ports: [ a, b c ]}}\n",
    ),
    Case(
        "the first item", append("ports", "x"), "services:\n  a:\n    ports: []\n", "services:\n  a:\n    ports: [x]\n"
    ),
    Case(
        "a text that needs quotes there",
        append("tmpfs", "a:b"),
        "services:\n  a:\n    tmpfs: [x]\n",
        'services:\n  a:\n    tmpfs: [x, "a:b"]\n',
    ),
    Case("removed: the first key", [Remove((*A, "x"))], "services: {a: {x: 1, y: 2}}\n", "services: {a: {y: 2}}\n"),
    Case("removed: the last key", [Remove((*A, "y"))], "services: {a: {x: 1, y: 2 }}\n", "services: {a: {x: 1 }}\n"),
    Case(
        "a list of names",
        reshape("b"),
        "services: {a: {depends_on: [b]}}\n",
        "services: {a: {depends_on: {b: {condition: service_healthy}}}}\n",
    ),
]

VALUES = [
    Case(
        "another word",
        set_("image", "z"),
        "services:\n  a:\n    image:   x   # c\n",
        "services:\n  a:\n    image: z   # c\n",
    ),
    Case(
        "a hash in a text is no comment",
        set_("image", "z"),
        "services:\n  a:\n    image: 'x # y'\n",
        "services:\n  a:\n    image: z\n",
    ),
    Case("a key with a colon", set_("a:b", 2), "services:\n  a:\n    a:b: 1\n", "services:\n  a:\n    a:b: 2\n"),
    Case("a quoted key", set_("a: b", 2), 'services:\n  a:\n    "a: b" : 1\n', 'services:\n  a:\n    "a: b" : 2\n'),
    Case(
        "a value where there was none",
        set_("image", "z"),
        "services:\n  a:\n    image: # c\n",
        "services:\n  a:\n    image: z # c\n",
    ),
    Case(
        "a list where there was none",
        set_("tmpfs", ["/t"]),
        "services:\n  a:\n    tmpfs: # c\n",
        "services:\n  a:\n    tmpfs: # c\n      - /t\n",
    ),
    Case(
        "a list instead of a word",
        set_("tmpfs", ["/t"]),
        "services:\n  a:\n    tmpfs: /x # c\n    image: x\n",
        "services:\n  a:\n    tmpfs: # c\n      - /t\n    image: x\n",
    ),
    Case(
        "a word instead of a list",
        set_("tmpfs", "/x"),
        "services:\n  a:\n    tmpfs: # c\n    - a\n    - b\n    image: x\n",
        "services:\n  a:\n    tmpfs: /x # c\n    image: x\n",
    ),
    Case(
        "a list instead of a list",
        set_("tmpfs", ["/t"]),
        "services:\n  a:\n    tmpfs: # c\n    - a\n    - b # d\n",
        "services:\n  a:\n    tmpfs: # c\n    - /t # d\n",
    ),
    Case(
        "a value under its key",
        set_("image", "z"),
        "services:\n  a:\n    image: # c\n      # d\n      x # e\n",
        "services:\n  a:\n    image: # c\n      # d\n      z # e\n",
    ),
    Case(
        "instead of a block scalar",
        set_("command", "z"),
        "services:\n  a:\n    command: |\n      x\n\n    image: x\n",
        "services:\n  a:\n    command: z\n\n    image: x\n",
    ),
    Case(
        "instead of an alias",
        set_("image", "z"),
        "x-i: &i x\nservices:\n  a:\n    image: *i # c\n",
        "x-i: &i x\nservices:\n  a:\n    image: z # c\n",
    ),
    Case("infinite", set_("x", float("-inf")), "services:\n  a:\n    x: 1\n", "services:\n  a:\n    x: -.inf\n"),
]

ITEMS = [
    Case(
        "indented",
        append("cap_drop", "ALL"),
        "services:\n  a:\n    cap_drop:\n      - X # c\n    image: y\n",
        "services:\n  a:\n    cap_drop:\n      - X # c\n      - ALL\n    image: y\n",
    ),
    Case(
        "under their key, with a wide gap",
        append("cap_drop", "ALL"),
        "services:\n  a:\n    cap_drop:\n    -   X\n",
        "services:\n  a:\n    cap_drop:\n    -   X\n    -   ALL\n",
    ),
    Case(
        "after a mapping",
        append("volumes", {"type": "tmpfs", "target": "/t"}),
        """\
        services:
          a:
            volumes:
              - type: bind
                source: .
            # c
        """,
        """\
        services:
          a:
            volumes:
              - type: bind
                source: .
              - type: tmpfs
                target: /t
            # c
        """,
    ),
    Case(
        "after an alias",
        append("tmpfs", "/t"),
        "x-t: &t /x\nservices:\n  a:\n    tmpfs:\n      - *t\n",
        "x-t: &t /x\nservices:\n  a:\n    tmpfs:\n      - *t\n      - /t\n",
    ),
    Case(
        "after an item without a value",
        append("tmpfs", "/t"),
        "services:\n  a:\n    tmpfs:\n      -\n",
        "services:\n  a:\n    tmpfs:\n      -\n      - /t\n",
    ),
    Case(
        "under !override",
        append("tmpfs", "/t"),
        "services:\n  a:\n    tmpfs: !override\n    - /x\n",
        "services:\n  a:\n    tmpfs: !override\n    - /x\n    - /t\n",
    ),
    Case(
        "through an alias, in the anchor",
        append("tmpfs", "/t"),
        "x-t: &t\n- /x\nservices:\n  a:\n    tmpfs: *t\n",
        "x-t: &t\n- /x\n- /t\nservices:\n  a:\n    tmpfs: *t\n",
    ),
]

REMOVED = [
    Case(
        "with the comment on its line", [Remove((0, "version"))], "version: '3' # old\nservices: {}\n", "services: {}\n"
    ),
    Case(
        "with the blank line below, at the start",
        [Remove((0, "version"))],
        "version: '3'\n\nservices: {}\n",
        "services: {}\n",
    ),
    Case(
        "with one of two blank lines around it",
        [Remove((0, "version"))],
        "name: p\n\nversion: '3'\n\nservices: {}\n",
        "name: p\n\nservices: {}\n",
    ),
    Case(
        "but not the comment above",
        [Remove((0, "version"))],
        "# c\nversion: '3'\nservices: {}\n",
        "# c\nservices: {}\n",
    ),
    Case(
        "a block, comments inside included",
        [Remove((0, "x-a"))],
        "x-a:\n  # c\n  - 1\n  # d\n  - 2\nservices: {}\n",
        "services: {}\n",
    ),
    Case(
        "the last key",
        [Remove((*A, "x"))],
        "services:\n  a:\n    image: x\n    x: 1\n",
        "services:\n  a:\n    image: x\n",
    ),
    Case(
        "the last key, and a new one behind it",
        [Remove((*A, "x")), *set_("k", 2)],
        "services:\n  a:\n    image: x\n    x: 1\n",
        "services:\n  a:\n    image: x\n    k: 2\n",
    ),
]

RESHAPED = [
    Case(
        "indented names, with comments and quotes",
        reshape("b", "c"),
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
        reshape("b", "c"),
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
    Case(
        "names in brackets",
        reshape("b", "c"),
        "services:\n    a:\n        depends_on: [b, 'c'] # c\n",
        "services:\n    a:\n        depends_on: # c\n            b:\n                condition: service_healthy\n"
        "            c:\n                condition: service_healthy\n",
    ),
    Case(
        "names in brackets under their key",
        reshape("b"),
        "services:\n  a:\n    depends_on:\n      [b]\n",
        "services:\n  a:\n    depends_on:\n      b:\n        condition: service_healthy\n",
    ),
    Case(
        "to values without keys",
        [Reshape((*A, "networks"), {"n": None, "m": {}})],
        "services:\n  a:\n    networks:\n      - n\n      - m\n",
        "services:\n  a:\n    networks:\n      n: null\n      m: {}\n",
    ),
    Case(
        "new names behind those of the list",
        [Reshape((*A, "networks"), {"n": {"x": 1}, "m": None, "o": {"x": 1}, "p": None})],
        "services:\n  a:\n    networks:\n    - n\n    - m # last\n  # end\n",
        "services:\n  a:\n    networks:\n      n:\n        x: 1\n      m: null # last\n      o:\n        x: 1\n"
        "      p: null\n  # end\n",
    ),
    Case(
        "new names behind those in brackets",
        [Reshape((*A, "networks"), {"m": None, "o": {}})],
        "services:\n  a: {networks: [m], x: z}\n",
        "services:\n  a: {networks: {m: null, o: {}}, x: z}\n",
    ),
    Case(
        "no names",
        [Reshape((*A, "networks"), {})],
        "services:\n  a:\n    networks: []\n",
        "services:\n  a:\n    networks: {}\n",
    ),
    Case(
        "under !override",
        [Reshape((*A, "networks"), {"n": {}})],
        "services:\n  a:\n    networks: !override\n    - n\n",
        "services:\n  a:\n    networks: !override\n      n: {}\n",
    ),
]

SEVERAL = [
    Case(
        "at one place, the deeper first, whatever the order",
        [*set_("read_only", True), *append("cap_drop", "X"), *set_("tmpfs", ["/t"]), Set((0, "name"), "p")],
        "services:\n  a:\n    cap_drop:\n    - ALL\n",
        "services:\n  a:\n    cap_drop:\n    - ALL\n    - X\n    read_only: true\n    tmpfs:\n    - /t\nname: p\n",
    ),
    Case(
        "reshaped last, and more keys",
        [*set_("read_only", True), *reshape("b"), *set_("x", 1)],
        """\
        services:
          a:
            depends_on:
            - b
        """,
        """\
        services:
          a:
            depends_on:
              b:
                condition: service_healthy
            read_only: true
            x: 1
        """,
    ),
    Case(
        "in two flow mappings",
        [*set_("x", 1), Set((0, "services", "b"), {})],
        "services: {a: {y: 1}}\n",
        "services: {a: {y: 1, x: 1}, b: {}}\n",
    ),
    Case(
        "two keys in one flow mapping",
        [*set_("x", 1), *set_("z", 2)],
        "services: {a: {y: 1}}\n",
        "services: {a: {y: 1, x: 1, z: 2}}\n",
    ),
]
