"""The order of a start: no circle comes, no order that was there goes, and only what ends is waited for."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden import Finding, Options, Outcome, Status, harden
from composeharden.compose.load import build
from composeharden.compose.project import Project
from composeharden.posture.jobs import ends
from composeharden.start_order import loops
from composeharden.start_order.graph import existing, knots, reachable
from composeharden.yaml.source import load
from tests.corpus import real_compose

ASSUME = Options(only=frozenset({"depends-on", "healthcheck"}), assume=True)
DEFAULT = Options(only=frozenset({"depends-on", "healthcheck"}))
PROGRAM = real_compose.binary()


def hardened(text: str, options: Options = ASSUME, **beside: str) -> tuple[Outcome, str]:
    """What is said of a file, and the file afterwards, which a second run must leave alone."""
    outcome = _run(text, options, **beside)
    assert not outcome.problems, outcome.problems
    assert not outcome.with_status(Status.REFUSED), [one.reason for one in outcome.with_status(Status.REFUSED)]
    after = outcome.patches[0].after.text if outcome.patches else text
    assert not _run(after, options, **beside).patches
    return outcome, after


def _run(text: str, options: Options, **beside: str) -> Outcome:
    files = {"compose.yaml": text, **beside}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path].encode()

    return harden("compose.yaml", read, options)


def project_of(text: str) -> Project:
    return build("compose.yaml", load(text.encode()), {})


def conditions(text: str, name: str = "app") -> dict[str, str]:
    return project_of(text).services[name].depends_on


def found(outcome: Outcome, name: str = "app") -> list[Finding]:
    return [one for one in outcome.findings if one.rule == "depends-on" and one.service == name]


def stack(text: str) -> str:
    return "services:\n" + indent(dedent(text), "  ")


DB = "  db: {image: 'postgres:16', healthcheck: {test: [CMD-SHELL, pg_isready]}}\n"


# -- what is missing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("environment: {DB_HOST: db}", "environment DB_HOST"),
        ("environment: {DB_HOST: '${DB_HOST:-db}'}", "environment DB_HOST"),
        ("environment: ['POSTGRES_SERVER=db:5432']", "environment POSTGRES_SERVER"),
        ("environment: {DATABASE_URL: 'postgresql+asyncpg://u:p@db:5432/x'}", "environment DATABASE_URL"),
        ("environment: {ANY: 'jdbc:postgresql://db/x'}", "environment ANY"),
        ("environment: {ANY: 'Server=db;User Id=u;Password=p'}", "environment ANY"),
        ("environment: {ANY: 'u:p@tcp(db:3306)/x'}", "environment ANY"),
        ("environment: {NODES: 'other:1,db:2'}", "environment NODES"),
        ("command: [serve, --dsn, 'postgres://db/x']", "command"),
        ("command: sh -c './wait-for-it.sh db:5432 -- serve'", "command"),
        ("entrypoint: [sh, -c, 'until pg_isready -U u -h db; do sleep 1; done; exec serve']", "entrypoint"),
        ("command: sh -c 'while ! nc -z db 5432; do sleep 1; done; serve'", "command"),
    ],
)
def test_a_dependency_that_a_setting_shows_is_assumed(setting: str, place: str) -> None:
    text = f"services:\n  app:\n    image: example/app\n    {setting}\n{DB}"
    assert conditions(hardened(text)[1]) == {"db": "service_healthy"}
    held = found(hardened(text, DEFAULT)[0])
    assert [one.status for one in held] == [Status.HELD]
    assert place in held[0].reason
    assert held[0].unlock == "--assume"


@pytest.mark.parametrize(
    "setting",
    [
        "environment: {APP_URL: 'https://db'}",
        "environment: {VIRTUAL_HOST: db}",
        "environment: {ALLOWED_HOSTS: db}",
        "environment: {CORS_ORIGIN_URL: 'http://db:3000'}",
        "environment: {DB_HOST: db.example.com}",
        "environment: {DB_HOST: localhost}",
        "environment: {DB_NAME: db}",
        "environment: {DB_HOST: '${DB_HOST}'}",
        "environment: {DB_HOST: db}\n    network_mode: host",
        "environment: {DB_HOST: db}\n    networks: [other]",
        "environment: {DB_HOST: db}\n    depends_on: [db]",
        "environment: {DB_HOST: db}\n    depends_on: [between]",
        "environment: {DB_HOST: app}",
    ],
)
def test_nothing_is_missing(setting: str) -> None:
    text = (
        f"services:\n  app:\n    image: example/app\n    {setting}\n  db: {{image: example/db}}\n"
        "  between: {image: example/b, depends_on: [db]}\nnetworks: {other: {}}\n"
    )
    outcome, after = hardened(text)
    assert after == text
    assert found(outcome) == []


@pytest.mark.parametrize(
    ("own", "other", "is_added"),
    [("", "", True), ("[p]", "", True), ("", "[p]", False), ("[p]", "[p, q]", True), ("[p, q]", "[p]", False)],
)
def test_no_dependency_on_a_service_that_may_not_be_there(own: str, other: str, is_added: bool) -> None:
    own, other = (f", profiles: {value}" if value else "" for value in (own, other))
    x = "  x: {image: x}\n"
    text = f"services:\n  app: {{image: a, environment: {{DB_HOST: db}}{own}}}\n  db: {{image: b{other}}}\n{x}"
    assert conditions(hardened(text)[1]) == ({"db": "service_started"} if is_added else {})


def test_a_file_of_variables_shows_a_dependency_too() -> None:
    text = f"services:\n  app:\n    image: example/app\n    env_file: [settings]\n{DB}"
    outcome, after = hardened(text, settings="# main\nDB_HOST=db\nCACHE_HOST=\nDB_NAME=db\n")
    assert conditions(after) == {"db": "service_healthy"}
    assert "env_file DB_HOST" in found(hardened(text, DEFAULT, settings="DB_HOST='db'\n")[0])[0].reason
    assert hardened(text, settings="DB_HOST=${OTHER:-elsewhere}\n")[1] == text
    assert found(outcome)[0].status is Status.FIX


def test_no_dependency_on_no_container() -> None:
    text = "services:\n  app: {image: a, environment: {DB_HOST: db}}\n  db: {image: b, scale: 0}\n"
    assert hardened(text)[1] == text


def test_a_name_in_the_network_counts() -> None:
    text = stack("""\
          app: {image: a, environment: {DB_HOST: main, CACHE_HOST: memory}}
          one: {image: b, container_name: main}
          two: {image: c, networks: {default: {aliases: [memory]}}}
        """)
    assert list(conditions(hardened(text)[1])) == ["one", "two"]


def test_short_and_long_lists_are_completed_and_comments_stay() -> None:
    text = stack("""\
          app:
            image: example/app
            environment: {DB_HOST: db, REDIS_HOST: cache}
            depends_on:
              - other # first
              # last
          other: {image: example/other}
          cache: {image: example/cache}
        """)
    assert "- other # first\n" in hardened(text)[1]
    after = hardened(text + DB)[1]
    assert conditions(after) == {"other": "service_started", "db": "service_healthy", "cache": "service_started"}
    assert "other: # first\n" in after
    assert "# last\n" in after


def test_what_is_sure_does_not_wait_for_what_is_assumed() -> None:
    text = stack("""\
          app:
            image: example/app
            environment: {REDIS_HOST: cache}
            depends_on: [db]
          cache: {image: example/cache}
        """) + DB  # fmt: skip
    outcome, after = hardened(text, DEFAULT)
    assert conditions(after) == {"db": "service_healthy"}
    assert [one.status for one in found(outcome)] == [Status.FIX, Status.HELD]
    assert conditions(hardened(text)[1]) == {"db": "service_healthy", "cache": "service_started"}


LONG = (
    "    depends_on: {other: {condition: service_started}}\n",
    "    depends_on:\n      other:\n        condition: service_started # on purpose\n        required: false\n",
    "    depends_on: *shared\n",
    "    <<: {depends_on: {other: {condition: service_started}}}\n",
)


@pytest.mark.parametrize("own", LONG)
def test_what_a_mapping_misses_is_added_to_it_and_its_own_conditions_stay(own: str) -> None:
    head = "x-shared: &shared\n  other: {condition: service_started}\n" if "*shared" in own else ""
    text = f"{head}services:\n  app:\n    image: example/app\n    environment: {{DB_HOST: db}}\n{own}{DB}"
    text += "  other: {image: example/other}\n"
    after = hardened(text)[1]
    assert conditions(after) == {"other": "service_started", "db": "service_healthy"}
    assert after.count("# on purpose") == text.count("# on purpose")
    assert after.count("required: false") == text.count("required: false")
    assert hardened(text, Options(only=ASSUME.only))[1] == text


def test_a_mapping_that_others_share_gains_nothing_that_they_do_not_need() -> None:
    text = (
        "x-shared: &shared\n  other: {condition: service_started}\nservices:\n  app:\n    image: example/app\n"
        "    environment: {DB_HOST: db}\n    depends_on: *shared\n  job: {image: example/job, depends_on: *shared}\n"
        f"  other: {{image: example/other}}\n{DB}"
    )
    outcome = _run(text, ASSUME)
    assert not outcome.patches
    assert [one.status for one in found(outcome)] == [Status.REFUSED]


# -- links and shared namespaces ---------------------------------------------------------------------------------------


def test_links_that_only_order_and_name_go() -> None:
    text = "services:\n  app:\n    image: a\n    links:\n      - db\n      - b:b\n" + DB + "  b: {image: b}\n"
    after = hardened(text)[1]
    assert "links" not in after
    assert conditions(after) == {"db": "service_healthy", "b": "service_started"}
    # Compose restarts a service with what it is linked to.
    assert after.count("restart: true") == 2
    assert hardened(text, DEFAULT)[1] == text


@pytest.mark.parametrize(
    "body",
    [
        "links: ['db:database']",
        "links: [db]\n    network_mode: bridge",
        "links: [db]\n    networks: [other]",
        "links: [db]\n    environment: {HOST: db_1}",
        "links: [db]\n    environment: {HOST: '$$DB_PORT_5432_TCP_ADDR'}",
    ],
)
def test_links_that_do_more_stay(body: str) -> None:
    text = f"services:\n  app:\n    image: a\n    {body}\n  db: {{image: b}}\nnetworks: {{other: {{}}}}\n"
    assert hardened(text)[1] == text


def test_a_link_under_another_name_is_reported() -> None:
    [one] = found(hardened("services:\n  app:\n    image: a\n    links: ['db:database']\n  db: {image: b}\n")[0])
    assert one.status is Status.REPORT
    assert "alias database" in one.advice


@pytest.mark.parametrize(
    ("body", "restarts"),
    [("network_mode: 'service:db'", True), ("volumes_from: [db]", False), ("pid: 'service:db'", True)],
)
def test_what_is_implied_waits_for_health_too(body: str, restarts: bool) -> None:
    text = f"services:\n  app:\n    image: a\n    {body}\n{DB}"
    after = hardened(text)[1]
    assert conditions(after) == {"db": "service_healthy"}
    assert ("restart: true" in after) is restarts
    assert hardened(text, DEFAULT)[1] == text


# -- jobs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["alembic upgrade head", "python manage.py migrate --noinput", "npx prisma migrate deploy",
     "bundle exec rake db:migrate", "php artisan migrate --force", "npm run migrate",
     "yarn db:migrate:up", "chown -R 1 /data", "flyway migrate",
     "until nc -z db 5432; do sleep 1; done; mc mb --ignore-existing local/files; exit 0", "psql -h db -f /init.sql",
     "-path /migrations -database postgres://db up", "airflow db migrate", "./migrate.sh", "python -m app.init_db",
     "mkdir -p /data && chmod 700 /data", "poetry run alembic upgrade head", "node scripts/seed.js",
     "kafka-topics --bootstrap-server kafka:9092 --create --topic a"],
)  # fmt: skip
def test_a_command_that_ends(command: str) -> None:
    assert ends(command)


@pytest.mark.parametrize(
    "command",
    ["alembic upgrade head && uvicorn app:app", "python manage.py runserver", "npm run start", "sleep infinity", "",
     "postgres",
     "python manage.py migrate && gunicorn app", "while true; do psql -c x; sleep 60; done", "tail -f /dev/null",
     "npm run dev:migrate-watch", "redis-server --appendonly yes", "celery -A app worker",
     "sh -c 'migrate; exec \"$@\"'",
     "psql -f x & sleep 9999", "crond -f", "chown -R app /data && su-exec app node index.js", "migrate-server", "bash"],
)  # fmt: skip
def test_a_command_that_may_go_on(command: str) -> None:
    assert not ends(command)


JOB = "  job: {image: example/job, command: alembic upgrade head%s}\n"


def test_a_job_that_somebody_waits_for_is_waited_for() -> None:
    text = (
        "services:\n  app:\n    image: a\n    depends_on: [job]\n"
        "  other: {image: b, depends_on: {job: {condition: service_completed_successfully}}}\n" + JOB % ""
    )
    assert conditions(hardened(text, DEFAULT)[1]) == {"job": "service_completed_successfully"}


@pytest.mark.parametrize("policy", ["", ", restart: 'no'", ", restart: on-failure", ", restart: 'on-failure:3'"])
def test_what_looks_like_a_job_is_only_assumed(policy: str) -> None:
    text = "services:\n  app:\n    image: a\n    depends_on: [job]\n" + JOB % policy
    assert hardened(text, DEFAULT)[1] == text
    after = hardened(text)[1]
    assert conditions(after) == {"job": "service_completed_successfully"}
    assert project_of(after).services["job"].raw.keys() == project_of(text).services["job"].raw.keys()


@pytest.mark.parametrize(
    "more",
    [", restart: always", ", restart: unless-stopped", ", ports: ['80:80']",
     ", deploy: {restart_policy: {condition: any}}",
     ", healthcheck: {test: [CMD, unknown-program]}", ", environment: {APP: 'http://app:80'}"],
)  # fmt: skip
def test_what_may_never_end_is_not_waited_for(more: str) -> None:
    text = "services:\n  app:\n    image: a\n    depends_on: [job]\n" + JOB % more
    assert "service_completed_successfully" not in hardened(text)[1]


def test_no_health_check_for_a_job() -> None:
    text = "services:\n  job: {image: 'postgres:16', command: psql -h db -f /x.sql}\n  db: {image: 'postgres:16'}\n"
    body = project_of(hardened(text)[1]).services
    assert "healthcheck" not in body["job"]
    assert "healthcheck" in body["db"]


# -- circles -----------------------------------------------------------------------------------------------------------


def test_services_that_connect_to_each_other_do_not_wait() -> None:
    text = stack("""\
          app: {image: a, environment: {REDIS_HOST: b}}
          b: {image: b, environment: {REDIS_HOST: c}}
          c: {image: c, volumes_from: [d]}
          d: {image: d, environment: {REDIS_HOST: app, DB_HOST: db}}
          db: {image: e}
        """)
    after = hardened(text)[1]
    assert {name: list(conditions(after, name)) for name in ("app", "b", "c", "d")} == {
        "app": [], "b": [], "c": [], "d": ["db"]
    }  # fmt: skip


def test_a_circle_is_named() -> None:
    text = stack("""\
          app: {image: a}
          one: {image: b, profiles: [p], depends_on: [two]}
          two: {image: c, profiles: [p], links: [one]}
        """)
    [one] = found(_run(text, DEFAULT), "one")
    assert "one -> two -> one" in one.message


def test_a_circle_of_active_services_is_a_problem() -> None:
    [problem] = _run("services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [a]}}\n", DEFAULT).problems
    assert "a -> b -> a" in problem.message


def test_knots_of_a_long_chain() -> None:
    size = 5000
    chain = {str(number): [str(number + 1)] for number in range(size)} | {str(size): ["0"]}
    assert [len(knot) for knot in knots(chain)] == [size + 1]
    assert len(next(loops(chain))) == size + 2


NAMES = [f"s{number}" for number in range(7)]
_IMAGES = ("example/app", "postgres:16", "redis:8", "busybox:1.37")


@st.composite
def _stacks(draw: Any) -> dict[str, Any]:
    """A random stack without a circle, in which anybody may connect to anybody."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, len(NAMES)))]
    services: dict[str, Any] = {}
    for place, name in enumerate(names):
        earlier, body = list(names[:place]), {"image": draw(st.sampled_from(_IMAGES))}
        some = st.lists(st.sampled_from(earlier), unique=True, max_size=3) if earlier else st.just([])
        forms: list[dict[str, Any]] = [{}, {"depends_on": draw(some)}, {"links": draw(some)}]
        if earlier:
            one = draw(st.sampled_from(earlier))
            forms += [
                {"network_mode": f"service:{one}"},
                {"volumes_from": [f"{one}:ro"]},
                {"depends_on": {one: {"condition": "service_started"}}},
                {"depends_on": [one], "links": [f"{one}:alias"]},
            ]
        body |= draw(st.sampled_from(forms))
        used = draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
        body["environment"] = {f"DB{number}_HOST": other for number, other in enumerate(used)}
        body |= draw(
            st.sampled_from(({}, {}, {"command": "alembic upgrade head"}, {"profiles": ["p"]}, {"restart": "no"}))
        )
        services[name] = {key: value for key, value in body.items() if value}
    return {"services": {name: services[name] for name in draw(st.permutations(list(names)))}}


def _text(model: dict[str, Any]) -> str:
    import json

    rows = (f"  {name}: {json.dumps(body)}\n" for name, body in model["services"].items())
    return "services:\n" + "".join(rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_stacks(), st.booleans())
def test_no_circle_comes_and_no_order_goes(model: dict[str, Any], assume: bool) -> None:
    text = _text(model)
    before = existing(project_of(text))
    options = ASSUME if assume else DEFAULT
    outcome = _run(text, options)
    if outcome.problems:
        return  # a service that needs one of an inactive profile
    _, after_text = hardened(text, options)
    after = existing(project_of(after_text))
    assert list(loops(after)) == []
    for name, rows in before.items():
        assert rows.keys() <= after[name].keys()
        assert name not in reachable(after, name)
    for name, service in project_of(after_text).services.items():
        added = after[name].keys() - before[name].keys()
        profiles = set(service.strings("profiles"))
        for other in added:
            theirs = set(project_of(after_text).services[other].strings("profiles"))
            assert not theirs or (profiles and profiles <= theirs)


@pytest.mark.skipif(PROGRAM is None, reason="needs docker-compose")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(model=_stacks())
def test_compose_takes_it(tmp_path: Path, model: dict[str, Any]) -> None:
    """By Compose itself: it still takes the stack, and nothing that came first comes later."""
    assert PROGRAM is not None
    file = tmp_path / "compose.yaml"
    file.write_text(_text(model))
    before = real_compose.model(PROGRAM, file)
    accepted = real_compose.accepts(PROGRAM, file)
    outcome = _run(_text(model), ASSUME)
    if before is None or outcome.problems:
        return
    file.write_text(hardened(_text(model))[1])
    after = real_compose.model(PROGRAM, file)
    assert after is not None
    assert real_compose.accepts(PROGRAM, file) == accepted
    for name, body in before["services"].items():
        rows, new = body.get("depends_on", {}), after["services"][name].get("depends_on", {})
        assert rows.keys() <= new.keys()
        assert all(new[other].get("restart") == row.get("restart") for other, row in rows.items())


@pytest.mark.parametrize(
    "text",
    ["nc -z " + "-a  " * 3000, "wait-for-it " + "-a 1 " * 3000, "psql " + "-h " * 3000, "a=" + "b," * 3000 + "!",
     "mc " * 3000, "-database " * 400, "migrate " * 500, "x && " * 700, "npx " * 900, "postgres://" + "a" * 3900],
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    """Not by the clock: what grew faster than the text would not end here."""
    for setting in (f"command: {text!r}", f"environment: {{DB_HOST: {text!r}}}"):
        hardened(f"services:\n  app:\n    image: a\n    {setting}\n  db: {{image: b}}\n")
    ends(text)
