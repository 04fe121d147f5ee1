"""Configuration files as the program finds, obeys and refuses them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.program import CLEAN, DANGEROUS, LEGACY, UNKNOWN, git, run, write

NAME = ".composeharden.yaml"
ACCEPTED = "exceptions:\n  - rules: privileged\n    service: other\n    reason: a router\n"


@pytest.mark.parametrize(
    ("configuration", "text", "arguments", "code"),
    [
        ("", CLEAN, [], 0),
        ("", DANGEROUS, [], 1),
        (ACCEPTED, DANGEROUS, [], 0),
        (ACCEPTED, DANGEROUS, ["--no-config"], 1),
        ("fail_on: low\n", CLEAN, [], 1),
        ("fail_on: low\n", CLEAN, ["--fail-on", "high"], 0),
        ("fail_on: critical\n", DANGEROUS, [], 1),
        ("severity: {privileged: medium}\n", DANGEROUS, [], 0),
        ("severity: {no-limits: high}\n", CLEAN, [], 1),
        ("passes: {skip: privileged}\n", DANGEROUS, [], 0),
        ("passes: {skip: privileged}\n", DANGEROUS, ["--skip", "no-limits"], 1),
        ("passes: {only: no-limits}\n", DANGEROUS, [], 0),
        ("passes: {only: no-limits}\n", DANGEROUS, ["--only", "privileged"], 1),
        ("passes: {skip: privileged}\n", DANGEROUS, ["--only", "privileged"], 1),
        ("fail_on_held: true\n", UNKNOWN, [], 1),
        ("confidence: assume\n", UNKNOWN, [], 1),
        ("confidence: assume\n", UNKNOWN, ["--strict-evidence"], 0),
        ("confidence: strict-evidence\n", UNKNOWN.replace("    security_opt: [no-new-privileges:true]\n", ""), [], 0),
        ("fail-on: low\n", CLEAN, [], 2),
        ("fail-on: low\n", CLEAN, ["--no-config"], 0),
    ],
)
def test_the_command_line_wins_over_the_configuration(
    tmp_path: Path, configuration: str, text: str, arguments: list[str], code: int
) -> None:
    write(tmp_path, {"compose.yaml": text, NAME: configuration})
    done = run(tmp_path, "check", *arguments)
    assert done.returncode == code, done.stdout + done.stderr


def test_what_is_accepted_stays_in_the_report_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": DANGEROUS, NAME: ACCEPTED})
    assert "suppressed: a router" in run(tmp_path, "check").stdout
    (file,) = json.loads(run(tmp_path, "check", "--format", "json").stdout)["files"]
    (finding,) = [item for item in file["findings"] if item["status"] == "suppressed"]
    assert (finding["rule"], finding["reason"], finding["suppressed_by"]) == ("privileged", "a router", "exception")


def test_a_comment_goes_before_an_exception(tmp_path: Path) -> None:
    text = DANGEROUS.replace("  other:", "  # composeharden: ignore[privileged] says the file\n  other:")
    write(tmp_path, {"compose.yaml": text, NAME: ACCEPTED})
    done = run(tmp_path, "check")
    assert "suppressed: says the file" in done.stdout
    assert "matches nothing" not in done.stderr


def test_an_accepted_fix_is_not_made_and_the_rest_is(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": LEGACY, NAME: "exceptions: [{rules: read-only, reason: writes a lot}]\n"})
    assert run(tmp_path, "fix").returncode == 0
    text = (tmp_path / "compose.yaml").read_text()
    assert "cap_drop" in text
    assert "read_only" not in text
    assert run(tmp_path, "check").returncode == 0
    assert run(tmp_path, "fix", "--check").returncode == 0


def test_the_nearest_file_wins_and_nothing_is_merged(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(
        tmp_path,
        {"compose.yaml": DANGEROUS, "app/compose.yaml": DANGEROUS, NAME: ACCEPTED, f"app/{NAME}": "fail_on: high\n"},
    )
    assert run(tmp_path, "check").returncode == 0
    assert run(tmp_path, "check", "app").returncode == 1
    (tmp_path / "app" / NAME).unlink()
    assert run(tmp_path, "check", "app").returncode == 0
    assert run(tmp_path / "app", "check").returncode == 0


def test_a_repository_is_not_left(tmp_path: Path) -> None:
    write(tmp_path, {NAME: ACCEPTED, "inner/compose.yaml": DANGEROUS})
    assert run(tmp_path, "check", "inner").returncode == 0
    git(tmp_path / "inner", "init", "-q")
    assert run(tmp_path, "check", "inner").returncode == 1


def test_without_a_repository_nothing_above_the_current_folder_counts(tmp_path: Path) -> None:
    """Anybody can put a file into a folder such as /tmp."""
    write(tmp_path, {NAME: ACCEPTED, "inner/compose.yaml": DANGEROUS})
    assert run(tmp_path / "inner", "check").returncode == 1
    (tmp_path / "elsewhere").mkdir()
    assert run(tmp_path / "elsewhere", "check", "../inner").returncode == 1


def test_standard_input_has_the_configuration_of_this_folder(tmp_path: Path) -> None:
    write(tmp_path, {NAME: ACCEPTED})
    assert run(tmp_path, "check", "-", stdin=DANGEROUS).returncode == 0


def test_pyproject_can_hold_it(tmp_path: Path) -> None:
    table = '[[tool.composeharden.exceptions]]\nrules = "privileged"\nreason = "a router"\n'
    write(tmp_path, {"compose.yaml": DANGEROUS, "pyproject.toml": table})
    assert run(tmp_path, "check").returncode == 0
    write(tmp_path, {NAME: ACCEPTED})
    done = run(tmp_path, "check")
    assert done.returncode == 2
    assert ".composeharden.yaml:1:1: error: stands beside [tool.composeharden] in pyproject.toml" in done.stderr


def test_a_broken_configuration_is_told_once_and_stops_what_it_governs_only(tmp_path: Path) -> None:
    files = {f"bad/{name}/compose.yaml": LEGACY for name in "abc"}
    write(tmp_path, {**files, f"bad/{NAME}": "fail_no: low\n", "good/compose.yaml": LEGACY})
    done = run(tmp_path, "fix", "-r", ".")
    assert done.returncode == 2
    assert done.stderr.count("did you mean `fail_on`?") == 1
    assert f"bad/{NAME}:1:1: error: `fail_no` is no key of a configuration" in done.stderr
    assert "3 Compose files that it governs are not looked at" in done.stderr
    assert "read_only" in (tmp_path / "good" / "compose.yaml").read_text()
    assert all((tmp_path / name).read_text() == LEGACY for name in files)
    report = json.loads(run(tmp_path, "check", "-r", ".", "--format", "json").stdout)
    assert [file["path"] for file in report["files"]] == [f"bad/{NAME}", "good/compose.yaml"]


def test_a_name_that_is_nearly_right_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": DANGEROUS, ".composeharden.yml": ACCEPTED})
    done = run(tmp_path, "check")
    assert done.returncode == 2
    assert "call it .composeharden.yaml" in done.stderr


def test_files_and_exclude_say_what_a_search_finds(tmp_path: Path) -> None:
    names = ["compose.yaml", "old/compose.yaml", "deploy/app.yml", "deploy/values.yml", "deploy/x/app.yml"]
    write(tmp_path, dict.fromkeys(names, CLEAN))

    def found() -> list[str]:
        report = json.loads(run(tmp_path, "check", "-r", "--format", "json").stdout)
        return [file["path"] for file in report["files"]]

    assert found() == ["compose.yaml", "old/compose.yaml"]
    write(tmp_path, {NAME: "exclude: old/\n"})
    assert found() == ["compose.yaml"]
    write(tmp_path, {NAME: "files: ['**/compose.yaml', 'deploy/**/app.yml']\nexclude: deploy/x\n"})
    assert found() == ["compose.yaml", "deploy/app.yml", "old/compose.yaml"]
    write(tmp_path, {NAME: "exclude: old\n"})
    assert run(tmp_path, "check", "old/compose.yaml").returncode == 0
    assert "old/compose.yaml: " in run(tmp_path, "check", "--only", "privileged", "old").stdout


# -- exceptions about nothing ------------------------------------------------------------------------------------------


def test_an_exception_about_nothing_is_told_and_fails_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN, NAME: ACCEPTED})
    done = run(tmp_path, "check")
    assert done.returncode == 0
    assert f"note: {NAME}:2:5: the exception matches nothing any more; remove it" in done.stderr
    report = json.loads(run(tmp_path, "check", "--format", "json").stdout)
    assert len(report["notes"]) == 1


def test_part_of_an_exception_can_be_about_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": DANGEROUS, NAME: ACCEPTED.replace("privileged", "[privileged, host-network]")})
    assert "the exception matches nothing of host-network any more" in run(tmp_path, "check").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--only", "cap-drop"],
        ["--skip", "privileged"],
        ["--service", "cache"],
        ["--no-config"],
    ],
)
def test_a_run_that_does_not_look_at_everything_tells_of_none(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, {"compose.yaml": CLEAN, NAME: ACCEPTED})
    assert "matches nothing" not in run(tmp_path, "check", *arguments).stderr


def test_a_run_over_one_file_of_two_tells_of_none_that_may_be_about_the_other(tmp_path: Path) -> None:
    files = (
        "exceptions:\n  - {rules: privileged, files: a/compose.yaml, reason: x}\n  - {rules: privileged, reason: x}\n"
    )
    write(tmp_path, {"a/compose.yaml": CLEAN, "b/compose.yaml": CLEAN, NAME: files})
    both, one = run(tmp_path, "check", "-r").stderr, run(tmp_path, "check", "a").stderr
    assert (":2:5" in both, ":3:5" in both) == (True, True)
    assert (":2:5" in one, ":3:5" in one) == (True, False)
    write(tmp_path, {"b/compose.yaml": "a: ["})
    assert ":3:5" not in run(tmp_path, "check", "-r").stderr


def test_an_exception_ends_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": DANGEROUS, NAME: ACCEPTED + "    until: 2020-01-01\n"})
    done = run(tmp_path, "check")
    assert done.returncode == 1
    assert "the exception ended with 2020-01-01; what it accepted counts again" in done.stderr
    write(tmp_path, {NAME: ACCEPTED + "    until: 9999-12-31\n"})
    assert run(tmp_path, "check").returncode == 0


# -- hostile -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/etc/passwd", "/dev/zero", "../outside.yaml", "missing"])
def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside.yaml").write_text("fail_on: critical  # hunter2-outside\n")
    folder = tmp_path / "repository"
    write(folder, {"compose.yaml": CLEAN})
    git(folder, "init", "-q")
    (folder / NAME).symlink_to(target)
    done = run(folder, "check")
    assert done.returncode == 2
    assert f"{NAME}:1:1: error: " in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert run(folder, "check", "--no-config").returncode == 0


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": CLEAN})
    os.mkfifo(tmp_path / NAME)
    done = run(tmp_path, "check")
    assert done.returncode == 2
    assert "is not a regular file" in done.stderr


def test_names_in_a_configuration_cannot_act_on_a_log(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "compose.yaml": DANGEROUS,
            NAME: 'exceptions:\n  - rules: privileged\n    reason: "a\\n::error::b \\e[31m x"\n"::error::c\\n::d": 1\n',
        },
    )
    done = run(tmp_path, "check")
    assert done.returncode == 2
    printed = done.stdout + done.stderr
    assert "\x1b" not in printed
    assert not [line for line in printed.splitlines() if line.lstrip().startswith("::")]
    text = (tmp_path / NAME).read_text().rsplit('"::error', 1)[0]
    write(tmp_path, {NAME: text})
    printed = run(tmp_path, "check").stdout
    assert "suppressed: a" in printed
    assert "\x1b" not in printed
    assert not [line for line in printed.splitlines() if line.lstrip().startswith("::")]


def test_a_secret_of_the_stack_in_a_reason_stays_one(tmp_path: Path) -> None:
    text = DANGEROUS + "    environment: {DB_PASSWORD: correct-horse-battery}\n"
    reason = "the password is correct-horse-battery and API_TOKEN=staple-of-doom-9"
    write(tmp_path, {"compose.yaml": text, NAME: ACCEPTED.replace("a router", reason)})
    for form in ("text", "json"):
        done = run(tmp_path, "check", "-v", "--format", form)
        assert "correct-horse" not in done.stdout + done.stderr
        assert "staple-of-doom" not in done.stdout + done.stderr


def test_many_exceptions_are_applied_in_time_with_their_number(tmp_path: Path) -> None:
    rows = "".join(f'  - {{rules: "*", service: "*a*{n}*b", files: "**/x{n}/**", reason: r}}\n' for n in range(8000))
    write(tmp_path, {"compose.yaml": CLEAN, NAME: "exceptions:\n" + rows})
    assert run(tmp_path, "check").returncode == 0
