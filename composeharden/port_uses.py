"""What a port of a service is made for: by the facts of its image, else by the number alone.

Source of the numbers: the IANA registry and each project's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.ports import Port
from composeharden.posture import Posture

_INTERNAL = {
    **dict.fromkeys((1433, 1434), "SQL Server"),
    **dict.fromkeys((3306, 33060), "MySQL or MariaDB"),
    **dict.fromkeys((5432, 5433), "PostgreSQL"),
    **dict.fromkeys((27017, 27018, 27019), "MongoDB"),
    **dict.fromkeys((6379, 6380, 16379, 26379), "Redis"),
    **dict.fromkeys((9042, 9160, 7199), "Cassandra"),
    **dict.fromkeys((2379, 2380), "etcd"),
    **dict.fromkeys((7687,), "Neo4j"),
    **dict.fromkeys((5671, 5672), "AMQP"),
    **dict.fromkeys((9200, 9300), "Elasticsearch or OpenSearch"),
    1521: "Oracle Database",
    50000: "Db2",
    11211: "memcached",
    5984: "CouchDB",
    8086: "InfluxDB",
    8529: "ArangoDB",
    26257: "CockroachDB",
    28015: "RethinkDB",
    2181: "ZooKeeper",
    9092: "Kafka",
    4369: "the Erlang port mapper",
    25672: "RabbitMQ clustering",
    3050: "Firebird",
    19530: "Milvus",
    6333: "Qdrant",
}
_ADMINISTRATION = {
    2375: "a container engine without a password",
    2376: "a container engine",
    5005: "a Java debugger",
    9229: "a Node.js debugger",
    5601: "Kibana",
    15672: "RabbitMQ management",
}
_WEB = frozenset((80, 443))
_AMBIGUOUS = frozenset((50000, 8086, 5005, 5433, 6380))
"""Used by many other programs too: not judged by the number alone."""


def made_for(posture: Posture, port: Port, use: str) -> str | None:
    """What is behind a published port, if it is made for `use`: "never" (internal), "loopback" (admin), "lan", "edge".

    Facts of the image come first; without any for the port, well-known numbers decide. None: not made for that use.
    """
    known = _known(posture, port.target, port.protocol)
    if known:
        return next((purpose for found, purpose in known if found == use), None)
    numbers = _INTERNAL if use == "never" else _ADMINISTRATION if use == "loopback" else {}
    if use == "loopback" and port.published and _WEB.issuperset(port.published):
        return None  # somebody put a page of that number in front of the world on purpose
    names = sorted({numbers[number] for number in _judged(port.target) if number in numbers})
    return f"usually {' and '.join(names)}" if names else None


def holds_data(posture: Posture, port: Port) -> bool:
    """True where data stands behind a port, as far as the image's facts or the number tell."""
    return bool(posture.facts and posture.facts.rows("data")) or any(number in _INTERNAL for number in port.target[:20])


def _known(posture: Posture, ports: Iterable[int], protocol: str) -> list[tuple[str, str]]:
    facts = posture.facts
    if facts is None:
        return []
    rows = {(int(row["number"]), str(row.get("protocol", "tcp"))): row for row in facts.rows("port")}
    found = [rows[number, protocol] for number in ports if (number, protocol) in rows]
    return [(str(row["publish"]), str(row.get("purpose") or facts.title)) for row in found]


def _judged(ports: range) -> Iterable[int]:
    """The numbers of a range that say something; a long range is made for something else."""
    return [] if len(ports) > 20 else [number for number in ports if number not in _AMBIGUOUS]
