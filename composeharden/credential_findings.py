"""How bad a credential in a Compose file is, and what to say about it; never with its value."""

from __future__ import annotations

from composeharden.compose.project import Project
from composeharden.credentials import Credential, Kind
from composeharden.outcome import Severity

REFERENCES = ("OWASP Docker #12", "NIST SP 800-190 4.1.4")

_EXAMPLE_HOSTS = ("example.com", "example.org", "example.net", "docker.internal", ".local", ".internal", ".svc")


def severity(found: Credential, project: Project) -> Severity:
    """Critical for none: a password that only opens a neighbour is common, one that opens something outside is worse.

    A literal is medium, because whoever reads the file or its history can use it, but first has to reach the service.
    A token of a known shape, and a connection to a host outside of the stack, work from anywhere: high. A default is
    in force only where nobody sets the variable, and a placeholder is mostly an example: low.
    """
    if found.kind in (Kind.DEFAULT, Kind.PLACEHOLDER):
        return Severity.LOW
    if found.kind is Kind.TOKEN or (found.kind is Kind.CONNECTION and _is_outside(found.host, project)):
        return Severity.HIGH
    return Severity.MEDIUM


def _is_outside(host: str, project: Project) -> bool:
    host = host.rstrip(".").lower()
    if "." not in host or host in project.services or host.startswith(("127.", "10.", "192.168.", "172.")):
        return False
    return not host.endswith(_EXAMPLE_HOSTS)


def wording(found: Credential, where: str) -> str:
    """The message for a credential in `where`, such as "POSTGRES_PASSWORD"."""
    return {
        Kind.TOKEN: f"{where} holds an access token or private key",
        Kind.CONNECTION: f"{where} holds a connection with its password",
        Kind.LITERAL: f"{where} holds a password or key in plain text",
        Kind.DEFAULT: f"{where} falls back to a password that is written in the file",
        Kind.PLACEHOLDER: f"{where} holds a placeholder, which works as a password if nobody replaces it",
    }[found.kind]


def advice(found: Credential, name: str, file_variable: str = "") -> str:
    """What to do about a credential under the variable `name`; `file_variable` takes a path instead, if one does."""
    if found.kind is Kind.DEFAULT:
        return f"use ${{{name}:?}}, which stops with an error instead, and set it in an untracked .env file"
    move = (
        f"set {file_variable} to /run/secrets/... and grant a file secret"
        if file_variable
        else "keep it out of the file: in a file secret where the image reads one, else in an untracked .env"
    )
    return move if found.kind is Kind.PLACEHOLDER else f"{move}; replace it, since copies and history keep it"
