"""What Docker Compose itself makes of a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_COMPOSE = str(Path(sys.executable).with_name("docker-compose"))


def model(file: Path) -> dict[str, Any]:
    """The model of a file, of all profiles. Fails where Compose refuses the file."""
    done = subprocess.run(
        [_COMPOSE, "--profile", "*", "-f", str(file), "config", "--format", "json"],
        cwd=file.parent,
        env={"PATH": "/usr/bin:/bin", "HOME": str(file.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found
