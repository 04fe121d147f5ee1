"""Which services are jobs: they run once, end, and others may go on when they have ended well.

A job is neither restarted nor healthy. Nobody can tell for sure from a file that a program ends, save where somebody
waits for that already; a command that is known to end comes next.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from composeharden.compose.entries import mapping
from composeharden.compose.project import Service
from composeharden.compose.values import as_text
from composeharden.outcome import Confidence


class Job(NamedTuple):
    """That a service is a job, how sure that is, and what says so."""

    confidence: Confidence
    reason: str


def job(service: Service) -> Job | None:
    """What shows that a service runs once and ends; None where nothing does, and for one that is restarted for ever."""
    if is_endless(service):
        return None
    if service.name in service.project.awaited_jobs:
        return Job(Confidence.SOURCED, "another service waits for its end already")
    if service.get("ports") or _has_probe(service):
        return None  # it serves somebody
    text = command_of(service)
    if text and ends(text):
        return Job(Confidence.ASSUMED, "its command looks like one that ends")
    if _policy(service) in ("no", "on-failure") and _names().fullmatch(service.name) and "build" not in service:
        return Job(Confidence.ASSUMED, "its name and restart policy are those of a job")
    return None


def is_job(service: Service) -> bool:
    """True for a service that is meant to end: never restarted, awaited, or running a command that ends."""
    if as_text(service.get("restart")) == "no" or service.name in service.project.awaited_jobs:
        return True
    return job(service) is not None


def is_endless(service: Service) -> bool:
    """Whether Docker starts the container again after it ended well."""
    return _policy(service) in ("always", "unless-stopped")


def _policy(service: Service) -> str:
    policy = as_text(service.get("restart"))
    deployed = mapping(mapping(service.get("deploy")).get("restart_policy"))
    if not policy and deployed:
        policy = {"none": "no", "on-failure": "on-failure"}.get(as_text(deployed.get("condition")), "always")
    return policy.partition(":")[0]


def _has_probe(service: Service) -> bool:
    check = mapping(service.get("healthcheck"))
    return bool(check.get("test")) and service.probe != ["NONE"] and check.get("disable") not in (True, "true")


def command_of(service: Service) -> str:
    """What the container runs, as far as the file says it, on one line; `sh -c` in front is left out."""
    words = [*service.entrypoint, *service.command]
    place = next((number for number, word in enumerate(words[:3]) if _shell().fullmatch(word)), None)
    if place is not None and len(words) > place + 2 and re.fullmatch(r"-[a-z]*c", words[place + 1]):
        return words[place + 2]
    return " ".join(words)


def ends(text: str) -> bool:
    """Whether the last step of a command line is one that is known to end, and no step of it goes on for ever."""
    if _goes_on().search(text) or len(text) > _LONGEST:
        return False
    steps = [step.strip(" \t\"'()") for step in _between().split(_comment().sub("", text))]
    steps = [step for step in steps if step and step not in _SYNTAX]
    return bool(steps) and _once().match(steps[-1]) is not None


_LONGEST = 10_000


@functools.cache
def _shell() -> re.Pattern[str]:
    return re.compile(r"(?:/usr)?(?:/bin/)?(?:ba|a|da)?sh")


@functools.cache
def _between() -> re.Pattern[str]:
    return re.compile(r"&&|\|\||[;\n]")


@functools.cache
def _comment() -> re.Pattern[str]:
    return re.compile(r"(?m)(?:^|\s)#.*$")


_SYNTAX = frozenset(
    ("fi", "done", "then", "else", "true", "esac", "exit", "exit 0", "}", "exit 1", "exit $?", "exit $$?")
)


@functools.cache
def _goes_on() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:while (?:true|:|\[ 1|sleep)|sleep inf(?:inity)?|tail -[fF]|runserver|serve|(?<!bootstrap-)server"
        r"|gunicorn|uvicorn|hypercorn|daphne|celery|supervisord|crond?|nodemon|watch|listen|daemon|worker|nginx|php-fpm"
        r"|apache2|httpd|inotifywait|puma|sidekiq|unicorn|pm2|--reload|foreground|exec \"?\$)\b"
        r"|\bsleep \$?\{?\d{4,}|(?<![&>])&(?![&>\d])|\bnext start\b|\b(?:npm|yarn|pnpm) (?:run )?(?:start|dev|prod)\b"
    )


@functools.cache
def _names() -> re.Pattern[str]:
    return re.compile(
        r"(?:[\w.]{1,40}[-_])?(?:migrat(?:e|ions?|or)|init|initiali[sz]er|setup|seed(?:er)?|bootstrap|provision(?:er)?)"
        r"(?:[-_](?:db|database|job|[\w.]{1,30}))?|create[-_]?buckets?"
    )


@functools.cache
def _once() -> re.Pattern[str]:
    return re.compile(
        r"(?x)"
        # what may stand in front of the command itself
        r"(?:(?:exec|sudo|time|env|do|then|bundle\s+exec|poetry\s+run|uv\s+run|pipenv\s+run|npx|dotenv|\./bin/|bin/"
        r"|python[\d.]*\s+-m|python[\d.]*|php|node|ruby|su(?:-exec|do)?\s+\w+|gosu\s+[\w:]+|[A-Za-z_]\w*=\S*)\s+|\./|bin/|/usr/bin/|/bin/){0,4}"
        r"(?:"
        r"\S*manage\.py\s+(?:migrate|collectstatic|loaddata|createsuperuser|makemigrations|flush|syncdb)\b"
        r"|alembic\b.*\b(?:upgrade|stamp)\b|flask\s+(?:\S+\s+)?db\s+(?:upgrade|init|migrate)\b"
        r"|(?:rails|rake)\s+(?:db:|assets:)|(?:\S*artisan)\s+(?:migrate|db:seed|key:generate|storage:link|config:cache)\b"
        r"|\S*console\s+doctrine:\S+|prisma\s+(?:migrate|db|generate)\b|knex\s+(?:migrate|seed)\b|sequelize(?:-cli)?\s+db:"
        r"|typeorm\s+migration:|drizzle-kit\s+(?:migrate|push)\b|(?:flyway\b.*\s)?migrate$|liquibase\b.*\bupdate\b"
        r"|.*-database\s.*\b(?:up|down|goto)\b|goose\b.*\bup\b|dbmate\b.*\b(?:up|migrate)\b"
        r"|airflow\s+(?:db\s+(?:init|migrate|upgrade)|version|users\s+create)\b|superset\s+(?:db|init|fab)\b"
        r"|(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?(?:\w+:)?(?:migrat\w*|seed|db)(?::[\w:-]+)?\b"
        r"|(?:mc|/usr/bin/mc)\s+(?:mb|alias|config|policy|anonymous|admin|cp|mirror(?!.*--watch)|ilm|event|version)\b"
        r"|(?:chown|chmod|mkdir|cp|mv|rm|touch|ln|install|echo|printf|openssl|keytool|createdb|true)\b"
        r"|(?:psql|mysql|mariadb|mongosh?|redis-cli|sqlcmd|cqlsh|clickhouse-client|influx|vault|curl|wget|etcdctl|nats)\s"
        r"|\S*kafka-topics(?:\.sh)?\s.*--create|\S*kafka-configs(?:\.sh)?\s.*--alter|aws\s|awslocal\s|terraform\s+apply\b"
        r"|elasticsearch-(?:certutil|setup-passwords)\b|certbot\s+(?:certonly|register)\b"
        r"|(?:ba|a)?sh\s+\S*(?:migrat|init|setup|seed|create)\w*[\w.-]*"
        r"|\S*(?:migrate|migrations?|init[-_]?db|db[-_]?init|seed|setup[-_]?db|create[-_]?buckets?)(?:\.(?:sh|py|js|ts|rb|mjs|php))?(?:\s+(?:up|deploy|run|--\S+))*$"
        r")",
        re.DOTALL,
    )
