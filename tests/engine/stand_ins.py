"""Builds images that stand in for the official ones, from Debian packages, so that no registry is needed.

Each folder in `images/` becomes one image under the official name, so that a compose file runs unchanged.
A tag that somebody else's image holds is never taken over. Nothing is pulled.

Usage: python -m tests.engine.stand_ins [NAME...]      (no name: all of them)
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from .commands import EngineError, attempt, run
from .locks import held, named

IMAGES = Path(__file__).with_name("images")
BASE_SCRIPT = IMAGES / "make-base"
BASE_TAG = "composeharden-stand-in-base:bookworm"

OURS = "dev.composeharden.stand-in"
CONTENT = "dev.composeharden.content"

STAND_INS = {
    "postgres": "postgres:15",
    "redis": "redis:7",
    "nginx": "nginx:1.22",
    "mariadb": "mariadb:10.11",
    "rabbitmq": "rabbitmq:3",
    "memcached": "memcached:1.6",
    "httpd": "httpd:2.4",
    "mosquitto": "eclipse-mosquitto:2",
    "haproxy": "haproxy:2.6",
    "caddy": "caddy:2",
    "prometheus": "prom/prometheus:latest",
    "php-apache": "php:8.2-apache",
    "wordpress": "wordpress:6.1-apache",
    "python": "python:3.11-slim",
    "node": "node:18-slim",
}
"""Folder under `images/` -> tag of the image it stands in for."""

BUILT_ON = {"wordpress": "php-apache"}
"""Stand-ins that are built on another one, as the official images are."""


class ForeignImageError(EngineError):
    """The tag belongs to an image that was not built here."""


def labels_of(tag: str) -> dict[str, str] | None:
    """The labels of a local image, or None when the engine has no such image."""
    shown = attempt(["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", tag], timeout=30)
    if shown.code == 0:
        return dict(json.loads(shown.stdout) or {})
    if "no such image" in shown.stderr.lower():
        return None
    raise EngineError(shown.describe())


def content_hash(files: Iterable[Path], root: Path, salt: str = "") -> str:
    """A hash over names, modes and bytes of the files; changes whenever a rebuild could differ."""
    digest = hashlib.sha256(salt.encode())
    for file in sorted(files):
        executable = bool(file.stat().st_mode & 0o100)
        digest.update(f"{file.relative_to(root)}\0{executable}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def is_current(tag: str, content: str) -> bool:
    """True when the image exists with this content. Raises ForeignImageError when the tag is not ours."""
    labels = labels_of(tag)
    if labels is None:
        return False
    if labels.get(OURS) != "true":
        raise ForeignImageError(
            f"{tag} exists on this engine and is not a stand-in (no label {OURS}=true): "
            f"not replaced. Remove or rename it, or set COMPOSEHARDEN_OWN_IMAGES=1 to test with it."
        )
    return labels.get(CONTENT) == content


def build_base() -> str:
    """Make the Debian base image when it is missing or its recipe changed; return its content hash."""
    content = content_hash([BASE_SCRIPT], IMAGES)
    with held(named("image-base")):
        if not is_current(BASE_TAG, content):
            _make_base(content)
    return content


def _make_base(content: str) -> None:
    if shutil.which("debootstrap") is None:
        raise EngineError("debootstrap is not installed; tests/engine/start-engine installs it")
    with tempfile.TemporaryDirectory(prefix="stand-in-base-") as folder:
        archive = Path(folder) / "base.tar"
        run([str(BASE_SCRIPT), str(archive)], timeout=600)
        changes = [f"--change=LABEL {OURS}=true", f"--change=LABEL {CONTENT}={content}"]
        run(["docker", "import", *changes, str(archive), BASE_TAG], timeout=120)


def build(name: str, base_content: str) -> bool:
    """Build one stand-in under its official tag; return False when it was there already.

    Raises ForeignImageError when the tag is taken, EngineError with the output when the build fails.
    """
    tag, content = STAND_INS[name], _content(name, base_content)
    if name in BUILT_ON:
        build(BUILT_ON[name], base_content)
    with held(named(f"image-{name}")):
        if is_current(tag, content):
            return False
        _make(name, tag, content)
    return True


def _make(name: str, tag: str, content: str) -> None:
    replaced = attempt(["docker", "image", "inspect", "--format", "{{.Id}}", tag], timeout=30).stdout.strip()
    # The classic builder: it takes a local base image on every engine, and needs no plugin.
    command = ["docker", "build", "--force-rm", "--label", f"{OURS}=true", "--label", f"{CONTENT}={content}"]
    run([*command, "--tag", tag, str(IMAGES / name)], timeout=900, env={"DOCKER_BUILDKIT": "0"})
    if replaced:
        # Only to save space: a container, or an unchanged layer, may still need it.
        attempt(["docker", "image", "rm", replaced], timeout=60)


def _content(name: str, base_content: str) -> str:
    below = _content(BUILT_ON[name], base_content) if name in BUILT_ON else base_content
    folder = IMAGES / name
    return content_hash((file for file in folder.rglob("*") if file.is_file()), folder, below)


def build_all(names: Sequence[str]) -> None:
    """Build the named stand-ins (all when none is named), telling on stderr how long each took."""
    unknown = set(names) - set(STAND_INS)
    if unknown:
        raise EngineError(f"no such stand-in: {', '.join(sorted(unknown))} (there are: {', '.join(STAND_INS)})")
    began = time.monotonic()
    base_content = build_base()
    _tell(f"{BASE_TAG}: ready after {time.monotonic() - began:.1f} s")
    for name in names or STAND_INS:
        began = time.monotonic()
        built = build(name, base_content)
        _tell(f"{STAND_INS[name]}: {'built' if built else 'up to date'}, {time.monotonic() - began:.1f} s")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        build_all(sys.argv[1:])
    except EngineError as problem:
        sys.exit(f"stand_ins: {problem}")
