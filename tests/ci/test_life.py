"""One repository from its first run to a new service: pre-commit, git and the action together."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.report.readers import commands

from .runner import OWN, ROOT, Runner, git, pull_request

SECRET = "not-a-real-password"
TOOLS = """\
services:
  # composeharden: ignore[read-only, cap-drop] unpacks its plugins next to the program
  cache:
    image: memcached:1.6
"""
ACCEPTED = """\
exceptions:
  - rules: [privileged]
    service: builder
    reason: it builds images until there is another way
"""
BUILDER = """\
services:
  builder:
    image: example/builder:1
    security_opt: [no-new-privileges:true]
    privileged: true
"""
NEW = """\
  queue:
    image: redis:7
    environment:
      REDIS_PASSWORD: another-planted-value-5c1e
"""


def test_a_legacy_repository_becomes_clean_and_stays_it(runner: Runner) -> None:
    shutil.copytree(ROOT / "fixtures" / "web-db-cache", runner.checkout / "shop")
    (runner.checkout / "shop" / "hardened.yaml").unlink()
    (runner.checkout / "shop" / "README.md").unlink()
    files = {"tools/compose.yaml": TOOLS, "builder/compose.yaml": BUILDER, ".composeharden.yaml": ACCEPTED}
    base = runner.commit(files)

    # The first run proposes the fix: as annotations, as a patch and as a pull request with the same content.
    first = runner.run(patch="true", pull_request="true")
    assert first.outputs["check"]["status"] == "1"
    assert {one.properties.get("file") for one in commands(first.log)} >= {"shop/compose.yaml", "tools/compose.yaml"}
    (pull,) = runner.pulls()
    assert "proposed" in first.log

    # The patch applies, and gives what the pull request has.
    (upload,) = first.uploads
    git(runner.checkout, "apply", "--check", upload["path"])
    git(runner.checkout, "apply", upload["path"])
    git(runner.checkout, "fetch", "--quiet", "origin")
    assert git(runner.checkout, "diff", f"origin/{pull['head']}") == ""
    expected = ROOT / "fixtures" / "web-db-cache" / "hardened.yaml"
    assert (runner.checkout / "shop/compose.yaml").read_bytes() == expected.read_bytes()

    # The second run is clean; what is excused, in the file or in the configuration, is still shown with its reason.
    head = runner.commit({})
    second = runner.run("pull_request", pull_request(base, OWN), "1/merge", patch="true")
    assert (second.code, second.outputs["check"]["status"], second.uploads) == (0, "0", [])
    for reason in ("unpacks its plugins next to the program", "it builds images until there is another way"):
        assert reason in second.summary.replace("\\", "")
    tools = (runner.checkout / "tools/compose.yaml").read_text()
    assert "read_only" not in tools
    assert "no-new-privileges:true" in tools

    # With the fixes merged, nothing is left to propose, and nothing is pushed.
    before = runner.tips()
    done = runner.run(pull_request="true")
    assert (done.code, done.outputs["propose"]["proposed"], runner.tips()) == (0, "false", before)
    assert [one["state"] for one in runner.pulls()] == ["CLOSED"]

    # A new service is caught, and it alone.
    runner.commit({"tools/compose.yaml": tools + NEW})
    third = runner.run("pull_request", pull_request(head, OWN), "2/merge", changed_since=head)
    assert third.code == 1
    caught = [one for one in commands(third.log) if "file" in one.properties]
    assert {one.properties["file"] for one in caught} == {"tools/compose.yaml"}
    first_line = len(tools.splitlines()) + 1
    assert {int(one.properties["line"]) >= first_line for one in caught if one.name == "error"} <= {True}
    assert any(one.properties["title"].endswith("service queue") for one in caught)

    # Nothing of it shows a password.
    seen = "".join(job.everything() for job in (first, second, done, third)) + runner.state.read_text()
    seen += "".join(Path(job.outputs["check"]["sarif"]).read_text("utf-8") for job in (first, third))
    assert SECRET not in seen
    assert "another-planted-value-5c1e" not in seen
