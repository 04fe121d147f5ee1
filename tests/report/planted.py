"""A stack with a different secret in every place a Compose file can hold one.

§ marks each, and ¤ those that are only part of a secret: nobody knows them by themselves.
"""

from __future__ import annotations

import re

TEMPLATE = """\
# POSTGRES_PASSWORD: §
#  - API_TOKEN=§   # old
# restore with: psql postgres://admin:§@db/app
# mysql -u root -p§ < dump.sql
# the password is §; log in as admin / §
x-env: &env
  JWT_SECRET: §
  Api.Key: "§"
x-secrets: [§, {a: §}]
x-pass: &shared §
x-list: &list
  - SESSION_TOKEN=§
services:
  web:
    image: nginx:1.27
    environment:
      <<: *env
      DB_PASSWORD: §
      DB_PASS: '§'
      MYSQL_ROOT_PASSWORD: "§"  # was §
      DEMO_PASSWORD: ${DEMO_PASSWORD}  # §
      SFTP_USERS: "app:§:1001,other:§:1002"
      SIGNED_URL: https://example.org/dump?user=a&sig=§
      PGPASSWORD: "¤ with blanks"
      SMTP_PWD: §   # the real one: see above
      AWS_SECRET_ACCESS_KEY: ${AWS_SECRET_ACCESS_KEY:-§}
      NESTED_TOKEN: ${A:-${B:-§}}
      ALTERNATIVE_TOKEN: ${A:+§}
      UNNAMED: ${SOME_PASSWORD-§}
      ENCRYPTION_KEY_V2: §
      APP_KEY: base64:§
      PASSWORD_SALT: §
      SENTRY_DSN: https://§@sentry.example/1
      ERLANG_COOKIE: §
      NEO4J_AUTH: neo4j/§
      CREDENTIALS: §
      REUSED: *shared
      OTHER_PASSWORD: *shared
      DATABASE_URL: postgres://app:§@db:5432/app?sslmode=disable
      RAW_AT: redis://:¤@x@cache:6379/0
      MONGO: mongodb+srv://app:§@a.example,b.example/?retryWrites=true
      GO_DSN: app:§@tcp(db:3306)/app
      PLAIN_GO: app:§@tcp(db:3306)/app
      DEFAULT_URL: ${URL:-amqp://guest:§@queue:5672}
      PARTLY_URL: postgres://${DB_USER}:§@${DB_HOST}/app
      JDBC: jdbc:postgresql://db/app?user=app&password=§&ssl=false
      ADO: "Server=db;User Id=sa;Password=¤ too;Encrypt=no"
      LIBPQ: host=db user=app password='¤ x' dbname=app
      HEADERS: "X-Api-Key: §"
      OTLP: "Authorization=Bearer §"
      JSON: '{"user": "app", "password": "§"}'
      ESCAPED: "{\\"token\\": \\"§\\"}"
      PRIVATE_PEM: |
        -----BEGIN PRIVATE KEY-----
        ¤MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
        ¤BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj
        -----END PRIVATE KEY-----
      FOLDED_SECRET: >-
        §
        §
      QUOTED_SECRET: "§
        §"
      CERT: "-----BEGIN RSA PRIVATE KEY-----\\n¤MIIEvQIBADANBgkqhk\\n-----END RSA PRIVATE KEY-----"
      WEBHOOK_URL: https://hooks.slack.com/services/T00000000/B00000000/§
      OAUTH2_PROXY_CLIENT_SECRET: §
      SPRING_DATASOURCE_PASSWORD: §
      Auth__Jwt__SigningKey: §
    labels:
      - "traefik.http.middlewares.a.basicauth.users=admin:$$apr1$$x1y2z3aa$$§"
      - ofelia.job-exec.a.command=mysqldump -p§ app
      - com.example.api-key=§
    annotations: {token: §}
    command: ["redis-server", "--requirepass", "§", "--masterauth=§", "--port", "6379"]
    entrypoint: >
      sh -c "PGPASSWORD=§ psql -h db;
      mysql -uroot -p§ app; redis-cli -a § ping;
      curl -su app:§ -H 'Authorization: Bearer §' http://app;
      mongosh -u root -p § --eval 1; sshpass -p § ssh x;
      kubectl create secret generic a --from-literal=b=§;
      rabbitmqctl add_user app §; echo root:§ | chpasswd"
    healthcheck:
      test: ["CMD-SHELL", "mysqladmin ping -u root --password=§ || exit 1"]
    post_start:
      - command: ["./setup", "--admin-password", "§"]
        environment: ["ADMIN_PASSWORD=§"]
    pre_stop:
      - command: vault login §
        environment: {LEAVE_TOKEN: §}
    build:
      context: https://ci:§@github.com/example/app.git
      args:
        NPM_TOKEN: §
        PIP_INDEX: https://¤xxxxxxxxxx@pypi.example/simple
      dockerfile_inline: |
        FROM alpine
        ENV ADMIN_PASSWORD §
        ARG TOKEN=§
        RUN curl -u app:§ https://example.org
    logging:
      driver: splunk
      options: {splunk-token: §}
    provider:
      type: thing
      options: {password: §}
    extra_hosts: ["a:10.0.0.1"]
  db:
    image: postgres:16
    environment:
      - POSTGRES_PASSWORD=§
      - "QUOTED_PASSWORD=¤ x"
      - 'URL=mysql://root:§@db/app'
      - {MISTAKE_PASSWORD: §}
      - "MISTAKE_TOKEN: §"
    command: -c 'ALTER USER app WITH PASSWORD ''§'''
  job:
    image: example/job:1
    environment: FORGOTTEN_PASSWORD=§
    entrypoint: [sh, -c, "echo § | docker login -u app --password-stdin && mc alias set a http://b key §"]
    command: --registry-token § --user default on >§ ~* +@all
models:
  llm:
    model: ai/small
    runtime_flags: ["--api-key", "§"]
  sftp:
    image: example/sftp:1
    command: app:§:1001
  nas:
    image: example/samba:1
    command: '-u "alice;§" -s "share;/share"'
volumes:
  share:
    driver_opts:
      type: cifs
      o: "addr=nas,username=app,password=§,vers=3.0"
configs:
  app:
    content: |
      [main]
      password = §
      requirepass §
      api_url: https://app:§@example.org
      ¤
secrets:
  inline:
    content: "§"
  block:
    content: |-
      §
      second ¤
  wrong: §
"""

SHAPES = (
    "AKIA" + "QWERTYUIOPASDFGH",
    "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "glpat-" + "x1Y2z3A4b5C6d7E8f9G0",
    "xoxb-" + "123456789012-abcdefABCDEF",
    "sk-" + "proj-a1b2c3d4e5f6g7h8i9j0",
    "sk_live_" + "a1b2c3d4e5f6g7h8",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJlLWhlcmU",
    "hvs." + "CAESIJ1a2b3c4d5e6f7g8h9i0j",
    "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "$$2y$$05$$" + "abcdefghijklmnopqrstuu1234567890",
    "123456789:AA" + "H1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "{SSHA}" + "W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MGFiY2RlZg==",
)
"""Credentials that only their own form gives away."""


def planted() -> tuple[str, list[str], list[str]]:
    """The file, its secrets, and its parts of secrets, all different."""
    secrets: list[str] = []
    parts: list[str] = []

    def plant(match: re.Match[str]) -> str:
        secret = f"Vx{len(secrets) + len(parts):03d}q-Zw"
        (secrets if match[0] == "§" else parts).append(secret)
        return secret

    text = re.sub("[§¤]", plant, TEMPLATE)
    shapes = "".join(
        f"x-{number}: '{shape}'\nx-text-{number}: see {shape} there\n" for number, shape in enumerate(SHAPES)
    )
    return text + shapes, [*secrets, *SHAPES], parts
