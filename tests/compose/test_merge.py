from __future__ import annotations

import contextlib
import copy
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from composeharden.compose.canonical import canonical, parse_port, parse_volume, text_of
from composeharden.compose.merge import MergeError, extend, flatten, merge, untagged
from composeharden.yaml.scalars import Tagged, Timestamp
from composeharden.yaml.source import all_data, load
from tests.compose import oracle

SETTINGS = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)

# -- what services hold: one strategy for each key ------------------------------------------------------------------


def lists(*items: Any) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(items), max_size=4).map(copy.deepcopy)


def sets(*items: Any) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(items), unique=True, max_size=4)


def mappings(keys: str, *values: Any) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys.split()), st.sampled_from(values), max_size=3).map(copy.deepcopy)


def values(*found: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(found).map(copy.deepcopy)


def strings(*items: str) -> st.SearchStrategy[Any]:
    return lists(*items) | st.sampled_from(items)


variables = lists("A=1", "B", "A=2", "C=x=y", "A") | mappings("A B C", "1", 2, True, None, 1.5, 1e5)
labels = lists("A=1", "B=", "A=2", "C=x=y") | mappings("A B C", "1", 2, True, None, 1.5)
hosts = sets("a:1.1.1.1", "b=::1", "a=2.2.2.2", "b:[::1]") | mappings(
    "a b", "1.1.1.1", "2.2.2.2", ["1.1.1.1", "3.3.3.3"]
).filter(bool)  # Compose itself chokes on an empty one
builds = values(".", "./x") | st.fixed_dictionaries(
    {"context": values("./a", "./b")},
    optional={
        "args": variables,
        "labels": labels,
        "tags": lists("t", "u"),
        "extra_hosts": hosts,
        "cache_from": lists("a", "b"),
        "additional_contexts": lists("a=1", "b=2", "a=3") | mappings("a b", "1", "x"),
    },
)
# Of two entries for one place in one file, which wins depends on whether they are written in the same form.
PORTS_BY_PLACE: list[tuple[str, Any]] = [
    ("80", "80"),
    ("80", 80),
    ("80:80", "80:80"),
    ("80:80", {"target": 80, "published": "80"}),
    ("80:80 as number", {"target": 80, "published": 80}),
    ("8080:80/udp", "8080:80/udp"),
    ("8080:80/udp", {"target": 80, "published": "8080", "protocol": "udp", "mode": "host"}),
    ("local", "127.0.0.1:80:80"),
    ("local v6", "[::1]:80:80"),
    ("8001:81", "8000-8001:80-81"),
    ("8001:81", "8001:81"),
    ("range", "9000-9010:80"),
]
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "annotations": labels,
    "build": builds,
    "cap_add": lists("CHOWN", "SETUID", "ALL"),
    "cap_drop": lists("ALL", "NET_RAW"),
    "command": lists("a", "b") | values("sh -c x", None),
    "configs": lists("s", "t", {"source": "s"}, {"source": "s", "target": "/t"}, {"source": "t", "target": "/x"}),
    "depends_on": sets("d", "e")
    | mappings(
        "d e",
        {"condition": "service_healthy"},
        {"condition": "service_started", "required": False},
        {"condition": "service_started", "restart": True},
    ),
    "deploy": st.fixed_dictionaries(
        {},
        optional={
            "replicas": values(1, 2),
            "labels": labels,
            "placement": st.fixed_dictionaries({"constraints": lists("a", "b")}),
            "resources": values({"limits": {"memory": "1g"}}, {"limits": {"memory": "2g", "pids": 3}}),
        },
    ),
    "devices": lists("/dev/a", "/dev/a:/dev/b", "/dev/c:/dev/b:r", {"source": "/dev/x", "target": "/dev/b"}),
    "dns": strings("1.1.1.1", "8.8.8.8"),
    "dns_opt": sets("a", "b"),
    "dns_search": strings("a.b", "c.d"),
    "entrypoint": lists("a", "b") | values("sh -c x", None, ""),
    "env_file": values("a.env") | lists("a.env", "b.env", {"path": "a.env", "required": False}, {"path": "b.env"}),
    "environment": variables,
    "expose": sets("80", "81-82", 83),
    "extra_hosts": hosts,
    "group_add": sets("1", 2, "g"),
    "healthcheck": st.fixed_dictionaries(
        {},
        optional={
            "test": values(["CMD", "a"], "x", ["NONE"]),
            "interval": values("1s", "2s"),
            "retries": values(1, 2),
            "disable": values(True, False),
        },
    ),
    "image": values("a", "b"),
    "labels": labels,
    "links": sets("d", "d:e", "e"),
    "logging": st.fixed_dictionaries(
        {}, optional={"driver": values("json-file", "local"), "options": mappings("a b", "1", "2")}
    ),
    "networks": sets("n", "m")
    | mappings("n m", None, {"aliases": ["a"]}, {"aliases": ["b", "a"], "priority": 1}, {"ipv4_address": "1.2.3.4"}),
    "ports": st.lists(st.sampled_from(PORTS_BY_PLACE), unique_by=lambda pair: pair[0], max_size=4).map(
        lambda pairs: [copy.deepcopy(port) for _, port in pairs]
    ),
    "profiles": sets("x", "y"),
    "read_only": values(True, False, "yes", "no"),
    "restart": values("always", "no"),
    "secrets": lists(
        "s", "t", {"source": "s"}, {"source": "s", "target": "/run/secrets/t"}, {"source": "t", "mode": 0o440}
    ),
    "security_opt": sets("no-new-privileges:true", "a:b"),
    "sysctls": lists("a.b=1", "a.c=2", "a.b=3") | mappings("a.b a.c", "1", 2),
    "tmpfs": strings("/tmp", "/run", "/tmp:size=1m"),
    "ulimits": mappings("nofile nproc", 1, 2, {"soft": 1, "hard": 2}, {"soft": 3, "hard": 5}),
    "user": values("1", "a"),
    "volumes": lists(
        "/a",
        "vol:/a",
        "./x:/a:ro",
        "vol:/b:nocopy",
        "/x:/e/",
        "~/x:/b:rw,z",
        "./y:/c:ro,rshared",
        "C:\\x:/d",
        {"type": "tmpfs", "target": "/a"},
        {"type": "bind", "source": "./z", "target": "/b", "read_only": True},
        {"type": "volume", "source": "vol", "target": "/a", "volume": {"nocopy": True}},
    ),
    "x-own": mappings("a b", 1, None, "c"),
}
TOP = {
    "networks": {"n": None, "m": None},
    "volumes": {"vol": None},
    "secrets": {"s": {"file": "f"}, "t": {"file": "f"}},
    "configs": {"s": {"file": "f"}, "t": {"file": "f"}},
}
FILES = {"a.env": "", "b.env": ""}


def project(services: dict[str, Any]) -> dict[str, Any]:
    return {"services": {"d": {"image": "d"}, "e": {"image": "e"}, **services}, **copy.deepcopy(TOP)}


def compose(*models: Any) -> dict[str, Any]:
    return oracle.config(*models, others=FILES)


def different(found: dict[str, Any], expected: dict[str, Any], drawn: dict[str, Any]) -> dict[str, Any]:
    """Services that differ: what was merged, what we make of it, what Compose makes of it."""
    ours, theirs = found["services"], expected["services"]
    return {
        name: (merged, ours.get(name), theirs.get(name))
        for name, merged in drawn.items()
        if ours.get(name) != theirs.get(name)
    }


@SETTINGS
@given(st.data())
def test_compose_merges_every_key_the_same(data: st.DataObject) -> None:
    count = data.draw(st.sampled_from((1, 2, 2, 3)))
    drawn = {
        f"{key}-{copy_}": [data.draw(found) for _ in range(count)] for key, found in KEYS.items() for copy_ in range(2)
    }
    models = [
        project({name: {"image": "x", name.rpartition("-")[0]: found[place]} for name, found in drawn.items()})
        for place in range(count)
    ]
    before = copy.deepcopy(models)
    expected = compose(*models)
    merged = merge(*models)
    assert models == before
    assert different(compose(merged), expected, drawn) == {}
    assert different(compose(canonical(merged)), expected, drawn) == {}
    assert merge(merged) == merged
    assert canonical(canonical(merged)) == canonical(merged)


@pytest.mark.parametrize(
    ("key", "base", "other", "merged"),
    [
        ("environment", {"A": 1, "B": None}, ["A=2", "C"], ["A=2", "B", "C"]),
        ("environment", ["A=1"], None, ["A=1"]),
        ("command", ["a"], ["b"], ["b"]),
        ("command", ["a"], None, None),
        ("healthcheck", {"test": ["CMD", "a"], "retries": 1}, {"test": "b"}, {"test": "b", "retries": 1}),
        ("cap_drop", ["A"], ["A", "B"], ["A", "B"]),
        ("security_opt", ["a"], ["a", "b"], ["a", "b"]),
        ("dns", "1.1.1.1", ["8.8.8.8"], ["1.1.1.1", "8.8.8.8"]),
        (
            "depends_on",
            ["d"],
            {"d": {"condition": "service_healthy"}},
            {"d": {"condition": "service_healthy", "required": True}},
        ),
        ("networks", ["n"], {"n": {"aliases": ["a"]}}, {"n": {"aliases": ["a"]}}),
        ("build", ".", {"target": "t"}, {"context": ".", "target": "t"}),
        (
            "ports",
            ["80:80"],
            [{"target": 80, "published": "80", "mode": "host"}],
            [{"target": 80, "published": "80", "mode": "host"}],
        ),
        ("ports", ["80:80"], ["127.0.0.1:80:80"], ["80:80", "127.0.0.1:80:80"]),
        ("volumes", ["./a:/x", "./b:/y"], ["vol:/x:ro"], ["vol:/x:ro", "./b:/y"]),
        ("volumes", ["${A:-./a}:/x"], ["vol:/x"], ["vol:/x"]),
        ("gpus", "all", [{"count": 1}], [{"count": "all"}, {"count": 1}]),
        ("secrets", ["s"], [{"source": "s", "mode": 256}], [{"source": "s", "mode": 256}]),
        ("env_file", "a", [{"path": "a", "required": False}, "b"], [{"path": "a", "required": False}, "b"]),
        ("logging", {"driver": "a", "options": {"x": "1"}}, {"driver": "b"}, {"driver": "b"}),
        (
            "logging",
            {"driver": "a", "options": {"x": "1"}},
            {"options": {"y": "2"}},
            {"driver": "a", "options": {"x": "1", "y": "2"}},
        ),
        (
            "ulimits",
            {"nofile": 1, "nproc": {"soft": 1, "hard": 2}},
            {"nofile": {"soft": 3, "hard": 4}, "nproc": {"hard": 5}},
            {"nofile": {"soft": 3, "hard": 4}, "nproc": {"soft": 1, "hard": 5}},
        ),
        ("ports", ["1:1"], Tagged("!override", ["2:2"]), ["2:2"]),
        ("environment", {"A": 1, "B": 2}, {"A": Tagged("!override", 3)}, ["B=2", "A=3"]),
        ("environment", {"A": 1, "B": 2}, {"A": Tagged("!reset", None)}, ["B=2"]),
        ("volumes", ["./a:/x"], [Tagged("!reset", "./a:/x"), "./b:/y"], ["./a:/x", "./b:/y"]),
    ],
)
def test_values_and_the_forms_they_keep(key: str, base: Any, other: Any, merged: Any) -> None:
    found = merge({"services": {"a": {key: base}}}, {"services": {"a": {key: other}}})
    assert found == {"services": {"a": {key: merged}}}


@pytest.mark.parametrize(
    ("base", "other"),
    [
        ({"security_opt": ["a"]}, {"security_opt": "a"}),
        ({"deploy": {}}, {"deploy": []}),
        ({"logging": {}}, {"logging": None}),
        ({"depends_on": ["d"]}, {"depends_on": 1}),
        ({"gpus": [{"count": 1}]}, {"gpus": "all"}),
        ({"gpus": "all"}, {"gpus": "all"}),
    ],
)
def test_compose_refuses_what_is_refused(base: dict[str, Any], other: dict[str, Any]) -> None:
    models = [project({"a": {"image": "x", **service}}) for service in (base, other)]
    with pytest.raises(MergeError, match=r"services\.a\."):
        merge(*models)
    with pytest.raises(oracle.Refused):
        compose(*models)


@pytest.mark.parametrize(
    ("base", "other"),
    [
        (["10.0.0.0/8"], ["10.0.0.0/8"]),
        (["10.0.0.0/8"], ["11.0.0.0/8"]),
        (["10.0.0.0/8", "11.0.0.0/8"], ["11.0.0.0/8"]),
        (["10.0.0.0/8", "11.0.0.0/8"], ["12.0.0.0/8", "10.0.0.0/8"]),
        (["10.0.0.0/8", "11.0.0.0/8"], ["12.0.0.0/8"]),
    ],
)
def test_address_pools(base: list[str], other: list[str]) -> None:
    first = {"networks": {"n": {"ipam": {"config": [{"subnet": subnet, "gateway": "10.0.0.1"} for subnet in base]}}}}
    second = {"networks": {"n": {"ipam": {"config": [{"subnet": subnet, "ip_range": subnet} for subnet in other]}}}}
    services = {"services": {"a": {"image": "x", "networks": ["n"]}}}
    models = [{**services, **first}, {**services, **second}]
    assert compose(merge(*models))["networks"]["n"] == compose(*models)["networks"]["n"]


# -- files as text: tags, merge keys, extends ------------------------------------------------------------------------

STACKS = {
    "reset and override": (
        """
services:
  a: {image: x, ports: ["1:1"], environment: {A: a, B: b}, labels: [l=1], networks: {n: , m: {aliases: [q]}}}
  b: {image: y}
networks: {n: , m: }
""",
        """
services:
  a:
    ports: !override ["2:2"]
    environment: {A: !reset null, C: c}
    labels: !reset []
    networks: {m: !reset null}
    command: [!reset a, b]
  b: !reset null
""",
    ),
    "a tag has no effect inside a list that was merged before": (
        """
services:
  a: {image: x, environment: [A=a, B=b]}
""",
        """
services:
  a: {environment: {A: !reset null}}
""",
    ),
    "reset beside a merge key": (
        """
services:
  a: {image: x, ports: ["1:1"], labels: {l: base}}
""",
        """
x-common: &common
  ports: ["2:2"]
  labels: {l: common}
services:
  a: {<<: *common, ports: !reset null, labels: !override {m: own}}
""",
    ),
    "merge keys": (
        """
x-one: &one {image: one, user: one, restart: always}
x-two: &two {<<: *one, image: two, environment: {A: two, B: two}}
x-list: &list [*two, {user: late, hostname: h}]
services:
  a: {<<: *two, user: own}
  b: {<<: [*one, *two]}
  c: {<<: *list, environment: {A: own}}
  d: *two
  e:
    <<: *two
    environment: {<<: {B: merged, C: merged}, C: own}
""",
    ),
    "timestamps and numbers": (
        """
services:
  a:
    image: x
    environment: {A: 2024-01-01, B: 2001-12-14t21:59:43.10-05:00, C: 1e5, D: 1e21, E: 0440, F: 1.0, G: -1.5e-7, H: 2e20,
      I: 2001-12-14 21:59:43Z, J: .5, L: 0x10, M: 123456789012345678901234567890, N: 1_000, O: 1.25e-5,
      P: 123456.75, Q: 1234567.0, R: -0.0, S: 18446744073709551616, T: -9223372036854775809, U: 1e6, V: 999999.5}
    labels: {l: 2024-1-2, m: 1e-4}
""",
        """
services:
  a: {environment: [Z=z], labels: [z=z]}
""",
    ),
    "extends": (
        """
services:
  a: {extends: b, ports: !override ["3:3"], environment: {A: !reset null, C: c},
      depends_on: {e: {condition: service_healthy}}}
  b: {extends: {service: c}, image: b, container_name: name, environment: {B: b}, links: [e],
      volumes: ["./x:/x", "vol:/y"], healthcheck: {disable: true}, labels: !override [l=b]}
  c: {image: c, ports: ["1:1"], environment: {A: c}, depends_on: [d], volumes: ["./c:/x:ro"], labels: [l=c, m=c],
      command: c, profiles: [p], networks: [n], volumes_from: [d]}
  d: {image: d}
  e: {image: e}
networks: {n: }
volumes: {vol: }
""",
    ),
    "extends over an earlier file": (
        """
services:
  a: {image: x, ports: ["9:9"], labels: [l=9], environment: {A: a}}
""",
        """
services:
  b: {image: y, ports: !override ["1:1"], labels: [l=1], environment: [B=b]}
  a: {extends: b, labels: !override [m=2]}
""",
    ),
}


def resolved(text: str) -> dict[str, Any]:
    """One file as a layer: merge keys, then extends within the file."""
    model = flatten(all_data(load(text.encode()))[0])
    services = model["services"]

    def service(name: str) -> Any:
        own = services[name]
        if not isinstance(own, dict) or "extends" not in own:
            return own
        base = own["extends"]
        return extend(service(base if isinstance(base, str) else base["service"]), own)

    return {**model, "services": {name: service(name) for name in services}}


@pytest.mark.parametrize("name", STACKS)
def test_compose_loads_the_same(name: str) -> None:
    expected = compose(*STACKS[name])
    merged = merge(*map(resolved, STACKS[name]))
    if name == "timestamps and numbers":  # the oracle is given JSON, where these would be other values
        merged = canonical(merged)
    assert compose({key: value for key, value in merged.items() if not key.startswith("x-")}) == {
        key: value for key, value in expected.items() if not key.startswith("x-")
    }


def test_extend_keeps_tags_for_earlier_files_and_drops_those_of_the_base() -> None:
    base = {"a": Tagged("!override", [1]), "b": Tagged("!reset", None), "c": {"d": 1}, "extends": "z"}
    own = {"c": {"d": Tagged("!reset", None), "e": Tagged("!override", 2)}, "f": Tagged("!custom", 3), "extends": "b"}
    assert extend(base, own) == {"a": [1], "f": 3, "c": {"d": Tagged("!reset", None), "e": Tagged("!override", 2)}}


def test_flatten_keeps_order_and_sharing() -> None:
    base = {"a": [1], "b": 2}
    data = {"x": base, "y": {"c": 3, "<<": base, "b": 4}, "z": {"<<": [base, {"a": 9, "d": 5}]}}
    flat = flatten(data)
    assert flat == {"x": base, "y": {"c": 3, "a": [1], "b": 4}, "z": {"a": [1], "b": 2, "d": 5}}
    assert list(flat["y"]) == ["c", "a", "b"]
    assert flat["y"]["a"] is flat["x"]["a"]


@pytest.mark.parametrize("wrong", [None, 1, "a", ["a"], [[]]])
def test_flatten_refuses_what_is_no_mapping(wrong: Any) -> None:
    with pytest.raises(MergeError, match="<<") as caught:
        flatten({"services": {"a": {"<<": wrong}}})
    assert caught.value.path == ("services", "a")


def test_flatten_visits_shared_parts_once() -> None:
    value: Any = {"a": 1}
    for _ in range(60):
        value = {"<<": [value, value], "b": [value, value]}
    start = time.perf_counter()
    flatten(value)
    assert time.perf_counter() - start < 1


def test_untagged() -> None:
    data = {"a": Tagged("!reset", 1), "b": [Tagged("!reset", 1), Tagged("!override", {"c": Tagged("!x", 2)})]}
    assert untagged(data) == {"b": [{"c": 2}]}


# -- canonical forms -------------------------------------------------------------------------------------------------


PORTS = [
    "80",
    "80/udp",
    "80/",
    "8080:80",
    "8080:80/TCP",
    "0:80",
    "1.2.3.4:8080:80",
    "1.2.3.4::80",
    "[::1]:8080:80",
    "::1:8080:80",
    "80-82",
    "8080-8082:80-82",
    "8080-8090:80",
    ":80",
    "9-11",
    "08080:080",
    "80:80-80",
]
NO_PORTS = [
    "80/tcp/x",
    "8080-8081:80-82",
    "82-80",
    "65536",
    "80:",
    "a:80",
    "8080:80/x",
    "",
    "1.2.3:8080:80",
    "localhost:80:80",
    "-1",
    "80:80:80:80",
    "1.2.3.4:80",
    "fe80::1%e:80:80",
]
VOLUMES = [
    "/a",
    "/",
    "a",
    "vol:/a",
    "./a:/b",
    "/a:/b:ro",
    "~:/a",
    "../a:/b/",
    "vol:/a:ro,nocopy",
    "/a:/b:z,rslave",
    "/a:/b:Z",
    "C:\\a:/b",
    "C:/a:D:/b:ro",
    "\\\\.\\pipe\\x:/y",
    "vol:/a//b/../c",
    "/a:/b:rw,ro",
    "c:/a",
    "//x:/a",
    "vol:/a:unknown",
    "/a:b:c",
]
NO_VOLUMES = ["", "aa:bb:cc:dd", "vol:", ":/a", "vol::ro"]


def services_with(key: str, items: list[Any]) -> dict[str, Any]:
    return {f"s{number}": {"image": "x", key: [item]} for number, item in enumerate(items)}


def volumes_of(items: list[Any]) -> list[dict[str, Any]]:
    model = {"services": services_with("volumes", items), "volumes": dict.fromkeys(("vol", "a", "c"))}
    found = compose(model)["services"]
    return [found[f"s{number}"]["volumes"][0] for number in range(len(items))]


def test_ports() -> None:
    found = compose({"services": services_with("ports", PORTS)})["services"]
    assert {text: parse_port(text) for text in PORTS} == {
        text: found[f"s{number}"]["ports"] for number, text in enumerate(PORTS)
    }


def test_volumes() -> None:
    parsed = [parse_volume(text) for text in VOLUMES]
    expected = volumes_of(VOLUMES)
    assert volumes_of(parsed) == expected
    shown = ("type", "source", "target", "read_only")
    assert [{key: volume and volume.get(key) for key in shown} for volume in parsed] == [
        {key: volume.get(key) for key in shown} for volume in expected
    ]


@pytest.mark.parametrize(
    ("key", "text"), [*(("ports", text) for text in NO_PORTS), *(("volumes", text) for text in NO_VOLUMES)]
)
def test_short_forms_that_compose_refuses(key: str, text: str) -> None:
    assert (parse_port(text) if key == "ports" else parse_volume(text)) is None
    service = {"image": "x", key: [text]}
    with pytest.raises(oracle.Refused):
        compose({"services": {"a": service}})
    assert canonical({"services": {"a": service}}) == {"services": {"a": service}}


def test_what_a_variable_decides_stays_as_it_is() -> None:
    service = {
        "volumes": ["${A:-./a}:/x", "vol:${B}:ro"],
        "ports": ["${P:-80}:80"],
        "devices": ["${D}"],
        "depends_on": ["$DB"],
        "networks": ["${N}"],
        "labels": ["${K}=v"],
        "extra_hosts": ["$H:1.1.1.1"],
    }
    long = {"type": "volume", "source": "vol", "target": "${B}", "volume": {}, "read_only": True}
    assert canonical({"services": {"a": service}}) == {
        "services": {"a": {**service, "volumes": ["${A:-./a}:/x", long]}}
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<nil>"),
        (True, "true"),
        (12, "12"),
        (1.0, "1"),
        (1e5, "100000"),
        (1e6, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (123456.5, "123456.5"),
        (-0.0, "-0"),
        (2**64, "1.8446744073709552e+19"),
        (2**64 - 1, "18446744073709551615"),
        (1e-4, "0.0001"),
        (1.5e-5, "1.5e-05"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (Timestamp("2024-01-01"), "2024-01-01 00:00:00 +0000 UTC"),
        ("x", "x"),
    ],
)
def test_text_of(value: Any, text: str) -> None:
    assert text_of(value) == text


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(Tagged, st.sampled_from(("!reset", "!override", "!x")), inner)
    ),
    max_leaves=6,
)
services_of_junk = st.fixed_dictionaries(
    {
        "services": junk
        | st.dictionaries(
            st.sampled_from("ab"), junk | st.dictionaries(st.sampled_from(sorted(KEYS)), junk, max_size=4)
        )
    }
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(services_of_junk, services_of_junk)
def test_anything_merges_or_is_refused(base: dict[str, Any], other: dict[str, Any]) -> None:
    try:
        merged = merge(base, other)
    except MergeError:
        merged = merge(base)
    canonical(merged)
    if all(
        isinstance(model["services"], dict) and isinstance(model["services"].get("a"), dict) for model in (base, other)
    ):
        with contextlib.suppress(MergeError):
            extend(base["services"]["a"], other["services"]["a"])
