"""Text that services share: who is refused when one of them must not change, and that nobody else is."""

from __future__ import annotations

import pytest

from composeharden.decide import Options
from composeharden.outcome import Outcome, Status
from tests.test_pipeline import ONLY_PRIVILEGES, finding, patched, run

OVERRIDES = (
    "services:\n  web:\n    <<: 3\n",
    "services:\n  web:\n    extends: base\n    logging: 3\n  base:\n    logging: {driver: none}\n",
)


def statuses(outcome: Outcome) -> dict[tuple[str | None, str], Status]:
    """The status of every finding with changes."""
    return {(item.service, item.rule): item.status for item in outcome.findings if item.changes}


def test_a_shared_body_is_refused_beside_a_finding_about_the_whole_stack() -> None:
    outcome = run("""\
        version: "3"
        services:
          a: &a
            image: memcached:1.6
          b:
            <<: *a
            image: example/unknown
        """)
    assert finding(outcome, "a", "cap-drop").status is Status.REFUSED
    assert finding(outcome, None, "obsolete-version").status is Status.FIX


def test_a_version_that_is_merged_in_is_refused_and_nothing_else() -> None:
    outcome = run("""\
        x-version: &version
          version: "3"
        <<: *version
        services:
          a:
            image: memcached:1.6
        """)
    assert finding(outcome, None, "obsolete-version").status is Status.REFUSED
    assert finding(outcome, "a", "read-only").status is Status.FIX


def test_a_base_is_left_alone_where_its_heir_must_not_change() -> None:
    outcome = run("""\
        services:
          base:
            image: memcached:1.6
          heir:
            extends: base
            image: example/unknown
          other:
            image: memcached:1.6
        """)
    refused = finding(outcome, "base", "read-only")
    assert refused.status is Status.REFUSED
    assert "service heir shares" in refused.reason
    assert finding(outcome, "base", "no-new-privileges").status is Status.FIX
    assert finding(outcome, "other", "read-only").status is Status.FIX


def test_a_shared_list_stays_where_one_of_its_users_must_not_change() -> None:
    outcome = run("""\
        services:
          a:
            image: memcached:1.6
            security_opt: &options ["label:user:me"]
          b:
            image: example/b
            command: sudo run
            security_opt: *options
          other:
            image: memcached:1.6
        """)
    refused = {key for key, status in statuses(outcome).items() if status is Status.REFUSED}
    assert refused == {("a", "no-new-privileges")}
    assert "service b shares" in finding(outcome, "a", "no-new-privileges").reason


@pytest.mark.parametrize("value", ["[]", "/run"])
def test_a_value_of_a_body_that_two_services_are_is_replaced_once(value: str) -> None:
    text = patched(
        f"""\
        services:
          a: &a
            image: nginx:1.28
            tmpfs: {value}
          b: *a
        """,
        Options(only=frozenset(("read-only",))),
    )
    assert text.count("read_only: true") == 1


def test_of_three_that_are_one_body_none_changes_where_one_must_not() -> None:
    outcome = run(
        """\
        services:
          a: &a
            image: example/a
          b: *a
          c: *a  # composeharden: ignore[no-new-privileges] tested without
        """,
        ONLY_PRIVILEGES,
    )
    assert not outcome.patches
    assert "service c shares" in finding(outcome, "b", "no-new-privileges").reason


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_override_file_that_cannot_be_merged_holds_every_service_back(override: str) -> None:
    outcome = run("services:\n  web:\n    image: memcached:1.6\n", compose__override__yaml=override)
    assert finding(outcome, "web", "read-only").status is Status.HELD


def test_each_service_has_a_suppression_of_its_own_beside_a_value_that_looks_like_one() -> None:
    service = "  s{0}:\n    image: memcached:1.6\n    labels: {{a: '# composeharden: ignore[cap-drop] no'}}  # {1}\n"
    marked = "".join(service.format(number, "composeharden: ignore[read-only] tested without") for number in range(30))
    outcome = run("services:\n" + marked)
    assert {item.rule for item in outcome.with_status(Status.SUPPRESSED)} == {"read-only"}
    assert len(outcome.with_status(Status.SUPPRESSED)) == 30
