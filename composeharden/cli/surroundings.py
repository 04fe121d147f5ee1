"""What a migration has to know of the place that the files are in: git, and the shell."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

from composeharden.cli.git import NOTHING_REMOTE, UNCONFIGURED
from composeharden.cli.run import folder_of
from composeharden.cli.stacks import Stack
from composeharden.decide import Options


def with_surroundings(options: Options, path: str) -> Options:
    """The options with what git and the shell say of one input."""
    given = path.files.directory if isinstance(path, Stack) else None
    folder = folder_of(path) if given is None else given
    env = os.path.join(folder, ".env")
    in_git = _is_in_git(folder)
    tracked = in_git and _is_tracked(env)
    keeps = ".env is in the repository; take it out first (git rm --cached .env)" if tracked else ""
    if os.path.islink(env):
        keeps = ".env is a link"
    return replace(options, in_git=in_git, keeps_env=keeps, taken_names=frozenset(os.environ))


def _is_in_git(folder: str) -> bool:
    """Whether a folder belongs to a work tree."""
    place = os.path.realpath(folder or ".")
    while not os.path.lexists(os.path.join(place, ".git")):
        if os.path.dirname(place) == place:
            return False
        place = os.path.dirname(place)
    return True


def _is_tracked(path: str) -> bool:
    """Whether git has a file in its index. Only the name of the blob is asked for, so that no filter is run."""
    try:
        done = subprocess.run(
            ["git", *UNCONFIGURED, "rev-parse", "--verify", "--quiet", ":0:./" + os.path.basename(path)],
            cwd=os.path.dirname(path) or ".",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
            env={**os.environ, **NOTHING_REMOTE},
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
