"""What a step knows of the workflow that it runs in, and how it speaks to the runner.

Everything comes from variables that the runner sets: https://docs.github.com/actions/reference/variables-reference
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# No hook, monitor or signature of whoever set up the machine takes part in what the action does with git.
GIT = ("git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false")
OWN_COMMITS = frozenset(("push", "schedule", "workflow_dispatch", "merge_group", "release"))
"""Events about commits that somebody with write access has put there."""
SETTINGS = (":(top,glob)**/.composeharden.yaml", ":(top,glob)**/pyproject.toml")
LINK = "120000"


def variable(name: str) -> str:
    """A variable of the environment; empty when it is not set."""
    return os.environ.get(name, "")


def tool() -> str:
    """The installed program. As a script of its environment it never takes a module from the checkout."""
    return str(Path(sys.executable).with_name("composeharden"))


def scratch(name: str) -> Path:
    """A path for a file of the action, outside of the checkout."""
    folder = Path(variable("RUNNER_TEMP"), "composeharden-files")
    folder.mkdir(exist_ok=True)
    return folder / name


def event() -> dict[str, Any]:
    """The event that started the workflow; empty when there is none."""
    path = variable("GITHUB_EVENT_PATH")
    loaded = json.loads(Path(path).read_text("utf-8")) if path and os.path.isfile(path) else {}
    return loaded if isinstance(loaded, dict) else {}


def is_own() -> bool:
    """Whether the checkout holds only what people with write access to the repository propose or have merged."""
    if variable("GITHUB_EVENT_NAME") in OWN_COMMITS:
        return True
    proposed = event().get("pull_request") or {}
    head, base = (((proposed.get(side) or {}).get("repo") or {}).get("full_name") for side in ("head", "base"))
    return head is not None and head == base


def settings_are_own(baseline: str) -> bool:
    """Whether configuration and baseline are those of the base branch, so that a stranger's proposal excuses nothing.

    That can only be seen when the base commit has been fetched.
    """
    base = str(((event().get("pull_request") or {}).get("base") or {}).get("sha") or "")
    if not base.isalnum():
        return False
    paths = (*SETTINGS, *((f":(top,literal){baseline}",) if baseline else ()))
    same = git("diff", "--quiet", "--no-ext-diff", "--no-textconv", f"{base}^{{commit}}", "HEAD", "--", *paths)
    listed = git("ls-files", "--stage", "--", *paths)
    # A link could lead to a file of another name, of which the comparison knows nothing.
    links = any(line.startswith(LINK) for line in listed.stdout.splitlines())
    return same.returncode == 0 and listed.returncode == 0 and not links


def git(
    *arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git and return what it said, however it ended."""
    return subprocess.run(
        [*GIT, *arguments],
        cwd=cwd,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="backslashreplace",
    )


def say(text: str) -> None:
    """Print text that is not ours so that the runner takes no line of it for a command."""
    for line in text.splitlines():
        print("  " + "".join(c if c.isprintable() else "?" for c in line).replace("##[", "# #[").replace("::", ": :"))
    sys.stdout.flush()


def notice(text: str, kind: str = "notice") -> None:
    """Show a remark of the action itself on the page of the run."""
    told = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{kind} title=composeharden::{told}", flush=True)


def output(name: str, value: object) -> None:
    """Give a value to later steps. Only numbers, names of ours and paths of ours go there."""
    text = str(value)
    assert "\n" not in text
    _append("GITHUB_OUTPUT", f"{name}={text}\n")


def summary(text: str) -> None:
    """Add Markdown to the summary of the run."""
    _append("GITHUB_STEP_SUMMARY", text.rstrip("\n") + "\n\n")


def _append(name: str, text: str) -> None:
    path = variable(name)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
