"""Report the socket of a container engine in a container: whoever can talk to it is root on the host.

One request to the engine starts a privileged container with the host's file system in it. Mounting the socket
read-only changes nothing: that protects the file, not what is said through it. A service that only needs a few
requests can have them from a socket proxy, which holds the socket, lets the listed requests through and is reachable on
an internal network only. The proxy itself is reported too, at a lower severity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from composeharden.compose.binds import Bind, binds
from composeharden.compose.entries import item_of
from composeharden.compose.values import as_text
from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.CRITICAL
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.32", "OWASP Docker #1", "NIST SP 800-190 4.5.5")

REPORTED = (
    "services:\n  ui:\n    image: example/ui:1\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n",
    "services:\n  ui:\n    image: example/ui:1\n"
    "    volumes: ['${SOCKET:-/run/user/1000/docker.sock}:/run/docker.sock']\n",
    "services:\n  ui:\n    image: example/ui:1\n    volumes:\n      - {type: bind, source: /run/podman/podman.sock,"
    " target: /var/run/docker.sock}\n",
    "services:\n  ui:\n    image: example/ui:1\n    volumes:\n      - /var/run:/var/run\n",
    "services:\n  ui:\n    image: example/ui:1\n    volumes:\n"
    "      - {type: npipe, source: '\\\\.\\pipe\\docker_engine',"
    " target: '\\\\.\\pipe\\docker_engine'}\n",
    "services:\n  ui:\n    image: example/ui:1\n    environment:\n      DOCKER_HOST: tcp://host.docker.internal:2375\n",
)
UNCHANGED = (
    "services:\n  web:\n    image: example/web:1\n    volumes: ['./docker.sock.md:/notes:ro']\n",
    "services:\n  ui:\n    image: example/ui:1\n    environment: {DOCKER_HOST: 'ssh://builder'}\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: [./site:/usr/share/nginx/html:ro]\n",
    "services:\n  web:\n    image: nginx:1.28\n    volumes: ['data:/var/run/docker']\nvolumes: {data: {}}\n",
    "services:\n  db:\n    image: postgres:16\n    volumes: [/var/run/postgresql:/var/run/postgresql]\n",
    "services:\n  ui:\n    image: example/ui:1\n    environment: [DOCKER_HOST=tcp://proxy:2375]\n"
    "  proxy:\n    image: example/proxy:1\n",
)

_SOCKET = re.compile(
    r"(?:docker|podman|containerd|crio|dockershim|cri-dockerd)\.sock(?:\.raw|\.ttrpc)?\Z"
    r"|docker_engine\Z"
)
_FOLDERS = frozenset(("/run", "/run/containerd", "/run/crio", "/run/docker", "/run/podman", "/run/user"))
_ADVICE = (
    "take the mount away; if it needs some requests of the engine, give them through a socket proxy that allows "
    "only those, on an internal network; read-only does not help"
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report every mount that holds a socket, and an engine spoken to without TLS."""
    for bind in binds(posture.service):
        if _is_socket(bind):
            yield _mounted(posture, bind)
    if _speaks_openly(posture):
        yield Proposal(
            message="it speaks to an engine over TCP without TLS, which everyone who reaches that port can do as well",
            key="environment",
            item=item_of(posture.service.raw.get("environment"), "DOCKER_HOST"),
            severity=Severity.HIGH,
            advice="use TLS with client certificates (port 2376) or ssh://, or a socket proxy inside the stack",
        )


def _speaks_openly(posture: Posture) -> bool:
    service = posture.service
    host = service.environment.get("DOCKER_HOST") or ""
    name, _, port = host.removeprefix("tcp://").rstrip("/").partition(":")
    return host.startswith("tcp://") and port == "2375" and name not in service.project.services


def _is_socket(bind: Bind) -> bool:
    return bool(_SOCKET.search(bind.path) or _SOCKET.search(bind.target)) or bind.path in _FOLDERS


def _mounted(posture: Posture, bind: Bind) -> Proposal:
    image = parse(as_text(posture.service.get("image"))).repository
    if "socket-proxy" in image or "socketproxy" in image:
        return Proposal(
            message="it is a socket proxy with the engine's socket; what it lets through is all that protects the host",
            key="volumes",
            item=bind.item,
            severity=Severity.MEDIUM,
            advice="allow only the requests that are needed, publish no port, and let it share an internal network "
            "with its users alone",
        )
    folder = bind.path in _FOLDERS
    what = f"{bind.path}, which holds the sockets of container engines," if folder else "a container engine's socket"
    return Proposal(message=f"it has {what} and so controls the host", key="volumes", item=bind.item, advice=_ADVICE)
