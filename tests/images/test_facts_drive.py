"""Each kind of fact really decides something: the posture, or the service that comes out."""

from __future__ import annotations

from typing import Any

import pytest

from composeharden.cli.example import example
from composeharden.decide import Options
from composeharden.images.catalog import Catalog, Folder
from composeharden.images.facts import Facts
from composeharden.images.reference import parse
from composeharden.outcome import Finding, Status
from composeharden.pipeline import harden

BASE = """\
family = "it"
title = "It"
repositories = ["example/it", "example/that"]

[evidence.read]
kind = "documentation"
url = "https://example.org/"
read = "2026-01-31"
shows = "What it says."
"""
START = '[start]\nuser = "root"\nservice = "70:71"\nprograms = ["serve"]\nevidence = ["read"]\n'
ROOT = '[capabilities]\nevidence = ["read"]\n[capabilities.root]\nSETUID = "it steps down"\n[capabilities.user]\n'
READ_ONLY = '[read_only]\nworks = true\nevidence = ["read"]\n'
PRIVILEGES = '[no_new_privileges]\nworks = true\nevidence = ["read"]\n'
WRITABLE = '[[writable]]\npath = "/run/it"\npurpose = "socket"\nowner = "service"\nsize = "4m"\nevidence = ["read"]\n'
ALL = START + ROOT + READ_ONLY + PRIVILEGES + WRITABLE


def catalog(facts: str) -> Catalog:
    files = {"own/": b"it.toml", "own/it.toml": (BASE + facts).encode()}
    return Catalog([Folder("own", files.__getitem__)])


def hardened(facts: str, *keys: str, image: str = "example/it:1") -> tuple[str, dict[str, Finding]]:
    """A service with the image: what it becomes, and what became of each pass."""
    text = "\n".join(["services:", "  it:", f"    image: {image}", *(f"    {key}" for key in keys)]) + "\n"

    def read(path: str) -> bytes:
        if path != "compose.yaml":
            raise FileNotFoundError(path)
        return text.encode()

    outcome = harden("compose.yaml", read, Options(catalog=catalog(facts)))
    assert outcome.problems == ()
    found = {finding.rule: finding for finding in outcome.findings}
    return (outcome.patches[0].after.text if outcome.patches else text), found


def test_all_of_them() -> None:
    text, found = hardened(ALL)
    assert "- SETUID" in text
    assert "- /run/it:uid=70,gid=71,size=4m" in text
    assert {"cap-drop", "read-only", "no-new-privileges"} <= {
        name for name, finding in found.items() if finding.status is Status.FIX
    }


def test_start_without_a_service_identity() -> None:
    text, _ = hardened(ALL.replace('service = "70:71"\n', ""))
    assert "- /run/it:size=4m" in text


def test_capabilities_of_a_user() -> None:
    text, _ = hardened(ALL, 'user: "70:71"')
    assert "SETUID" not in text
    assert "cap_drop" in text


def test_capabilities_of_program_files() -> None:
    text, _ = hardened(ALL + '[capabilities.file]\nNET_RAW = "its program carries it"\n', 'user: "70:71"')
    assert "NET_RAW" in text


@pytest.mark.parametrize(
    ("old", "new", "held"),
    [
        ("[read_only]\nworks = true", '[read_only]\nworks = false\nreason = "It does not."', "read-only"),
        ("[no_new_privileges]\nworks = true", "[no_new_privileges]\nworks = false", "no-new-privileges"),
        (READ_ONLY, "", "read-only"),
        (ROOT, "", "cap-drop"),
        ('owner = "service"', 'kind = "volume"', "read-only"),
        ('kind = "documentation"\nurl = "https://example.org/"', 'kind = "report"\nissue = "a/b#1"', "cap-drop"),
    ],
)
def test_what_holds_a_pass_back(old: str, new: str, held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.BASE", BASE.replace(old, new, 1))
    _, found = hardened(ALL.replace(old, new, 1))
    assert found[held].status is Status.HELD


@pytest.mark.parametrize(
    ("option", "shown"),
    [('mode = "0700"', "mode=0700"), ("exec = true", "exec"), ('owner = "root"', "/run/it:size=4m")],
)
def test_options_of_a_tmpfs(option: str, shown: str) -> None:
    facts = ALL.replace('owner = "service"', option if "owner" in option else f'owner = "service"\n{option}')
    assert shown in hardened(facts)[0]


def test_data_without_a_volume() -> None:
    data = '[[data]]\npath = "/data"\npurpose = "data"\ndeclared = {}\nevidence = ["read"]\n'
    assert hardened(ALL + data.format("false"))[1]["read-only"].status is Status.HELD
    assert hardened(ALL + data.format("true"))[1]["read-only"].status is Status.FIX


def test_the_start_says_which_commands_are_known() -> None:
    assert hardened(ALL, "command: serve --fast")[1]["cap-drop"].status is Status.FIX
    assert hardened(ALL, "command: other")[1]["cap-drop"].status is Status.HELD


@pytest.mark.parametrize(
    ("when", "keys"),
    [
        ('{ command = "--unsafe" }', ["command: serve --unsafe"]),
        ('{ environment = "UN.*" }', ["environment: {UNSAFE: 1}"]),
        ('{ mount = "/etc/it" }', ["volumes: ['/srv/conf:/etc/it/conf']"]),
        ('{ no_mount = "/srv" }', []),
        ('{ user = "service" }', ["user: '70:71'"]),
        ('{ probe = "curl" }', ["healthcheck: {test: curl localhost}"]),
    ],
)
def test_caveats(when: str, keys: list[str]) -> None:
    caveat = f'[[caveat]]\nwhen = {when}\nholds = ["read-only"]\nreason = "The reason."\nevidence = ["read"]\n'
    finding = hardened(ALL + caveat, *keys)[1]["read-only"]
    assert (finding.status, finding.reason) == (Status.HELD, "the reason")


@pytest.mark.parametrize(
    ("when", "image", "applies"),
    [
        ('flavor = "alpine"', "example/it:1-alpine", True),
        ('flavor = "alpine"', "example/it:1", False),
        ('version = "<2"', "example/it:1.9", True),
        ('version = "<2"', "example/it:2", False),
        ('repository = "example/that"', "example/that", True),
        ('repository = "example/that"', "example/it", False),
    ],
)
def test_variants_replace_the_owner_of_a_tmpfs(when: str, image: str, applies: bool) -> None:
    variant = f"[[variant]]\nwhen = {{ {when} }}\n" + START.replace("[start]", "[variant.start]").replace(
        "70:71", "5:6"
    )
    text, _ = hardened(ALL + variant, image=image)
    assert ("uid=5,gid=6" in text) is applies
    assert ("uid=70,gid=71" in text) is not applies


def test_bundled_alpine_tags_have_other_owners() -> None:
    from composeharden.images.catalog import BUILT_IN

    seen: list[Any] = []
    for image in ("postgres:16", "postgres:16-alpine"):
        facts = BUILT_IN.lookup(image)
        assert facts is not None
        seen.append((facts.service_identity, example(image, facts, BUILT_IN).text))
    assert [identity for identity, _ in seen] == ["999:999", "70:70"]


def test_retired_repositories_and_default_credentials_are_reported() -> None:
    facts = BASE.replace("[evidence", '[retired]\n"example/it" = "use example/that"\n\n[evidence', 1)
    files = {"own/": b"it.toml", "own/it.toml": (facts + ALL).encode()}
    options = Options(catalog=Catalog([Folder("own", files.__getitem__)]))

    def read(path: str) -> bytes:
        if path != "compose.yaml":
            raise FileNotFoundError(path)
        return b"services:\n  it:\n    image: example/it:1\n"

    messages = [finding.message for finding in harden("compose.yaml", read, options).findings]
    assert "its image is retired: use example/that" in messages


def test_an_image_with_a_health_check_of_its_own_needs_none() -> None:
    probe = '[[healthcheck]]\ntest = ["CMD", "true"]\nneeds = []\nimage = true\nevidence = ["read"]\n'
    assert "healthcheck-missing" in hardened(ALL)[1]
    assert "healthcheck-missing" not in hardened(ALL + probe)[1]


def test_a_runtime_is_only_assumed() -> None:
    facts = ALL
    base = BASE.replace('title = "It"', 'title = "It"\nruntime = true')
    files = {"own/": b"it.toml", "own/it.toml": (base + facts).encode()}
    one = Catalog([Folder("own", files.__getitem__)])
    found = one.lookup("example/it")
    assert found is not None
    assert {finding.rule: finding.status for finding in example("example/it", found, one).findings} == {
        "read-only": Status.HELD,
        "cap-drop": Status.HELD,
        "no-new-privileges": Status.FIX,
    }


def test_configuration_says_where_it_writes() -> None:
    table = '[configuration]\nmounts = ["/etc/it"]\nwrites = \'log (\\S+)\'\nevidence = ["read"]\n'
    text = "services:\n  it:\n    image: example/it:1\n    volumes: [./it.conf:/etc/it/it.conf:ro]\n"

    def status(conf: str) -> Status:
        files = {"compose.yaml": text.encode(), "it.conf": conf.encode()}

        def read(path: str) -> bytes:
            name = path.removeprefix("./")
            if name not in files:
                raise FileNotFoundError(path)
            return files[name]

        outcome = harden("compose.yaml", read, Options(catalog=catalog(ALL + table)))
        return next(finding.status for finding in outcome.findings if finding.rule == "read-only")

    assert status("log /run/it/log") is Status.FIX
    assert status("log /var/it/log") is Status.HELD


@pytest.mark.parametrize(
    ("name", "conf", "status"),
    [
        ("rabbitmq.conf", "vm_memory_high_watermark.relative = 0.6\nlog.file = rabbit.log\n", Status.FIX),
        ("rabbitmq.conf", "log.file = /var/log/rabbitmq/rabbit.log\nlog.console = true\n", Status.FIX),
        ("rabbitmq.conf", "raft.data_dir = /var/lib/rabbitmq/quorum\n", Status.FIX),
        ("rabbitmq.conf", "# log.dir = /logs\n", Status.FIX),
        ("rabbitmq.conf", "log.dir = /logs\n", Status.HELD),
        ("conf.d/20-log.conf", "log.connection.file = /logs/connection.log\n", Status.HELD),
        ("rabbitmq.conf", "raft.data_dir=/quorum # fast disk\n", Status.HELD),
        ("advanced.config", '[{ra, [{data_dir, "/quorum"}]}].\n', Status.HELD),
        ("rabbitmq.conf", None, Status.HELD),
        ("definitions.json", None, Status.FIX),
    ],
)
def test_where_the_configuration_of_rabbitmq_writes(name: str, conf: str | None, status: Status) -> None:
    text = f"services:\n  it:\n    image: rabbitmq:4.1\n    volumes: [./it.conf:/etc/rabbitmq/{name}:ro]\n"
    files = {"compose.yaml": text} | ({"it.conf": conf} if conf is not None else {})

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path].encode()

    outcome = harden("compose.yaml", read)
    assert [finding.status for finding in outcome.findings if finding.rule == "read-only"] == [status]


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("A variable moves its files.", "a variable moves its files"),
        ("The entry point writes. It then stops.", "the entry point writes. It then stops"),
        ("Data, logs and more ...", "data, logs and more ..."),
        ("HTTP has no password", "HTTP has no password"),
        ("PostgreSQL writes there.", "PostgreSQL writes there"),
        ("Shop needs a folder.", "Shop needs a folder"),
        ("gosu needs no setuid bit.", "gosu needs no setuid bit"),
        ("", ""),
    ],
)
def test_a_sentence_of_the_facts_fits_into_another(sentence: str, clause: str) -> None:
    found = Facts({"title": "The Shop"}, parse("example/it:1"))
    assert found.clause(sentence) == clause
