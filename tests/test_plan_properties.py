"""Whatever shares its text in a stack: exactly the findings marked `fix` are made, each service alone, and once.

Stacks with anchors, merge keys, aliases, `extends` and several documents are generated as text. What they mean before
and after is worked out by PyYAML and a few lines here, and for a sample by Docker Compose: nothing of the package
takes part in that. COMPOSEHARDEN_THOROUGH=1 tries 10,000 stacks instead of a few hundred.
"""

from __future__ import annotations

import os
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from composeharden.outcome import Finding, Outcome, Status
from composeharden.pipeline import harden
from composeharden.yaml.change import Append, Change, Remove, Replace, Set
from tests.corpus.measure import as_duration
from tests.corpus.real_compose import binary, model

yaml: Any = pytest.importorskip("yaml")

_THOROUGH = os.environ.get("COMPOSEHARDEN_THOROUGH") == "1"
_PROFILE = settings(
    max_examples=10_000 if _THOROUGH else 200,
    deadline=None,
    derandomize=not _THOROUGH,
    database=None,
    suppress_health_check=list(HealthCheck),
)
_ASKED_OF_COMPOSE = 4
"""One stack in so many is also given to Docker Compose."""
_MOST_REFUSED = 0.20
_NAMES = ("app", "db", "cache", "web", "job")
_REASON = "has its reasons"
_SUPPRESSED = re.compile(r"^  (\w+):.*# composeharden: ignore\[([^]]+)\] " + _REASON, re.MULTILINE)


# -- stacks as text ----------------------------------------------------------------------------------------------


class Alias(NamedTuple):
    name: str


class Anchored(NamedTuple):
    name: str
    value: Any


class Flow(NamedTuple):
    value: Any


class Noted(NamedTuple):
    value: Any
    comment: str


def _inline(value: Any) -> str:
    if isinstance(value, Anchored):
        return f"&{value.name} {_inline(value.value)}"
    if isinstance(value, (Flow, Noted)):
        return _inline(value.value)
    if isinstance(value, Alias):
        return f"*{value.name} "
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_inline(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f'"{value}"'


def _lines(value: Any, indent: int) -> tuple[str, list[str]]:
    """What stands behind the colon, and the lines below it."""
    pad = " " * indent
    if isinstance(value, Noted):
        first, rest = _lines(value.value, indent)
        return f"{first}  # {value.comment}", rest
    if isinstance(value, Anchored):
        first, rest = _lines(value.value, indent)
        return f" &{value.name}{first}", rest
    if isinstance(value, Mapping) and value:
        return "", _pairs(value, indent)
    if isinstance(value, list) and value:
        return "", [f"{pad}- {_inline(item).rstrip()}" for item in value]
    return " " + _inline(value).rstrip(), []


def _pairs(value: Mapping[str, Any], indent: int) -> list[str]:
    lines = []
    for key, child in value.items():
        first, rest = _lines(child, indent + 2)
        lines += [f"{' ' * indent}{key}:{first}", *rest]
    return lines


def _one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values).flatmap(
        lambda value: st.sampled_from([value, Flow(value)]) if isinstance(value, list) and value else st.just(value)
    )


_SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "image": _one_of("memcached:1.6", "postgres:16", "nginx:1.28", "example/unknown:1", "redis:7"),
    "security_opt": _one_of([], ["label:user:me"], ["no-new-privileges:true"], ["no-new-privileges:false"]),
    "cap_drop": _one_of([], ["NET_RAW"], ["ALL"], ["NET_RAW", "MKNOD"]),
    "cap_add": _one_of([], ["CHOWN"], ["NET_ADMIN", "SETUID"]),
    "tmpfs": _one_of("/run", ["/tmp"], [], ["/run", "/var/tmp:size=1m"]),
    "read_only": _one_of(True, False),
    "restart": _one_of("always", "no"),
    "command": _one_of("sudo run", "run"),
    "user": _one_of("1000:1000"),
    "privileged": _one_of(True, False),
    "volumes": _one_of(["data:/var/lib/postgresql/data"], ["data:/data"]),
    "healthcheck": _one_of({"test": Flow(["CMD", "pg_isready"])}, {"test": Flow(["CMD", "other"])}),
    "environment": _one_of({"A": "1"}, ["A=1", "B=2"]),
}
_LISTS = ("security_opt", "cap_drop", "cap_add", "tmpfs")


@st.composite
def _body(draw: st.DrawFn, merged: list[str], lists: dict[str, str], fewest: int = 0) -> dict[str, Any]:
    """Settings of a service or of a part of one; `lists` holds the anchors of lists and the key each is for."""
    keys: list[str] = draw(st.lists(st.sampled_from(sorted(_SETTINGS)), unique=True, min_size=fewest, max_size=4))
    body: dict[str, Any] = {key: draw(_SETTINGS[key]) for key in keys}
    for key in keys:
        fitting = [anchor for anchor, fits in lists.items() if fits == key]
        if bool(fitting) and draw(st.booleans()):
            body[key] = Alias(draw(st.sampled_from(fitting)))
    own = [key for key in keys if key in _LISTS and isinstance(body[key], (list, Flow))]
    if bool(own) and draw(st.integers(0, 3)) == 0:
        name = f"l{len(lists)}"
        body[own[0]] = Anchored(name, body[own[0]])
        lists[name] = own[0]
    if bool(merged) and draw(st.integers(0, 2)):
        taken = draw(st.lists(st.sampled_from(merged), unique=True, min_size=1, max_size=2))
        several = Flow([Alias(name) for name in taken])
        body = _with_key(draw, body, "<<", several if len(taken) > 1 else Alias(taken[0]))
    return body


def _with_key(draw: st.DrawFn, body: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    pairs = list(body.items())
    pairs.insert(draw(st.integers(0, len(pairs))), (key, value))
    return dict(pairs)


@st.composite
def _services(draw: st.DrawFn, merged: list[str], lists: dict[str, str]) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True, min_size=1, max_size=4))
    whole: list[str] = []
    found: dict[str, Any] = {}
    for place, name in enumerate(names):
        if bool(whole) and draw(st.integers(0, 4)) == 0:
            found[name] = Alias(draw(st.sampled_from(whole)))
            continue
        body = draw(_body([*merged, *whole], lists, fewest=1))
        if "image" not in body and ("<<" not in body or draw(st.booleans())):
            body = _with_key(draw, body, "image", draw(_SETTINGS["image"]))
        if place and draw(st.integers(0, 2)) == 0:
            body = _with_key(draw, body, "depends_on", draw(_dependencies(names[:place], lists, body)))
        if len(names) > 1 and draw(st.integers(0, 3)) == 0:
            base = draw(st.sampled_from([other for other in names if other != name]))
            body = _with_key(draw, body, "extends", draw(_one_of(base, {"service": base})))
        value: Any = Flow(body) if draw(st.integers(0, 4)) == 0 else body
        if draw(st.integers(0, 3)) == 0:
            value = Anchored(f"s{place}", value)
            whole.append(f"s{place}")
        found[name] = value
    return {name: _noted(draw, value) for name, value in found.items()}


@st.composite
def _dependencies(draw: st.DrawFn, names: list[str], lists: dict[str, str], body: dict[str, Any]) -> Any:
    fitting = [anchor for anchor, fits in lists.items() if fits == "depends_on"]
    if bool(fitting) and draw(st.booleans()):
        return Alias(draw(st.sampled_from(fitting)))
    wanted: list[str] = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    if draw(st.integers(0, 3)) == 0:
        return {name: {"condition": "service_started"} for name in wanted}
    value: Any = draw(st.sampled_from([wanted, Flow(wanted)]))
    if draw(st.booleans()):
        anchor = f"l{len(lists)}"
        lists[anchor] = "depends_on"
        return Anchored(anchor, value)
    return value


def _noted(draw: st.DrawFn, value: Any) -> Any:
    if draw(st.integers(0, 5)):
        return value
    rules = draw(st.sampled_from(["read-only", "cap-drop", "no-new-privileges, cap-drop", "depends-on"]))
    return Noted(value, f"composeharden: ignore[{rules}] {_REASON}")


@st.composite
def stacks(draw: st.DrawFn) -> str:
    """The text of a Compose file whose services share some of it."""
    documents = []
    for number in range(draw(st.sampled_from([1, 1, 1, 2]))):
        lists: dict[str, str] = {}
        merged: list[str] = []
        root: dict[str, Any] = {}
        for place in range(draw(st.integers(0, 3))):
            part = draw(_body(list(merged), lists, fewest=1))
            root[f"x-{place}"] = Anchored(f"x{place}", Flow(part) if draw(st.integers(0, 3)) == 0 else part)
            merged.append(f"x{place}")
        root["services"] = draw(_services(merged, lists))
        if number == 0:
            root["volumes"] = {"data": {}}
        if draw(st.integers(0, 3)) == 0:
            root = {"version": "3.8", **root} if draw(st.booleans()) else {**root, "version": "3.8"}
        documents.append("\n".join(_pairs(root, 0)) + "\n")
    return "---\n".join(documents)


# -- what they mean, worked out without the package --------------------------------------------------------------


def _meaning(text: str) -> dict[str, Any]:
    """The effective model in one form: no empty lists or nulls, `depends_on` as conditions, `tmpfs` as a list."""
    result: dict[str, Any] = {}
    for document in yaml.safe_load_all(text):
        services = document.get("services") or {}
        whole = {**document, "services": {name: _extended(name, services) for name in services}}
        result = _over(result, {key: value for key, value in whole.items() if not key.startswith("x-")})
    result["services"] = {name: _plain(body) for name, body in result["services"].items()}
    return result


def _extended(name: str, services: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    own = dict(services[name])
    base = own.get("extends")
    base = base.get("service") if isinstance(base, dict) else base
    if base is None or base in path:
        return own
    return {**_over(_extended(base, services, (*path, name)), own), "extends": own["extends"]}


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        old = merged.get(key)
        if old is None or value is None:
            merged[key] = old if value is None else value
        elif key in ("depends_on", "environment", "tmpfs"):
            merged[key] = _joined(_form(key, old), _form(key, value))
        elif key in ("command", "extends"):
            merged[key] = value
        else:
            merged[key] = _joined(old, value)
    return merged


def _joined(old: Any, value: Any) -> Any:
    if isinstance(old, dict) and isinstance(value, dict):
        return _over(old, value) if "test" not in value else {**old, **value}
    if isinstance(old, list) and isinstance(value, list):
        return [*old, *(item for item in value if item not in old)]
    return value


def _form(key: str, value: Any) -> Any:
    if key == "tmpfs":
        return [value] if isinstance(value, str) else value
    if key == "environment":
        return dict(item.split("=", 1) for item in value) if isinstance(value, list) else value
    if key == "depends_on":
        rows = {name: {} for name in value} if isinstance(value, list) else value
        return {name: {"condition": row.get("condition", "service_started")} for name, row in rows.items()}
    if key == "healthcheck" and "test" in value:
        return {**value, "test": list(value["test"])}
    return value


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _form(key, value) for key, value in body.items() if value not in (None, []) and key != "extends"}


def _declared(before: Mapping[str, Any], made: list[Finding]) -> dict[str, Any]:
    """The model `before` with what the findings `made` declare."""
    services = {name: dict(body) for name, body in before["services"].items()}
    result = {**before, "services": services}
    for change in [change for finding in made for change in finding.changes]:
        if isinstance(change, Remove):
            assert change.path == (0, "version")
            del result["version"]
            continue
        _, section, name, key = change.path
        assert section == "services"
        services[str(name)][str(key)] = _value(services[str(name)].get(str(key)), change)
    return result


def _value(old: Any, change: Change) -> Any:
    assert not isinstance(change, Remove)
    if isinstance(change, Append):
        return [*(old or ()), *change.items]
    if isinstance(change, Replace):
        return [change.value if item == change.old else item for item in old]
    value = dict(change.value) if isinstance(change.value, Mapping) else change.value
    return _form(str(change.path[3]), value)


# -- the property ------------------------------------------------------------------------------------------------


def _run(text: str) -> Outcome:
    def read(path: str) -> bytes:
        if path != "stack.yaml":
            raise FileNotFoundError(2, "No such file or directory", path)
        return text.encode()

    return harden("stack.yaml", read)


def _after(text: str, outcome: Outcome) -> str:
    assert len(outcome.patches) <= 1
    return outcome.patches[0].after.text if outcome.patches else text


def test_exactly_what_is_marked_as_a_fix_is_made(tmp_path: Path) -> None:
    counted: Counter[str] = Counter()
    compose = binary()

    @_PROFILE
    @given(stacks())
    def holds(text: str) -> None:
        outcome = _run(text)
        counted["stacks"] += 1
        if outcome.problems:
            counted["not worked on"] += 1
            assert not outcome.patches
            return
        after = _after(text, outcome)
        for finding in outcome.findings:
            if finding.changes:
                counted[str(finding.status)] += 1
        _check_meaning(text, after, outcome)
        _check_each_finding(text, after, outcome)
        assert not _run(after).patches, "a second run changes it again"
        if compose is not None and outcome.patches and zlib.crc32(text.encode()) % _ASKED_OF_COMPOSE == 0:
            counted["asked of Compose"] += _check_with_compose(compose, tmp_path, text, after, outcome)

    holds()
    print("", *(f"{count:7} {what}" for what, count in counted.most_common()), sep="\n")
    assert counted["fix"] > counted["stacks"]
    assert counted["refused"] <= _MOST_REFUSED * (counted["fix"] + counted["refused"])
    assert compose is None or counted["asked of Compose"] > counted["stacks"] / 20


def _check_meaning(text: str, after: str, outcome: Outcome) -> None:
    assert _meaning(after) == _declared(_meaning(text), list(outcome.with_status(Status.FIX)))
    assert (after != text) == bool(outcome.with_status(Status.FIX))


def _check_each_finding(text: str, after: str, outcome: Outcome) -> None:
    silenced = {(match[1], rule.strip()) for match in _SUPPRESSED.finditer(text) for rule in match[2].split(",")}
    model = _meaning(after)
    for finding in outcome.findings:
        if not finding.changes:
            continue
        made = finding.status is Status.FIX
        assert made == _is_made(finding, model), (finding.service, finding.rule, finding.status)
        assert not (made and (finding.service, finding.rule) in silenced), (finding.service, finding.rule)
        assert made or finding.reason


def _is_made(finding: Finding, model: Mapping[str, Any]) -> bool:
    if finding.service is None:
        assert finding.rule == "obsolete-version"
        return "version" not in model
    body = model["services"][finding.service]
    if finding.rule == "read-only":
        return body.get("read_only") is True
    if finding.rule == "cap-drop":
        return "ALL" in body.get("cap_drop", ())
    if finding.rule == "no-new-privileges":
        return "no-new-privileges:true" in body.get("security_opt", ())
    if finding.rule in ("healthcheck", "init", "user"):
        return finding.rule in body
    if finding.rule == "tmpfs-options":
        written = _form("tmpfs", body["tmpfs"])
        return all(_last(change) in written for change in finding.changes)
    assert finding.rule == "depends-on"
    return any(row["condition"] == "service_healthy" for row in body["depends_on"].values())


def _last(change: Change) -> object:
    assert isinstance(change, (Replace, Set))
    return change.value


def _check_with_compose(program: str, folder: Path, text: str, after: str, outcome: Outcome) -> bool:
    file = folder / "stack.yaml"
    file.write_text(text, "utf-8")
    before = model(program, file)
    if before is None:
        return False
    file.write_text(after, "utf-8")
    found = model(program, file)
    assert found is not None, "Compose took the file before and refuses it now"
    for finding in outcome.with_status(Status.FIX):
        for change in finding.changes:
            if finding.service is not None:
                old, new = before["services"][finding.service], found["services"][finding.service]
                key = str(change.path[3])
                assert _form(key, new.pop(key)) == _printed(_value(old.pop(key, None), change))
    assert _without_extensions(found) == _without_extensions(before)
    return True


def _printed(value: Any) -> Any:
    """A declared value as `config` prints it."""
    return {key: as_duration(child) for key, child in value.items()} if isinstance(value, dict) else value


def _without_extensions(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if not key.startswith("x-")}
