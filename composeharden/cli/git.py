"""What git knows of a work tree, asked so that nothing the repository configures is run.

A repository from somebody else can name programs in its configuration: hooks, filters, a file system monitor, a helper
that fetches what a partial clone lacks. Two questions are asked of the repository itself, both about names only: where
it is, and which commit a revision is. Everything else is asked of an empty repository made for the purpose, with an
empty configuration, that borrows the objects and a copy of the index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape, glob
from typing import NamedTuple

UNCONFIGURED = tuple(
    part
    for setting in ("core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit")
    for part in ("-c", setting)
)
NOTHING_REMOTE = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
"""A partial clone fetches what it lacks, with the program that its configuration names."""
_SECONDS = 120


class GitError(Exception):
    """Git cannot tell; the message says why and what to do."""


class Repository(NamedTuple):
    """A repository and what is needed to look at it from outside."""

    top: str
    """The root of the work tree."""
    own: str
    """The folder of this work tree's index."""
    shared: str
    """The folder of the objects."""
    form: str
    """The hash of its names: sha1 or sha256."""


def repository(top: str) -> Repository:
    """The repository whose work tree has its root at `top`. Raises GitError."""
    asked = ("--absolute-git-dir", "--git-common-dir", "--show-object-format")
    found = _ask(top, "rev-parse", *asked).decode("utf-8", "surrogateescape").splitlines()
    if len(found) != len(asked):
        raise GitError("git does not say where the repository is")
    own, shared, form = found
    return Repository(top, own, os.path.join(top, shared), form)


def changed_since(repo: Repository, revision: str) -> set[str]:
    """Every path, from the root of the work tree, that differs from where HEAD left `revision`.

    That is what was committed since then, what is staged, what is changed in the work tree, and new files that are not
    ignored; also what is gone. A path that ends in a slash is a folder with a repository of its own.

    Raises:
        GitError: the revision is not known, or has no commit in common with HEAD as far as the history is here.
    """
    if not revision or revision.startswith("-") or "\0" in revision:
        raise GitError("no revision begins with a dash")
    head = _commit(repo, "HEAD", "there is no commit yet")
    wanted = _commit(repo, revision, f"git knows no revision {revision!r}; fetch it first")
    with _borrowed(repo) as ask:
        try:
            base = ask("merge-base", wanted, head).decode("ascii").split()[0]
        except (GitError, IndexError):
            raise GitError(
                f"{revision!r} and HEAD have no commit in common here; "
                "a shallow clone has to fetch more of the history (fetch-depth: 0)"
            ) from None
        names = ("-z", "--name-only", "--no-renames", "--ignore-submodules=none")
        ask("update-index", "-q", "--refresh", codes=(0, 1))  # in the copy: compares what only looks changed
        listed = (
            ask("diff-tree", "-r", *names, base, head),
            ask("diff-index", "--cached", *names, head),
            ask("diff-files", *names),
            ask("ls-files", "-z", "--others", "--exclude-standard"),
        )
    return {os.fsdecode(name) for names in listed for name in names.split(b"\0") if name}


def _commit(repo: Repository, revision: str, otherwise: str) -> str:
    try:
        return _ask(repo.top, "rev-parse", "--verify", "--quiet", revision + "^{commit}").decode("ascii").strip()
    except GitError:
        raise GitError(otherwise) from None


@contextmanager
def _borrowed(repo: Repository) -> Iterator[_Ask]:
    with tempfile.TemporaryDirectory(prefix="composeharden-") as folder:
        os.makedirs(os.path.join(folder, "refs"))
        os.makedirs(os.path.join(folder, "objects"))
        _write(folder, "HEAD", "ref: refs/heads/none\n")
        extension = "[extensions]\n\tobjectFormat = sha256\n" if repo.form == "sha256" else ""
        version = 1 if extension else 0
        _write(folder, "config", f"[core]\n\trepositoryformatversion = {version}\n\tbare = false\n{extension}")
        for path in (os.path.join(repo.own, "index"), *glob(os.path.join(escape(repo.own), "sharedindex.*"))):
            if os.path.isfile(path):
                shutil.copyfile(path, os.path.join(folder, os.path.basename(path)))
        environment = {
            "GIT_DIR": folder,
            "GIT_WORK_TREE": repo.top,
            "GIT_OBJECT_DIRECTORY": os.path.join(repo.shared, "objects"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        shallow = os.path.join(repo.shared, "shallow")
        if os.path.isfile(shallow):
            environment["GIT_SHALLOW_FILE"] = shallow
        yield _Ask(repo.top, environment)


class _Ask:
    """Asks the borrowed repository."""

    def __init__(self, top: str, environment: dict[str, str]) -> None:
        self.top = top
        self.environment = environment

    def __call__(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> bytes:
        return _ask(self.top, *arguments, environment=self.environment, codes=codes)


def _write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(text)


def _ask(top: str, *arguments: str, environment: dict[str, str] | None = None, codes: tuple[int, ...] = (0,)) -> bytes:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *UNCONFIGURED, *arguments],
            cwd=top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**inherited, **NOTHING_REMOTE, **(environment or {})},
        )
    except (OSError, ValueError) as error:
        raise GitError("git cannot be run" if isinstance(error, FileNotFoundError) else "git cannot be asked") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git took more than {_SECONDS} seconds") from None
    if done.returncode not in codes:
        text = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(text[0] if text else f"git {arguments[0]} failed")
    return done.stdout
