"""The spine on whole files: what is placed where, what is held back, what is refused, and that groups are atomic."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pytest

from composeharden.compose.project import Reader
from composeharden.decide import Options
from composeharden.outcome import Confidence, Finding, Outcome, Status
from composeharden.pipeline import harden
from composeharden.yaml.change import Append, Change, Set


def run(text: str, options: Options | None = None, **files: str) -> Outcome:
    """Harden `text` as compose.yaml, with other files beside it (`__` in a name stands for a dot)."""
    stored: Mapping[str, bytes] = {
        "compose.yaml": dedent(text).encode(),
        **{name.replace("__", "."): content.encode() for name, content in files.items()},
    }

    outcome = harden("compose.yaml", _reader(stored), options)
    for patch in outcome.patches:  # whatever the test is about: a second run must find nothing to do
        assert not harden("compose.yaml", _reader({**stored, "compose.yaml": patch.data}), options).patches
    return outcome


def _reader(stored: Mapping[str, bytes]) -> Reader:
    def read(path: str) -> bytes:
        if path not in stored:
            raise FileNotFoundError(2, "No such file or directory", path)
        return stored[path]

    return read


def patched(text: str, options: Options | None = None, **files: str) -> str:
    """The text after hardening."""
    outcome = run(text, options, **files)
    assert not outcome.problems, outcome.problems
    return outcome.patches[0].after.text if outcome.patches else dedent(text)


def finding(outcome: Outcome, service: str | None, rule: str) -> Finding:
    """The one finding of a rule for a service."""
    found = [item for item in outcome.findings if item.service == service and item.rule == rule]
    assert len(found) == 1, [(item.service, item.rule, item.status) for item in outcome.findings]
    return found[0]


ONLY_PRIVILEGES = Options(only=frozenset(("no-new-privileges",)))
STARTS_AS_ROOT = "volumes: ['./site:/usr/share/nginx/html:ro']"
"""Files of the host may belong to anybody, so that the service keeps its root start."""


class TestAnchors:
    def test_a_change_that_all_users_need_is_made_once_in_the_anchor(self) -> None:
        assert patched(
            """\
            x-base: &base
              restart: always
            services:
              a:
                <<: *base
                image: example/a
              b:
                <<: *base
                image: example/b
            """,
            ONLY_PRIVILEGES,
        ) == dedent("""\
            x-base: &base
              restart: always
              security_opt:
                - no-new-privileges:true
            services:
              a:
                <<: *base
                image: example/a
              b:
                <<: *base
                image: example/b
            """)

    def test_a_change_that_only_some_users_need_is_made_beside_the_merge_key(self) -> None:
        assert patched(
            """\
            x-base: &base
              restart: always
            services:
              a:
                <<: *base
                image: example/a
              b:
                <<: *base
                image: example/b
                command: sudo run
            """,
            ONLY_PRIVILEGES,
        ) == dedent("""\
            x-base: &base
              restart: always
            services:
              a:
                <<: *base
                image: example/a
                security_opt:
                  - no-new-privileges:true
              b:
                <<: *base
                image: example/b
                command: sudo run
            """)

    def test_an_inherited_list_is_copied_whole_when_it_grows_in_one_place_only(self) -> None:
        text = patched(
            """\
            x-base: &base
              security_opt: ["label:user:me"]
            services:
              a:
                <<: *base
                image: example/a
              b:
                <<: *base
                image: example/b
                command: sudo run
            """,
            ONLY_PRIVILEGES,
        )
        assert 'security_opt: ["label:user:me"]' in text.partition("services:")[0]
        assert "label:user:me" in text.partition("services:")[2]

    def test_an_anchored_list_grows_once_for_all_that_merge_it(self) -> None:
        text = patched(
            """\
            x-base: &base
              security_opt: ["label:user:me"]
            services:
              a:
                <<: *base
                image: example/a
              b:
                <<: *base
                image: example/b
            """,
            ONLY_PRIVILEGES,
        )
        assert text.count("no-new-privileges") == 1

    def test_a_service_that_is_an_alias_changes_with_its_anchor(self) -> None:
        text = patched(
            """\
            services:
              a: &a
                image: example/a
              b: *a
            """,
            ONLY_PRIVILEGES,
        )
        assert text.count("no-new-privileges") == 1

    def test_a_shared_body_is_left_alone_when_one_user_must_not_change(self) -> None:
        outcome = run(
            """\
            services:
              a: &a
                image: memcached:1.6
              b:
                <<: *a
                image: example/unknown
            """,
            Options(only=frozenset(("cap-drop",))),
        )
        refused = finding(outcome, "a", "cap-drop")
        assert refused.status is Status.REFUSED
        assert "service b shares" in refused.reason
        assert not outcome.patches


class TestInheritance:
    def test_extends_within_the_file_inherits_without_a_second_edit(self) -> None:
        text = patched(
            """\
            services:
              base:
                image: memcached:1.6
              heir:
                extends: base
                restart: always
            """,
            ONLY_PRIVILEGES,
        )
        assert text.index("no-new-privileges") < text.index("heir:")

    def test_extends_from_elsewhere_is_held_back_and_a_problem(self) -> None:
        outcome = run("""\
            services:
              web:
                extends: {file: https://github.com/example/common.git, service: base}
                image: nginx:1.28
            """)
        held = finding(outcome, "web", "read-only")
        assert held.status is Status.HELD
        assert "common.git" in held.reason
        assert not held.unlock
        assert [problem.location.line for problem in outcome.problems] == [3]

    def test_extends_from_a_file_that_is_not_there_is_a_problem(self) -> None:
        outcome = run("services:\n  web:\n    extends: {file: common.yaml, service: base}\n")
        assert [(problem.message, problem.location.line) for problem in outcome.problems] == [
            ("the service extends one of common.yaml, which cannot be read: No such file or directory", 3)
        ]

    def test_a_service_that_an_override_file_changes_is_held_back(self) -> None:
        outcome = run(
            "services:\n  web:\n    image: memcached:1.6\n  other:\n    image: memcached:1.6\n",
            compose__override__yaml="services:\n  web:\n    read_only: false\n",
        )
        assert finding(outcome, "web", "read-only").status is Status.HELD
        assert finding(outcome, "other", "read-only").status is Status.FIX

    def test_the_last_document_that_sets_a_list_is_the_one_that_grows(self) -> None:
        text = patched(
            """\
            services:
              web:
                image: memcached:1.6
            ---
            services:
              web:
                security_opt: ["label:user:me"]
            """,
            ONLY_PRIVILEGES,
        )
        assert text.index("---") < text.index("no-new-privileges")


class TestInterpolation:
    def test_a_default_tells_the_image(self) -> None:
        outcome = run("services:\n  db:\n    image: memcached:${TAG:-1.6}\n")
        assert finding(outcome, "db", "read-only").status is Status.FIX

    def test_an_env_file_beside_it_tells_the_image(self) -> None:
        outcome = run("services:\n  db:\n    image: ${IMAGE}\n", __env="IMAGE=memcached:1.6\n")
        assert finding(outcome, "db", "read-only").status is Status.FIX

    def test_a_variable_without_value_holds_back_and_is_named(self) -> None:
        outcome = run("services:\n  db:\n    image: memcached:${TAG}\n")
        held = finding(outcome, "db", "cap-drop")
        assert held.status is Status.HELD
        assert "TAG" in held.reason
        assert held.unlock == "--assume"


class TestHoldingBack:
    def test_an_unknown_image_gets_no_new_privileges_only(self) -> None:
        outcome = run("services:\n  app:\n    image: example/app\n")
        assert {item.rule for item in outcome.with_status(Status.FIX)} == {"no-new-privileges"}

    def test_strict_evidence_holds_that_back_too(self) -> None:
        outcome = run("services:\n  app:\n    image: example/app\n", Options(strict_evidence=True))
        assert not outcome.with_status(Status.FIX)

    def test_assume_applies_what_is_only_assumed(self) -> None:
        outcome = run("services:\n  app:\n    image: example/app\n", Options(assume=True))
        assert {item.rule for item in outcome.with_status(Status.FIX)} >= {"read-only", "cap-drop", "no-new-privileges"}

    @pytest.mark.parametrize(("section", "source"), [("secrets", "environment: TOKEN"), ("configs", "content: hello")])
    def test_assume_does_not_unlock_what_compose_would_refuse(self, section: str, source: str) -> None:
        outcome = run(
            f"""\
            services:
              app:
                image: memcached:1.6
                {section}: [one]
            {section}:
              one:
                {source}
            """,
            Options(assume=True),
        )
        assert finding(outcome, "app", "read-only").status is Status.HELD

    def test_a_swarm_stack_is_left_alone(self) -> None:
        text = """\
            version: "3.8"
            services:
              web:
                image: nginx:1.28
                depends_on: [db]
                deploy: {placement: {constraints: [node.role == worker]}}
              db:
                image: memcached:1.6
            """
        assert patched(text) == dedent(text)

    def test_develop_watch_keeps_the_root_writable(self) -> None:
        outcome = run("""\
            services:
              web:
                image: memcached:1.6
                develop:
                  watch: [{action: sync, path: ./src, target: /src}]
            """)
        assert finding(outcome, "web", "read-only").status is Status.HELD

    def test_an_explicit_choice_is_respected(self) -> None:
        outcome = run("services:\n  web:\n    image: memcached:1.6\n    read_only: false\n")
        assert finding(outcome, "web", "read-only").status is Status.HELD


class TestTried:
    """What a run on an engine has shown, see `Options.tried`."""

    STACK = "services:\n  cache: {image: memcached:1.6}\n  app: {image: example/app:1}\n"

    def tried(self, told: str) -> Outcome:
        results = {(name, rule): told for name in ("cache", "app") for rule in ("cap-drop", "read-only")}
        return run(self.STACK, Options(assume=True, tried=results))

    def test_what_survived_is_proven(self) -> None:
        outcome = self.tried("")
        for service in ("cache", "app"):
            for rule in ("cap-drop", "read-only"):
                found = finding(outcome, service, rule)
                assert (found.status, found.confidence) == (Status.FIX, Confidence.PROVEN)

    def test_what_did_not_is_held_back_and_says_how_that_lasts(self) -> None:
        outcome = self.tried("it writes to /srv")
        assert finding(outcome, "app", "read-only").reason == "it writes to /srv"
        held = finding(outcome, "cache", "read-only")
        assert held.status is Status.HELD
        assert held.reason.startswith("it writes to /srv; ")
        (mark,) = held.reason.split("`")[1::2]
        text = self.STACK.replace("  cache: ", f"  {mark}\n  cache: ")
        assert finding(run(text), "cache", "read-only").status is Status.SUPPRESSED


class TestCapabilities:
    def added(self, text: str) -> list[str]:
        """What cap_add holds after hardening."""
        outcome = run(text)
        for change in finding(outcome, "web", "cap-drop").changes:
            if change.path[3] == "cap_add":
                return _written(change)
        return []

    def test_a_dropped_capability_never_comes_back(self) -> None:
        text = f"services:\n  web:\n    image: nginx:1.28\n    {STARTS_AS_ROOT}\n    cap_drop: [CHOWN]\n"
        assert "CHOWN" not in self.added(text)
        assert "CHOWN" in self.added(text.replace("[CHOWN]", "[NET_RAW]"))

    def test_root_with_a_writable_bind_keeps_what_foreign_files_take(self) -> None:
        text = "services:\n  web:\n    image: traefik:3.3\n    volumes: ['./acme:/acme']\n"
        assert {"CHOWN", "DAC_OVERRIDE", "FOWNER"} <= set(self.added(text))

    def test_a_file_secret_of_another_owner_can_still_be_read_by_root(self) -> None:
        text = "services:\n  web:\n    image: traefik:3.3\n    secrets: [key]\nsecrets:\n  key:\n    file: ./key\n"
        assert "DAC_OVERRIDE" in self.added(text)

    def test_low_ports_in_the_hosts_network_take_a_capability(self) -> None:
        text = "services:\n  web:\n    image: nginx:1.28\n    network_mode: host\n"
        assert "NET_BIND_SERVICE" in self.added(text)

    def test_low_ports_elsewhere_take_none(self) -> None:
        text = f"services:\n  web:\n    image: nginx:1.28\n    {STARTS_AS_ROOT}\n    ports: ['80:80']\n"
        assert self.added(text)
        assert "NET_BIND_SERVICE" not in self.added(text)

    def test_a_program_with_a_file_capability_keeps_it(self) -> None:
        assert "NET_BIND_SERVICE" in self.added(
            "services:\n  web:\n    image: caddy:2.11\n    user: '1000:1000'\n"
            "    volumes: [data:/data, config:/config]\n"
            "volumes: {data: {}, config: {}}\n"
        )


class TestTmpfs:
    def entries(self, text: str) -> list[str]:
        """What tmpfs holds after hardening."""
        outcome = run(text)
        for change in finding(outcome, "web", "read-only").changes:
            if change.path[3] == "tmpfs":
                return _written(change)
        return []

    def test_a_path_that_is_already_a_mount_gets_no_second_one(self) -> None:
        text = (
            "services:\n  web:\n    image: nginx:1.28\n    volumes: ['cache:/var/cache/nginx/']\nvolumes: {cache: {}}\n"
        )
        assert not any(entry.startswith("/var/cache/nginx") for entry in self.entries(text))

    def test_run_and_var_run_are_one_place(self) -> None:
        text = "services:\n  web:\n    image: nginx:1.28\n    tmpfs: /run\n"
        assert not any(entry.startswith("/var/run") for entry in self.entries(text))

    def test_the_short_scalar_form_becomes_a_list_that_keeps_it(self) -> None:
        text = "services:\n  web:\n    image: nginx:1.28\n    tmpfs: /run\n"
        assert self.entries(text)[0] == "/run:size=1m"
        assert run(text, Options(skip=frozenset({"tmpfs-options"}))).patches[0].after.text.count("- /run\n") == 1

    def test_a_non_root_user_owns_its_tmpfs(self) -> None:
        text = (
            "services:\n  web:\n    image: postgres:16\n    user: '999:999'\n"
            "    volumes: [db:/var/lib/postgresql/data]\nvolumes: {db: {}}\n"
        )
        assert any("uid=999,gid=999" in entry for entry in self.entries(text))

    def test_data_on_no_volume_keeps_the_root_writable(self) -> None:
        outcome = run("services:\n  web:\n    image: grafana/grafana:11.5.0\n")
        held = finding(outcome, "web", "read-only")
        assert held.status is Status.HELD


class TestSuppression:
    def test_a_reasoned_comment_on_the_service_is_obeyed_and_shown(self) -> None:
        outcome = run("""\
            services:
              # composeharden: ignore[read-only] writes its own config
              web:
                image: memcached:1.6
              other:
                image: memcached:1.6
            """)
        suppressed = finding(outcome, "web", "read-only")
        assert (suppressed.status, suppressed.reason) == (Status.SUPPRESSED, "writes its own config")
        assert finding(outcome, "other", "read-only").status is Status.FIX

    def test_a_comment_on_a_key_counts_for_its_service(self) -> None:
        outcome = run("services:\n  web:\n    image: memcached:1.6  # composeharden: ignore[cap-drop] tested without\n")
        assert finding(outcome, "web", "cap-drop").status is Status.SUPPRESSED

    def test_the_last_line_of_a_service_counts_for_it_and_not_for_the_next(self) -> None:
        outcome = run("""\
            services:
              web:
                image: memcached:1.6
                # composeharden: ignore[cap-drop] tested without
              other:
                image: memcached:1.6
            """)
        assert finding(outcome, "web", "cap-drop").status is Status.SUPPRESSED
        assert finding(outcome, "other", "cap-drop").status is Status.FIX

    def test_a_comment_on_a_top_level_key_counts_for_the_file_wherever_it_stands(self) -> None:
        mark = "# composeharden: ignore[obsolete-version] an old tool reads it"
        text = f"services:\n  web:\n    image: memcached:1.6\nversion: '3'  {mark}\n"
        assert finding(run(text), None, "obsolete-version").status is Status.SUPPRESSED

    def test_a_comment_that_belongs_to_no_service_is_not_obeyed_and_said_so(self) -> None:
        outcome = run(
            "x-b:\n  a: b  # composeharden: ignore[cap-drop] no\nservices:\n  web:\n    image: memcached:1.6\n"
        )
        assert finding(outcome, "web", "cap-drop").status is Status.FIX
        assert any("no service" in problem.message for problem in outcome.problems)

    def test_without_a_reason_it_is_not_obeyed_and_said_so(self) -> None:
        outcome = run("services:\n  web:\n    image: memcached:1.6  # composeharden: ignore[cap-drop]\n")
        assert finding(outcome, "web", "cap-drop").status is Status.FIX
        assert any("reason" in problem.message for problem in outcome.problems)

    def test_the_words_inside_a_value_are_no_comment(self) -> None:
        outcome = run(
            "services:\n  web:\n    image: memcached:1.6\n"
            "    labels: {a: '# composeharden: ignore[cap-drop] because'}\n"
        )
        assert finding(outcome, "web", "cap-drop").status is Status.FIX


class TestRefusal:
    def test_a_refused_part_takes_its_whole_finding_and_nothing_else(self) -> None:
        outcome = run(
            "services:\n  a:\n    image: memcached:1.6\n  web:\n    image: memcached:1.6\n    command: |\n      -m 64"
        )
        assert finding(outcome, "web", "read-only").status is Status.REFUSED
        assert finding(outcome, "a", "read-only").status is Status.FIX
        assert outcome.patches

    @pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"- a\n", b"services: 3\n", b"a: [", b"\xff\xfe"])
    def test_what_is_no_compose_file_is_a_problem_with_a_place(self, data: bytes) -> None:
        outcome = harden("compose.yaml", lambda path: data if path == "compose.yaml" else _missing(path))
        assert outcome.problems
        assert not outcome.patches


def _missing(path: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", path)


def _written(change: Change) -> list[str]:
    assert isinstance(change, (Set, Append))
    return list(change.value if isinstance(change, Set) else change.items)
