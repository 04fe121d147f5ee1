"""Programs that are written in PHP, Python and JavaScript: two on images that run them, two that the stack builds."""

from __future__ import annotations

from pathlib import Path

from .lifecycle import Row
from .probes import WRITTEN, runs

APPS = Path(__file__).with_name("apps")

# The session lives for one start only: it is written and read back in the same breath.
PHP_WRITE = f"""\
set -e
jar=/tmp/jar.$$
echo {WRITTEN} | curl -sSf -c $jar -F 'file=@-;filename=kept.txt' -F session={WRITTEN} http://127.0.0.1/
curl -sSf -b $jar 'http://127.0.0.1/?session'
rm $jar
"""
WORDPRESS_WRITE = (
    "curl",
    "-sSf",
    "--data",
    f"weblog_title={WRITTEN}&user_name=admin&admin_email=admin@example.org&pw_weak=1&blog_public=0"
    "&admin_password=not-a-secret-only-for-tests&admin_password2=not-a-secret-only-for-tests",
    "http://127.0.0.1/wp-admin/install.php?step=2",
)
DATABASE = {
    "image": "mariadb:10.11",
    "environment": {
        "MARIADB_RANDOM_ROOT_PASSWORD": "1",
        "MARIADB_DATABASE": "wordpress",
        "MARIADB_USER": "wordpress",
        "MARIADB_PASSWORD": "not-a-secret-only-for-tests",
    },
    "volumes": ["db-data:/var/lib/mysql"],
    "healthcheck": {"test": ["CMD", "healthcheck.sh", "--connect"], "timeout": "5s", "retries": 20},
}


def fetch_with_python(*data: str) -> tuple[str, ...]:
    """A command that asks the application of the row in Python, with a body where it is to write."""
    call = f"'http://127.0.0.1:8000/note'{''.join(f', data=b{text!r}' for text in data)}"
    return ("python", "-c", f"from urllib.request import urlopen; print(urlopen({call}).read().decode())")


def fetch_with_node(*data: str) -> tuple[str, ...]:
    """The same in JavaScript."""
    how = f", {{method: 'POST', body: {data[0]!r}}}" if data else ""
    ask = f"fetch('http://127.0.0.1:3000/note'{how})"
    return ("node", "-e", f"{ask}.then(a => {{ if (!a.ok) throw a.status; return a.text() }}).then(console.log)")


SITES = {
    "php-apache": Row(
        service="php",
        image="php:8.2-apache",
        write=runs("sh", "-c", PHP_WRITE, expected=WRITTEN),
        read=runs("curl", "-sSf", "http://127.0.0.1/", expected=WRITTEN),
        worker_uid=33,
        keys={
            "volumes": ["data:/var/www/html", "./index.php:/var/www/html/index.php:ro"],
            "healthcheck": {"test": ["CMD", "curl", "-sS", "-o", "/dev/null", "http://127.0.0.1/"], "timeout": "5s"},
        },
        files={"index.php": (APPS / "index.php").read_text()},
    ),
    "wordpress": Row(
        service="wordpress",
        image="wordpress:6.1-apache",
        write=runs(*WORDPRESS_WRITE, expected="Success!"),
        # Not the front page: it would need a theme, and Debian has those in packages of their own.
        read=runs("curl", "-sSf", "http://127.0.0.1/wp-login.php", expected=WRITTEN),
        worker_uid=33,
        keys={
            "depends_on": ["db"],
            "environment": {
                "WORDPRESS_DB_HOST": "db",
                "WORDPRESS_DB_USER": "wordpress",
                "WORDPRESS_DB_PASSWORD": "not-a-secret-only-for-tests",
            },
            "volumes": ["data:/var/www/html"],
        },
        beside={"db": DATABASE},
    ),
    "python-app": Row(
        service="app",
        image="python:3.11-slim",
        write=runs(*fetch_with_python(WRITTEN)),
        read=runs(*fetch_with_python(), expected=WRITTEN),
        worker_uid=1000,
        keys={"build": "./app", "volumes": ["data:/data"]},
        files={f"app/{file.name}": file.read_text() for file in (APPS / "python").iterdir()},
    ),
    "node-app": Row(
        service="app",
        image="node:18-slim",
        write=runs(*fetch_with_node(WRITTEN)),
        read=runs(*fetch_with_node(), expected=WRITTEN),
        worker_uid=1000,
        keys={
            "build": "./app",
            "volumes": ["data:/data"],
            "healthcheck": {"test": ["CMD", *fetch_with_node()[:2], "fetch('http://127.0.0.1:3000/')"]},
        },
        files={f"app/{file.name}": file.read_text() for file in (APPS / "node").iterdir()},
    ),
}
