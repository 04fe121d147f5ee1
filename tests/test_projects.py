"""Hardening projects of several files: each fix goes to the right place in the right file, all proven together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from composeharden.cli.inputs import project_reader
from composeharden.compose.files import Files
from composeharden.compose.load import project_of
from composeharden.decide import Options
from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden
from tests.corpus import real_compose
from tests.corpus.differential_projects import differences

PRIVILEGES = Options(only=frozenset(("no-new-privileges",)))
COMPOSE = real_compose.binary()


class Folder:
    """A project in a folder."""

    def __init__(self, path: Path, files: Mapping[str, str]) -> None:
        self.path = path
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text, "utf-8")

    def files(self, *names: str, shared: tuple[Files, ...] = ()) -> Files:
        """Files of the folder as one project."""
        return Files(tuple(str(self.path / name) for name in names or ("compose.yaml",)), shared=shared)

    def harden(self, *names: str, options: Options = PRIVILEGES, outside: bool = False) -> Outcome:
        """Harden without writing anything. Whatever the test is about: a second run must find nothing to do."""
        files = self.files(*names)
        read = project_reader(files, outside)
        outcome = harden(files, read, options)
        patched = {patch.path: patch.data for patch in outcome.patches}
        again = harden(files, lambda path: patched[path] if path in patched else read(path), options)
        assert not again.patches
        assert {item.rule for item in again.with_status(Status.REFUSED)} <= {
            item.rule for item in outcome.with_status(Status.REFUSED)
        }
        self._ask_compose(outcome, names or ("compose.yaml",))
        return outcome

    def _ask_compose(self, outcome: Outcome, names: tuple[str, ...]) -> None:
        """Compose sees the declared changes and no others."""
        paths = tuple(str(self.path / name) for name in names)
        before = real_compose.project(COMPOSE, paths) if COMPOSE and outcome.patches else None
        if COMPOSE is None or before is None:
            return
        kept = {patch.path: Path(patch.path).read_bytes() for patch in outcome.patches}
        for patch in outcome.patches:
            Path(patch.path).write_bytes(patch.data)
        after = real_compose.project(COMPOSE, paths)
        for path, data in kept.items():
            Path(path).write_bytes(data)
        assert after is not None
        declared = {
            f".services.{finding.service}.{change.path[3]}"
            for finding in outcome.with_status(Status.FIX)
            for change in finding.changes
        }
        seen = {".".join(one.split(" ")[0].split("[")[0].split(".")[:4]) for one in differences(after, before)}
        assert seen == declared

    def patched(self, *names: str, options: Options = PRIVILEGES) -> dict[str, str]:
        """The files that would change, each with the lines that are added."""
        outcome = self.harden(*names, options=options)
        assert not outcome.problems
        found = {}
        for patch in outcome.patches:
            before = patch.before.text.splitlines()
            added = [line for line in patch.after.text.splitlines() if line not in before]
            found[str(Path(patch.path).relative_to(self.path))] = "\n".join(added)
        return found


def finding(outcome: Outcome, service: str, rule: str = "no-new-privileges") -> Finding:
    """The one finding of a rule for a service."""
    (found,) = [item for item in outcome.findings if item.service == service and item.rule == rule]
    return found


WEB = "services:\n  web:\n    image: example/web\n"
BASE = "services:\n  b:\n    image: example/b\n"
HEIRS = (
    "services:\n  a:\n    extends: {file: base.yaml, service: b}\n  c:\n    extends: {file: base.yaml, service: b}\n"
)
ADDED = "    security_opt:\n      - no-new-privileges:true"


def test_files_that_are_hardened_already_stay_as_they_are(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": "include: [a.yaml]\n" + WEB,
            "o.yaml": "services:\n  web:\n    security_opt: ['no-new-privileges:true']\n",
            "a.yaml": "services:\n  a:\n    extends: {file: b.yaml, service: b}\n",
            "b.yaml": "services:\n  b:\n    image: b\n    security_opt: ['no-new-privileges:true']\n",
        },
    )
    assert folder.patched("compose.yaml", "o.yaml") == {}


def test_the_base_is_edited_where_no_override_sets_the_key(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"compose.yaml": WEB, "o.yaml": "services:\n  web:\n    user: u\n"})
    assert folder.patched("compose.yaml", "o.yaml") == {"compose.yaml": ADDED}


def test_the_last_file_that_sets_the_key_is_edited(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": WEB + "    security_opt: [label:user:a]\n",
            "o.yaml": "services:\n  web:\n    security_opt: [label:role:b]\n",
        },
    )
    assert folder.patched("compose.yaml", "o.yaml") == {
        "o.yaml": '    security_opt: [label:role:b, "no-new-privileges:true"]'
    }


def test_a_service_that_only_an_override_defines_is_edited_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"compose.yaml": "volumes: {d: }\n", "o.yaml": WEB})
    assert folder.patched("compose.yaml", "o.yaml") == {"o.yaml": ADDED}


def test_an_included_service_is_edited_in_its_own_file(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {"compose.yaml": "include: [sub/a.yaml]\nservices:\n  web: {user: u}\n", "sub/a.yaml": WEB},
    )
    assert folder.patched() == {"sub/a.yaml": ADDED}


def test_who_extends_gets_its_own(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": "services:\n  web:\n    extends: {file: base.yaml, service: b}\n",
            "base.yaml": "services:\n  b:\n    image: example/b\n",
        },
    )
    assert folder.patched() == {"compose.yaml": ADDED}


def test_a_base_that_all_its_users_need_changed_is_edited_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"compose.yaml": HEIRS, "base.yaml": BASE})
    assert folder.patched() == {"base.yaml": ADDED}


def test_a_base_that_one_of_its_users_must_not_have_changed_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"compose.yaml": HEIRS + "    command: sudo run\n", "base.yaml": BASE})
    assert folder.patched() == {"compose.yaml": ADDED}


def test_a_list_of_another_folder_is_not_half_copied(tmp_path: Path) -> None:
    options = Options(only=frozenset(("read-only",)))
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": "services:\n  web:\n    extends: {file: sub/base.yaml, service: b}\n",
            "sub/base.yaml": "services:\n  b:\n    image: memcached:1.6\n    volumes: ['./data:/data']\n",
        },
    )
    assert folder.patched(options=options) == {"compose.yaml": "    read_only: true"}


def test_a_file_outside_of_the_project_is_never_edited(tmp_path: Path) -> None:
    Folder(tmp_path, {"other.yaml": WEB})
    folder = Folder(tmp_path / "stack", {"compose.yaml": "include: [../other.yaml]\nservices:\n  own: {image: o/o}\n"})
    outcome = folder.harden(outside=True)
    assert [Path(patch.path).name for patch in outcome.patches] == ["compose.yaml"]
    refused = finding(outcome, "web")
    assert (refused.status, "outside of the project" in refused.reason) == (Status.REFUSED, True)


def test_a_service_of_a_file_outside_is_edited_above_it(tmp_path: Path) -> None:
    Folder(tmp_path, {"other.yaml": WEB})
    folder = Folder(tmp_path / "stack", {"compose.yaml": "include: [../other.yaml]\nservices:\n  web:\n    user: u\n"})
    outcome = folder.harden(outside=True)
    assert [Path(patch.path).name for patch in outcome.patches] == ["compose.yaml"]
    assert finding(outcome, "web").status is Status.FIX


def test_what_lies_outside_is_not_read_but_named(tmp_path: Path) -> None:
    Folder(tmp_path, {"other.yaml": WEB})
    folder = Folder(
        tmp_path / "stack", {"compose.yaml": "include:\n  - ../other.yaml\nservices:\n  own: {image: o/o}\n"}
    )
    outcome = folder.harden()
    (problem,) = outcome.problems
    assert (problem.location.line, "--allow-outside" in problem.hint) == (2, True)
    assert "--allow-partial" in problem.hint
    assert finding(outcome, "own").status is Status.FIX


def test_what_cannot_be_seen_can_be_accepted(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"compose.yaml": "include: ['oci://example/stack']\n" + WEB})
    options = Options(only=PRIVILEGES.only, allow_partial=True)
    outcome = folder.harden(options=options)
    assert not outcome.problems
    assert "compose.yaml:1: a part of the project cannot be seen" in outcome.notes[0]


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    Folder(tmp_path, {"secret.yaml": WEB})
    folder = Folder(tmp_path / "stack", {"compose.yaml": "include: [a.yaml]\nservices:\n  own: {image: o/o}\n"})
    (folder.path / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    assert "lies outside" in folder.harden().problems[0].message


def test_anchors_and_documents_of_an_included_file(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": "include: [a.yaml]\n",
            "a.yaml": "x-c: &c\n  restart: always\nservices:\n  a: {<<: *c, image: e/a}\n  b: {<<: *c, image: e/b}\n"
            "---\nservices:\n  d:\n    image: e/d\n",
        },
    )
    added = "  security_opt:\n    - no-new-privileges:true\n    security_opt:\n      - no-new-privileges:true"
    assert folder.patched() == {"a.yaml": added}


def test_a_suppression_counts_in_whatever_file_it_stands(tmp_path: Path) -> None:
    mark = "  # composeharden: ignore[no-new-privileges] needs sudo\n"
    folder = Folder(
        tmp_path,
        {"compose.yaml": "include: [a.yaml]\n" + WEB, "a.yaml": "services:\n" + mark + "  a:\n    image: e/a\n"},
    )
    outcome = folder.harden()
    assert finding(outcome, "a").status is Status.SUPPRESSED
    assert finding(outcome, "web").status is Status.FIX


def test_values_that_variables_hold_are_those_of_the_including_scope(tmp_path: Path) -> None:
    folder = Folder(
        tmp_path,
        {
            "compose.yaml": "include: [sub/a.yaml]\nservices:\n  web:\n    image: ${IMAGE:-example/web}\n",
            "sub/a.yaml": "services:\n  a:\n    image: ${IMAGE}\n",
            "sub/.env": "IMAGE=memcached:1.6\n",
        },
    )
    outcome = folder.harden(options=Options(only=frozenset(("read-only",))))
    assert finding(outcome, "a", "read-only").status is Status.FIX
    assert finding(outcome, "web", "read-only").status is Status.HELD
    assert outcome.scopes == ({"IMAGE": "memcached:1.6"},)


def test_a_shared_file_is_edited_where_the_other_project_needs_the_same(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"a.yaml": "include: [c.yaml]\n", "b.yaml": "include: [c.yaml]\n", "c.yaml": WEB})
    outcome = harden(
        folder.files("a.yaml", shared=(folder.files("b.yaml"),)), project_reader(folder.files()), PRIVILEGES
    )
    assert [Path(patch.path).name for patch in outcome.patches] == ["c.yaml"]


def test_a_shared_file_stays_where_the_other_project_must_not_change(tmp_path: Path) -> None:
    other = "include: [c.yaml]\nservices:\n  web:\n    command: sudo run\n"
    folder = Folder(tmp_path, {"a.yaml": "include: [c.yaml]\n", "b.yaml": other, "c.yaml": WEB})
    outcome = harden(
        folder.files("a.yaml", shared=(folder.files("b.yaml"),)), project_reader(folder.files()), PRIVILEGES
    )
    assert not outcome.patches
    refused = finding(outcome, "web")
    assert (refused.status, "b.yaml" in refused.reason) == (Status.REFUSED, True)


@pytest.mark.parametrize(
    ("name", "directory", "own"),
    [
        ("compose.yaml", "", True),
        ("sub/a.yaml", "", True),
        ("../a.yaml", "", False),
        ("/etc/a.yaml", "", False),
        ("../x/a.yaml", "../x", True),
        ("../../a.yaml", "..", False),
        ("../a.yaml", "..", True),
        ("/p/a.yaml", "/p", True),
        ("/pq/a.yaml", "/p", False),
        ("a.yaml", "/p", False),
    ],
)
def test_files_of_the_project(name: str, directory: str, own: bool) -> None:
    project = project_of(Files(("m.yaml",), directory), {}, lambda _: b"services: {a: {image: x}}\n")
    assert project.is_own(name) == own
    assert project.is_own("m.yaml")
