"""Validation and Docker Compose itself give the same answer, and ours says what sort of problem it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from composeharden.compose.load import effective
from composeharden.compose.schema import Fault, Problem, check, validate
from composeharden.yaml.source import Source, load
from tests.corpus.differential_config import AT_ONCE, compose_config

TWO = "services: {a: {image: x, %s}, b: {image: y, %s}}"
TOP = "services: {a: {image: x}}\n%s"

FINE = [
    "services: {a: {build: .}, b: {build: {}}, c: {provider: {type: x}}, d: {profiles: [p]}}",
    "services: {a: {image: x, depends_on: [zz], networks: [zz], profiles: [p]}}",
    TWO % ("depends_on: [b], links: ['b:alias'], volumes_from: ['b:ro', 'container:c'], ipc: 'service:b'", "tty: true"),
    TWO % ("container_name: aa", "container_name: aa, profiles: [p]"),
    "services: {a: {image: x, network_mode: host, networks: {}}, b: {image: x, networks: [default]}}",
    "services: {a: {image: x, volumes: ['zz:/x', '/a:/x', /anon, name, ./b:/b, ~/c:/c, 'c:/d:/d', 'v:/v:ro', a:/e]}}\n"
    "volumes: {v: }",
    "services: {a: {image: x, volumes: [{type: volume, target: /x}, {type: tmpfs, target: /y}]}}",
    "services: {a: {image: x, secrets: [s], configs: [{source: c}], build: {context: ., secrets: [s]}, models: [m]}}\n"
    "secrets: {s: {environment: S}}\nconfigs: {c: {content: a}}\nmodels: {m: {model: a}}",
    "services: {a: {image: x, ports: [80, '80-82:80-82', '1-3:80', '127.0.0.1::80', '[::1]:80:80', ':80', '8:8/UDP']}}",
    "services: {a: {image: x, healthcheck: {test: [NONE]}}, b: {image: x, healthcheck: {test: []}}}",
    "services: {a: {image: x, deploy: {replicas: 2}, scale: 2}, b: {image: x, scale: 0}}",
    "services: {a: {image: x, mem_limit: 1024m, deploy: {resources: {limits: {memory: 1G}}}}}",
    "services: {a: {image: x, cpus: 0.5, mem_limit: 0, deploy: {resources: {limits: {cpus: '.50', memory: 1g}}}}}",
    "services: {a: {image: x, pids_limit: 5, deploy: {resources: {reservations: {cpus: '1'}}}}}",
    "services: {a: {image: x, tmpfs: [/a, /b], volumes: ['./c:/c']}}",
    "services: {a: {image: x, platform: linux/amd64, build: {context: ., platforms: [linux/arm64, linux/amd64]}}}",
    "services: {a: {image: x, devices: [/dev/a, '/dev/a:/dev/b:rwm', 'a.b/gpu=0'], extra_hosts: ['a=1', 'b:2']}}",
    "services: {a: {image: x, develop: {watch: [{path: ., action: restart}, {path: ., action: sync, target: /x}]}}}",
    TOP % "volumes: {v: {external: true, name: a, x-a: b}, w: {external: 'no', driver: a}}",
    TOP % "secrets: {s: {external: true, file: a}}\nconfigs: {c: {external: false}, d: {external: {name: e}}}",
    TOP % "networks: {n: {external: true, driver: a}}",
    "services: {a: {}}\n---\nservices: {a: {image: x, depends_on: [b]}}\n---\nservices: {b: {image: x}}",
    "services: {a: {extends: b}, b: {image: x}}",
    "volumes: {v: }",
    "name: alone",
]

REFUSED = [
    ("services: {a: {}}", Fault.INCOMPLETE),
    ("services: {a: {image: ''}}", Fault.INCOMPLETE),
    ("version: '3'", Fault.SCHEMA),
    ("{}", Fault.SCHEMA),
    (TWO % ("depends_on: [zz]", "tty: true"), Fault.REFERENCE),
    (TWO % ("depends_on: {zz: {condition: service_started, required: false}}", "tty: true"), Fault.REFERENCE),
    (TWO % ("links: ['b:c:d']", "tty: true"), Fault.REFERENCE),
    (TWO % ("volumes_from: [zz]", "tty: true"), Fault.REFERENCE),
    (TWO % ("pid: 'service:zz'", "tty: true"), Fault.REFERENCE),
    (TWO % ("networks: [zz]", "tty: true"), Fault.REFERENCE),
    (TWO % ("networks: {zz: {aliases: [q]}}", "tty: true"), Fault.REFERENCE),
    (TWO % ("volumes: ['zz:/x']", "tty: true"), Fault.REFERENCE),
    (TWO % ("volumes: ['/a:/x', 'zz/y:/x']", "tty: true"), Fault.REFERENCE),
    (TWO % ("volumes: [{type: volume, source: zz, target: /x}]", "tty: true"), Fault.REFERENCE),
    (TWO % ("secrets: [zz]", "tty: true"), Fault.REFERENCE),
    (TWO % ("secrets: [{target: zz}]", "tty: true"), Fault.REFERENCE),
    (TWO % ("configs: [{source: zz}]", "tty: true"), Fault.REFERENCE),
    (TWO % ("models: [zz]", "tty: true"), Fault.REFERENCE),
    (TWO % ("build: {context: ., secrets: [zz]}", "tty: true"), Fault.REFERENCE),
    (TWO % ("depends_on: [a]", "tty: true"), Fault.CONFLICT),
    (TWO % ("depends_on: [b]", "links: [a]"), Fault.CONFLICT),
    (TWO % ("depends_on: [b]", "network_mode: 'service:a'"), Fault.CONFLICT),
    (TWO % ("container_name: aa", "container_name: aa"), Fault.CONFLICT),
    (TWO % ("network_mode: none, networks: {default: }", "tty: true"), Fault.CONFLICT),
    (TWO % ("build: {context: ., dockerfile: a, dockerfile_inline: b}", "tty: true"), Fault.CONFLICT),
    (TWO % ("platform: linux/amd64, build: {context: ., platforms: [linux/arm64]}", "tty: true"), Fault.CONFLICT),
    (TWO % ("scale: 0, deploy: {replicas: 1}", "tty: true"), Fault.CONFLICT),
    (TWO % ("scale: 2, container_name: aa", "tty: true"), Fault.CONFLICT),
    (TWO % ("deploy: {replicas: 2}, container_name: aa", "tty: true"), Fault.CONFLICT),
    (TWO % ("mem_limit: 2g, deploy: {resources: {limits: {memory: 1g}}}", "tty: true"), Fault.CONFLICT),
    (TWO % ("mem_limit: 2g, deploy: {resources: {limits: {cpus: '1'}}}", "tty: true"), Fault.CONFLICT),
    (TWO % ("pids_limit: 5, deploy: {resources: {limits: {}}}", "tty: true"), Fault.CONFLICT),
    (TWO % ("cpus: 2, deploy: {resources: {limits: {cpus: '1'}}}", "tty: true"), Fault.CONFLICT),
    (TWO % ("mem_reservation: 1g, deploy: {resources: {reservations: {memory: 2g}}}", "tty: true"), Fault.CONFLICT),
    (TWO % ("tmpfs: /x, volumes: ['./a:/x']", "tty: true"), Fault.CONFLICT),
    (TWO % ("scale: -1", "tty: true"), Fault.SCHEMA),
    (TWO % ("healthcheck: {test: [pg_isready]}", "tty: true"), Fault.SCHEMA),
    (TWO % ("healthcheck: {disable: true, test: [cmd, a]}", "tty: true"), Fault.SCHEMA),
    (TWO % ("develop: {watch: [{path: ., action: sync}]}", "tty: true"), Fault.SCHEMA),
    (TWO % ("develop: {watch: [{path: '', action: rebuild}]}", "tty: true"), Fault.SCHEMA),
    (TWO % ("gpus: [{count: 1, device_ids: [a]}]", "tty: true"), Fault.SCHEMA),
    (TWO % ("devices: ['a:b:c:d']", "tty: true"), Fault.SCHEMA),
    (TWO % ("devices: [{source: a}]", "tty: true"), Fault.SCHEMA),
    (TWO % ("extra_hosts: [a]", "tty: true"), Fault.SCHEMA),
    (TWO % ("extra_hosts: ['=1']", "tty: true"), Fault.SCHEMA),
    *((TWO % (f"ports: [{port}]", "tty: true"), Fault.SCHEMA) for port in (
        "'x:80'", "'80:http'", "'99999:80'", "'80:0'", "0", "70000", "'127.0.0.1:80'", "'localhost:80:80'", "'80/foo'",
        "'1-3:4-5'", "'80:80 '", "''", "{published: 80}", "{target: 80, host_ip: here}")),
    *((TWO % (f"volumes: [{mount}]", "tty: true"), Fault.SCHEMA) for mount in (
        "''", "':/x'", "'/x:'", "'/a:/b:ro:z'", "{type: bind, source: a}", "{type: bind, target: /a}")),
    (TOP % "volumes: {v: {external: true, driver: a}}", Fault.CONFLICT),
    (TOP % "volumes: {v: {external: {name: a}, labels: [b]}}", Fault.CONFLICT),
    (TOP % "networks: {n: {external: {name: a}, name: b}}", Fault.CONFLICT),
    (TOP % "secrets: {s: {file: a, environment: b}}", Fault.CONFLICT),
    (TOP % "secrets: {s: {}}", Fault.SCHEMA),
    (TOP % "secrets: {s: {external: false}}", Fault.SCHEMA),
    (TOP % "configs: {c: {template_driver: a}}", Fault.SCHEMA),
]  # fmt: skip

UNKNOWN = [
    TWO % ("depends_on: ['${B}']", "networks: ['${N}']"),
    TWO % ("volumes: ['${DATA}:/x', '${MORE:-data}:/y']", "secrets: ['${S}']"),
    TWO % ("ports: ['${PORT}:80', '${PORT}']", "extra_hosts: ['${HOST}']"),
    TWO % ("network_mode: '${MODE}', build: {context: ., platforms: [a]}, platform: '${P}'", "ipc: 'service:${A}'"),
    TWO % ("container_name: '${NAME}'", "container_name: '${NAME}'"),
    TWO % ("cpus: '${CPUS}', deploy: {resources: {limits: {cpus: '1'}}}", "scale: '${N}', deploy: {replicas: 3}"),
    TWO % ("tmpfs: ['${A}'], volumes: ['${A}:/x', './b:${A}']", "healthcheck: {test: ['${TEST}', a]}"),
    "services: {a: {image: '${IMAGE}'}}",
    TOP % "networks: {n: {external: {name: '${A}'}, name: b}}",
    "include: [more.yaml]\nservices: {a: {image: x, networks: [elsewhere], depends_on: [elsewhere]}, b: {}}",
    "services: {a: {extends: {file: other.yaml, service: a}}}",
]


def judged(text: str) -> tuple[Source, list[Problem]]:
    source = load(text.encode())
    roots = source.documents or [None]
    found = [problem for root in roots for problem in validate(root)]
    return source, found or check(effective(source), roots)


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Docker Compose says of every case: its message, empty for yes."""
    folder = tmp_path_factory.mktemp("compose")

    def ask(number: int, text: str) -> str:
        path = folder / str(number) / "compose.yaml"
        path.parent.mkdir()
        path.write_text(text, "utf-8")
        code, errors = compose_config(path, str(folder))
        return errors if code else ""

    texts = [*FINE, *(text for text, _ in REFUSED)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(texts, pool.map(ask, range(len(texts)), texts), strict=True))


@pytest.mark.parametrize("text", FINE)
def test_what_compose_takes_fits_together(text: str, compose: dict[str, str]) -> None:
    assert compose[text] == ""
    assert [problem.message for problem in judged(text)[1]] == []


@pytest.mark.parametrize(("text", "fault"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_compose_refuses_does_not(text: str, fault: Fault, compose: dict[str, str]) -> None:
    assert compose[text] != ""
    assert {problem.fault for problem in judged(text)[1]} == {fault}


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_known_is_no_problem(text: str) -> None:
    assert [problem.message for problem in judged(text)[1]] == []


def test_a_dependency_on_a_service_with_a_profile_is_taken_to_be_started_with_it() -> None:
    assert judged("services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}")[1] == []


def test_references_are_named_placed_and_corrected() -> None:
    source, found = judged("services:\n  web:\n    image: x\n    networks:\n      - frnt\nnetworks:\n  front:\n")
    assert [(one.message, one.suggestion, source.position(one.start)) for one in found] == [
        (
            "`services.web.networks[0]` names the network `frnt`, which the top-level `networks` does not define",
            "did you mean `front`?",
            (5, 9),
        )
    ]


def test_a_circle_is_told_in_full() -> None:
    services = {"a": "[c]", "b": "[a]", "c": "[d, b]", "d": "[]"}
    rows = [f"  {name}: {{image: x, depends_on: {needs}}}" for name, needs in services.items()]
    _, found = judged("services:\n" + "\n".join(rows))
    assert [one.message for one in found] == ["services wait for each other: a -> c -> b -> a"]


def test_a_long_chain_is_no_circle(tmp_path: Path) -> None:
    rows = [f"  s{number}: {{image: x, depends_on: [s{number + 1}]}}" for number in range(1500)]
    _, found = judged("services:\n" + "\n".join(rows) + "\n  s1500: {image: x}\n")
    assert found == []


def test_problems_of_merged_documents_are_placed_in_the_last_that_has_them() -> None:
    source, found = judged("services:\n  a: {image: x}\n---\nservices:\n  a:\n    networks: [zz]\n")
    assert [source.position(one.start).line for one in found] == [6]
