"""The step that looks: annotations, the summary, a SARIF log and, when asked for, a patch. It changes nothing.

It ends with 0 whenever it has looked; how the run is to end is its output `status`, as in the README's exit codes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from workflow import is_own, notice, output, say, scratch, settings_are_own, summary, tool, variable

BROKEN = 2


def main() -> int:
    """Look at the stacks of the checkout."""
    common = [*trust(), "-r"]
    if variable("CHANGED_SINCE"):
        common += ["--changed-since", variable("CHANGED_SINCE")]
    page, log = scratch("summary.md"), scratch("composeharden.sarif")
    for left in (page, log):
        left.unlink(missing_ok=True)
    reports = ["--format", "github", "--report", f"markdown={page}", "--report", f"sarif={log}"]
    if variable("FAIL_ON"):
        reports += ["--fail-on", variable("FAIL_ON")]
    status = run("check", *common, *reports, shown=True)
    if page.is_file():
        summary(page.read_text("utf-8"))
    output("status", status)
    output("sarif", log if log.is_file() else "")
    output("patch", patch(common) if variable("PATCH") == "true" else "")
    return 0


def trust() -> list[str]:
    """The options that say how far the checkout is believed."""
    baseline = variable("BASELINE")
    accepted = ["--baseline", baseline] if baseline else []
    if is_own():
        return accepted
    if settings_are_own(baseline):
        return ["--no-project-images", *accepted]
    notice(
        "This comes from a fork and changes the configuration, or its base commit was not fetched (fetch-depth: 0): "
        "no configuration, baseline or image facts of the project count here."
    )
    return ["--no-project-images", "--no-config"]


def patch(common: list[str]) -> Path | str:
    """Write the patch that git applies; its path, or nothing when there is nothing to change."""
    path = scratch("composeharden.patch")
    path.unlink(missing_ok=True)
    run("diff", *common, "--patch", str(path), shown=False)
    return path if path.is_file() and path.stat().st_size else ""


def run(command: str, *options: str, shown: bool) -> int:
    """Run the program; its standard output, which is made for the runner, is passed on when asked for."""
    done = subprocess.run(
        [tool(), command, *options, "--", variable("FOLDER") or "."],
        stdin=subprocess.DEVNULL,
        stdout=None if shown else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
        errors="backslashreplace",
    )
    if shown:
        say(done.stderr)
    return done.returncode if done.returncode in (0, 1) else BROKEN


if __name__ == "__main__":
    sys.exit(main())
