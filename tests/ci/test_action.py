"""The action on real repositories: what it says, what it offers, and what it never does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.report.readers import commands

from .runner import FORK, OWN, TOKEN, Runner, git, pull_request

SECRET = "Tr0ub4dor-planted-9f3a7c51"
LEGACY = f"""\
services:
  cache:
    image: memcached:1.6   # sessions
    environment:
      API_TOKEN: {SECRET}
"""
CLEAN = """\
services:
  app:
    image: example/app:1@sha256:0000000000000000000000000000000000000000000000000000000000000000
    security_opt: [no-new-privileges:true]
"""
EXPOSED = CLEAN + "    privileged: true\n    ports: ['2375:2375']\n"
PROPOSALS = "composeharden/main"


def proposed(runner: Runner, name: str = "compose.yaml") -> str:
    """A file as the proposals have it."""
    git(runner.checkout, "fetch", "--quiet", "origin")
    return git(runner.checkout, "show", f"origin/{PROPOSALS}:{name}")


def test_a_repository_without_anything_to_fix_stays_as_it_is(runner: Runner) -> None:
    runner.commit({"compose.yaml": CLEAN})
    before = runner.tips()
    job = runner.run(pull_request="true", patch="true")
    assert (job.code, job.outputs["check"]["status"], job.outputs["check"]["patch"]) == (0, "0", "")
    assert runner.tips() == before
    assert runner.pulls() == []
    assert job.uploads == []
    assert git(runner.checkout, "status", "--porcelain") == ""


def test_a_finding_is_an_annotation_and_a_line_of_the_summary_and_fails_at_the_end(runner: Runner) -> None:
    runner.commit({"stacks/compose.yaml": LEGACY})
    job = runner.run("pull_request", pull_request(git(runner.checkout, "rev-parse", "HEAD"), OWN))
    assert job.code == 1
    told = commands(job.log)
    assert {one.properties["file"] for one in told if "file" in one.properties} == {"stacks/compose.yaml"}
    assert "composeharden check" in job.summary
    assert "+    read_only: true" in job.summary
    log = json.loads(Path(job.outputs["check"]["sarif"]).read_text("utf-8"))
    assert log["runs"][0]["results"]
    assert job.uploads == []


def test_the_patch_is_an_artifact_only_when_asked_for_and_applies(runner: Runner) -> None:
    runner.commit({"stacks/compose.yaml": LEGACY})
    job = runner.run(patch="true")
    (upload,) = job.uploads
    git(runner.checkout, "apply", upload["path"])
    again = runner.run(patch="true")
    assert (again.code, again.uploads) == (0, [])
    assert "# sessions" in (runner.checkout / "stacks/compose.yaml").read_text()


def test_a_file_that_cannot_be_read_fails_and_does_not_hide_the_others(runner: Runner) -> None:
    runner.commit({"a/compose.yaml": "services: [", "b/compose.yaml": LEGACY})
    job = runner.run(pull_request="true")
    assert (job.code, job.outputs["check"]["status"]) == (2, "2")
    assert proposed(runner, "a/compose.yaml") == "services: ["
    assert "read_only: true" in proposed(runner, "b/compose.yaml")


def test_nothing_anybody_can_read_holds_a_secret_of_the_files_or_the_token(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY + "  # composeharden: ignore[read-only]\n  other:\n    image: redis:7\n"})
    runner.change_github(refuses=True)
    seen = runner.run(pull_request="true").everything()
    runner.change_github(refuses=False)
    job = runner.run(pull_request="true")
    seen += job.everything() + runner.state.read_text() + Path(job.outputs["check"]["sarif"]).read_text("utf-8")
    assert "memcached" in seen
    assert SECRET not in seen
    assert TOKEN not in seen


# -- The pull request --------------------------------------------------------------------------------------------------


def test_one_pull_request_is_opened_and_the_second_run_changes_nothing(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY, "README.md": "Stacks.\n"})
    job = runner.run(pull_request="true")
    assert job.outputs["propose"]["proposed"] == "true"
    (pull,) = runner.pulls()
    assert (pull["head"], pull["base"], pull["state"]) == (PROPOSALS, "main", "OPEN")
    assert "cap_drop" in pull["body"]
    assert "cap_drop" in proposed(runner)
    tip = runner.tips()[PROPOSALS]
    assert git(runner.checkout, "diff", "--name-only", "main", tip) == "compose.yaml"
    again = runner.run(pull_request="true")
    assert again.outputs["propose"]["proposed"] == "true"
    assert (runner.tips()[PROPOSALS], len(runner.pulls())) == (tip, 1)
    assert git(runner.checkout, "worktree", "list").count("\n") == 0
    assert git(runner.checkout, "status", "--porcelain") == ""


def test_what_was_merged_is_not_proposed_again(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    git(runner.checkout, "fetch", "--quiet", "origin")
    git(runner.checkout, "merge", "--quiet", "--squash", f"origin/{PROPOSALS}")
    runner.commit({})
    before = runner.tips()
    job = runner.run(pull_request="true")
    assert (job.code, job.outputs["propose"]["proposed"]) == (0, "false")
    assert runner.tips() == before
    assert [one["state"] for one in runner.pulls()] == ["CLOSED"]


def test_a_base_that_moves_elsewhere_moves_nothing_here(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    tip = runner.tips()[PROPOSALS]
    runner.commit({"README.md": "More.\n"})
    runner.run(pull_request="true")
    assert runner.tips()[PROPOSALS] == tip


def test_a_new_service_renews_the_same_pull_request(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    first = runner.pulls()[0]["body"]
    head = runner.commit({"compose.yaml": LEGACY + "  more:\n    image: redis:7\n"})
    runner.run(pull_request="true")
    (pull,) = runner.pulls()
    assert pull["body"] != first
    assert proposed(runner).count("cap_drop") == 2
    assert git(runner.checkout, "rev-parse", f"origin/{PROPOSALS}^") == head


def test_a_proposal_that_somebody_closed_stays_closed(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    (pull,) = runner.pulls()
    runner.change_github(pulls=[pull | {"state": "CLOSED", "headRefOid": runner.tips()[PROPOSALS]}])
    job = runner.run(pull_request="true")
    assert [one["state"] for one in runner.pulls()] == ["CLOSED"]
    assert "stays closed" in job.log


def test_commits_of_other_people_are_never_pushed_over(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    git(runner.checkout, "fetch", "--quiet", "origin")
    git(runner.checkout, "checkout", "--quiet", "-b", PROPOSALS, f"origin/{PROPOSALS}")
    theirs = runner.commit({"NOTES.md": "Mine.\n"})
    git(runner.checkout, "checkout", "--quiet", "main")
    runner.commit({"compose.yaml": LEGACY + "  more:\n    image: redis:7\n"})
    job = runner.run(pull_request="true")
    assert runner.tips()[PROPOSALS] == theirs
    assert "commits of other people" in job.log


def test_a_pull_request_of_a_fork_with_the_same_branch_name_is_left_alone(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    theirs = {"number": 1, "state": "OPEN", "isCrossRepository": True, "headRefOid": "0" * 40, "body": "theirs"}
    runner.change_github(pulls=[theirs | {"head": PROPOSALS, "base": "main"}])
    runner.run(pull_request="true")
    assert [one["isCrossRepository"] for one in runner.pulls()] == [True, False]
    assert runner.pulls()[0]["body"] == "theirs"


@pytest.mark.parametrize(
    ("event", "ref"),
    [
        ("pull_request", "1/merge"),
        ("pull_request_target", "main"),
        ("workflow_run", "main"),
        ("issue_comment", "main"),
        ("push", PROPOSALS),
        ("push", "composeharden"),
    ],
)
def test_it_proposes_nothing_on_other_events_and_on_its_own_branches(event: str, ref: str, runner: Runner) -> None:
    head = runner.commit({"compose.yaml": LEGACY})
    before = runner.tips()
    job = runner.run(event, pull_request(head, OWN), ref, pull_request="true")
    assert "No pull request" in job.log
    assert (runner.tips(), runner.pulls()) == (before, [])


def test_when_github_refuses_the_run_says_so_and_the_next_one_opens_it(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.change_github(refuses=True)
    job = runner.run(pull_request="true")
    assert job.code == 1
    assert "not permitted to create" in job.log
    assert not [one for one in commands(job.log) if one.data == "x"]
    runner.change_github(refuses=False)
    assert runner.run(pull_request="true").outputs["propose"]["proposed"] == "true"
    assert len(runner.pulls()) == 1


def test_what_only_a_person_can_decide_is_listed_and_not_made(runner: Runner) -> None:
    runner.commit({"a/compose.yaml": LEGACY, "b/compose.yaml": EXPOSED})
    runner.run(pull_request="true")
    assert proposed(runner, "b/compose.yaml") + "\n" == EXPOSED
    body = runner.pulls()[0]["body"]
    assert "privileged" in body
    assert "2375" in body


def test_a_shallow_clone_is_enough(runner: Runner) -> None:
    runner.commit({"compose.yaml": LEGACY})
    runner.run(pull_request="true")
    tip = runner.tips()[PROPOSALS]
    runner.commit({"README.md": "More.\n"})
    git(runner.folder, "clone", "--quiet", "--depth=1", runner.remote.as_uri(), str(runner.folder / "shallow"))
    runner.checkout = runner.folder / "shallow"
    runner.run(pull_request="true")
    assert runner.tips()[PROPOSALS] == tip


# -- Forks -------------------------------------------------------------------------------------------------------------

EXCUSED = """\
exceptions:
  - rules: [privileged, published-admin-port]
    reason: the builder of the company
"""


def check(runner: Runner, base: str, head: dict[str, str], **inputs: str) -> str:
    """How the check of a pull request ends, and what its summary says."""
    job = runner.run("pull_request", pull_request(base, head), "1/merge", **inputs)
    return job.outputs["check"]["status"] + job.summary


def test_an_exception_of_the_base_counts_for_a_fork(runner: Runner) -> None:
    base = runner.commit({".composeharden.yaml": EXCUSED, "compose.yaml": EXPOSED})
    runner.commit({"README.md": "More.\n"}, push=False)
    assert check(runner, base, FORK).startswith("0")
    assert "the builder of the company" in check(runner, base, FORK)


def test_an_exception_that_a_fork_brings_does_not_count(runner: Runner) -> None:
    base = runner.commit({"compose.yaml": EXPOSED})
    runner.commit({".composeharden.yaml": EXCUSED}, push=False)
    assert check(runner, base, OWN).startswith("0")
    assert check(runner, base, FORK).startswith("1")


def test_neither_does_one_in_a_folder_below_or_behind_a_link(runner: Runner) -> None:
    base = runner.commit({"a/compose.yaml": EXPOSED, "b/compose.yaml": EXPOSED, "excuse.txt": "{}\n"})
    runner.commit({"a/pyproject.toml": "[tool.composeharden]\npasses = {skip = ['privileged']}\n"}, push=False)
    assert check(runner, base, FORK, path="a").startswith("1")
    (runner.checkout / ".composeharden.yaml").symlink_to("excuse.txt")
    base = runner.commit({})
    runner.commit({"excuse.txt": EXCUSED}, push=False)
    assert check(runner, base, OWN, path="b").startswith("0")
    assert check(runner, base, FORK, path="b").startswith("1")


def test_a_baseline_that_a_fork_renews_does_not_count(runner: Runner) -> None:
    runner.commit({"compose.yaml": EXPOSED})
    written = run_tool(runner, "check", "--write-baseline", "known.json")
    assert "known.json" in git(runner.checkout, "status", "--porcelain"), written
    base = runner.commit({})
    more = EXPOSED + "    network_mode: host\n"
    runner.commit({"compose.yaml": more}, push=False)
    assert check(runner, base, FORK, baseline="known.json", fail_on="info").startswith("1")
    run_tool(runner, "check", "--write-baseline", "known.json")
    runner.commit({}, push=False)
    assert check(runner, base, OWN, baseline="known.json", fail_on="info").startswith("0")
    assert check(runner, base, FORK, baseline="known.json", fail_on="info").startswith("1")


def test_a_fork_counts_as_one_when_its_repository_is_gone_or_the_base_is_not_there(runner: Runner) -> None:
    base = runner.commit({".composeharden.yaml": EXCUSED, "compose.yaml": EXPOSED})
    gone = {"pull_request": {"head": {"repo": None}, "base": {"repo": OWN, "sha": base}}}
    assert runner.run("pull_request_target", gone).outputs["check"]["status"] == "0"
    job = runner.run("pull_request", pull_request("0" * 40, FORK))
    assert job.outputs["check"]["status"] == "1"
    assert "fetch-depth" in job.log


def test_image_facts_of_the_project_do_not_count_for_a_fork(runner: Runner) -> None:
    base = runner.commit({"compose.yaml": LEGACY, ".composeharden/images/own.toml": "not a fact\n"})
    assert check(runner, base, OWN).startswith("2")
    assert check(runner, base, FORK).startswith("1")


def run_tool(runner: Runner, *arguments: str) -> str:
    """Run the installed program in the checkout."""
    done = subprocess.run(
        [runner.temporary / "composeharden" / "bin" / "composeharden", *arguments],
        cwd=runner.checkout,
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    return done.stdout + done.stderr


def test_a_checkout_full_of_modules_runs_none_of_them(runner: Runner) -> None:
    bad = "raise SystemExit('planted')\n"
    names = ("click.py", "pip.py", "workflow.py", "sitecustomize.py", "composeharden/__init__.py", "json.py")
    head = runner.commit({"compose.yaml": LEGACY, **dict.fromkeys(names, bad)})
    job = runner.run("pull_request", pull_request(head, FORK))
    assert (job.code, job.outputs["check"]["status"]) == (1, "1")
    assert "planted" not in job.log


def test_names_full_of_commands_give_the_runner_none(runner: Runner) -> None:
    name = "a\n::error::x\n##[error]y/compose.yaml"
    runner.commit({"compose.yaml": CLEAN, name: "services: [", f"b{name}": LEGACY})
    told = commands(runner.run().log)
    assert len(told) > 1
    assert not {"x", "y"} & {one.data for one in told}
