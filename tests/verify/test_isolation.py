"""What is run of a stack: nothing that could touch this machine or reach another one is left in it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from composeharden.verify.allowed import Allowed, Patience
from composeharden.verify.hostfiles import _has_only_files, _mount_points
from composeharden.verify.isolation import Isolation, needs, seconds

LABELS = {"dev.composeharden.run": "composeharden-0"}
IMAGE: dict[str, Any] = {"Id": "sha256:0", "Config": {}}
NETWORK = {
    "internal": True,
    "driver": "bridge",
    "driver_opts": {"com.docker.network.bridge.inhibit_ipv4": "true"},
    "enable_ipv6": False,
    "labels": LABELS,
}


def isolation(
    folder: Path,
    services: Mapping[str, Any],
    allowed: Allowed | None = None,
    top: Mapping[str, Any] | None = None,
    **more: Any,
) -> Isolation:
    """A stack of these services, whose images are all there, and of other sections."""
    model = {"name": "shop", "services": services, **(top or {})}
    images = {name: more.pop(name, IMAGE) for name in services}
    return Isolation(model, os.fspath(folder), allowed or Allowed(), Patience(), images, **more)


def applied(found: Isolation) -> dict[str, Any]:
    volumes = {one.source: f"own-{place}" for place, one in enumerate(found.files.values())}
    for body in found.model["services"].values():
        volumes |= {m["source"]: "own" for m in body.get("volumes", ()) if m["type"] == "volume" and m.get("source")}
    files = {one.source: "/copy" for one in found.files.values()}
    return found.apply(found.model, {"labels": LABELS, "volumes": volumes, "files": files})


def one(folder: Path, body: Mapping[str, Any], allowed: Allowed | None = None) -> dict[str, Any]:
    """The service as it is run."""
    found = isolation(folder, {"app": {"image": "app:1", **body}}, allowed)
    assert found.left_out == {}
    service: dict[str, Any] = applied(found)["services"]["app"]
    return service


def test_how_its_program_runs_stays(tmp_path: Path) -> None:
    body = {
        "command": ["serve", "--cost=$$5"],
        "entrypoint": ["/init"],
        "environment": {"A": "1"},
        "user": "999:999",
        "read_only": True,
        "tmpfs": ["/tmp:size=64m"],
        "cap_drop": ["ALL"],
        "cap_add": ["SETUID", "NET_ADMIN"],
        "security_opt": ["no-new-privileges:true"],
        "stop_signal": "SIGQUIT",
        "stop_grace_period": "1m0s",
        "init": True,
        "restart": "always",
        "hostname": "mq",
        "sysctls": {"net.core.somaxconn": "1024"},
        "working_dir": "/srv",
    }
    service = one(tmp_path, body)
    assert {key: service[key] for key in body} == body


@pytest.mark.parametrize(
    "key",
    [
        {"ports": [{"target": 80, "published": "8080"}]},
        {"container_name": "shop"},
        {"labels": {"traefik.enable": "true"}},
        {"logging": {"driver": "syslog"}},
        {"post_start": [{"command": ["touch", "/x"]}]},
        {"pre_stop": [{"command": ["touch", "/x"]}]},
        {"deploy": {"replicas": 3}},
        {"cgroup_parent": "/other"},
        {"build": {"context": "."}},
        {"env_file": [".env"]},
        {"develop": {"watch": []}},
        {"mac_address": "02:42:ac:11:00:02"},
        {"dns": ["192.0.2.9"]},
        {"some_key_of_tomorrow": True},
    ],
    ids=lambda key: next(iter(key)),
)
def test_what_points_elsewhere_goes(key: dict[str, Any], tmp_path: Path) -> None:
    plain, service = one(tmp_path, {}), one(tmp_path, key)
    service["networks"] = plain["networks"]  # container_name becomes an alias
    assert service == plain


def test_a_container_name_is_still_a_name_for_the_others(tmp_path: Path) -> None:
    service = one(
        tmp_path, {"container_name": "shop-db", "networks": {"back": {"aliases": ["db"], "ipv4_address": "x"}}}
    )
    assert service["networks"] == {"back": {"aliases": ["db", "shop-db"]}}


def test_networks_are_new_and_lead_nowhere(tmp_path: Path) -> None:
    services = {
        "a": {
            "image": "a",
            "networks": {"front": None},
            "extra_hosts": ["host.docker.internal=host-gateway", "x=1.2.3.4"],
        },
        "b": {"image": "b"},
        "c": {"image": "c", "network_mode": "none"},
        "d": {"image": "d", "network_mode": "service:a"},
    }
    model = applied(isolation(tmp_path, services))
    assert model["networks"] == {"default": NETWORK, "front": NETWORK}
    assert model["services"]["a"]["extra_hosts"] == ["x=1.2.3.4"]
    assert model["services"]["a"]["dns"] == ["127.0.0.1"]
    assert model["services"]["c"]["network_mode"] == "none"
    assert model["services"]["d"]["network_mode"] == "service:a"
    allowed = applied(isolation(tmp_path, services, Allowed(network=True)))
    assert allowed["networks"] == {"default": {"labels": LABELS}, "front": {"labels": LABELS}}


@pytest.mark.parametrize(
    "settings",
    [
        {"net.ipv6.conf.all.disable_ipv6": "0", "net.core.somaxconn": "99"},
        {"net/ipv6/conf/eth0/disable_ipv6": "0", "net.core.somaxconn": "99"},
        ["net.ipv6.conf.default.disable_ipv6=0", "net.core.somaxconn=99"],
    ],
)
def test_ipv6_is_not_switched_on_where_it_would_reach_this_machine(settings: Any, tmp_path: Path) -> None:
    assert one(tmp_path, {"sysctls": settings})["sysctls"] == {"net.core.somaxconn": "99"}
    assert one(tmp_path, {"sysctls": settings}, Allowed(network=True))["sysctls"] == settings
    assert "sysctls" not in one(tmp_path, {"sysctls": {"net.ipv6.conf.all.disable_ipv6": "0"}})


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"privileged": True}, "it is privileged"),
        ({"network_mode": "host"}, "it uses the host's network"),
        ({"pid": "host"}, "it shares the host's processes"),
        ({"ipc": "host"}, "it shares the host's shared memory"),
        ({"devices": [{"source": "/dev/fuse", "target": "/dev/fuse"}]}, "it uses devices"),
        ({"gpus": [{"count": -1}]}, "it uses devices"),
        ({"cap_add": ["CAP_SYS_ADMIN"]}, "it has the capability SYS_ADMIN"),
        ({"cap_add": ["all"]}, "it has the capability ALL"),
        ({"security_opt": ["seccomp=unconfined"]}, "it switches a security profile off"),
        ({"security_opt": ["label=disable"]}, "it switches a security profile off"),
        ({"security_opt": ["label=type:spc_t"]}, "it has a security profile of its own"),
        ({"security_opt": ["seccomp:./open.json"]}, "it has a security profile of its own"),
        ({"runtime": "nvidia"}, "it uses the runtime nvidia"),
        ({"volumes": [{"type": "bind", "source": "/", "target": "/host"}]}, "/ is part of this machine"),
        ({"volumes": [{"type": "bind", "source": "/proc/sys", "target": "/x"}]}, "/proc/sys is part of this machine"),
        ({"volumes": [{"type": "bind", "source": "/dev/null", "target": "/x"}]}, "/dev/null is part of this machine"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_kept_apart_is_not_run(key: dict[str, Any], reason: str, tmp_path: Path) -> None:
    services = {"app": {"image": "app", **key}, "web": {"image": "web", "depends_on": {"app": {"required": True}}}}
    found = isolation(tmp_path, services)
    assert found.left_out["app"].startswith(reason)
    assert found.left_out["web"] == "it needs app, which is not run"
    allowed = isolation(tmp_path, services, Allowed(host_access=True))
    assert allowed.left_out == {}
    (told,) = allowed.host_access
    assert told.startswith(f"app: {reason}")


def test_the_usual_profiles_and_runtimes_are_no_reason(tmp_path: Path) -> None:
    usual = {"security_opt": ["apparmor=docker-default", "seccomp=builtin", "no-new-privileges"], "runtime": "runc"}
    assert one(tmp_path, usual)["runtime"] == "runc"


def test_what_is_allowed_of_the_host_is_used(tmp_path: Path) -> None:
    keys = {"userns_mode": "host", "uts": "host", "cgroup": "host", "pid": "host"}
    service = one(tmp_path, keys, Allowed(host_access=True))
    assert {key: service[key] for key in keys} == keys


def test_other_containers_take_it_for_nobody(tmp_path: Path) -> None:
    labels = {"traefik.http.routers.shop.rule": "Host(`shop.example`)", "com.docker.compose.project": "shop"}
    image = {"Id": "x", "Config": {"Labels": labels}}
    service = applied(isolation(tmp_path, {"app": {"image": "app"}}, app=image))["services"]["app"]
    assert service["labels"]["traefik.http.routers.shop.rule"] == ""
    assert service["labels"]["traefik.enable"] == "false"
    assert "com.docker.compose.project" not in service["labels"]
    assert service["labels"] | LABELS == service["labels"]


def test_no_proxy_takes_its_variables_for_a_route(tmp_path: Path) -> None:
    routes = {"VIRTUAL_HOST": "shop.example", "LETSENCRYPT_HOST": "shop.example"}
    assert "environment" not in one(tmp_path, {"environment": routes})
    kept = {"VIRTUAL_PORT": "80", "A": None}
    assert one(tmp_path, {"environment": {**routes, **kept}})["environment"] == kept


def test_a_copied_folder_and_a_volume_of_any_name_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mounts = [
        {"type": "bind", "source": f"{tmp_path}/data", "target": "/data"},
        {"type": "volume", "source": "host-0", "target": "/db", "volume": {}},
    ]
    model = applied(isolation(tmp_path, {"app": {"image": "app", "volumes": mounts}}))
    names = [model["volumes"][mount["source"]]["name"] for mount in model["services"]["app"]["volumes"]]
    assert names == ["own-0", "own"]


@pytest.mark.parametrize(
    "key",
    [
        {"provider": {"type": "cloud"}},
        {"network_mode": "container:other"},
        {"volumes_from": ["container:other"]},
        {"pid": "container:other"},
        {"ipc": "container:other"},
        {"use_api_socket": True},
        {"models": {"llm": {}}},
    ],
    ids=lambda key: next(iter(key)),
)
def test_some_things_are_never_run(key: dict[str, Any], tmp_path: Path) -> None:
    every = Allowed(network=True, host_access=True, pull=True, build=True)
    assert "app" in isolation(tmp_path, {"app": {"image": "app", **key}}, every).left_out


def test_a_socket_is_of_this_machine(tmp_path: Path) -> None:
    place = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(os.fspath(place))
        mount = {"type": "bind", "source": os.fspath(place), "target": "/x", "read_only": True}
        found = isolation(tmp_path, {"app": {"image": "app", "volumes": [mount]}})
    assert "is a socket of this machine" in found.left_out["app"]


@pytest.mark.parametrize("section", ["secrets", "configs"])
@pytest.mark.parametrize("source", ["socket", "/etc", "/dev/null"])
def test_a_secret_or_config_is_no_way_to_the_host(section: str, source: str, tmp_path: Path) -> None:
    place = os.fspath(tmp_path / "engine.sock") if source == "socket" else source
    services = {"app": {"image": "app", section: [{"source": "key", "target": "/x"}]}, "web": {"image": "web"}}
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(os.fspath(tmp_path / "engine.sock"))
        found = isolation(tmp_path, services, top={section: {"key": {"name": "shop_key", "file": place}}})
    assert "it cannot be kept apart (--allow-host-access)" in found.left_out["app"]
    assert "/x" not in str(applied(found))
    assert section not in applied(found), "what nobody uses is not mentioned either"


@pytest.mark.parametrize("section", ["secrets", "configs"])
def test_the_file_of_a_secret_or_config_is_copied(section: str, tmp_path: Path) -> None:
    (tmp_path / "a$b").write_text("x")
    services = {"app": {"image": "app", section: [{"source": "key", "target": "/x"}]}}
    top = {section: {"key": {"name": "shop_key", "file": f"{tmp_path}/a$$b"}, "other": {"file": "/etc"}}}
    found = isolation(tmp_path, services, top=top)
    assert {one.source: one.treatment for one in found.files.values()} == {f"{tmp_path}/a$b": "file"}
    assert applied(found)[section] == {"key": {"file": "/copy"}}
    (tmp_path / "a$b").unlink()
    gone = isolation(tmp_path, services, Allowed(host_access=True), top=top)
    assert gone.left_out["app"].endswith("a$b, which it gets as a secret or config, is not there")


def test_a_secret_without_a_file_stays_what_it_is(tmp_path: Path) -> None:
    services = {"app": {"image": "app", "secrets": [{"source": "key"}], "configs": [{"source": "text"}]}}
    top = {"secrets": {"key": {"environment": "KEY"}}, "configs": {"text": {"name": "t", "content": "x"}}}
    model = applied(isolation(tmp_path, services, top=top))
    assert (model["secrets"], model["configs"]) == ({"key": {"environment": "KEY"}}, {"text": {"content": "x"}})


def test_a_variable_of_the_project_never_becomes_one_of_the_program_that_runs_it(tmp_path: Path) -> None:
    services = {"app": {"image": "app", "secrets": [{"source": "key"}]}}
    top = {"secrets": {"key": {"environment": "DOCKER_HOST"}}}
    found = isolation(tmp_path, services, top=top, variables={"DOCKER_HOST": "tcp://203.0.113.1"})
    (name,) = found.granted_variables
    assert applied(found)["secrets"] == {"key": {"environment": name}}
    assert name.startswith("COMPOSEHARDEN_")


def test_files_are_copied_and_volumes_are_new(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "conf").write_text("x")
    mounts = [
        {"type": "bind", "source": f"{tmp_path}/data", "target": "/data"},
        {"type": "bind", "source": f"{tmp_path}/conf", "target": "/conf", "read_only": True},
        {"type": "bind", "source": f"{tmp_path}/nothing", "target": "/new"},
        {"type": "volume", "source": "db", "target": "/db", "volume": {}},
        {"type": "volume", "target": "/anonymous", "volume": {}},
        {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1000"}},
    ]
    found = isolation(tmp_path, {"app": {"image": "app", "volumes": mounts}})
    model = applied(found)
    assert {one.source: one.treatment for one in found.files.values()} == {
        f"{tmp_path}/data": "copy",
        f"{tmp_path}/conf": "file",
        f"{tmp_path}/nothing": "empty",
    }
    kinds = [(mount["type"], mount["target"]) for mount in model["services"]["app"]["volumes"]]
    assert kinds == [
        ("volume", "/data"),
        ("bind", "/conf"),
        ("volume", "/new"),
        ("volume", "/db"),
        ("volume", "/anonymous"),
        ("tmpfs", "/t"),
    ]
    assert model["services"]["app"]["volumes"][1]["source"] == "/copy"
    assert all(row["external"] for row in model["volumes"].values())
    assert not any(os.fspath(tmp_path) in str(value) for value in model.values())


def test_a_large_folder_starts_empty_or_is_mounted_read_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "large").write_bytes(b"x" * 3000)
    small = Allowed(copy_bytes=2000)
    mount = {"type": "bind", "source": f"{tmp_path}/data", "target": "/data"}
    found = isolation(tmp_path, {"app": {"image": "app", "volumes": [mount]}}, small)
    assert [one.treatment for one in found.files.values()] == ["empty"]
    assert any("starts empty" in note for note in found.notes)
    kept = isolation(tmp_path, {"app": {"image": "app", "volumes": [{**mount, "read_only": True}]}}, small)
    (own,) = applied(kept)["services"]["app"]["volumes"]
    assert (own["type"], own["read_only"], own["source"]) == ("bind", True, f"{tmp_path}/data")
    elsewhere = isolation(
        tmp_path / "data", {"app": {"image": "app", "volumes": [{**mount, "read_only": True}]}}, small
    )
    assert [one.treatment for one in elsewhere.files.values()] == ["as-it-is"]
    (tmp_path / "project").mkdir()
    outside = isolation(
        tmp_path / "project", {"app": {"image": "app", "volumes": [{**mount, "read_only": True}]}}, small
    )
    assert [one.treatment for one in outside.files.values()] == ["empty"]


def test_a_large_folder_with_a_socket_in_it_is_not_mounted(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "large").write_bytes(b"x" * 3000)
    mount = {"type": "bind", "source": f"{tmp_path}/data", "target": "/data", "read_only": True}
    services = {"app": {"image": "app", "volumes": [mount]}}
    found = isolation(tmp_path, services, Allowed(copy_bytes=2000))
    assert [one.treatment for one in found.files.values()] == ["as-it-is"]
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(os.fspath(tmp_path / "data" / "deep" / "s"))
        found = isolation(tmp_path, services, Allowed(copy_bytes=2000))
    assert [one.treatment for one in found.files.values()] == ["empty"]


def test_a_folder_with_another_one_mounted_in_it_is_not_mounted_as_it_is() -> None:
    place = next(one for one in _mount_points() if one.count("/") > 1)
    assert not _has_only_files(os.path.dirname(place))


@pytest.mark.parametrize(("scale", "told"), [(0, "none"), (3, "several"), (1, "")])
def test_another_number_of_containers_is_told(scale: int, told: str, tmp_path: Path) -> None:
    for body in ({"scale": scale}, {"deploy": {"replicas": scale}}, {"scale": scale, "deploy": {"replicas": scale}}):
        notes = isolation(tmp_path, {"app": {"image": "app", **body}}).notes
        assert notes == ([f"app: one container instead of {told}"] if told else [])


def test_every_container_is_bounded(tmp_path: Path) -> None:
    service = one(tmp_path, {}, Allowed(memory=1000, processes=50))
    assert (service["mem_limit"], service["pids_limit"]) == ("1000", 50)
    tighter = {"deploy": {"resources": {"limits": {"memory": "500", "pids": 10, "cpus": 0.25}}}}
    service = one(tmp_path, tighter, Allowed(memory=1000, processes=50))
    assert (service["mem_limit"], service["pids_limit"], service["cpus"]) == ("500", 10, 0.25)
    looser = {"mem_limit": "1g", "pids_limit": -1}
    service = one(tmp_path, looser, Allowed(memory=1000, processes=50))
    assert (service["mem_limit"], service["pids_limit"]) == ("1000", 50)


def test_health_checks_are_run_more_often_with_as_much_patience(tmp_path: Path) -> None:
    probe = {"test": ["CMD", "true"], "interval": "1m0s", "retries": 2, "start_period": "30s"}
    service = one(tmp_path, {"healthcheck": probe})
    assert service["healthcheck"] == {**probe, "interval": "5.0s", "retries": 24}
    assert "healthcheck" not in one(tmp_path, {})
    assert one(tmp_path, {"healthcheck": {"disable": True}})["healthcheck"] == {"disable": True}
    own: dict[str, Any] = {"Id": "x", "Config": {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 10**10}}}
    found = isolation(tmp_path, {"app": {"image": "app"}}, app=own)
    assert applied(found)["services"]["app"]["healthcheck"] == {"interval": "5.0s", "retries": 6}


def test_images_are_never_fetched_by_the_way(tmp_path: Path) -> None:
    found = isolation(tmp_path, {"a": {"image": "a"}, "b": {"build": {"context": "."}}}, a=None, b=None)
    assert "--pull" in found.left_out["a"]
    assert "--build" in found.left_out["b"]
    remote = isolation(tmp_path, {"b": {"build": {"context": "https://example.com/x.git"}}}, b=None)
    assert "never built" in remote.left_out["b"]
    assert one(tmp_path, {"pull_policy": "always"})["pull_policy"] == "never"


def test_only_what_is_asked_for_and_what_it_needs(tmp_path: Path) -> None:
    services = {"web": {"image": "w", "depends_on": {"db": {}}}, "db": {"image": "d"}, "other": {"image": "o"}}
    found = isolation(tmp_path, services, wanted=frozenset(("web",)))
    assert (found.services, found.left_out) == (["web", "db"], {"other": "not asked for"})
    assert needs({"depends_on": {"a": {"required": False}}, "links": ["b:x"], "pid": "service:c"}) == ["c", "b"]


def test_durations() -> None:
    assert [seconds(one) for one in ("1m30s", "500ms", "2h", None, "1.5s")] == [90, 0.5, 7200, 0, 1.5]
