"""Writing to and reading from a running service, with the programs of its own image."""

from __future__ import annotations

from .harness import Stack
from .lifecycle import Probe

WRITTEN = "kept-across-restarts"


def http_get(stack: Stack, service: str, host: str, port: int, path: str = "/") -> str:
    """Fetch http://host:port/path from inside `service` and return the whole answer; needs bash there."""
    request = f"GET {path} HTTP/1.0\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n"
    script = f"exec 3<>/dev/tcp/{host}/{port} && printf '{request}' >&3 && timeout 10 cat <&3"
    return stack.exec(service, "bash", "-c", script)


def serves(port: int, path: str = "/", contains: str = "", via: str | None = None) -> Probe:
    """A probe: HTTP 200 with the text in it. Asked from the service `via`, else from the service itself."""

    def probe(stack: Stack, service: str) -> None:
        host = "127.0.0.1" if via is None else service
        answer = http_get(stack, via or service, host, port, path)
        status = answer.split("\n", 1)[0]
        assert " 200 " in f"{status} ", f"{service}: answered {status!r}"
        assert contains in answer, f"{service}: {contains!r} is not in the answer"

    return probe


def runs(*argv: str, expected: str = "", user: str | None = None) -> Probe:
    """A probe: the command exits with 0, and its output has the expected text in it."""

    def probe(stack: Stack, service: str) -> None:
        output = stack.exec(service, *argv, user=user)
        assert expected in output, f"{service}: expected {expected!r}, got {output!r}"

    return probe
