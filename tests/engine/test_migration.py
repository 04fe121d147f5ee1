"""A legacy stack whose passwords stand in its file, migrated: logins with the same passwords, and none in sight."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import hardening
from .commands import EngineError
from .harness import QUICK, Stack

pytestmark = pytest.mark.xdist_group("migration")
LEGACY = Path(__file__).with_name("stacks") / "credentials"
IMAGES = ("wordpress:6.1-apache", "mariadb:10.11", "postgres:15", "redis:7")
STOCK, SHOP, ROOT = "not a $ecret; 'quoted'", "not-a-secret-012", "5349"
OWNER = 1000
"""Neither root nor the user of any of the images: what it owns with mode 0600 nobody in a container can read."""

MODES = {"secrets alone": ("--migrate", "--only", "secrets"), "with all hardening": ("--migrate",)}


def stock(stack: Stack, statement: str, password: str = STOCK) -> str:
    """What a statement gives, over the network: the image trusts those who come over the loopback."""
    command = f"PGPASSWORD={shlex.quote(password)} psql -h $(hostname -i) -U stock -tAc {shlex.quote(statement)}"
    return stack.exec("db", "sh", "-c", command).strip()


def shop(stack: Stack, statement: str, user: str = "shop", password: str = SHOP) -> str:
    argv = ("mariadb", "-h127.0.0.1", f"-u{user}", f"-p{password}", "-N", "-e", statement)
    return stack.exec("shop", *argv).strip()


def web(stack: Stack) -> str:
    """The first page of the installation, which says so where the database cannot be reached."""
    page = "http://127.0.0.1/wp-admin/install.php"
    answer = stack.exec("web", "php", "-r", f"echo file_get_contents('{page}');")
    assert "WordPress" in answer
    assert "Error establishing a database connection" not in answer
    return answer


def check_logins(stack: Stack) -> None:
    """Each password opens what it opened, and another one does not."""
    assert stock(stack, "SELECT count(*) FROM moved") == "0"
    assert shop(stack, "SELECT 1", "root", ROOT) == "1"
    assert shop(stack, "SELECT 2") == "2"
    with pytest.raises(EngineError):
        stock(stack, "SELECT 1", "another")
    with pytest.raises(EngineError):
        shop(stack, "SELECT 1", "root", "012345")
    stack.until(lambda: web(stack))


def check_nothing_is_in_sight(stack: Stack) -> None:
    """No password in the file, nor in what `docker inspect` says of a service whose image reads files."""
    text = stack.file.read_text()
    for value in (STOCK, STOCK.replace("$", "$$"), SHOP, "012345"):
        assert value not in text
    for service in ("db", "shop", "web"):
        for entry in stack.inspect(service)["Config"]["Env"]:
            name, _, value = entry.partition("=")
            assert value not in (STOCK, SHOP, ROOT), name
            assert "PASSWORD" not in name or name.endswith("_FILE"), name


@pytest.fixture(scope="module", params=list(MODES.values()), ids=list(MODES))
def migrated(request: pytest.FixtureRequest, images: Callable[[str], None]) -> Iterator[Stack]:
    """The stack, started as it was, given data, and migrated."""
    for image in IMAGES:
        images(image)
    with Stack(LEGACY, interval=QUICK) as stack:
        for root, _, names in os.walk(stack.folder):
            for path in (root, *(os.path.join(root, name) for name in names)):
                os.chown(path, OWNER, OWNER)
        stack.up()
        check_logins(stack)
        stock(stack, "CREATE TABLE kept AS SELECT 'data' AS v")
        shop(stack, "CREATE TABLE shop.kept AS SELECT 'data' AS v")
        stack.remove_containers()
        hardening.harden(stack.folder, options=request.param)
        stack.up()
        yield stack


def test_the_data_is_there_and_the_passwords_open_it(migrated: Stack) -> None:
    check_logins(migrated)
    assert stock(migrated, "SELECT v FROM kept") == "data"
    assert shop(migrated, "SELECT v FROM shop.kept") == "data"


def test_nothing_is_in_sight(migrated: Stack) -> None:
    check_nothing_is_in_sight(migrated)


def test_the_files_are_of_their_owner(migrated: Stack) -> None:
    folder = migrated.folder / "secrets"
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (OWNER, 0o700)
    assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in folder.iterdir()} == {(OWNER, 0o644)}
    assert ((migrated.folder / ".env").stat().st_uid, (migrated.folder / ".env").stat().st_mode & 0o777) == (
        OWNER,
        0o600,
    )


def test_a_second_start(migrated: Stack) -> None:
    migrated.remove_containers()
    migrated.up()
    check_logins(migrated)
    assert stock(migrated, "SELECT v FROM kept") == "data"


def test_a_first_start_reads_the_files(migrated: Stack) -> None:
    """With empty volumes the databases are made anew, with the passwords that only the files hold."""
    migrated.down()
    migrated.up()
    check_logins(migrated)
    with pytest.raises(EngineError):
        stock(migrated, "SELECT v FROM kept")
    check_nothing_is_in_sight(migrated)
