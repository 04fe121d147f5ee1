"""What was found becomes an ordinary file of image facts, which the next diff uses."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from composeharden.images.facts import Facts
from composeharden.images.judge import judge
from composeharden.images.reference import parse
from composeharden.learn.contents import Contents, Folder
from composeharden.learn.document import Record, facts, family_of
from composeharden.learn.file import is_our_own, written
from composeharden.learn.search import Found, Start
from composeharden.learn.setting import Moment, Path, Setting, Shortfall, Work
from composeharden.learn.subject import Place, Subject, alone, staged
from composeharden.learn.toml import inline, text_of
from composeharden.outcome import Confidence
from tests.learn.lives import LIFE, READY, TMP, seen

ROWS = (Path("/run", owner="service"), TMP)
ROOT = Setting("", frozenset(("SETUID",)), True, ROWS, True)
USER = replace(ROOT, user="33:33", capabilities=frozenset())
WITHOUT = Shortfall("second start", "ended with exit code 1", ("first", "gosu: password hunter2 is not permitted"))
IMAGE: dict[str, Any] = {
    "Id": "sha256:0123456789abcdef",
    "Config": {
        "Cmd": ["server", "--flag"],
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Volumes": {"/data": {}},
        "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost/$HOME"]},
    },
}


def redact(text: str) -> str:
    return text.replace("hunter2", "***")


def record(
    found: Found | None = None, image: str = "example.org:5000/team/app:1.4", command: tuple[str, ...] = ()
) -> Record:
    start = Start(ROOT, {"SETUID": WITHOUT}, {"/run": WITHOUT})
    return Record(
        alone(image, IMAGE, {}, command),
        Contents({"/run": Folder(33, 33, 0o755)}, programs={"sh", "curl"}),
        seen(("SETUID", "FOWNER"), writable=ROWS),
        replace(LIFE, written=(("A", "/run/app.pid"),)),
        found or Found(start, Start(USER)),
        "27.0",
        "composeharden learn team/app:1.4",
        "2026-01-31",
        redact,
    )


def judged(one: Record) -> dict[str, Any]:
    document = facts(one)
    assert judge(document, document["family"], "file.toml", "") == []
    assert tomllib.loads(text_of(document, "a comment")) == document
    return document


def test_every_fact_is_proven_by_a_run_and_the_schema_is_met() -> None:
    document = judged(record())
    known = Facts(document, parse("example.org:5000/team/app:1.4"))
    assert document["family"] == "example-org-5000-team-app"
    for name in ("capabilities", "read_only", "no_new_privileges"):
        for as_root in (True, False):
            assert known.confidence(known.table(name), as_root) is Confidence.PROVEN
    assert document["start"] == {
        "user": "root",
        "service": "33:33",
        "programs": ["server"],
        "evidence": ["engine-observed"],
    }
    assert document["capabilities"]["user"] == {}
    assert document["writable"][0]["owner"] == "service"
    assert document["data"] == [
        {"path": "/data", "purpose": "declared by the image", "declared": True, "evidence": ["engine-observed"]}
    ]
    assert {(row["number"], row["protocol"]) for row in document["port"]} == {(80, "tcp"), (53, "udp")}
    assert document["healthcheck"][0]["test"] == ["CMD-SHELL", "curl -f http://localhost/$$HOME"]


def test_a_reason_says_what_happened_without_it_and_no_secret() -> None:
    text = written(record()).decode()
    assert "used by entrypoint; without it, second start: ended with exit code 1 (gosu: password *** is" in text
    assert "hunter2" not in text


def test_what_ran_as_one_start_is_no_proof_for_the_other() -> None:
    document = judged(record(Found(Start(ROOT), Start(None, against={"start": WITHOUT}))))
    known = Facts(document, parse("example.org:5000/team/app"))
    assert known.confidence(known.table("capabilities"), True) is Confidence.PROVEN
    assert known.confidence(known.table("capabilities"), False) is Confidence.ASSUMED
    assert document["user"]["works"] is False
    assert "Second start" in document["user"]["reason"]


def test_what_never_worked_hardened_is_told_so() -> None:
    document = judged(record(Found(Start(None, against={"start": WITHOUT, "read_only": WITHOUT}))))
    assert "capabilities" not in document
    assert document["read_only"]["works"] is False
    assert document["no_new_privileges"]["works"] is False


def test_data_on_no_volume_is_data_and_no_tmpfs() -> None:
    rows = (*ROWS, Path("/srv/data", "volume"))
    document = judged(record(Found(Start(replace(ROOT, writable=rows)))))
    assert [row["path"] for row in document["writable"]] == ["/run", "/tmp"]
    assert [(row["path"], row["declared"]) for row in document["data"]] == [("/data", True), ("/srv/data", False)]


def test_another_command_is_only_assumed_to_need_the_same() -> None:
    (caveat,) = judged(record())["caveat"]
    assert caveat["when"] == {"command": r"\S"}
    (caveat,) = judged(record(command=("server", "--append")))["caveat"]
    assert caveat["when"] == {"command": r"\A(?!server\ \-\-append\Z)"}
    (caveat,) = judged(record(command=("server", "--pass", "hunter2")))["caveat"]
    assert caveat["when"] == {"command": r"\S"}


def test_a_hostile_image_spoils_neither_the_file_nor_hides_a_secret_in_it() -> None:
    config = {
        "Volumes": {"/data": {}, "/a b": {}, "/x\ny": {}},
        "Healthcheck": {"Test": ["CMD", "probe", "--token", "hunter2\n[evidence]"]},
        "Cmd": ['"]\nuser = "root'],
    }
    one = record()
    before = replace(LIFE, moments=(replace(READY, works=frozenset((Work('a"\n[b]', 0),))),))
    subject = replace(one.subject, details={"Id": "x", "Config": config})
    document = judged(replace(one, subject=subject, before=before))
    assert [row["path"] for row in document["data"]] == ["/data"]
    assert "hunter2" not in str(document)


def test_a_job_has_no_user_and_no_ports_of_its_own() -> None:
    one = record()
    job = replace(one, before=replace(LIFE, moments=(Moment(ended=0),) * 3, stop=None), seen=seen((), service=""))
    document = judged(job)
    assert "A job: it ends with code 0." in document["evidence"]["engine-observed"]["shows"]


def test_an_image_that_starts_as_its_user_says_so() -> None:
    one = record(Found(Start(replace(ROOT, capabilities=frozenset()))))
    subject = replace(one.subject, details={**IMAGE, "Config": {**IMAGE["Config"], "User": "nobody"}})
    one = replace(one, subject=subject)
    first = Work("server", 65534, 65534)
    before = replace(LIFE, moments=(replace(READY, first=first, works=frozenset((first,))),))
    document = judged(replace(one, seen=seen((), root=False, service=""), before=before))
    assert document["start"]["user"] == "65534:65534"
    assert document["evidence"].keys() == {"engine-observed", "engine-user"}


def test_a_user_of_the_service_is_not_taken_for_that_of_the_image() -> None:
    one = record(Found(Start(replace(ROOT, capabilities=frozenset()))))
    model = {"services": {"app": {"image": "app", "user": "33:33"}}}
    first = Work("server", 33, 33)
    before = replace(LIFE, moments=(replace(READY, first=first, works=frozenset((first,))),))
    subject = Subject("app", IMAGE, model, "app")
    document = judged(replace(one, subject=subject, seen=seen((), root=False, service=""), before=before))
    assert document["start"]["user"] == "root"
    assert document["start"]["service"] == "33:33"


@pytest.mark.parametrize(
    ("image", "family"),
    [
        ("nginx:1.22", "nginx"),
        ("Team/App_x:1", "team-app-x"),
        ("ghcr.io/a/b@sha256:00", "ghcr-io-a-b"),
        ("///", "image"),
    ],
)
def test_the_file_is_called_after_the_repository(image: str, family: str) -> None:
    assert family_of(image) == family


def test_a_file_that_somebody_edited_is_no_longer_ours() -> None:
    data = written(record())
    assert is_our_own(data)
    assert not is_our_own(data.replace(b"SETUID", b"SETGID", 1))
    assert not is_our_own(data.partition(b"\n")[2])
    assert not is_our_own(b"")
    assert not is_our_own(b"\xff\xfe")


@pytest.mark.parametrize("text", ["", "a\nb", 'quote " and \\', "\x00\x1f\x7f", "ünï ☃ 🐳", "'''", "#", "[x]\nkey = 1"])
def test_any_text_survives_the_file(text: str) -> None:
    document = {"a": text, "b": {text or "x": {"c": [text]}}, "d": [{"when": inline(command=text), "n": 1, "e": []}]}
    assert tomllib.loads(text_of(document, "head")) == document


def test_every_mount_covers_what_is_below_it() -> None:
    volumes = ["data:/data", "./conf:/etc/app:ro", {"type": "bind", "source": "/x", "target": "/srv"}, "/anonymous"]
    model = {"services": {"app": {"volumes": volumes, "tmpfs": ["/run:size=1m"], "secrets": ["key"]}}}
    subject = Subject("app", {"Config": {"Volumes": {"/declared": {}}}}, model, "app")
    assert subject.covered == {"/data", "/etc/app", "/srv", "/anonymous", "/run", "/run/secrets", "/declared"}


def test_what_an_image_and_a_person_say_reaches_compose_as_it_is() -> None:
    details = {"Id": "sha256:0", "Config": {"Volumes": {"/a:b": {}, "/$HOME": {}}}}
    body = alone("app", details, {"PASS": "a$b${c}"}, ("serve", "$x")).body
    assert body["environment"] == {"PASS": "a$$b$${c}"}
    assert body["command"] == ["serve", "$$x"]
    assert [mount["target"] for mount in body["volumes"]] == ["/$$HOME", "/a:b"]


def test_a_run_reaches_nothing_and_is_bounded() -> None:
    subject = Subject("app", IMAGE, {"services": {"app": {"image": "app"}, "db": {"image": "db"}}}, "app")
    model = staged(subject, USER, Place("name", "/nowhere", {"label": "ours"}))
    assert model["networks"]["default"]["internal"] is True
    for body in model["services"].values():
        assert body["labels"]["label"] == "ours"
        assert body["pull_policy"] == "never"
        assert {"mem_limit", "pids_limit"} <= body.keys()
        assert not {"ports", "container_name"} & body.keys()
    app = model["services"]["app"]
    assert app["cap_drop"] == ["ALL"]
    assert app["tmpfs"] == ["/run:uid=33,gid=33,size=64m", "/tmp:uid=33,gid=33,size=64m"]
    assert subject.model["services"]["app"] == {"image": "app"}
    rooted = staged(subject, replace(ROOT, service="33:33"), Place("name", "/nowhere", {}))["services"]["app"]
    started = staged(subject, replace(ROOT, start="99:99"), Place("name", "/nowhere", {}))["services"]["app"]
    assert started["tmpfs"] == ["/run:uid=99,gid=99,size=64m", "/tmp:uid=99,gid=99,size=64m"]
    assert rooted["tmpfs"] == ["/run:uid=33,gid=33,size=64m", "/tmp:size=64m"]
