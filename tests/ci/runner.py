"""Runs the steps of action.yml as GitHub's runner would, with real git over a scratch repository.

Only GitHub itself is played: its command line `gh` is a small program that keeps pull requests in a file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OWN = {"full_name": "example/stacks"}
FORK = {"full_name": "stranger/stacks"}
TOKEN = "ghs_TestTokenThatMustNotBeSeen0123456789"

GH = """\
#!{python}
import json, os, subprocess, sys
from pathlib import Path

state = Path(os.environ["GH_STATE"])
asked, there = sys.argv[1:], json.loads(state.read_text())
there["calls"].append(asked)
options = dict(zip(asked[2::1], asked[3::1]))
verb, pulls = asked[1], there["pulls"]
if there["refuses"]:
    sys.exit("GraphQL: GitHub Actions is not permitted to create or approve pull requests ::error::x")
if verb == "list":
    tips = subprocess.run(["git", "ls-remote", "origin"], capture_output=True, text=True).stdout
    for one in pulls:
        for line in tips.splitlines():
            if one["state"] == "OPEN" and not one["isCrossRepository"] and line.endswith("refs/heads/" + one["head"]):
                one["headRefOid"] = line.split("\\t")[0]
    print(json.dumps([one for one in pulls if one["head"] == options["--head"] and one["base"] == options["--base"]]))
elif verb == "create":
    body = Path(options["--body-file"]).read_text()
    pulls.append({{"number": len(pulls) + 1, "state": "OPEN", "isCrossRepository": False, "headRefOid": "",
                  "head": options["--head"], "base": options["--base"], "title": options["--title"], "body": body}})
elif verb == "edit":
    pulls[int(asked[2]) - 1]["body"] = Path(options["--body-file"]).read_text()
elif verb == "close":
    pulls[int(asked[2]) - 1]["state"] = "CLOSED"
state.write_text(json.dumps(there))
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody with a name; returns what it prints."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Job:
    """What one run of the action did."""

    code: int = 0
    log: str = ""
    """Standard output and error of all steps."""
    summary: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    uploads: list[dict[str, str]] = field(default_factory=list)
    """What `actions/upload-artifact` was given."""

    def everything(self) -> str:
        """All that anybody can read of the run."""
        return self.log + self.summary + json.dumps(self.outputs)


class Runner:
    """A scratch repository with its remote, and the machine that runs the action on it."""

    def __init__(self, action: Path, installed: Path, folder: Path) -> None:
        self.action = action
        self.folder = folder
        self.remote = folder / "remote.git"
        self.checkout = folder / "checkout"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(folder, "clone", "--quiet", str(self.remote), str(self.checkout))
        git(self.checkout, "checkout", "--quiet", "-B", "main")
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        (self.temporary / "composeharden").symlink_to(installed)
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(GH.format(python=sys.executable))
        (folder / "bin" / "gh").chmod(0o755)
        self.state = folder / "gh.json"
        self.state.write_text(json.dumps({"calls": [], "pulls": [], "refuses": False}))

    def commit(self, files: dict[str, str], push: bool = True) -> str:
        """Write files, commit and push them; returns the commit."""
        for name, text in files.items():
            path = self.checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        git(self.checkout, "add", "--all")
        git(self.checkout, "commit", "--quiet", "-m", "Work")
        if push:
            git(self.checkout, "push", "--quiet", "origin", "HEAD")
        return git(self.checkout, "rev-parse", "HEAD")

    def pulls(self) -> list[dict[str, Any]]:
        """The pull requests that GitHub would show."""
        pulls: list[dict[str, Any]] = json.loads(self.state.read_text())["pulls"]
        return pulls

    def change_github(self, **state: Any) -> None:
        """Set something in what GitHub knows."""
        self.state.write_text(json.dumps(json.loads(self.state.read_text()) | state))

    def tips(self) -> dict[str, str]:
        """The branches of the remote."""
        listed = git(self.checkout, "ls-remote", "--heads", "origin").splitlines()
        return {line.split("\t")[1].removeprefix("refs/heads/"): line.split("\t")[0] for line in listed}

    def run(self, event: str = "push", payload: dict[str, Any] | None = None, ref: str = "main", **inputs: str) -> Job:
        """Run the action from its second step on; the first has made the environment. Inputs with _ for -."""
        action = yaml.safe_load((self.action / "action.yml").read_text("utf-8"))
        given = {name: str(item.get("default", "")) for name, item in action["inputs"].items()}
        given |= {"token": TOKEN, **{name.replace("_", "-"): value for name, value in inputs.items()}}
        job = Job()
        for step in action["runs"]["steps"][1:]:
            if job.code or not _holds(step.get("if", "true"), given, job.outputs):
                continue
            if "uses" in step:
                job.uploads.append({key: _fill(str(value), given, job.outputs) for key, value in step["with"].items()})
                continue
            environment = {key: _fill(value, given, job.outputs) for key, value in step.get("env", {}).items()}
            self._step(job, step, {**environment, **self._variables(event, payload or {}, ref)})
        return job

    def _step(self, job: Job, step: dict[str, Any], environment: dict[str, str]) -> None:
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=120,
        )
        job.code = done.returncode
        job.log += done.stdout + done.stderr
        job.summary += (self.folder / "summary").read_text("utf-8")
        lines = (self.folder / "output").read_text("utf-8").splitlines()
        if "id" in step:
            job.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)

    def _variables(self, event: str, payload: dict[str, Any], ref: str) -> dict[str, str]:
        (self.folder / "event.json").write_text(json.dumps(payload))
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REF_NAME": ref,
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_REPOSITORY": OWN["full_name"],
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.checkout),
            "RUNNER_TEMP": str(self.temporary),
            "GH_STATE": str(self.state),
        }


def pull_request(base: str, head: dict[str, str]) -> dict[str, Any]:
    """The part of the event of a pull request that counts here."""
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": OWN, "sha": base}}}


def _fill(text: str, inputs: dict[str, str], outputs: dict[str, dict[str, str]]) -> str:
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda match: _value(match[1], inputs, outputs), text)


def _holds(condition: str, inputs: dict[str, str], outputs: dict[str, dict[str, str]]) -> bool:
    """`A == 'x'` and `A != 'x'`; any other condition is one that this runner would have to learn first."""
    if condition == "true":
        return True
    match = re.fullmatch(r"(\S+) (==|!=) '(\w*)'", condition)
    assert match is not None, condition
    return (_value(match[1], inputs, outputs) == match[3]) == (match[2] == "==")


def _value(expression: str, inputs: dict[str, str], outputs: dict[str, dict[str, str]]) -> str:
    kind, name, *rest = expression.split(".")
    if kind == "inputs":
        return inputs[name]
    assert kind == "steps", expression
    assert rest[0] == "outputs", expression
    return outputs.get(name, {}).get(rest[1], "")
