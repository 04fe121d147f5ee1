"""A tmpfs starts empty, belongs to root, is noexec, and hides what was there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from composeharden.images.catalog import BUILT_IN
from tests.traps.hardening import hardened, held, tmpfs

FAMILIES = [entry.family for entry in BUILT_IN.entries()]
OWN = '[read_only]\nworks = true\nevidence = ["read"]\n[[writable]]\npurpose = "it"\nevidence = ["read"]\n'

SHIPPED = (
    "/etc/nginx",
    "/usr/share/elasticsearch/config",
    "/usr/share/opensearch/config",
    "/etc/phpmyadmin",
    "/etc/clickhouse-server/users.d",
    "/etc/cassandra",
    "/etc/kafka",
    "/opt/kafka/config",
    "/etc/rabbitmq",
    "/conf",
    "/var/www/html",
    "/var/lib/ghost",
    "/opt/couchdb/etc/local.d",
)
"""Folders with files of the image that it does not run without."""

ON_JAVA = (
    "cassandra",
    "cp-kafka",
    "eclipse-temurin",
    "elasticsearch",
    "jenkins",
    "kafka",
    "logstash",
    "metabase",
    "openjdk",
    "opensearch",
    "sonarqube",
    "zookeeper",
)


def writable(family: str) -> Iterator[Mapping[str, Any]]:
    """Every row of paths that must stay writable, those of variants too."""
    document = next(entry.document for entry in BUILT_IN.entries() if entry.family == family)
    for one in (document, *document.get("variant", ())):
        yield from one.get("writable", ())


@pytest.mark.parametrize("family", FAMILIES)
def test_each_tmpfs_has_a_size(family: str) -> None:
    """Without one it may take half of the host's memory."""
    assert [row["path"] for row in writable(family) if row.get("kind") != "volume" and not row.get("size")] == []


def test_so_has_that_of_an_image_nothing_is_known_of() -> None:
    (entry,) = tmpfs("image: example/app", assume=True)
    assert "size=64m" in entry


@pytest.mark.parametrize("family", FAMILIES)
def test_no_mode_is_relied_on(family: str) -> None:
    """Older engines take that of the folder in the image, whatever is asked for; the owner is always obeyed."""
    assert [row["path"] for row in writable(family) if row.get("mode") and row.get("owner") != "service"] == []


@pytest.mark.parametrize("family", ON_JAVA)
def test_java_may_run_the_libraries_that_it_unpacks(family: str) -> None:
    assert any(row["path"] == "/tmp" and row.get("exec") for row in writable(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_tmpfs_hides_what_an_image_ships(family: str) -> None:
    paths = [row["path"] for row in writable(family) if row.get("kind") != "volume"]
    assert not set(paths) & set(SHIPPED)


def test_what_takes_a_volume_gets_no_tmpfs() -> None:
    reason = held("read-only", "image: example/it:1", facts=OWN + 'path = "/conf"\nkind = "volume"\n', assume=True)
    assert "needs a volume" in reason


def test_with_a_volume_there_nothing_is_held_back() -> None:
    facts = OWN + 'path = "/conf"\nkind = "volume"\n'
    keys = "image: example/it:1\nvolumes: ['conf:/conf']"
    assert hardened(keys, "volumes: {conf: }\n", facts=facts)["read_only"] is True


def test_a_folder_that_is_mounted_read_only_holds_back() -> None:
    keys = "image: nginx:1.28\nvolumes: ['cache:/var/cache/nginx:ro']"
    assert "mounted read-only" in held("read-only", keys, "volumes: {cache: }\n")


def test_root_keeps_its_tmpfs_where_it_starts_as_root() -> None:
    """The master makes its folders before it steps down, and without capabilities root is a user like any other."""
    assert not any("uid=" in entry for entry in tmpfs("image: nginx:1.28"))


def test_a_private_folder_belongs_to_who_works_in_it() -> None:
    assert any(entry.startswith("/var/lib/mysql-files:uid=999") for entry in tmpfs("image: mysql:8.4"))


def test_group_0_is_a_group() -> None:
    keys = "image: grafana/grafana:12.1.0\nvolumes: ['data:/var/lib/grafana']"
    assert tmpfs(keys, "volumes: {data: }\n", assume=True) == ["/tmp:uid=472,gid=0,size=256m"]


def test_a_mount_that_nobody_can_see_holds_back() -> None:
    keys = "image: memcached:1.6\nvolumes: ['data:${PLACE}']"
    assert "PLACE" in held("read-only", keys, "volumes: {data: }\n")


def test_logins_that_compose_writes_hold_back() -> None:
    assert "registry logins" in held("read-only", "image: memcached:1.6\nuse_api_socket: true")


@pytest.mark.parametrize("family", ["postgres", "mariadb", "mysql", "mongo", "rabbitmq", "ghost", "influxdb"])
def test_an_entry_point_in_bash_has_a_place_for_its_here_documents(family: str) -> None:
    assert "/tmp" in {row["path"] for row in writable(family)}
