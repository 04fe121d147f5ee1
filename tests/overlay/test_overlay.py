"""Overlays as `harden` writes them: the same stack as the fix in place, and nobody's text is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from composeharden.compose.canonical import canonical
from composeharden.compose.load import build
from composeharden.compose.merge import merge
from composeharden.decide import Options
from composeharden.outcome import Effect, Finding, Location, Outcome, Severity, Status
from composeharden.overlay.file import SKELETON, Overlay
from composeharden.overlay.patch import patch
from composeharden.overlay.secrets import Secrets
from composeharden.overlay.stack import join
from composeharden.passes import all_passes
from composeharden.pipeline import harden
from composeharden.yaml.change import Change, Remove, Set
from composeharden.yaml.proof import same
from composeharden.yaml.source import load

LEGACY = "services:\n  cache:\n    image: memcached:1.6\n"
HARDENED = LEGACY + "    read_only: true\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n"
_PASSES = frozenset(("cap-drop", "depends-on", "no-new-privileges", "obsolete-version", "read-only"))
OWN = SKELETON + "  cache:\n    init: true\n"
SERVICE = """\
    cap_drop:  # cap-drop
      - ALL
    security_opt:  # no-new-privileges
      - no-new-privileges:true
    read_only: true  # read-only
"""


def run(stack: str, overlay: str | None = None, options: Options | None = None, target: str = "hard.yaml") -> Outcome:
    """Harden a stack by an overlay, which there may be already; in place without a target."""
    files = {"compose.yaml": stack, **({} if overlay is None else {"hard.yaml": overlay})}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path].encode()

    options = options or Options(only=_PASSES)
    return harden("compose.yaml", read, replace(options, overlay=target))


def text(outcome: Outcome) -> str:
    assert outcome.problems == ()
    assert outcome.with_status(Status.REFUSED) == ()
    (one,) = outcome.patches
    assert one.path == "hard.yaml"
    return one.after.text


# -- nothing to write --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "overlay"),
    [
        (HARDENED, None),
        (HARDENED, SKELETON + "  cache:\n    init: true\n"),
        (LEGACY, SKELETON + "  cache:\n" + SERVICE),
        (LEGACY.replace("services:\n  cache:\n", "services:\n  # composeharden: ignore[read-only, cap-drop, "
                        "no-new-privileges] it is thrown away\n  cache:\n"), None),
        (LEGACY, SKELETON + "  # composeharden: ignore[read-only, cap-drop, no-new-privileges] it is thrown away\n"
                            "  cache:\n    init: true\n"),
    ],
    ids=["hardened", "hardened with an overlay", "hardened by its overlay", "suppressed", "suppressed in its overlay"],
)  # fmt: skip
def test_nothing_is_written_where_nothing_is_missing(stack: str, overlay: str | None) -> None:
    outcome = run(stack, overlay)
    assert outcome.patches == ()
    assert outcome.problems == ()


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("", "no overlay of composeharden"),
        ("services: {}\n", "no overlay of composeharden"),
        (SKELETON.replace("# composeharden: overlay", "# composeharden: overlays"), "no overlay of composeharden"),
        ("\n" + SKELETON, "no overlay of composeharden"),
        (SKELETON + "  cache: [", "expected"),
        (SKELETON, "`services` must be a mapping"),
        (SKELETON + "  cache:\n", "`services.cache` must be a mapping"),
        (SKELETON + "  cache:\n    imagee: a\n", "imagee"),
        (SKELETON + "  gone:\n    init: true\n", "no service gone"),
        (SKELETON + "  cache:\n    extends: other\n", "takes no services.cache.extends"),
        (OWN + "include: [other.yaml]\n", "takes no include"),
        (OWN + "---\nservices: {}\n", "one document"),
        (SKELETON + "  cache:\n    networks: yes\n", "`services.cache.networks` must be"),
        (SKELETON + "  cache:\n    build: a\n    extends: {file: b}\n", "extends"),
        (SKELETON + "  cache:\n    <<: a\n", ""),
    ],
)
def test_a_file_that_is_not_ours_or_does_not_fit_is_left_alone(overlay: str, message: str) -> None:
    outcome = run(LEGACY, overlay)
    assert outcome.patches == ()
    (problem,) = outcome.problems
    assert problem.location.file == "hard.yaml"
    assert message in problem.message


def test_a_stack_that_is_no_stack_gets_none() -> None:
    assert run("services: [").patches == ()
    assert run("services:\n  cache:\n    ports: ['1:1']\n").patches == ()


def test_an_overlay_by_itself_is_neither_judged_nor_an_error() -> None:
    outcome = run(SKELETON + "  cache:\n    cap_drop: [ALL]\n")
    assert (outcome.findings, outcome.problems) == ((), ())
    assert "overlay" in outcome.notes[0]


def test_a_stack_does_not_hide_behind_the_first_line_of_an_overlay() -> None:
    assert harden("a.yaml", lambda path: (SKELETON + LEGACY.partition("\n")[2]).encode()).patches


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_new_overlay_says_what_each_pass_adds_and_no_more() -> None:
    assert text(run(LEGACY)) == SKELETON + "  cache:\n" + SERVICE


def test_it_is_the_difference_to_the_lists_of_the_stack() -> None:
    stack = LEGACY + "    cap_drop: [NET_RAW]\n    security_opt: ['label:type:a']\n    read_only: true\n"
    assert text(run(stack)) == SKELETON + (
        "  cache:\n    cap_drop:  # cap-drop\n      - ALL\n"
        "    security_opt:  # no-new-privileges\n      - no-new-privileges:true\n"
    )


def test_what_a_mapping_misses_is_said_without_what_it_has() -> None:
    stack = (
        "services:\n  app:\n    image: example/app\n    environment: {DB_HOST: db}\n"
        "    depends_on: {other: {condition: service_started}}\n  other: {image: example/other}\n"
        "  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n"
    )
    said = text(run(stack, options=Options(only=frozenset(["depends-on"]), assume=True)))
    own = build("hard.yaml", load(said.encode()), {}).model["services"]
    assert own == {"app": {"depends_on": {"db": {"condition": "service_healthy"}}}}


@pytest.mark.parametrize(
    "stack",
    [
        LEGACY + "    command: |\n      -m 64",
        "services: {cache: {image: memcached:1.6, }, }\n",
        "x-a: &a\n  image: memcached:1.6\n  cap_drop: &drop [NET_RAW]\n"
        "services:\n  cache:\n    <<: *a\n"
        "  other:\n    image: example/other:1\n    privileged: true\n    cap_drop: *drop\n",
        "services:\n  cache: &c\n    image: memcached:1.6\n    init: true\n"
        "  suppressed: *c # composeharden: ignore[cap-drop] as it is\n",
        "services:\n  cache:\n    image: memcached:1.6\n  heir:\n    extends: cache\n",
        "services:\n  cache:\n    image: memcached:1.6\n---\nservices:\n  cache:\n    cap_drop: [NET_RAW]\n",
        "services:\r\n  cache:\r\n    image: memcached:1.6\r\n",
    ],
)
def test_it_works_where_the_text_of_the_stack_is_hard_to_edit(stack: str) -> None:
    outcome = run(stack)
    assert "cache" in outcome.recreated
    again = run(stack, text(outcome))
    assert again.patches == ()
    assert again.with_status(Status.FIX) == ()


@pytest.mark.parametrize("name", ["1", "true", "null", "1e3", "0x1F", "2001-01-01", "-", ".5", "no", "y", "a.b-c_D"])
def test_names_stay_what_they_are(name: str) -> None:
    stack = f'services:\n  "{name}":\n    image: memcached:1.6\n'
    written = text(run(stack))
    assert list(build("o", load(written.encode()), {}).model["services"]) == [name]
    assert run(stack, written).patches == ()


def test_every_pass_can_say_what_it_wants_in_an_overlay() -> None:
    for name, rule in all_passes().items():
        if rule.example is None or name == "obsolete-version" or rule.effect is Effect.DATA:
            continue
        options = Options(only=frozenset([name]), assume=True)
        written = text(run(rule.example.before, options=options))
        assert f"# {name}" in written
        assert run(rule.example.before, written, options=options).with_status(Status.FIX) == ()
        merged = merge(_model(rule.example.before), Overlay("o", load(written.encode())).model)
        (in_place,) = run(rule.example.before, options=options, target="").patches
        assert same(canonical(merged), canonical(_model(in_place.after.text)), ordered=False), name


def _model(stack: str) -> dict[str, Any]:
    return build("compose.yaml", load(stack.encode()), {}).model


def test_a_change_of_the_whole_stack_waits_for_the_file() -> None:
    outcome = run("version: '3'\n" + LEGACY)
    (held,) = outcome.with_status(Status.HELD)
    assert held.rule == "obsolete-version"
    assert "the file itself has to be changed" in held.reason
    assert "version" not in text(outcome)


# -- an overlay that is there ------------------------------------------------------------------------------------------


def test_a_later_run_adds_what_an_earlier_one_left_out() -> None:
    first = text(run(LEGACY, options=Options(only=frozenset(["cap-drop"]))))
    assert "read_only" not in first
    second = text(run(LEGACY, first))
    assert second.startswith(first)
    assert run(LEGACY, second).patches == ()


def test_what_somebody_wrote_into_it_stays() -> None:
    own = SKELETON + "  cache:\n    # 64 was too little\n    command: [-m, '128']  # MiB\nnetworks:\n  back: {}\n"
    written = text(run(LEGACY, own))
    assert set(own.splitlines()) < set(written.splitlines())
    assert run(LEGACY, written).patches == ()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("    cap_drop: [NET_RAW]\n", "    cap_drop: [NET_RAW, ALL]"),
        ("    cap_drop:\n      - NET_RAW # mine\n", "      - NET_RAW # mine\n      - ALL  # cap-drop\n"),
        ("    cap_drop: !reset null\n", "    cap_drop:"),
        ("    cap_drop: !override [NET_RAW]\n", "[NET_RAW, ALL]"),
    ],
)
def test_its_own_values_are_completed(own: str, expected: str) -> None:
    written = text(run(LEGACY, SKELETON + "  cache:\n" + own))
    assert expected in written
    assert run(LEGACY, written).patches == ()


@pytest.mark.parametrize(
    "overlay", ["# composeharden: overlay\n", "# composeharden: overlay",
                "# composeharden: overlay\nnetworks: {a: {}}\n", OWN, "# composeharden: overlay\nservices: {}\n"],
)  # fmt: skip
def test_an_empty_overlay_is_filled(overlay: str) -> None:
    written = text(run(LEGACY, overlay))
    assert written.startswith(overlay.splitlines()[0])
    assert run(LEGACY, written).patches == ()


def test_its_line_ends_stay() -> None:
    written = text(run(LEGACY, SKELETON.replace("\n", "\r\n") + "  cache:\r\n    init: true\r\n"))
    assert written.count("\n") == written.count("\r\n")


# -- changes that no pass makes (yet) ----------------------------------------------------------------------------------

_STACK = """\
services:
  web:
    image: example/web:1
    user: root
    tmpfs: [/run, /tmp]
    environment: {DB_PASSWORD: correct-horse, MODE: a}
    command: [serve, --token, tok-correct-horse]
  other:
    image: example/other:1
"""


def declared(*changes: Change, overlay: str | None = None) -> Any:
    """The finding with these changes after it was written into an overlay, and the patches."""
    below = build("compose.yaml", load(_STACK.encode()), {})
    own = Overlay("hard.yaml", None if overlay is None else load(overlay.encode()))
    whole = join(below, own)
    assert not hasattr(whole, "message")
    secrets = Secrets(whole, below)
    finding = Finding("a-pass", "web", Severity.LOW, "a message", Location("compose.yaml"), Status.FIX, changes=changes)
    found, patches = patch(below, whole, own, [finding], secrets.in_value)
    if patches:
        merged = merge(below.model, Overlay("hard.yaml", patches[0].after).model)
        assert merged["services"]["other"] == below.model["services"]["other"]
        return found[0], patches[0].after.text.removeprefix(SKELETON), merged["services"]["web"]
    return found[0], "", below.model["services"]["web"]


_WEB = (0, "services", "web")


def test_a_list_that_loses_an_item_is_overridden() -> None:
    finding, written, web = declared(Set((*_WEB, "tmpfs"), ["/run"]))
    assert finding.status is Status.FIX
    assert written == "  web:\n    tmpfs: !override  # a-pass\n      - /run\n"
    assert web["tmpfs"] == ["/run"]


def test_a_key_that_goes_is_reset() -> None:
    finding, written, web = declared(Remove((*_WEB, "user")))
    assert finding.status is Status.FIX
    assert written == "  web:\n    user: !reset null  # a-pass\n"
    assert "user" not in web


def test_a_key_that_only_the_overlay_has_goes_from_there() -> None:
    _, written, web = declared(
        Remove((*_WEB, "init")), overlay=SKELETON + "  web:\n    init: true\n    read_only: true\n"
    )
    assert written == "  web:\n    read_only: true\n"
    assert "init" not in web


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", {"MODE": "a", "DB_PASSWORD": "correct-horse", "B": "1"}),
        ("command", ["serve", "--verbose", "--token", "tok-correct-horse"]),
        ("labels", {"note": "correct-horse"}),
    ],
)
def test_what_may_be_a_secret_is_never_copied(key: str, value: Any) -> None:
    finding, written, _ = declared(Set((*_WEB, key), value))
    if written:
        assert "horse" not in written
        assert finding.status is Status.FIX
    else:
        assert finding.status is Status.REFUSED
        assert "may be a secret" in finding.reason


def test_a_word_that_is_also_somebodys_password_is_no_secret_by_that() -> None:
    stack = """\
services:
  web:
    image: example/web:1
    depends_on: [postgres, valkey]
  postgres: &db
    image: postgres:16
    environment: {POSTGRES_PASSWORD: postgres, VALKEY_PASSWORD: valkey}
    volumes: [data:/var/lib/postgresql/data]
    healthcheck: {test: [CMD, pg_isready, -U, postgres]}
  valkey: *db
volumes: {data: }
"""
    written = text(run(stack))
    assert (
        "      postgres:\n        condition: service_healthy\n      valkey:\n        condition: service_healthy\n"
        in written
    )
    assert run(stack, written).with_status(Status.FIX) == ()


def test_the_unharmed_part_of_a_mapping_need_not_be_repeated() -> None:
    _, written, web = declared(Set((*_WEB, "environment"), {"DB_PASSWORD": "correct-horse", "MODE": "b"}))
    assert written == "  web:\n    environment:  # a-pass\n      MODE: b\n"
    assert set(web["environment"]) == {"DB_PASSWORD=correct-horse", "MODE=b"}


@pytest.mark.parametrize(
    "value",
    ["a: b", "# no", "yes", "2001-01-01", "0440", "!reset x", "*a", "&a", "a\nb", " a ", "'", '"', "\u00e9\U0001f98a",
     "%", "`", "{a}", "[a", "a #b", "null", "~", "", "${A:-b}", "$$x", "\\n", "|", ">-", "? x", "- x", "<<", "@x",
     "\x1b[0m", "\u2028"],
)  # fmt: skip
def test_special_values_stay_what_they_are(value: str) -> None:
    finding, _, web = declared(Set((*_WEB, "hostname"), value), Set((*_WEB, "dns"), [value, "a"]))
    assert finding.status is Status.FIX
    assert web["hostname"] == value
    assert web["dns"] == [value, "a"]


def test_a_change_that_rests_on_a_refused_one_is_refused_too() -> None:
    below = build("compose.yaml", load(_STACK.encode()), {})
    place = Location("compose.yaml")
    found = [
        Finding(rule, "web", Severity.LOW, "m", place, Status.FIX, changes=(Set((*_WEB, key), value),), needs=needs)
        for rule, key, value, needs in (("one", "labels", {"a": "b"}, ()), ("two", "init", True, ("one",)),
                                        ("three", "tty", True, ()))
    ]  # fmt: skip
    found, patches = patch(below, below, Overlay("o"), found, lambda path, value: path[-1] == "labels")
    assert [one.status for one in found] == [Status.REFUSED, Status.REFUSED, Status.FIX]
    assert [one.path for one in patches] == ["o"]
