"""Decisions that look at several settings of a service at once; most were seen to break a container on an engine."""

from __future__ import annotations

from textwrap import dedent

import pytest

from composeharden.compose.load import build
from composeharden.compose.memory import as_bytes
from composeharden.outcome import Confidence
from composeharden.posture import Posture, decide
from composeharden.start_order import probe_programs
from composeharden.yaml.source import load


def posture(service: str, **variables: str) -> Posture:
    """The posture of a service `it`, given as the text of its keys."""
    text = "services:\n  it:\n" + "".join(f"    {line}\n" for line in dedent(service).strip().splitlines())
    return decide(build("compose.yaml", load(text.encode()), variables).services["it"])


def paths(one: Posture) -> list[str]:
    return [row.path for row in one.writable]


class TestInit:
    def test_init_stays_root_and_must_signal_a_service_that_stepped_down(self) -> None:
        assert "KILL" in posture("image: redis:7\ninit: true\nvolumes: ['./data:/data']").capabilities

    def test_also_where_nothing_is_known_of_the_image(self) -> None:
        assert "KILL" in posture("image: example/app\ninit: true").capabilities

    @pytest.mark.parametrize(
        "text",
        [
            "image: redis:7",
            "image: redis:7\ninit: true\nuser: '999:999'",
            "image: traefik:3.3\ninit: true",
            "image: redis:7\ninit: false",
        ],
    )
    def test_nothing_is_added_where_init_and_service_are_one_user_or_there_is_no_init(self, text: str) -> None:
        assert "KILL" not in posture(text).capabilities


class TestForeignFiles:
    @pytest.mark.parametrize("source", ["/var/run/docker.sock", "/etc/localtime", "/dev/ttyUSB0"])
    def test_what_is_the_hosts_own_is_never_taken_over(self, source: str) -> None:
        found = posture(f"image: traefik:3.3\nvolumes: ['{source}:{source}']").capabilities
        assert not {"CHOWN", "FOWNER"} & found.keys()

    def test_a_folder_may_belong_to_somebody_else(self) -> None:
        found = posture("image: traefik:3.3\nvolumes: ['./letsencrypt:/letsencrypt']").capabilities
        assert {"CHOWN", "DAC_OVERRIDE", "FOWNER"} <= found.keys()


class TestUser:
    def test_a_lone_colon_is_root_whatever_the_image_says(self) -> None:
        assert posture("image: prom/prometheus:v2.53.0\nuser: '${UID}:${GID}'").runs_as_root

    def test_variables_with_values_are_used(self) -> None:
        assert not posture("image: redis:7\nuser: '${UID}:${GID}'", UID="999", GID="999").runs_as_root


class TestTmpfsOrder:
    """Docker mounts by depth of the path as written, tmpfs last: /var/run would hide a volume on /run/php."""

    def test_a_volume_below_gets_the_tmpfs_spelled_one_level_higher(self) -> None:
        found = paths(posture("image: nginx:1.28\nvolumes: ['socket:/run/php']"))
        assert "/run" in found
        assert "/var/run" not in found

    @pytest.mark.parametrize("target", ["/var/run/php", "/run/php/fpm", "/srv"])
    def test_a_deeper_mount_is_no_reason(self, target: str) -> None:
        assert "/var/run" in paths(posture(f"image: nginx:1.28\nvolumes: ['socket:{target}']"))

    def test_the_mounts_of_another_container_are_not_known(self) -> None:
        found = posture("image: nginx:1.28\nvolumes_from: [app]")
        assert found.confidence("read-only", Confidence.PROVEN) is Confidence.ASSUMED


class TestMemory:
    @pytest.mark.parametrize(
        "limit", ["mem_limit: 64m", "mem_limit: 67108864", "deploy: {resources: {limits: {memory: 1.2 GiB}}}"]
    )
    def test_tmpfs_that_could_fill_the_limit_hold_the_pass_back(self, limit: str) -> None:
        assert "memory" in posture(f"image: nginx:1.28\n{limit}").doubts("read-only")

    @pytest.mark.parametrize(
        "limit", ["mem_limit: 2g", "mem_limit: 0", "mem_limit: -1", "mem_limit: $LIMIT", "tty: true"]
    )
    def test_room_enough(self, limit: str) -> None:
        assert not posture(f"image: nginx:1.28\n{limit}").doubts("read-only")

    def test_without_any_tmpfs_the_limit_does_not_matter(self) -> None:
        assert not posture("image: redis:7\nmem_limit: 32m\nvolumes: ['data:/data']").doubts("read-only")

    @pytest.mark.parametrize(
        ("text", "size"),
        [
            ("1k", 1024),
            ("1.5g", 3 << 29),
            ("300", 300),
            ("2 MiB", 2 << 20),
            ("7b", 7),
            ("", None),
            ("much", None),
            ("-1", None),
        ],
    )
    def test_sizes(self, text: str, size: int | None) -> None:
        assert as_bytes(text) == size


class TestProbes:
    @pytest.mark.parametrize(("test", "programs"), [
        ("pg_isready -U app", {"pg_isready", "sh"}),
        (["CMD", "/usr/bin/redis-cli", "ping"], {"redis-cli"}),
        (["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/80"], {"bash"}),
        (["CMD-SHELL", "test -f /ready && exec curl -f http://127.0.0.1 || exit 1"], {"curl", "sh"}),
        (["CMD", "sh", "-c", "A=1 exec wget -q x"], {"wget", "sh"}),
    ])  # fmt: skip
    def test_programs_of_a_probe_with_the_shell_it_takes(self, test: object, programs: set[str]) -> None:
        assert probe_programs(test) == programs
