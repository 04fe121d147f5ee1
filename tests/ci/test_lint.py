"""What the project ships for CI systems, as their own schemas and linters see it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .runner import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CI = README.split("\n## In CI\n", 1)[1].split("\n## ", 1)[0]
GITLAB = "ci/gitlab/composeharden.gitlab-ci.yml"
# zizmor cannot look up commits offline; everything else that it knows counts, pedantry too.
ZIZMOR = ("--offline", "--no-progress", "--persona=pedantic")


def tool(name: str, *arguments: str) -> None:
    """Run a linter that is installed beside Python."""
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        cwd=ROOT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(params=re.findall(r"^```yaml\n(.*?)^```$", CI, re.MULTILINE | re.DOTALL))
def snippet(request: pytest.FixtureRequest) -> str:
    """One YAML block of the README's section."""
    return str(request.param)


def test_every_snippet_is_valid_where_it_is_pasted(snippet: str, tmp_path: Path) -> None:
    content = yaml.safe_load(snippet)
    if "repos" in content:
        file = tmp_path / ".pre-commit-config.yaml"
        file.write_text(snippet)
        tool("pre-commit", "validate-config", str(file))
    elif "jobs" in content:
        file = tmp_path / ".github" / "workflows" / "stacks.yml"
        file.parent.mkdir(parents=True)
        file.write_text(snippet.replace("@COMMIT", "@" + "0" * 40 + " # v0.1.0"))
        tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(file))
        tool("zizmor", *ZIZMOR, str(file))
    else:
        file = tmp_path / ".gitlab-ci.yml"
        file.write_text(snippet)
        tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(file))


def test_the_snippets_name_what_there_is() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    inputs = set(yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"])
    variables = set(yaml.safe_load((ROOT / GITLAB).read_text("utf-8"))["variables"])
    assert set(re.findall(r"id: ([\w-]+)", CI)) <= hooks
    used = [
        step["with"]
        for block in re.findall(r"^```yaml\n(.*?)^```$", CI, re.MULTILINE | re.DOTALL)
        for job in (yaml.safe_load(block).get("jobs") or {}).values()
        for step in job["steps"]
        if "composeharden" in step["uses"] and "with" in step
    ]
    assert used
    assert all(set(given) <= inputs for given in used)
    assert set(re.findall(r"(COMPOSEHARDEN_[A-Z_]+):", CI)) <= variables


def test_the_action_is_valid() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    tool("zizmor", *ZIZMOR, "action.yml")


def test_the_hooks_are_valid() -> None:
    tool("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")


def test_the_gitlab_template_is_valid() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", GITLAB)


def test_no_script_holds_an_expression() -> None:
    for step in yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_shell_scripts_are_clean(tmp_path: Path) -> None:
    scripts = [str(path) for path in sorted((ROOT / "ci").rglob("*.sh"))]
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    lines = yaml.safe_load((ROOT / GITLAB).read_text("utf-8"))["composeharden"]["script"]
    for number, text in enumerate([*(step["run"] for step in steps if "run" in step), *lines]):
        path = tmp_path / f"{number}.sh"
        path.write_text(f"#!/bin/bash\n# shellcheck disable=SC2154\n{text}\n")
        scripts.append(str(path))
    assert len(scripts) > 4
    tool("shellcheck", *scripts)


def test_every_action_is_pinned_to_a_commit() -> None:
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?$", (ROOT / "action.yml").read_text("utf-8") + CI, re.MULTILINE)
    others = [(name, version) for name, version in used if "composeharden" not in name]
    assert len(others) >= 2
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) and version for name, version in others)
