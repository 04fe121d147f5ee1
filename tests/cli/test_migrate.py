"""`fix --migrate` moves credentials: every container gets the same values as before, as Compose itself sees it."""

from __future__ import annotations

import json
import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from composeharden.cli import cli
from tests.cli.migrated import model, received, rest
from tests.corpus import real_compose
from tests.credentials.test_planted import VALUE as PLANTED
from tests.credentials.test_planted import cases

pytestmark = pytest.mark.skipif(real_compose.binary() is None, reason="docker-compose is not there")

VALUE = "hunter2-Vx001"

SAME = {
    "a mapping": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: hunter2-Vx001}}",
    "a list": "db: {image: 'postgres:16', environment: [POSTGRES_PASSWORD=hunter2-Vx001]}",
    "a quoted list": "db: {image: 'postgres:16', environment: ['POSTGRES_PASSWORD=hunter2-Vx001', TZ=UTC]}",
    "an octal number": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: 012345}}",
    "a float": "db: {image: 'mysql:8.4', environment: {MYSQL_ROOT_PASSWORD: 1e5}}",
    "a long number": "db: {image: 'mysql:8.4', environment: {MYSQL_ROOT_PASSWORD: 1234567.0}}",
    "a date": "db: {image: 'mysql:8.4', environment: {MYSQL_ROOT_PASSWORD: 2024-01-01}}",
    "dollars": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: 'a$$b$$$$c'}}",
    "both quotes": """db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: "it's a \\"b\\" \\\\ c"}}""",
    "several lines": """db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: "first\\nsecond"}}""",
    "other alphabets": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: 'pässwörd-密码-🔑'}}",
    "no image that reads a file": "app: {image: 'example/app:1', environment: {API_KEY: hunter2-Vx001}}",
    "a connection": "app: {image: 'example/app:1', environment: {DATABASE_URL: 'postgres://a:hunter2-Vx001@db/a'}}",
    "a default": "app: {image: 'example/app:1', environment: {API_KEY: '${API_KEY:-hunter2-Vx001}'}}",
    "a default in a connection": "app: {image: 'example/app:1', environment: {U: 'amqp://a:${PW:-hunter2-Vx001}@q/'}}",
    "dollars in .env": "app: {image: 'example/app:1', environment: {API_KEY: 'a$$b${}c'}}".replace("${}", "$$"),
    "single quotes in .env": """app: {image: 'example/app:1', environment: {API_KEY: "it's $$x \\\\ #y"}}""",
    "a final backslash in .env": """app: {image: 'example/app:1', environment: {API_KEY: "abc $$d\\\\"}}""",
    "a hash in .env": "app: {image: 'example/app:1', environment: {API_KEY: 'abc #def'}}",
    "blanks in .env": "app: {image: 'example/app:1', environment: {API_KEY: '  abc def  '}}",
    "lines in .env": """app: {image: 'example/app:1', environment: {API_KEY: "abc\\ndef\\n"}}""",
    "other alphabets in .env": "app: {image: 'example/app:1', environment: {API_KEY: 'pässwörd-密码-🔑'}}",
    "a number in .env": "app: {image: 'example/app:1', environment: {APP_PASSWORD: 012345}}",
    "a final newline cannot be in a file": """db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: "abc\\n"}}""",
    "an own command": "db: {image: 'postgres:16', command: [sh], environment: {POSTGRES_PASSWORD: hunter2-Vx001}}",
    "a command with the variable": (
        "db: {image: 'postgres:16', command: 'postgres -c a=$$POSTGRES_PASSWORD', "
        "environment: {POSTGRES_PASSWORD: hunter2-Vx001}}"
    ),
    "an extended service": (
        "base: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: hunter2-Vx001}}\n  db: {extends: base}"
    ),
    "a long grant that is there": (
        "db: {image: 'postgres:16', secrets: [{source: a, target: b}], environment: {POSTGRES_PASSWORD: hunter2-Vx001}}"
        "\nsecrets: {a: {file: ./a}}"
    ),
    "a secret of that name": (
        "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: hunter2-Vx001}}"
        "\nsecrets: {postgres_password: {file: ./other}}"
    ),
    "a variable of that name": (
        "app: {image: 'example/app:1', environment: {API_KEY: hunter2-Vx001, OTHER: '${API_KEY-}'}}"
    ),
    "the same variable with two values": (
        "a: {image: 'example/a:1', environment: {API_KEY: hunter2-Vx001}}\n"
        "  b: {image: 'example/b:1', environment: {API_KEY: other-Vx002}}"
    ),
    "a word of a command": "r: {image: 'redis:7', command: redis-server --requirepass hunter2-Vx001 --appendonly yes}",
    "a part of a word of a command": "a: {image: 'example/a:1', command: ['run', '--api-token=hunter2-Vx001', 'x y']}",
    "a word of an entry point": "a: {image: 'example/a:1', entrypoint: ['run', '--password', hunter2-Vx001]}",
    "a command with another variable": (
        "a: {image: 'example/a:1', command: 'run --port $${PORT} --level ${L:-1} --password hunter2-Vx001'}"
    ),
    "a command in a block": (
        "a:\n    image: 'example/a:1'\n    command:\n      - run\n      - --password\n      - hunter2-Vx001"
    ),
    "the same value in a command and a setting": (
        "r: {image: 'redis:7', command: [redis-server, --requirepass, hunter2-Vx001]}\n"
        "  a: {image: 'example/a:1', environment: {REDIS_PASSWORD: hunter2-Vx001}}"
    ),
    "a monitor of the host": (
        "a: {image: 'x:1', environment: {API_KEY: hunter2-Vx001}}\n"
        "  b: {image: 'x:1', volumes: ['/:/host:ro', './conf:/conf']}"
    ),
    "an anchored mapping": (
        "a: {image: 'postgres:16', environment: &e {POSTGRES_PASSWORD: hunter2-Vx001}}\n"
        "  b: {image: 'example/b:1', environment: *e}"
    ),
    "a merge key": (
        "a: {image: 'example/a:1', environment: {<<: *e, X: y}}\n  b: {image: 'example/b:1', environment: {<<: *e}}\n"
        "x-e: &unused {}"
    ),
}


def stack(folder: Path, services: str) -> None:
    head = "x-env: &e {API_KEY: hunter2-Vx001}\n" if "<<: *e" in services else ""
    (folder / "compose.yaml").write_text(f"{head}services:\n  {services}\n")
    (folder / "a").write_text("x")
    (folder / "other").write_text("x")


def migrate(*arguments: str, expected: int = 0) -> Result:
    done = CliRunner().invoke(cli, ["fix", "--migrate", "--only", "secrets", *arguments])
    assert done.exit_code == expected, done.output
    return done


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stack").mkdir()
    monkeypatch.chdir(tmp_path / "stack")
    return tmp_path / "stack"


@pytest.mark.parametrize("services", SAME.values(), ids=SAME)
def test_every_container_gets_the_same(folder: Path, services: str) -> None:
    stack(folder, services)
    before = model(folder)
    assert before is not None
    values = received(before)
    migrate()
    after = model(folder)
    assert after is not None
    assert received(after) == values
    assert rest(after) == rest(before)
    text = (folder / "compose.yaml").read_text()
    assert "Vx00" not in text.replace("x-env", "") or "&e" in text
    assert re.search(r"/run/secrets/|:\?set \w+ in \.env", text)
    written = text
    migrate()
    assert (folder / "compose.yaml").read_text() == written


KEPT = {
    "it is a reference already": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: '${PASSWORD:?not set}'}}",
    "it is a file already": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db}}",
    "it is empty": "db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: ''}}",
    "other variables are part of it": (
        "app: {image: 'example/a:1', environment: {U: 'postgres://a:hunter2-Vx001@${HOST}/a'}}"
    ),
    "the default differs": (
        "a: {image: 'example/a:1', environment: {API_KEY: '${K:-hunter2-Vx001}'}}\n"
        "  b: {image: 'example/b:1', environment: {API_KEY: '${K:-hunter2-Vx002}'}}"
    ),
    "a service takes all of .env": ("a: {image: 'example/a:1', env_file: .env, environment: {API_KEY: hunter2-Vx001}}"),
    "a command with two": "a: {image: 'example/a:1', command: 'run --password hunter2-Vx001 --token hunter2-Vx002'}",
    "a command with it twice": "a: {image: 'example/a:1', command: 'run --password hunter2-Vx001 hunter2-Vx001'}",
    "a quoted word": """a: {image: 'example/a:1', command: "run --password 'hunter2 Vx001'"}""",
    "a default in a command": "a: {image: 'example/a:1', command: 'run --password ${PW:-hunter2-Vx001}'}",
    "a command that is shared": (
        "a: {image: 'example/a:1', command: &c [run, --password, hunter2-Vx001]}\n  b: {image: 'x:1', command: *c}"
    ),
    "a command that is inherited": (
        "a: {image: 'example/a:1', command: [run, --password, hunter2-Vx001]}\n  b: {extends: a}"
    ),
    "a container has the folder of .env": (
        "a: {image: 'x:1', volumes: ['.:/app'], environment: {API_KEY: hunter2-Vx001}}"
    ),
    "a container has the folder above": (
        "a: {image: 'x:1', environment: {API_KEY: hunter2-Vx001}}\n  b: {image: 'x:1', volumes: ['../:/src:ro']}"
    ),
    "a container has .env": "a: {image: 'x:1', volumes: ['./.env:/e'], command: 'x --password hunter2-Vx001'}",
    "it is for Swarm": (
        "a: {image: 'example/a:1', environment: {API_KEY: hunter2-Vx001}, deploy: {placement: {constraints: [x]}}}"
    ),
}


@pytest.mark.parametrize("services", KEPT.values(), ids=KEPT)
def test_left_alone(folder: Path, services: str) -> None:
    stack(folder, services)
    (folder / ".env").write_text("A=1\n")
    text = (folder / "compose.yaml").read_text()
    migrate()
    assert (folder / "compose.yaml").read_text() == text
    assert sorted(os.listdir(folder)) == [".env", "a", "compose.yaml", "other"]


def test_nothing_moves_by_itself(folder: Path) -> None:
    stack(folder, SAME["a mapping"])
    done = CliRunner().invoke(cli, ["fix"])
    assert VALUE in (folder / "compose.yaml").read_text()
    assert not (folder / "secrets").exists()
    assert "secrets" not in done.output.replace("/run/secrets", "")


@pytest.mark.parametrize("how", [["fix", "--dry-run"], ["diff"], ["fix", "--check"]])
def test_only_looking(folder: Path, how: list[str]) -> None:
    stack(folder, SAME["a mapping"])
    held = sorted(os.listdir(folder))
    done = CliRunner().invoke(cli, [*how, "--migrate", "--only", "secrets"])
    assert done.exit_code == (how[1:] == ["--check"])
    assert sorted(os.listdir(folder)) == held
    assert VALUE in (folder / "compose.yaml").read_text()
    assert VALUE not in done.output
    assert ("POSTGRES_PASSWORD_FILE" in done.output) or how[1:] == ["--check"]


def test_who_may_read_what(folder: Path) -> None:
    stack(folder, f"{SAME['a mapping']}\n  {SAME['a connection']}")
    migrate()
    mode = {name: stat.S_IMODE(os.stat(name).st_mode) for name in ("secrets", "secrets/postgres_password", ".env")}
    assert mode == {"secrets": 0o700, "secrets/postgres_password": 0o644, ".env": 0o600}


def test_an_open_env_is_closed_and_its_lines_stay(folder: Path) -> None:
    stack(folder, SAME["a connection"])
    held = b"# mine\r\nA='1' # one\r\nB=2"
    (folder / ".env").write_bytes(held)
    (folder / ".env").chmod(0o644)
    migrate()
    data = (folder / ".env").read_bytes()
    assert data.startswith(held + b"\r\nDATABASE_URL=")
    assert data.endswith(b"\r\n")
    assert stat.S_IMODE(os.stat(".env").st_mode) == 0o600


def test_an_existing_secret_file_is_never_overwritten(folder: Path) -> None:
    stack(folder, SAME["a mapping"])
    (folder / "secrets").mkdir()
    (folder / "secrets/postgres_password").write_text("another-Vx009")
    done = migrate(expected=2)
    assert (folder / "secrets/postgres_password").read_text() == "another-Vx009"
    assert VALUE in (folder / "compose.yaml").read_text()
    assert "is there already with other content" in " ".join(done.output.split())
    assert "Vx00" not in done.output


def test_an_existing_secret_file_with_the_same_value_is_used(folder: Path) -> None:
    stack(folder, SAME["a mapping"])
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets/postgres_password").write_text(VALUE)
    migrate()
    assert VALUE not in (folder / "compose.yaml").read_text()


def test_one_value_is_one_secret(folder: Path) -> None:
    stack(folder, f"{SAME['a mapping']}\n  web: {{image: 'wordpress:6', environment: [WORDPRESS_DB_PASSWORD={VALUE}]}}")
    migrate()
    assert os.listdir("secrets") == ["postgres_password"]
    assert (folder / "compose.yaml").read_text().count("/run/secrets/postgres_password") == 2


def test_git_and_builds_leave_them_out(folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    (folder / "app").mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".gitignore").write_text("*.pyc")
    stack(folder, f"{SAME['a mapping']}\n  {SAME['a connection'].replace('image:', 'build: ., image:')}")
    migrate()
    assert (folder / ".gitignore").read_text() == "*.pyc\n/secrets/\n/.env\n"
    assert (folder / ".dockerignore").read_text() == "secrets\n.env\n"
    for name in (".env", "secrets/postgres_password"):
        subprocess.run(["git", "check-ignore", "-q", name], check=True)
    listed = subprocess.run(["git", "status", "--short", "-uall"], capture_output=True, text=True, check=True).stdout
    assert "secret" not in listed
    assert ".env" not in listed


def test_without_git_and_builds_there_is_nothing_to_ignore(folder: Path) -> None:
    stack(folder, SAME["a mapping"])
    migrate()
    assert not (folder / ".gitignore").exists()
    assert not (folder / ".dockerignore").exists()


def test_an_env_that_git_has_takes_no_secret(folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    (folder / ".env").write_text("A=1\n")
    subprocess.run(["git", "add", ".env"], check=True)
    stack(folder, SAME["a connection"])
    migrate()
    assert (folder / ".env").read_text() == "A=1\n"
    assert VALUE in (folder / "compose.yaml").read_text()


PROBES: dict[str, tuple[str, str | None]] = {
    "a shell": ('["CMD-SHELL", "x -p$$POSTGRES_PASSWORD"]', '["CMD-SHELL", "x -p$$(cat /run/secrets/{})"]'),
    "braces": ('["CMD-SHELL", "x -p$${POSTGRES_PASSWORD}"]', '["CMD-SHELL", "x -p$$(cat /run/secrets/{})"]'),
    "one text": ("'x \"$$POSTGRES_PASSWORD\"'", 'x "$$(cat /run/secrets/{})"'),
    "a shell by name": ("[CMD, sh, -c, 'x $$POSTGRES_PASSWORD']", "[CMD, sh, -c, 'x $$(cat /run/secrets/{})']"),
    "a default": ('["CMD-SHELL", "x $${POSTGRES_PASSWORD:-y}"]', None),
    "the bare name": ('["CMD-SHELL", "printenv POSTGRES_PASSWORD"]', None),
    "no shell": ("[CMD, x, $$POSTGRES_PASSWORD]", None),
}


@pytest.mark.parametrize(("test", "expected"), PROBES.values(), ids=PROBES)
def test_a_health_check_reads_the_file(folder: Path, test: str, expected: str | None) -> None:
    """Where that cannot be done, the variable stays in the container."""
    stack(
        folder,
        f"db:\n    image: postgres:16\n    environment: {{POSTGRES_PASSWORD: {VALUE}}}\n"
        f"    healthcheck:\n      test: {test}  # probe\n",
    )
    migrate()
    text = (folder / "compose.yaml").read_text()
    wanted = test if expected is None else expected.replace("{}", "postgres_password")
    assert f"test: {wanted}  # probe\n" in text
    assert ("POSTGRES_PASSWORD_FILE" in text) == (expected is not None)


def test_included_files_define_their_own_secrets(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "compose.yaml").write_text(f"include: [sub/compose.yaml]\nservices:\n  {SAME['a connection']}\n")
    (folder / "sub/compose.yaml").write_text(f"services:\n  {SAME['a mapping']}\n")
    before = model(folder)
    assert before is not None
    values = received(before)
    migrate()
    after = model(folder)
    assert after is not None
    assert received(after) == values
    assert (folder / "sub/secrets/postgres_password").read_text() == VALUE
    assert "secrets:" not in (folder / "compose.yaml").read_text()


def test_an_override_file_is_changed_where_the_value_is(folder: Path) -> None:
    (folder / "compose.yaml").write_text("services:\n  db: {image: 'postgres:16'}\n")
    text = f"services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: {VALUE}\n"
    (folder / "compose.override.yaml").write_text(text)
    migrate("-f", "compose.yaml", "-f", "compose.override.yaml")
    assert VALUE not in (folder / "compose.override.yaml").read_text()
    assert (folder / "secrets/postgres_password").read_text() == VALUE


def test_names_of_the_shell_are_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would go before .env, and the container would get another value."""
    monkeypatch.setenv("GITHUB_TOKEN", "mine")
    stack(folder, f"app: {{image: 'example/app:1', environment: {{GITHUB_TOKEN: {VALUE}}}}}")
    migrate()
    assert "${APP_GITHUB_TOKEN:?" in (folder / "compose.yaml").read_text()


def test_what_is_said(folder: Path) -> None:
    stack(folder, f"{SAME['a mapping']}\n  {SAME['a connection']}")
    said = migrate().output
    assert "Every other host needs these before its next up" in said
    assert ".env with DATABASE_URL" in said
    assert "secrets/postgres_password    # mode 0644, in a folder of mode 0700" in said
    assert "replace them once it runs" in said
    assert "compose.yaml.orig still has them" in said
    assert VALUE not in said


USAGE = {
    "standard input": ["-"],
    "another output": ["compose.yaml", "-o", "other.yaml"],
    "an overlay": ["compose.yaml", "--overlay", "o.yaml"],
    "both": ["compose.yaml", "--new-stack"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_what_it_does_not_go_with(folder: Path, arguments: list[str]) -> None:
    stack(folder, SAME["a mapping"])
    done = CliRunner().invoke(cli, ["fix", "--migrate", *arguments])
    assert done.exit_code == 2
    assert VALUE in (folder / "compose.yaml").read_text()


def test_values_of_every_kind_survive(folder: Path) -> None:
    """Whatever a value is made of, `.env` and the secret files give it back as Compose reads them."""
    chance = random.Random(6)
    signs = "aZ09 _-.:/@%+=,#'\"\\$`~!&*|<>?;(){}[]^\tä密🔑\n"
    values = {"".join(chance.choices(signs, k=chance.randint(3, 12))) for _ in range(190)}
    lines = []
    for number, value in enumerate(sorted(values)):
        variable, image = ("API_KEY", "example/app:1") if number % 2 else ("POSTGRES_PASSWORD", "postgres:16")
        text = json.dumps(value.replace("$", "$$"), ensure_ascii=False)
        lines.append(f"s{number}: {{image: '{image}', environment: {{{variable}: {text}}}}}")
    stack(folder, "\n  ".join(lines))
    before = model(folder)
    assert before is not None
    values_before = received(before)
    migrate()
    after = model(folder)
    assert after is not None
    assert received(after) == values_before
    text = (folder / "compose.yaml").read_text()
    assert text.count(":?set") > 40
    assert text.count("/run/secrets/") > 30


FORMS: dict[str, Callable[[], list[str]]] = {
    "json": lambda: ["diff", "--format", "json"],
    "sarif": lambda: ["diff", "--format", "sarif"],
    "rdjson": lambda: ["diff", "--format", "rdjson"],
    "markdown": lambda: ["diff", "--format", "markdown"],
    "text": lambda: ["diff", "-v"],
    "dry run": lambda: ["fix", "--dry-run", "-v"],
    "fix json": lambda: ["fix", "--format", "json"],
    "fix markdown": lambda: ["fix", "--format", "markdown"],
    "fix": lambda: ["fix", "-v"],
}


@pytest.mark.parametrize("form", FORMS)
def test_no_value_is_printed(folder: Path, form: str) -> None:
    names = [f"SERVICE_{number}_PASSWORD" for number in range(40)]
    lines = "".join(f"      {name}: Vx{number:03d}q-Zw\n" for number, name in enumerate(names))
    stack(
        folder,
        "db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: Vx100q-Zw\n"
        "      PGPASSWORD: Vx101q-Zw\n"
        f"    healthcheck: {{test: 'x $$POSTGRES_PASSWORD Vx100q-Zw'}}\n  app:\n    image: example/app:1\n"
        f"    environment:\n{lines}      DATABASE_URL: postgres://a:Vx102q-Zw@db/a\n      LIST: ${{PW:-Vx103q-Zw}}\n",
    )
    done = CliRunner().invoke(cli, [*FORMS[form](), "--migrate"])
    assert done.exit_code == 0, done.output
    assert len(done.output) > 100
    assert re.findall(r"Vx\d{3}q", done.output) == []


def test_a_patch_has_no_secret_files(folder: Path) -> None:
    """It has the old values in the lines that it takes away, as it says; but not where they go."""
    subprocess.run(["git", "init", "-q"], check=True)
    stack(folder, f"{SAME['a mapping']}\n  {SAME['a connection']}")
    subprocess.run(["git", "add", "compose.yaml"], check=True)
    done = CliRunner().invoke(cli, ["diff", "--migrate", "--only", "secrets", "--patch", "the.patch"])
    assert done.exit_code == 0
    text = (folder / "the.patch").read_text()
    assert "+++ b/.gitignore" in text
    assert "b/secrets/" not in text
    assert "b/.env" not in text
    assert not any(line.startswith("+") and VALUE in line for line in text.splitlines())
    subprocess.run(["git", "apply", "the.patch"], check=True)
    assert (folder / ".gitignore").read_text() == "/secrets/\n/.env\n"


def test_a_folder_that_leads_elsewhere(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder / "secrets").symlink_to("../elsewhere")
    stack(folder, SAME["a mapping"])
    done = migrate(expected=2)
    assert os.listdir(folder.parent / "elsewhere") == []
    assert VALUE in (folder / "compose.yaml").read_text()
    assert "leads out of the project" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("file", "entered", "made"), [(0o644, 0o755, True), (0o600, 0o700, True), (0o600, 0o755, False)]
)
def test_nobody_gets_to_read_it_who_could_not_before(folder: Path, file: int, entered: int, made: bool) -> None:
    stack(folder, SAME["a mapping"])
    (folder / "compose.yaml").chmod(file)
    (folder / "secrets").mkdir()
    (folder / "secrets").chmod(entered)
    migrate(expected=0 if made else 2)
    assert (folder / "secrets/postgres_password").exists() == made
    assert (VALUE in (folder / "compose.yaml").read_text()) != made


def test_an_interrupted_run_is_told_of_and_brought_to_its_end(folder: Path) -> None:
    stack(folder, SAME["a mapping"])
    (folder / ".composeharden-journal").touch()
    assert "was interrupted here" in CliRunner().invoke(cli, ["diff"]).output
    assert (folder / ".composeharden-journal").exists()
    migrate()
    assert not (folder / ".composeharden-journal").exists()
    (folder / ".composeharden-journal").write_text("not ours\nat all\n")
    text = (folder / "compose.yaml").read_text()
    done = CliRunner().invoke(cli, ["fix"])
    assert done.exit_code == 2
    assert "not left here by an interrupted run" in " ".join(done.output.split())
    assert (folder / "compose.yaml").read_text() == text


def test_what_stays_is_named_with_the_reason(folder: Path) -> None:
    stack(folder, KEPT["other variables are part of it"])
    done = CliRunner().invoke(cli, ["diff", "--migrate", "--only", "secrets"])
    assert "U cannot be moved" in done.output
    assert "other variables are part of it" in " ".join(done.output.split())


def test_more_than_can_be_proven_together_stay_for_another_run(folder: Path) -> None:
    def service(name: str, count: int) -> str:
        variables = ", ".join(f"A{number}_TOKEN=Vx00{number}q" for number in range(count))
        return f"{name}: {{image: 'example/a:1', environment: [{variables}]}}"

    stack(folder, f"{service('a', 150)}\n  {service('b', 60)}\n  {service('c', 201)}")
    done = migrate("-v")
    text = (folder / "compose.yaml").read_text()
    assert text.count(":?set") == 150
    assert "too many to move at once" in " ".join(done.output.split())
    migrate("--service", "b")
    assert (folder / "compose.yaml").read_text().count(":?set") == 210


def test_words_of_commands_count_as_well(folder: Path) -> None:
    commands = (f"s{number}: {{image: 'x:1', command: run --password Vx00{number}q}}" for number in range(203))
    stack(folder, "\n  ".join(commands))
    migrate()
    assert (folder / "compose.yaml").read_text().count(":?set") == 200
    migrate()
    assert (folder / "compose.yaml").read_text().count(":?set") == 203


def test_no_report_of_a_migration_repeats_a_planted_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stacks of the planted set, each with a credential in another place or form, through every renderer."""
    monkeypatch.chdir(tmp_path)
    planted = [case for case in cases("planted") if PLANTED.search(case.setting)]
    for number, case in enumerate(planted):
        (tmp_path / str(number)).mkdir()
        for name, data in case.files.items():
            (tmp_path / str(number) / name).write_bytes(data)
    paths = [f"{number}/compose.yaml" for number in range(len(planted))]
    forms = ("json", "sarif", "rdjson", "markdown")
    reports = [part for form in forms for part in ("--report", f"{form}=report.{form}")]
    printed = [CliRunner().invoke(cli, ["diff", "--migrate", "-v", *reports, *paths]).output]
    printed += [(tmp_path / f"report.{form}").read_text() for form in forms]
    printed.append(CliRunner().invoke(cli, ["fix", "--migrate", "--dry-run", *paths]).output)
    printed.append(CliRunner().invoke(cli, ["fix", "--migrate", "-v", "--report", "json=fixed.json", *paths]).output)
    printed.append((tmp_path / "fixed.json").read_text())
    assert all(len(text) > 5_000 for text in printed)
    assert [match.group() for text in printed for match in PLANTED.finditer(text)] == []
    moved = [path for path in tmp_path.rglob("*") if path.parent.name == "secrets" or path.name == ".env"]
    assert len(moved) > 20
    sys.stdout.write(f"{len(planted)} secrets, {sum(len(text.encode()) for text in printed):,} bytes searched\n")
