"""What is tried first for a service that is worse: what its log asks for, then change by change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from composeharden.verify.compare import Difference
from composeharden.verify.evidence import Candidate, Found, ImageFiles, candidates
from composeharden.verify.seen import Complaint, Seen
from composeharden.verify.vanishing import may_vanish

CONTENTS = {
    "/etc": Found(True, True, 0o755),
    "/etc/app.conf": Found(False, False, 0o644),
    "/srv": Found(True, False, 0o755),
    "/var": Found(True, True, 0o755),
    "/var/cache": Found(True, True, 0o755),
    "/var/cache/app": Found(True, False, 0o755),
    "/tmp": Found(True, True, 0o1777),
}
RULES = ("cap-drop", "no-new-privileges", "read-only")


class Contents(ImageFiles):
    """An image as a table."""

    def __init__(self) -> None:
        pass

    def look(self, image: str, path: str) -> Found | None:
        """What it has at a path."""
        return CONTENTS.get(path)


def tried(
    *lines: str, check: str = "start", rules: Sequence[str] = RULES, uid: int = 0, is_written: bool = False
) -> list[Candidate]:
    """What is tried for a service that said these lines and ended."""
    before = Seen("running", processes=frozenset({("app", uid)}))
    after = Seen("exited", 1, complaints=tuple(Complaint(line, False) for line in lines))
    found = [Difference("app", check, "first start", "it ended with exit code 1")]
    return list(candidates("app", found, [after], [before], rules, {"Id": "x"}, Contents(), is_written))


def paths(found: Sequence[Candidate]) -> list[str]:
    return [row.path for one in found if one.addition for row in one.addition.paths]


def capabilities(found: Sequence[Candidate]) -> list[tuple[str, ...]]:
    return [one.addition.capabilities for one in found if one.addition and one.addition.capabilities]


def test_a_log_that_says_nothing_leads_to_one_change_after_the_other_and_then_all() -> None:
    left_out = [one.rules for one in tried() if one.addition is None]
    assert sorted(left_out[:-1]) == [(rule,) for rule in RULES]
    assert left_out[-1] == RULES
    assert paths(tried()) == []


def test_nothing_is_tried_that_was_not_done() -> None:
    line = "mkdir: cannot create directory '/var/cache/app/x': Read-only file system, Operation not permitted"
    assert tried(line, rules=()) == []
    found = tried(line, rules=("no-new-privileges",))
    assert [(one.rules, one.addition) for one in found] == [(("no-new-privileges",), None)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("open /var/cache/app/x.db: read-only file system", ["/var/cache/app"]),
        ("mkdir: cannot create directory '/var/cache/app': Read-only file system", ["/var/cache/app"]),
        ("[Errno 30] Read-only file system: '/tmp/x'", ["/tmp/x", "/tmp"]),
        ("touch /new/place/file.txt: EROFS", ["/new/place"]),
        # A tmpfs would hide what the image brings.
        ("open /etc/app.conf: read-only file system", []),
        ("open /var/x: read-only file system", ["/var/x"]),
        # Not about writing.
        ("open /var/cache/app/x: permission denied", []),
    ],
)
def test_a_path_in_a_message_about_a_read_only_file_system_comes_first(line: str, expected: list[str]) -> None:
    found = tried(line)
    assert list(dict.fromkeys(paths(found))) == expected
    if expected:
        assert found[0].words.startswith(f"it writes to {expected[0]}")


@pytest.mark.parametrize(
    ("path", "owners"),
    [("/var/cache/app", ["999", ""]), ("/run/app", ["", "999"])],
    ids=["the image has it", "somebody makes it"],
)
def test_both_owners_of_a_folder_are_tried(path: str, owners: list[str]) -> None:
    found = tried(f"mkdir {path}: read-only file system", uid=999)
    rows = [row for one in found if one.addition for row in one.addition.paths if row.path == path]
    assert [row.owner for row in rows] == owners


def test_what_may_be_data_gets_no_tmpfs_that_nobody_has_looked_at() -> None:
    line = "open /srv/orders.db: read-only file system"
    (asked, *_), (written, *_) = tried(line), tried(line, is_written=True)
    assert asked.words == written.words
    assert "give it a volume" in asked.words
    assert (paths([asked]), written.addition, written.rules) == (["/srv"], None, ("read-only",))
    cache = "open /var/cache/app/x: read-only file system"
    assert tried(cache, is_written=True) == tried(cache)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/cache/shop", True),
        ("/run/app", True),
        ("/var/log", True),
        ("/app/tmp", True),
        ("/srv", False),
        ("/srv/run-data", False),
        ("/data/cache.orders", False),
        ("/var/spool/postfix", False),
        ("/app/sessions", False),
        ("/var/lib/app", False),
        ("/data", False),
        ("/app/uploads", False),
        ("/app/templates", False),
        ("/app/login", False),
    ],
)
def test_what_is_gone_anyway_is_told_by_its_name(path: str, expected: bool) -> None:
    assert may_vanish(path) == expected


@pytest.mark.parametrize(
    ("line", "check", "first"),
    [
        ("chown: changing ownership of '/data': Operation not permitted", "start", ("CHOWN",)),
        ("setgid: Operation not permitted", "start", ("SETGID", "SETUID")),
        ("cannot open directory '/data/private': Permission denied", "start", ("DAC_OVERRIDE",)),
        ("exec /usr/bin/app: operation not permitted", "start", ("NET_BIND_SERVICE",)),
        ("", "user", ("SETGID", "SETUID")),
        ("", "stop", ("KILL",)),
        ("", "health", ("DAC_OVERRIDE",)),
    ],
)
def test_a_capability_is_tried_by_what_was_said_or_how_it_shows(line: str, check: str, first: tuple[str, ...]) -> None:
    assert capabilities(tried(line, check=check))[0] == first
