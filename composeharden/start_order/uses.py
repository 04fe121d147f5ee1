"""Who uses whom, as far as the settings of a stack show it: hosts, addresses and connection strings.

A setting that leads to another service is no proof that it is needed at the start. It is worth a proposal where the
other one is what programs connect to when they start: a database, a cache, a queue.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from composeharden.compose.entries import mapping
from composeharden.compose.neighbours import environment_lines
from composeharden.compose.project import Project, Service
from composeharden.compose.values import as_list, as_text
from composeharden.posture import Posture


class Use(NamedTuple):
    """One service that another one connects to, and where that is written."""

    service: str
    place: str
    """Such as "environment DB_HOST"."""


Named = Callable[[str], str]
"""A host to the service that has this name in a network, empty for none."""


class Directory:
    """What the services of a project are called in its networks."""

    def __init__(self, project: Project) -> None:
        self._networks = {name: networks_of(service) for name, service in project.services.items()}
        self._place = {name: number for number, name in enumerate(project.services)}
        self._aliases: dict[str, dict[str, str]] = {}
        self._known = set(project.services)
        for name, service in project.services.items():
            for network in self._networks[name]:
                own = as_list(mapping(mapping(service.get("networks")).get(network)).get("aliases"))
                for alias in filter(None, (as_text(service.get("container_name")), *own)):
                    self._aliases.setdefault(network, {}).setdefault(alias, name)
                    self._known.add(alias)

    def seen_from(self, name: str) -> Named:
        """The names by which a service reaches others; itself it does not count."""
        networks = self._networks[name]

        def named(host: str) -> str:
            if not networks.isdisjoint(self._networks.get(host, ())):
                return host if host != name else ""
            found = [self._aliases[one][host] for one in networks if host in self._aliases.get(one, ())]
            first = min(found, key=self._place.__getitem__, default="")
            return first if first != name else ""

        return named

    def appears_in(self, text: str) -> bool:
        """Whether a text may name any service: a cheap look before a thorough one."""
        return not self._known.isdisjoint(word.strip(".-") for word in _word().findall(text))


def uses(service: Service, postures: Mapping[str, Posture], directory: Directory) -> list[Use]:
    """The services that this one connects to by the names they have in a network of both, each with the first place.

    Only connections that a program makes as a client count: neither addresses that it hands on to browsers, nor its
    own name, nor what a proxy forwards to later.
    """
    named = directory.seen_from(service.name)
    found: dict[str, Use] = {}
    for host, place in _hosts(service, postures, named, directory):
        if other := named(host):
            found.setdefault(other, Use(other, place))
    return list(found.values())


def mentions(service: Service, other: str) -> bool:
    """Whether a setting names the other service in any way: more than enough to doubt that it can wait for this one."""
    pattern = re.compile(rf"(?<![\w.-]){re.escape(other)}(?![\w-])")
    texts = [*service.command, *service.entrypoint, *service.probe]
    texts += [value for value in service.environment.values() if value]
    return any(pattern.search(text) for text in texts)


def networks_of(service: Service) -> set[str]:
    """The networks in which other services reach this one by name; none for one without a network of its own."""
    project, seen = service.project, {service.name}
    mode = as_text(service.get("network_mode"))
    while mode.startswith("service:"):
        name = mode.removeprefix("service:")
        if name in seen or name not in project.services:
            return set()
        seen.add(name)
        service = project.services[name]
        mode = as_text(service.get("network_mode"))
    if mode:
        return set()
    return set(as_list(service.get("networks"))) or {"default"}


@functools.cache
def _word() -> re.Pattern[str]:
    return re.compile(r"[\w.-]+")


_HOST = r"[A-Za-z0-9](?:[\w.-]{0,200}\w)?"


@functools.cache
def _url() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\w+.-])(?P<scheme>[a-z][a-z0-9+.-]{{1,30}})://(?:[^\s/@?#\"']{{0,200}}@)?(?P<hosts>{_HOST}(?::\d+)?"
        rf"(?:,{_HOST}(?::\d+)?){{0,20}})"
    )


@functools.cache
def _in_dsn() -> re.Pattern[str]:
    return re.compile(
        rf"(?i)(?:^|[;\s])(?:server|host|data source|addr(?:ess)?)=(?:tcp:)?(?P<hosts>{_HOST})"
        rf"|@(?:tcp|udp)\((?P<go>{_HOST})"
    )


@functools.cache
def _plain() -> re.Pattern[str]:
    return re.compile(rf"{_HOST}(?::\d{{1,5}})?(?:[,;]{_HOST}(?::\d{{1,5}})?){{0,20}}")


@functools.cache
def _awaited() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:wait-for-it|wait-for|wait4x tcp|wait-on|wait-port|dockerize -wait)(?:\.sh)? "
        rf"(?:-\w{{1,9}} (?:\d{{1,5}} )?){{0,4}}(?:tcp:(?://)?)?(?P<host>{_HOST})"
        rf"|\bnc (?:-\w{{1,9}} (?:\d{{1,5}} )?){{0,4}}(?P<nc>{_HOST}) \d"
        r"|\b(?:mysqladmin|mysql|mariadb|psql|pg_isready|redis-cli|mongosh?)\b[^|;&\n]{0,200}?"
        rf"\s-h\s?(?P<client>{_HOST})"
    )


@functools.cache
def _schemes() -> re.Pattern[str]:
    return re.compile(
        r"(?:jdbc:)?(?:postgres(?:ql)?|pgsql|postgis|mysql2?|mariadb|sqlserver|mssql|oracle|mongodb|rediss?|valkey|amqps?"
        r"|memcached?|nats|kafka|cassandra|clickhouse|cockroachdb|couchdb|neo4j|bolt|influxdb|mqtts?|stomp|ldaps?|zk|etcd"
        r"|tcp)(?:\+\w+)?"
    )


@functools.cache
def _client_names() -> re.Pattern[str]:
    return re.compile(
        r"(?i)(?:.*_)?(?:HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ADDR|ADDRESS|ADDRESSES|ENDPOINT|ENDPOINTS|BROKER|BROKERS"
        r"|BOOTSTRAP_SERVERS|NODES|CONNECT|URL|URI|DSN|CONNECTION|PGHOST|DBHOST)|PGHOST|.*(?:host|Host|__Server|__HostName)"
    )


@functools.cache
def _no_client() -> re.Pattern[str]:
    return re.compile(
        r"(?i)(?:^|.*_)(?:VIRTUAL|LETSENCRYPT|ALLOWED|PUBLIC|EXTERNAL|ADVERTISED|BIND|LISTEN\w*|TRUSTED|FRONTEND|CLIENT|CORS"
        r"|ORIGINS?|CALLBACK|REDIRECT|DOMAIN|SITE|ROOT|BASE|INTERNAL_HOST|PROXY|NO_PROXY|UPSTREAM|MY|SELF|POD|NODE_HOST|WEB|UI"
        r"|HOSTNAME|DISCOVERY|SEED|INITIAL|PEERS?|CLUSTER|JOIN|MASTER_NODES|REPLICA\w*)(?:_|$).*"
    )


def _hosts(
    service: Service, postures: Mapping[str, Posture], named: Named, directory: Directory
) -> Iterator[tuple[str, str]]:
    """Every host a client setting names, with the place."""
    for variable, (value, key) in _environment(service).items():
        if value and directory.appears_in(value) and not _no_client().match(variable) and len(value) <= _LONGEST:
            for name in _in_setting(variable, value, postures, named):
                yield name, f"{key} {variable}"
    for key, words in (("command", service.command), ("entrypoint", service.entrypoint)):
        text = " ".join(words)
        if len(text) <= _LONGEST and directory.appears_in(text):
            for name in (*_in_urls(text, postures, named), *_first_groups(_awaited(), text)):
                yield name, key


def _environment(service: Service) -> dict[str, tuple[str, str]]:
    """Variables with their values and the key that sets them, as far as the files can be read."""
    lines = environment_lines(service.project, service.get("env_file"))
    found = {line.name: (service.project.text(line.raw, set()), "env_file") for line in lines}
    return found | {name: (value, "environment") for name, value in service.environment.items() if value is not None}


_LONGEST = 4_000


def _in_setting(variable: str, value: str, postures: Mapping[str, Posture], named: Named) -> Iterator[str]:
    yield from _in_urls(value, postures, named)
    yield from _first_groups(_in_dsn(), value)
    if _client_names().fullmatch(variable) and _plain().fullmatch(value.strip()):
        for part in re.split("[,;]", value.strip()):
            host = part.partition(":")[0]
            if _is_backend(postures.get(named(host))) or _data().search(variable):
                yield host


@functools.cache
def _data() -> re.Pattern[str]:
    return re.compile(
        r"(?i)DB|DATABASE|SQL|PG|POSTGRES|MYSQL|MARIA|MONGO|REDIS|VALKEY|CACHE|MEMCACHE|RABBIT|AMQP|KAFKA|BROKER|QUEUE|NATS"
        r"|ELASTIC|OPENSEARCH|SOLR|CLICKHOUSE|CASSANDRA|MQTT|ZOOKEEPER|LDAP|INFLUX|NEO4J|COUCH|BOOTSTRAP_SERVERS|STORAGE|MINIO|S3_"
    )


def _in_urls(text: str, postures: Mapping[str, Posture], named: Named) -> Iterator[str]:
    for match in _url().finditer(text):
        for part in match.group("hosts").split(","):
            host = part.partition(":")[0]
            if _schemes().fullmatch(match.group("scheme")) or _is_backend(postures.get(named(host))):
                yield host


def _first_groups(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        yield next(group for group in match.groups() if group is not None)


def _is_backend(posture: Posture | None) -> bool:
    """Whether the image is known and meant for other services alone: none of its ports is for people."""
    facts = posture.facts if posture is not None else None
    if facts is None or facts.is_runtime:
        return False
    kinds = [str(row.get("publish")) for row in facts.rows("port")]
    return "never" in kinds and "edge" not in kinds and "lan" not in kinds
