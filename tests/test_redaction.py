"""No byte that is printed holds a secret or acts on a terminal, a log or Markdown; what is harmless stays readable."""

from __future__ import annotations

import base64
import json
import re
import traceback
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composeharden.credentials import is_credential_name
from composeharden.outcome import Finding, Location, Outcome, Problem, Severity, Status
from composeharden.redaction import MASK, Redactor, secret_spans
from composeharden.redaction.names import is_credential
from composeharden.yaml.change import Append, Remove, Set
from composeharden.yaml.source import Source, load
from tests.report.outcomes import documents, everything, hardened, outcome_of, patched, quoted, redactor_of
from tests.report.planted import SHAPES, planted

# -- secrets -----------------------------------------------------------------------------------------------------------

_BEFORE = (
    "APP", "KEYCLOAK", "KEYBOARD", "CASSANDRA_KEYSPACE", "AUTHENTIK", "AUTHOR", "AUTHELIA", "FORWARDAUTH", "API", "JWT",
    "ROLE", "ACCOUNT", "AES", "ENC", "SHARED", "DB", "PRIVATE", "LOGGED_IN", "NONCE", "MASTER", "SESSION", "SIGNATURE",
)  # fmt: skip
_LAST = (
    "APIKEY", "AUTHTOKEN", "COOKIE", "CREDENTIALS", "PASS", "PASSPHRASE", "PASSWD", "PASSWORD", "PASSWORDS", "PAT",
    "PW", "PWD", "SALT", "SECRET", "TOKEN", "KEY", "KEYS", "KEY_BASE", "REDIS_AUTH", "NEO4J_AUTH", "BASIC_AUTH",
    "DBPASS", "REQUIREPASS", "MASTERAUTH", "MYPW", "USERPWD",
)  # fmt: skip


def test_what_is_found_is_masked() -> None:
    """What a pass would call a credential by its name is never shown, whatever product the name is about."""
    names = [f"{first}_{last}" for first in ("", *_BEFORE) for last in _LAST]
    names += [name.lower().replace("_", ".") for name in names] + [name.title().replace("_", "") for name in names]
    found = [name for name in names if is_credential_name(name)]
    assert len(found) > 1000
    assert [name for name in found if not is_credential(name)] == []
    for name in found[::17]:
        for line in (f'- "{name}=Zq7 plant"', f"{name}: Zq7plant", f"- {name}=Zq7plant"):
            source = load(f"services:\n  a:\n    environment:\n      {line}\n".encode())
            shown = source.text
            for start, end in reversed(secret_spans(source)):
                shown = shown[:start] + MASK + shown[end:]
            assert "plant" not in shown, (name, line)


def tactless(text: str, secrets: list[str]) -> Outcome:
    """A patched file, and findings whose every field gives secrets away, as no pass should."""
    read_only = Set((0, "services", "web", "read_only"), True)
    removed = Remove((0, "services", "db", "command"))
    added = Append((0, "services", "db", "environment"), (f"NEW_PASSWORD={secrets[0]}", f"URL=a://b:{secrets[1]}@c"))
    moved = Set((0, "services", "db", "x-env"), {"TOKEN": secrets[2], "list": ["--password", secrets[3]]})
    patch = patched(text, [read_only, removed, added, moved])
    findings = [
        Finding(
            f"rule{number % 7}",
            "web",
            Severity.HIGH,
            f"it says {one}",
            Location("compose.yaml", number + 1),
            list(Status)[number % 5],
            why=f"because {one!r}",
            advice=json.dumps({"set": one}),
            reason=quote(one, ""),
            unlock=f"--{one}",
            references=(f"ref {one}",),
            evidence=(f"https://example.org/?q={quote(one, '')}",),
            needs=(one,),
            changes=(read_only, removed, added, moved),
        )
        for number, one in enumerate(secrets)
    ]
    problems = [
        Problem(f"bad: {base64.b64encode(one.encode()).decode()}", Location("compose.yaml"), one) for one in secrets
    ]
    return replace(outcome_of(patch, findings), problems=tuple(problems), notes=(*secrets,))


def test_no_planted_secret_is_printed() -> None:
    text, secrets, parts = planted()
    outcome = tactless(text, secrets)
    redactor = redactor_of(outcome)
    searched = 0
    for kind, printed in everything(outcome, redactor):
        assert printed.isprintable() or "\x1b" in printed or "\n" in printed
        searched += len(printed.encode())
        for number, secret in enumerate(secrets + parts):
            for form in {secret, base64.b64encode(secret.encode()).decode().rstrip("="), quote(secret, "")}:
                assert form not in printed, (kind, number, secret, _around(printed, form))
    print(f"\n{len(secrets) + len(parts)} secrets, {searched:,} bytes searched")
    assert len(secrets) > 100
    assert searched > 100_000


def test_no_planted_secret_is_in_a_report_of_the_whole_pipeline() -> None:
    """Here the patch says whose edits are whose, so that fixes and suggestions are offered."""
    text, secrets, parts = planted()
    text = re.sub(r"(?ms)^(models|secrets):\n.*?(?=^\w)", "", text)  # what no valid file can hold
    text = re.sub(
        r"(?m)^ +(- \{MISTAKE|environment: FORGOTTEN|provider:\n|  type: thing\n|  options: \{pass).*\n", "", text
    )
    outcome, redactor = hardened(text)
    assert outcome.problems == ()
    assert outcome.patches
    offered = 0
    for form, printed in documents(outcome, redactor):
        offered += printed.count("insertedContent") + printed.count('"suggestions"')
        assert [secret for secret in secrets + parts if secret in printed] == [], form
    assert offered > 3


class Blind(Redactor):
    """Masks nothing: what the search must notice."""

    def mask(self, source: Source) -> str:
        return source.text

    def data(self, path: tuple[str | int, ...], value: Any) -> Any:
        return value

    def _without_known(self, text: str) -> str:
        return text


def test_the_search_would_find_every_secret() -> None:
    text, secrets, parts = planted()
    outcome = tactless(text, secrets)
    printed = "".join(text for _, text in everything(outcome, Blind()))
    assert [secret for secret in secrets + parts if secret not in printed] == []


def test_structure_alone_masks_every_planted_secret() -> None:
    text, secrets, parts = planted()
    masked = Redactor().mask(load(text.encode()))
    assert [secret for secret in secrets + parts if secret in masked] == []
    assert masked.count("\n") == text.count("\n")


def test_a_traceback_and_other_foreign_text() -> None:
    text, secrets, _ = planted()
    redactor = Redactor([load(text.encode())])
    try:
        raise ValueError(secrets, {"a": secrets[5]})
    except ValueError:
        shown = redactor.clean(traceback.format_exc())
    assert "ValueError" in shown
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize(
    "secret",
    [
        "it's",
        'say "hi"',
        "back\\slash",
        "a$b",
        "p&q<r>",
        "tab\tbed",
        "two words here",
        "pässwörd🦊",
        "100%sure",
        "a+b/c==",
        "{{x}}",
        "#hash",
        "no",
        "-dash",
        "0123",
        "x" * 5000,
        "line one\nline two is long",
        "\x1bescape",
        "zero\u200bwidth",
    ],
)
def test_a_secret_in_every_spelling(secret: str) -> None:
    redactor = Redactor([load(f"services: {{a: {{environment: {{PASSWORD: {quoted(secret)}}}}}}}".encode())])
    redactor.add_value("DB_PASSWORD", secret)
    if len(secret) < 4:
        return
    spellings = [
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        repr(secret),
        quote(secret, ""),
        quote(secret),
        f"'{secret.replace(chr(39), chr(39) * 2)}'",
        secret.replace("$", "$$"),
    ]
    for offset in range(3):
        spellings.append(base64.b64encode(b"u" * offset + b":" + secret.encode()).decode())
    for spelling in spellings[: None if len(secret) >= 6 else 8]:
        assert MASK in redactor.clean(f"<{spelling}>"), spelling


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD: ${PASSWORD}",
        "PASSWORD: $PASSWORD",
        "PASSWORD: ${PASSWORD:?is missing}",
        "PASSWORD: ''",
        "PASSWORD:",
        "PASSWORD: ${A}${B}",
        "PASSWORD_FILE: /run/secrets/db",
        "SECRET: /run/secrets/db",
        "USE_AUTH: true",
        "TOKEN_TTL: 3600",
        "AUTH_METHOD: scram-sha-256",
        "IMAGE: nginx@sha256:" + "0123456789abcdef" * 4,
        "PUBLIC_KEY: abcdef",
        "AUTHOR: someone",
        "KEYCLOAK_HOST: id.example.org",
        "URL: http://db:5432/path@v1",
        "REPO: ssh://git@example.org/x",
        "PORT: 8080:80",
        "AUTH_URL: https://id.example.org/realms/main",
        'CMD: redis-cli -a "$$REDIS_PASSWORD" ping',
        'CMD: psql -c "$$(cat /run/secrets/db)"',
        "TLS_KEY: /etc/tls/server.key",
        "EMAIL: me@example.org",
        "ZOO_SERVERS: server.1=zk1:2888:3888;2181",
        "BROKERS: a:9092,b:9092",
        "RUN_AS: node:node  # user: 1000:1000",
        "PASSWORD: ${PASSWORD}  # set it in .env",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    text = f"services:\n  a:\n    environment:\n      {line}\n"
    assert Redactor().mask(load(text.encode())) == text
    assert secret_spans(load(text.encode())) == []


def test_a_service_that_is_called_like_a_credential_keeps_its_settings() -> None:
    """Of `valkey` the last letters are those of a key."""
    value = {"valkey": {"condition": "service_healthy", "required": True}, "token-service": None}
    assert Redactor().data((0, "services", "web", "depends_on"), value) == value
    assert Redactor().data((0, "services"), {"valkey": {"image": "valkey/valkey:8"}}) == {
        "valkey": {"image": "valkey/valkey:8"}
    }


def test_names_of_compose_are_not_credentials() -> None:
    text = """\
services:
  auth:
    image: ghcr.io/example/token-service:1.2
    secrets: [db_password, {source: api_token, target: token}]
    depends_on: {secret-store: {condition: service_started}}
    networks: {auth-net: null}
    extra_hosts: {auth: 10.0.0.1}
    volumes: ["./auth:/auth", "keys:/keys"]
  secret-store: {image: "example/secret:2"}
networks: {auth-net: }
volumes: {keys: {name: my-keys}, auth-data: }
secrets:
  db_password: {file: ./secrets/db_password.txt}
  api_token: {environment: API_TOKEN}
"""
    assert Redactor().mask(load(text.encode())) == text


SPLIT = {
    "devices: ['/dev/API_TOKEN=s3cr:et9xkq:rwm']": ("s3cr", "et9xkq"),
    "devices: ['/dev/sda?API_TOKEN=s3:et9xkq:rwm']": ("=s3", "et9xkq"),
    "devices: ['${DISK_TOKEN:-/dev/s3cr:et9xkq}:/dev/x']": ("s3cr", "et9xkq"),
    "devices: ['${DISK_SECRET}:/dev/x']": ("n0tsh", "0wn99"),
    "volumes: ['/var/lib/password=hunt:er2hunter3:/data']": ("hunt", "er2h"),
    "volumes: ['/etc/x?token=aa:/etc/y:ro']": ("=aa",),
    "volumes: &v ['/etc/password=hunt:er2hunter3:/data']\n    tmpfs: *v": ("hunt", "er2h"),
}


@pytest.mark.parametrize("line", SPLIT)
def test_no_field_of_a_secret_is_shown_without_the_rest(line: str) -> None:
    """Compose cuts entries at colons, also where one stands in a secret: messages then name the first field."""
    source = load(f"services:\n  web:\n    image: redis:7\n    {line}\n".encode())
    redactor = Redactor([source])
    redactor.add_value("DISK_SECRET", "/dev/n0tsh:0wn99")
    fields = [field for text in (source.text, "/dev/n0tsh:0wn99") for field in re.split(r"[:'\s]", text) if field]
    shown = [redactor.mask(source), *(redactor.one_line(f"it has a device of the host ({field})") for field in fields)]
    for part in SPLIT[line]:
        assert any(part in field for field in fields)
        assert not [text for text in shown if part in text]
    assert redactor.one_line("mounted at /data, /etc/y and /dev/x") == "mounted at /data, /etc/y and /dev/x"


def test_a_plain_word_that_is_public_anyway_stays_in_messages() -> None:
    text = "services: {db: {image: postgres:16, environment: {POSTGRES_PASSWORD: postgres, X_PASSWORD: password}}}"
    redactor = Redactor([load(text.encode())])
    assert redactor.clean("postgres:16 needs a password") == "postgres:16 needs a password"
    assert "PASSWORD: ***" in redactor.mask(load(text.encode()))


def test_variables_are_known_by_name_by_shape_and_by_use() -> None:
    text = "services: {a: {environment: {DB_PASSWORD: '${PLAIN_X}', URL: 'amqp://u:${PLAIN_Y}@h', TAG: '${TAG}'}}}"
    redactor = Redactor([load(text.encode())])
    for name, value in (
        ("PLAIN_X", "by-use-one"),
        ("PLAIN_Y", "by-use-two"),
        ("TAG", "v1.2.3"),
        ("A_TOKEN", "by-name-x"),
        ("Z", SHAPES[0]),
    ):
        redactor.add_value(name, value)
    shown = redactor.clean(f"by-use-one by-use-two v1.2.3 by-name-x {SHAPES[0]}")
    assert shown == f"{MASK} {MASK} v1.2.3 {MASK} {MASK}"


def test_a_file_that_is_no_yaml() -> None:
    redactor = Redactor()
    redactor.add_text("a: [\nPASSWORD: correct-horse\n  - X_TOKEN=battery-staple\n")
    assert redactor.clean("near correct-horse and battery-staple") == f"near {MASK} and {MASK}"
    assert "hunter22" not in Redactor().sentence("key 'DB_PASSWORD=hunter22' is already set")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(min_size=6, max_size=40).filter(lambda text: len(text.strip()) >= 6), st.text(max_size=80))
def test_any_known_value_is_found_anywhere(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.add_value("X_PASSWORD", secret)
    shown = redactor.clean(around + secret + around)
    assert MASK in shown or secret.strip() in ("true", "false") or secret.lower() in shown.lower()
    if MASK not in shown:
        assert re.fullmatch(r"[\w./:${}+ -]+", secret)  # a word, a path or an address: see is_harmless
    assert "\x1b" not in shown


def _around(text: str, part: str) -> str:
    at = text.find(part)
    return text[max(0, at - 60) : at + 60]
