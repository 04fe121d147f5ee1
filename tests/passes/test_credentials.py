"""What counts as a credential, and what must not."""

from __future__ import annotations

import pytest

from composeharden.credentials import Kind, in_lines, in_setting, in_text, is_credential_name


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASS", "MYSQL_PWD", "PGPASSWORD", "CLIENT_SECRET", "apiToken", "API_KEY", "SECRET_KEY_BASE",
     "AWS_SECRET_ACCESS_KEY", "db.password", "Auth__ClientSecret", "ERLANG_COOKIE", "redisPassWord", "PASSWORD1",
     "KAFKA_CLIENT_PASSWORDS", "LOGGED_IN_KEY", "SSH_PASSPHRASE", "OPENAI_API_KEYS"],
)  # fmt: skip
def test_is_a_credential_name(name: str) -> None:
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    ["PASSWORD_FILE", "TOKEN_TTL", "TOKEN_EXPIRES_IN", "AWS_ACCESS_KEY_ID", "PUBLIC_KEY", "NEXT_PUBLIC_API_KEY", "PWD",
     "PASSWORD_RESET_ENABLED", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD", "SECRET_NAME", "BYPASS",
     "PASSWORD_MIN_LENGTH", "MAX_TOKENS", "SECRETS_PATH", "KEYBOARD", "COMPASS", "AUTH_TOKEN_URL",
     "SSL_KEY", "SORT_KEY",
     "SESSION_COOKIE", "API_KEY_HEADER", "", "123"],
)  # fmt: skip
def test_is_no_credential_name(name: str) -> None:
    assert not is_credential_name(name)


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("DB_PASSWORD", "hunter2", Kind.LITERAL),
        ("DB_PASSWORD", "123456", Kind.LITERAL),
        ("DB_PASSWORD", "${PW:-hunter2}", Kind.DEFAULT),
        ("DB_PASSWORD", "${PW:-${OTHER:-hunter2}}", Kind.DEFAULT),
        ("DB_PASSWORD", "changeme", Kind.PLACEHOLDER),
        ("API_KEY", "<your key>", Kind.PLACEHOLDER),
        ("DB_PASSWORD", "a$$b", Kind.LITERAL),
        ("URL", "postgres://app:hunter2@db/app", Kind.CONNECTION),
        ("URL", "postgres://app:hunter2@${HOST}/app", Kind.CONNECTION),
        ("URL", "postgres://app:${PW:-hunter2}@db/app", Kind.DEFAULT),
        ("DSN", "root:hunter2@tcp(db:3306)/app", Kind.CONNECTION),
        ("MAIN", "Server=db;User Id=sa;Password=hunter2;", Kind.CONNECTION),
        ("ANY", "ghp_" + "a" * 36, Kind.TOKEN),
        ("ANY", "-----BEGIN PRIVATE KEY-----\nabc", Kind.TOKEN),
    ],
)
def test_is_found_in_a_setting(name: str, raw: str, kind: Kind) -> None:
    found = in_setting(name, raw)
    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("DB_PASSWORD", ""), ("DB_PASSWORD", "${PW}"), ("DB_PASSWORD", "${PW:?missing}"), ("DB_PASSWORD", "$PW"),
        ("DB_PASSWORD", "${PW:-}"), ("DB_PASSWORD", "pre-${PW}"), ("DB_PASSWORD", "$$(cat /run/secrets/db)"),
        ("DB_PASSWORD", "$$DB_PASSWORD"), ("DB_PASSWORD", "/run/secrets/db"), ("DB_PASSWORD", "true"),
        ("DB_PASSWORD", "${"), ("ACCESS_TOKEN", "3600"), ("TLS_SECRET", "./certs/key.pem"),
        ("API_KEY", "{{ api_key }}"),
        ("API_KEY", "********"), ("API_KEY", "vault:secret/data/app"), ("URL", "postgres://app:${PW}@db/app"),
        ("URL", "postgres://app@db/app"), ("URL", "http://proxy:8080/a@b"), ("URL", "redis://cache:6379"),
        ("KEY", "AKIAIOSFODNN7EXAMPLE"),
    ],
)  # fmt: skip
def test_is_not_found_in_a_setting(name: str, raw: str) -> None:
    assert in_setting(name, raw) is None


@pytest.mark.parametrize(
    "raw",
    ["redis-server --requirepass hunter2", "redis-cli -a hunter2 ping", "mysqladmin ping -uroot -phunter2",
     "mysql --user=root --password='hunter2' -e x", "PGPASSWORD=hunter2 psql", "curl -u admin:hunter2 http://localhost",
     "app --api-token=hunter2", "redis-server --requirepass ${PW:-hunter2}"],
)  # fmt: skip
def test_is_found_in_a_command(raw: str) -> None:
    assert in_text(raw) is not None


@pytest.mark.parametrize(
    "raw",
    ["redis-server --requirepass ${PW}", "redis-server --requirepass ${PW:?} --appendonly yes",
    "mysqladmin ping -p$$PW",
     "mysqladmin -p", "app --password-file /run/secrets/x", "app --password", "psql --no-password -c x",
     "pg_isready -U app -p 5432", "curl -u $$USER:$$PW http://localhost", "PGPASSWORD=$$(cat /run/secrets/x) psql",
     "redis-cli -a \"$$REDIS_PASSWORD\" ping", "app --token-ttl 3600", "echo password", ""],
)  # fmt: skip
def test_is_not_found_in_a_command(raw: str) -> None:
    assert in_text(raw) is None


@pytest.mark.parametrize("part", ["a://a;", "a://?", "-a ", "htpasswd -b a ", "mc alias set ", "host=a;", "x=", " "])
def test_hostile_text_takes_no_time(part: str) -> None:
    """Not by the clock: what grew faster than the text would not end here."""
    text = part * (100_000 // len(part))
    assert in_text(text) is None
    assert in_lines(text) is None
    assert in_setting("JAVA_OPTS", text) is None
