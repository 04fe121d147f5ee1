"""Services that hardening breaks, one in each way that there is, and what has to be found out about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .stand_ins import BASE_TAG

STAYS = "while :; do sleep 0.2; done"
ENDS = "trap 'exit 0' TERM"


@dataclass(frozen=True)
class Fault:
    """One service called `app`, and how it is worse once it is hardened with all that is assumed."""

    script: str
    check: str
    """How it shows."""
    rule: str
    """The pass that is to blame."""
    words: str
    """What has to be said of the reason."""
    repaired: str
    """A line of the difference that it lives with."""
    phase: str = "first start"
    keys: Mapping[str, Any] = field(default_factory=dict)
    image: str = BASE_TAG
    facts: str = ""
    """Facts of the image that leave something out."""
    window: float = 2

    @property
    def model(self) -> dict[str, Any]:
        """The stack."""
        own = {"command": ["sh", "-c", self.script]} if self.script else {}
        mounted = any(str(mount).startswith("data:") for mount in self.keys.get("volumes", ()))
        volumes: dict[str, Any] = {"volumes": {"data": {}}} if mounted else {}
        return {"services": {"app": {"image": self.image, **own, **self.keys}}, **volumes}


WRONG_HTTPD = """\
family = "wrong"
title = "Apache as somebody might think it is"
repositories = ["httpd"]
[evidence.guess]
kind = "inference"
read = "2026-11-23"
shows = "It works!"
[start]
user = "root"
programs = ["httpd-foreground"]
evidence = ["guess"]
[capabilities]
evidence = ["guess"]
[capabilities.root]
[read_only]
works = true
reason = "It seems so."
evidence = ["guess"]
[[writable]]
path = "/usr/local/apache2/logs"
purpose = "its pid file"
evidence = ["guess"]
"""

ANSWERS = """\
import http.server, pathlib, signal, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            pathlib.Path("/var/cache/shop").mkdir(exist_ok=True)
            pathlib.Path("/var/cache/shop/page").write_text("page")
        except OSError as error:
            print(error, file=sys.stderr, flush=True)
            self.send_response(500)
        else:
            self.send_response(200)
        self.end_headers()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("", 8000), Page).serve_forever()
"""

FAULTS = {
    "needs-a-path": Fault(
        script=f"{ENDS}; mkdir -p /var/cache/shop && echo x >/var/cache/shop/f || exit 1; {STAYS}",
        check="start",
        rule="read-only",
        words="it writes to /var/cache",
        repaired="+      - /var/cache",
    ),
    "needs-a-capability": Fault(
        script=f"{ENDS}; chroot / true || exit 3; {STAYS}",
        check="start",
        rule="cap-drop",
        words="it needs SYS_CHROOT",
        repaired="+      - SYS_CHROOT",
    ),
    "second-start": Fault(
        script=f"{ENDS}; if [ -e /data/x ]; then rm -f /data/n; mknod /data/n p && mknod /data/c c 1 3 || exit 1; fi; "
        f"rm -f /data/c; touch /data/x; {STAYS}",
        check="start",
        phase="restart",
        rule="cap-drop",
        words="it needs MKNOD",
        repaired="+      - MKNOD",
        keys={"volumes": ["data:/data"]},
    ),
    "stop": Fault(
        script="setpriv --reuid 65534 --clear-groups sleep 1000 & "
        "trap 'kill $!; wait; exit 0' TERM; while :; do wait; done",
        check="stop",
        rule="cap-drop",
        words="it needs KILL",
        repaired="+      - KILL",
        keys={"stop_grace_period": "3s"},
    ),
    "health-check": Fault(
        script=f"{ENDS}; {STAYS}",
        check="health",
        rule="cap-drop",
        words="it needs SYS_CHROOT",
        repaired="+      - SYS_CHROOT",
        keys={"healthcheck": {"test": ["CMD", "chroot", "/", "true"], "interval": "1s", "retries": 2}},
    ),
    "silently-root": Fault(
        script="",
        check="user",
        rule="cap-drop",
        words="it needs SETGID and SETUID",
        repaired="+      - SETUID",
        image="httpd:2.4",
        facts=WRONG_HTTPD,
    ),
    "answers-otherwise": Fault(
        script=f"exec python3 -c '{ANSWERS}'",
        check="ports",
        rule="read-only",
        words="it writes to /var/cache",
        repaired="+      - /var/cache",
        image="python:3.11-slim",
    ),
    "writes-late": Fault(
        script=f"{ENDS}; sleep 6; echo x >/srv/late.log; {STAYS}",
        check="log",
        phase="",
        rule="read-only",
        words="it writes to /srv",
        repaired="+      - /srv",
        window=7,
    ),
}
