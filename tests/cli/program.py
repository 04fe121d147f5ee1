"""Runs the real program in a folder, for tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEGACY = 'services:\n  cache:\n    image: memcached:1.6\n    healthcheck: {test: [CMD, "true"]}\n'
CLEAN = LEGACY + "    read_only: true\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n"
DANGEROUS = (
    CLEAN + "  other:\n    image: example/other:1\n    security_opt: [no-new-privileges:true]\n    privileged: true\n"
)
UNKNOWN = "services:\n  app:\n    image: example/app:1\n    security_opt: [no-new-privileges:true]\n"


def run(
    folder: Path, *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program there and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "composeharden", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **(environment or {})},
    )


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder, by relative path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody with a name; returns what it prints."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8")
    return done.stdout
