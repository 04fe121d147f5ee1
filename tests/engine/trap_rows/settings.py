"""Settings that several traps have in common."""

from __future__ import annotations

from typing import Any

from tests.engine.stand_ins import BASE_TAG

BASE = BASE_TAG
PRIVILEGES = {"security_opt": ["no-new-privileges:true"]}
NGINX_TMPFS = ["/var/cache/nginx", "/var/run", "/tmp"]
NGINX_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"]
# Where the command of a service is not made to obey a stop signal.
AT_ONCE = {"stop_grace_period": "1s"}


def dropped(*kept: str) -> dict[str, Any]:
    """Keys that drop every capability but these."""
    return {"cap_drop": ["ALL"], **({"cap_add": list(kept)} if kept else {})}


def read_only(*tmpfs: str) -> dict[str, Any]:
    """Keys that make the root file system read-only, with these tmpfs mounts."""
    return {"read_only": True, **({"tmpfs": list(tmpfs)} if tmpfs else {})}


def facts(more: str) -> dict[str, str]:
    """Facts of a user's own about the base image, as files of the stack: root without any capability, and `more`."""
    return {
        ".composeharden/images/base.toml": f"""\
family = "base"
title = "Base"
repositories = ["{BASE.rpartition(":")[0]}"]

[evidence.tried]
kind = "documentation"
url = "https://example.org/"
read = "2026-11-23"
shows = "What this test says of it."

[start]
user = "root"
programs = ["tail"]
evidence = ["tried"]

[capabilities]
evidence = ["tried"]
[capabilities.root]
[capabilities.user]

[read_only]
works = true
evidence = ["tried"]

[no_new_privileges]
works = true
evidence = ["tried"]

{more}"""
    }


def writable(path: str, *lines: str) -> str:
    """The facts' table of a path that must stay writable."""
    return "\n".join(["[[writable]]", f'path = "{path}"', 'purpose = "its files"', 'evidence = ["tried"]', *lines, ""])
