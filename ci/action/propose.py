"""The step that proposes: one branch and one pull request for each base branch, renewed when there is something new.

It works on pushes and schedules of a branch only, never on a pull request, and never on a branch of its own. It pushes
nothing that is already proposed, nothing over the commits of other people, and opens nothing that somebody closed.
Only what `composeharden fix` makes by default goes in: who can reach a service and where data lives stay as they are.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from workflow import git, notice, output, say, scratch, tool, variable

EVENTS = ("push", "schedule", "workflow_dispatch")
TITLE = "Harden Compose files"
NAME = "github-actions[bot]"
EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
PREVIOUS = "refs/composeharden/previous"


class Refused(Exception):
    """Something outside of our hands: git or GitHub said no."""


class Proposal(NamedTuple):
    """What is to be proposed: a commit on the base, and the page that explains it."""

    commit: str
    page: Path


class Branch(NamedTuple):
    """The branch of the proposals as the remote has it; `tip` is empty when it has none."""

    name: str
    base: str
    tip: str

    @property
    def ref(self) -> str:
        """Its full name."""
        return f"refs/heads/{self.name}"


def main() -> int:
    """Bring branch and pull request up to date."""
    output("proposed", "false")
    reason = why_not()
    if reason:
        print(f"No pull request: {reason}.")
        return 0
    base = variable("GITHUB_REF_NAME")
    try:
        branch = look_up(f"{variable('BRANCH')}/{base}", base)
        proposal = prepare()
        if proposal is None:
            withdraw(branch)
        else:
            offer(branch, proposal)
    except Refused as error:
        say(str(error).replace(variable("GH_TOKEN") or "\0", "***"))
        notice("The pull request could not be brought up to date; the log says why.", "error")
        return 1
    return 0


def why_not() -> str:
    """Why nothing is proposed here; empty when something may be."""
    name = variable("GITHUB_REF_NAME")
    if variable("GITHUB_EVENT_NAME") not in EVENTS:
        return f"that is for {', '.join(EVENTS)}"
    if variable("GITHUB_REF_TYPE") != "branch":
        return "this is no branch"
    if name == variable("BRANCH") or name.startswith(variable("BRANCH") + "/"):
        return "this is a branch of proposals"
    return ""


def prepare() -> Proposal | None:
    """Fix everything in a work tree of its own; None when nothing changes.

    The checkout of the workflow stays as it is, and git ignores copies that `fix` may leave beside a file.
    """
    tree, page = scratch("tree"), scratch("proposal.md")
    page.unlink(missing_ok=True)
    must("worktree", "add", "--force", "--detach", str(tree), "HEAD")
    try:
        fix(tree, page)
        must("add", "--update", cwd=tree)
        if git("diff", "--cached", "--quiet", cwd=tree).returncode == 0:
            return None
        who = ("-c", f"user.name={NAME}", "-c", f"user.email={EMAIL}")
        must(*who, "commit", "--quiet", "--no-verify", "-m", TITLE, "-m", "Made by composeharden fix.", cwd=tree)
        return Proposal(must("rev-parse", "HEAD", cwd=tree), page)
    finally:
        git("worktree", "remove", "--force", str(tree))


def fix(tree: Path, page: Path) -> None:
    """Run the program in the work tree. A file that it cannot read does not keep it from the others."""
    baseline = ["--baseline", variable("BASELINE")] if variable("BASELINE") else []
    done = subprocess.run(
        [tool(), "fix", "-r", *baseline, "--report", f"markdown={page}", "--", variable("FOLDER") or "."],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
        errors="backslashreplace",
    )
    if done.returncode:
        say(done.stderr)
        notice("Not every file could be worked on; the log says why.", "warning")


def look_up(name: str, base: str) -> Branch:
    """Ask the remote for the branch, and fetch it with its parent."""
    must("check-ref-format", "--branch", name)
    listed = must("ls-remote", "origin", f"refs/heads/{name}", environment=credentials())
    tip = listed.split("\t")[0]
    if tip:
        # Without its parent it could not be compared; and a depth would cut off the history of a whole checkout.
        shallow = must("rev-parse", "--is-shallow-repository") == "true"
        depth = ("--depth=2",) if shallow else ()
        must("fetch", "--quiet", "--no-tags", *depth, "origin", f"+{tip}:{PREVIOUS}", environment=credentials())
    return Branch(name, base, tip)


def offer(branch: Branch, proposal: Proposal) -> None:
    """Push the commit unless the same is there already, and see to the pull request."""
    pushed = False
    if branch.tip and not is_ours(branch.tip):
        notice(f"{branch.name} holds commits of other people, so it is left as it is.", "warning")
        return
    if not branch.tip or changes(branch.tip) != changes(proposal.commit):
        lease = f"--force-with-lease={branch.ref}:{branch.tip}"
        target = f"{proposal.commit}:{branch.ref}"
        must("push", "--quiet", "--no-verify", lease, "origin", target, environment=credentials())
        pushed = True
    there = pull_requests(branch)
    opened = [one for one in there if one["state"] == "OPEN"]
    if opened and pushed:
        gh("pr", "edit", str(opened[0]["number"]), "--body-file", str(proposal.page))
    elif not opened and any(one["headRefOid"] == branch.tip for one in there) and not pushed:
        print("Somebody closed this proposal, so it stays closed; delete its branch to have it made again.")
        return
    elif not opened:
        heads = ("--head", branch.name, "--base", branch.base)
        gh("pr", "create", *heads, "--title", TITLE, "--body-file", str(proposal.page))
    print(f"{branch.name}: {'proposed' if pushed else 'nothing new'}.")
    output("proposed", "true")


def withdraw(branch: Branch) -> None:
    """Close a proposal that has nothing left to say. The branch stays."""
    print("Nothing to propose.")
    if branch.tip and is_ours(branch.tip):
        for one in pull_requests(branch):
            if one["state"] == "OPEN":
                comment = f"Nothing of this is left to do on {branch.base}."
                gh("pr", "close", str(one["number"]), "--comment", comment)


def is_ours(commit: str) -> bool:
    """Whether the last commit of a branch was made here. Anybody who can push could feign it, and gain nothing."""
    return must("log", "-1", "--format=%ce%x00%s", commit) == f"{EMAIL}\0{TITLE}"


def changes(commit: str) -> list[str]:
    """What one commit leaves behind: mode, content and name of every file that it changes."""
    listed = must("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", commit).split("\0")
    # ":100644 100644 OLD NEW M", then the name. The old content does not matter: the base may have moved.
    return [" ".join((*meta.split()[1::2], name)) for meta, name in zip(listed[::2], listed[1::2], strict=False)]


def pull_requests(branch: Branch) -> list[dict[str, Any]]:
    """The pull requests from the branch of this repository: one of a fork may have a branch of the same name."""
    fields = "number,state,isCrossRepository,headRefOid"
    heads = ("--head", branch.name, "--base", branch.base)
    listed = json.loads(gh("pr", "list", *heads, "--state", "all", "--json", fields) or "[]")
    return [one for one in listed if not one["isCrossRepository"]]


def must(*arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run git and return its output. Raises Refused."""
    done = git(*arguments, cwd=cwd, environment=environment)
    if done.returncode:
        raise Refused(f"git {arguments[0]}: {done.stderr}")
    return done.stdout.strip("\n")


def gh(*arguments: str) -> str:
    """Run the command line of GitHub and return its output. Raises Refused."""
    try:
        done = subprocess.run(
            ["gh", *arguments, "--repo", variable("GITHUB_REPOSITORY")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except FileNotFoundError:
        raise Refused("the program gh is not on this machine") from None
    if done.returncode:
        raise Refused(f"gh {' '.join(arguments[:2])}: {done.stderr}")
    return done.stdout


def credentials() -> dict[str, str]:
    """Settings for git that carry the token in the environment, where no list of processes shows it.

    The first, empty value takes away what a checkout has left: two of these headers are an error for GitHub.
    """
    token, server = variable("GH_TOKEN"), variable("GITHUB_SERVER_URL") or "https://github.com"
    if not token:
        return {}
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    values = ("", f"AUTHORIZATION: basic {secret}")
    told = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, value in enumerate(values):
        told |= {f"GIT_CONFIG_KEY_{number}": f"http.{server}/.extraheader", f"GIT_CONFIG_VALUE_{number}": value}
    return told


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
