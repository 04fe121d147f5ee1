"""Ports and files of the host, as the passes see them."""

from __future__ import annotations

import pytest

from composeharden.compose.binds import binds
from composeharden.compose.load import build
from composeharden.compose.ports import Port, published
from composeharden.compose.project import Service
from composeharden.host_paths import of_bind
from composeharden.yaml.source import load


def service(lines: str, rest: str = "", **variables: str) -> Service:
    text = f"services:\n  app:\n    image: example/app:1\n    {lines}\n{rest}"
    return build("compose.yaml", load(text.encode()), variables).services["app"]


def port(lines: str, rest: str = "", **variables: str) -> Port:
    (found,) = published(service(lines, rest, **variables))
    return found


@pytest.mark.parametrize(
    ("written", "host_ip", "outer", "inner"),
    [
        ("'80'", "", [], [80]), ("8080:80", "", [8080], [80]), ("'127.0.0.1:8080:80'", "127.0.0.1", [8080], [80]),
        ("'[::1]:8080:80/udp'", "::1", [8080], [80]), ("'127.0.0.1::80'", "127.0.0.1", [], [80]),
        ("'0.0.0.0:8080:80'", "", [8080], [80]), ("'[::]:8080:80'", "", [8080], [80]),
        ("'3000-3002:4000-4002'", "", [3000, 3001, 3002], [4000, 4001, 4002]),
        ("{target: 80, published: '8080', host_ip: 127.0.0.1}", "127.0.0.1", [8080], [80]), ("80", "", [], [80]),
        ("'${ADDRESS}:8080:80'", None, [8080], [80]), ("'${ADDRESS:-127.0.0.1}:8080:80'", "127.0.0.1", [8080], [80]),
        ("'${PORT}:80'", "", [], [80]), ("nonsense", "", [], []),
    ],
)  # fmt: skip
def test_port(written: str, host_ip: str | None, outer: list[int], inner: list[int]) -> None:
    found = port(f"ports: [{written}]")
    assert (found.host_ip, list(found.published), list(found.target)) == (host_ip, outer, inner)


def test_a_variable_of_the_env_file_counts() -> None:
    assert port("ports: ['${ADDRESS}:80:80']", ADDRESS="127.0.0.1").loopback


def test_the_address_of_the_network_is_the_default() -> None:
    options = "driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}"
    assert port("ports: ['80:80']", f"networks: {{default: {{{options}}}}}").loopback
    assert port("ports: ['0.0.0.0:80:80']\n    networks: [a, b]", f"networks: {{a: {{{options}}}, b: }}").everywhere


@pytest.mark.parametrize("lines", ["network_mode: host", "network_mode: none", "networks: [back]"])
def test_nothing_is_published(lines: str) -> None:
    assert published(service(f"ports: ['80:80']\n    {lines}", "networks: {back: {internal: true}}")) == []


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("'/var/run/x:/x'", "/run/x"), ("'//etc/x:/x'", "/etc/x"), ("'/etc/:/x'", "/etc"), ("'./data:/x'", "./data"),
        ("'.:/x'", "."), ("'../a/..:/x'", ".."), ("'~/.ssh:/x'", "~/.ssh"), ("'${HOME}/.ssh:/x'", "~/.ssh"),
        ("'$PWD:/x'", "."), ("'${DATA}/etc:/x'", "${DATA}/etc"), ("'${DATA:-/etc}:/x'", "/etc"),
        ("'C:\\\\Users:/x'", "C:/Users"), ("{type: bind, source: /a/../etc, target: /x}", "/etc"),
    ],
)  # fmt: skip
def test_bind(written: str, path: str) -> None:
    written = written.replace("\\\\", "\\")
    (found,) = binds(service(f"volumes: [{written}]"))
    assert found.path == path


def test_a_named_volume_that_is_a_bind_mount() -> None:
    volumes = "volumes: {data: {driver_opts: {type: none, o: 'bind,ro', device: /etc}}}"
    assert [found.path for found in binds(service("volumes: ['data:/x']", volumes))] == ["/etc"]
    assert binds(service("volumes: ['data:/x', /y]", "volumes: {data: }")) == []


@pytest.mark.parametrize(
    ("path", "writable", "read_only"),
    [
        ("/", "critical", "high"), ("/etc", "high", "high"), ("/etc/shadow", "high", "high"), ("/proc", "high", "low"),
        ("/etc/passwd", "high", "None"), ("/etc/localtime", "info", "None"), ("/etc/app", "low", "None"),
        ("/sys/fs/cgroup", "medium", "low"), ("/dev", "high", "high"), ("/dev/sda1", "high", "medium"),
        ("/dev/null", "None", "None"), ("/home", "high", "medium"), ("/home/ada", "high", "medium"),
        ("/home/ada/data", "None", "None"), ("/home/ada/.aws", "high", "medium"), ("./.aws", "None", "None"),
        ("./.ssh", "high", "medium"), ("/var/lib/docker", "high", "medium"), ("/var/lib/app", "None", "None"),
        ("/var/lib/docker/volumes/data/_data", "None", "None"), ("/usr/share/zoneinfo", "None", "None"),
        ("/usr/bin", "high", "None"), ("/opt/app", "None", "None"), ("C:/", "high", "high"),
        ("C:/data", "None", "None"),
        ("/etcetera", "None", "None"), ("/rooted", "None", "None"),
    ],
)  # fmt: skip
def test_host_path(path: str, writable: str, read_only: str) -> None:
    found = [of_bind(path, False), of_bind(path, True)]
    assert [str(hazard.severity) if hazard else "None" for hazard in found] == [writable, read_only]
