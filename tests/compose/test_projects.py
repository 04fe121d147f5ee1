"""Projects of several files: Docker Compose makes of them what the loader makes of them, or the loader says why not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composeharden.cli.inputs import read
from composeharden.compose.files import Files, LoadError
from composeharden.compose.load import project_of
from composeharden.compose.loader import MAX_FILES
from composeharden.compose.project import Project
from tests.compose.test_merge import KEYS, SETTINGS, TOP
from tests.corpus import real_compose
from tests.corpus.differential_projects import judge

COMPOSE = real_compose.binary()


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def load(folder: Path, *names: str, **variables: str) -> Project:
    """Load files of a folder."""
    return project_of(Files(tuple(str(folder / name) for name in names or ("compose.yaml",))), variables, read)


WEB = "services:\n  web:\n    image: x\n"

# Each is the files of a project; those of `-f` are named before the first colon of the case.
EQUAL: dict[str, dict[str, str]] = {
    "compose.yaml o.yaml: a file over another": {
        "compose.yaml": WEB + "    ports: ['80:80', '81:81']\n    environment: {A: a, B: b}\n    volumes: ['./a:/x']\n",
        "o.yaml": "services:\n  web:\n    ports: ['80:80/tcp']\n    environment: [B=c]\n    volumes: [data:/x]\n"
        "  new: {image: y}\nvolumes: {data: }\n",
    },
    "compose.yaml o.yaml: what variables hold decides what is merged": {
        ".env": "PORT=80\nPLACE=/x\nNAME=B\n",
        "compose.yaml": WEB + "    ports: ['${PORT}:80', '81:81']\n    environment: ['${NAME}=b']\n"
        "    volumes: ['./a:${PLACE}']\n    cap_add: ['${C:-CHOWN}']\n",
        "o.yaml": "services:\n  web:\n    ports: ['80:80']\n    environment: {B: '${OTHER:-c}'}\n"
        "    volumes: [./b:/x]\n    cap_add: [CHOWN]\n",
    },
    "compose.yaml o/o.yaml: paths of every file start in the project directory": {
        "compose.yaml": WEB,
        "o/o.yaml": "services:\n  web:\n    volumes: ['./v:/v']\n    build: b\n    env_file: e\n",
        "e": "",
    },
    "compose.yaml o.yaml: reset and override": {
        "compose.yaml": WEB + "    ports: ['80:80']\n    cap_add: [A]\n    labels: {a: b}\n  gone: {image: y}\n",
        "o.yaml": "services:\n  web:\n    ports: !override ['81:81']\n    cap_add: !reset []\n"
        "    labels: {a: !reset null}\n  gone: !reset null\n",
    },
    "compose.yaml: documents": {"compose.yaml": WEB + "---\nservices:\n  web:\n    cap_add: [A]\n  b: {image: y}\n"},
    "compose.yaml: include in a folder": {
        "compose.yaml": "include: [sub/c.yaml]\n" + WEB,
        "sub/c.yaml": "services:\n  a:\n    image: i\n"
        "    volumes: ['./d:/d', 'no:/n', '${P:-./e}:/e', '../up:/u', '~/h:/h']\n"
        "    build: {dockerfile: D, additional_contexts: {q: ./q, r: 'docker-image://r'}}\n    env_file: [e.env]\n"
        "    develop: {watch: [{path: ./src, action: rebuild}]}\n    secrets: [s]\n    label_file: l\n"
        "volumes:\n  no: {driver: local, driver_opts: {type: none, o: bind, device: ./dev}}\n"
        "secrets: {s: {file: ./s}}\n",
        "sub/l": "l=1\n",
        "sub/e.env": "E=1\n",
    },
    "compose.yaml: the including file is on top": {
        "compose.yaml": "include: [a.yaml, b.yaml]\nservices:\n  web:\n    cap_add: [M]\n    labels: !override {m: m}\n"
        "    user: !reset null\nvolumes: {d: {labels: {m: m}}}\n",
        "a.yaml": WEB
        + "    cap_add: [A]\n    environment: [Q=a]\n    labels: {a: a}\n    user: u\n    volumes: ['d:/d']\n"
        "volumes: {d: {labels: {a: a}}}\n",
        "b.yaml": "services:\n  web:\n    image: y\n    cap_add: [B]\n    environment: [Q=b]\n",
    },
    "compose.yaml o.yaml: include in an override file": {
        "compose.yaml": WEB,
        "o.yaml": "include: [c.yaml]\nservices: {web: {cap_add: [O]}}\n",
        "c.yaml": "services:\n  web:\n    command: hi\n    cap_add: [X]\n",
    },
    "compose.yaml: include in its long form": {
        "compose.yaml": "include:\n  - path: [sub/a.yaml, o/b.yaml]\n    project_directory: pd\n"
        "    env_file: [e1, e2]\n  - path: '${WHICH:-sub}/c.yaml'\n    project_directory: not-there\n",
        "pd/x": "",
        "sub/a.yaml": WEB + "    volumes: ['./v:/v']\n    command: ${A} ${B}\n",
        "o/b.yaml": "services:\n  web:\n    volumes: ['./w:/w']\n",
        "sub/c.yaml": "services:\n  c:\n    image: c\n    volumes: ['./w:/w']\n    build: {dockerfile: D}\n",
        "e1": "A=1\nB=1\n",
        "e2": "B=2$A\n",
    },
    "compose.yaml: the variables of the including file win": {
        ".env": "A=parent\n",
        "compose.yaml": "include: [sub/a.yaml]\nservices: {m: {image: 'm:${B:-none}'}}\n",
        "sub/a.yaml": WEB + "    command: ${A} ${B} ${COMPOSE_PROJECT_NAME}\n    environment: [B, C]\n",
        "sub/.env": "A=sub\nB=$A\nC=c\n",
    },
    "compose.yaml: two ways to one file": {
        "compose.yaml": "include: [b/c.yaml, c/c.yaml]\n",
        "b/c.yaml": "include: [../d/c.yaml]\n",
        "c/c.yaml": "include: [../d/c.yaml]\n",
        "d/c.yaml": WEB + "    volumes: ['./q:/q']\n",
    },
    "compose.yaml: extends through files and folders": {
        "compose.yaml": "services:\n  w:\n    extends: {file: s/b.yaml, service: b}\n    volumes: ['./w:/b']\n",
        "s/b.yaml": "include: [not-there.yaml]\nservices:\n  b:\n    build: {dockerfile: D}\n"
        "    extends: {file: t/c.yaml, service: c}\n    volumes: ['./b:/b']\n    env_file: [b.env]\n",
        "s/b.env": "",
        "s/t/c.yaml": "services:\n  c:\n    volumes: ['./c:/c','../up:/u']\n    build: .\n    extends: d\n"
        "  d: {cap_add: [D], ports: ['1:1']}\n",
    },
    "compose.yaml: a base that builds without a context": {
        "compose.yaml": "services:\n  w:\n    extends: {file: s/b.yaml, service: b}\n",
        "s/b.yaml": "services:\n  b:\n    build: {dockerfile: D}\n",
    },
    "compose.yaml: extends in an included file": {
        "compose.yaml": "include: [sub/c.yaml]\n",
        "sub/c.yaml": "services:\n  a:\n    image: i\n    extends: {file: deep/b.yaml, service: b}\n",
        "sub/.env": "V=5\n",
        "sub/deep/b.yaml": "services:\n  b:\n    volumes: ['./v:/v']\n    labels: {v: '${V}'}\n",
    },
    "compose.yaml: tags in a service that extends": {
        "compose.yaml": WEB
        + "    extends: {file: b.yaml, service: b}\n    ports: !override ['2:2']\n    user: !reset null\n",
        "b.yaml": "services:\n  b: {ports: ['1:1'], user: u, cap_add: [A]}\n",
    },
    "compose.yaml: a file extends itself by name": {
        "compose.yaml": WEB + "    extends: {file: compose.yaml, service: b}\n  b: {image: b, cap_add: [A]}\n"
    },
    "compose.yaml: dollar signs stay": {
        "compose.yaml": "include: [c.yaml]\n" + WEB + "    command: ['$$A', '$${B}']\n",
        "c.yaml": "services:\n  c: {image: c, command: ['$$A', '$$$$B'], environment: {D: '$$'}}\n",
    },
    "compose.yaml: jobs, models and providers": {
        "compose.yaml": "include: [c.yaml]\n" + WEB + "    models: [m]\n  p: {provider: {type: q, options: {a: b}}}\n",
        "c.yaml": "models: {m: {model: ai/x}}\njobs:\n  j: {image: q, triggers: {manual: true}}\n",
    },
    "compose.yaml: profiles": {
        "compose.yaml": WEB + "  a: {image: a, profiles: [p]}\n  b: {image: b, profiles: [q, p], depends_on: [a]}\n"
    },
    "compose.yaml: merge keys across include": {
        "compose.yaml": "x-c: &c {restart: always}\ninclude: [c.yaml]\nservices:\n  web: {<<: *c, cap_add: [A]}\n",
        "c.yaml": "x-c: &c {user: u}\n" + WEB + "    <<: *c\n",
    },
}


@pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not there")
@pytest.mark.parametrize("case", EQUAL)
def test_compose_loads_the_same_project(case: str, tmp_path: Path) -> None:
    write(tmp_path, EQUAL[case])
    assert COMPOSE is not None
    verdict = judge(COMPOSE, tuple(str(tmp_path / name) for name in case.partition(":")[0].split()))
    assert (verdict.result, verdict.reason) == ("equal", "")


def templated(value: Any, draw: Callable[[Any], Any]) -> Any:
    """Some strings as variables with that default: what they hold is what counts when files are merged."""
    if isinstance(value, dict):
        return {key: templated(child, draw) for key, child in value.items()}
    if isinstance(value, list):
        return [templated(child, draw) for child in value]
    plain = isinstance(value, str) and value and not set(value) & set("$}{")
    return f"${{NO:-{value}}}" if plain and draw(st.integers(0, 3)) == 0 else value


def either(*found: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(found).map(copy.deepcopy)


HOOKS = either([{"command": "a"}], [{"command": ["b"], "user": "u"}], [{"command": "a", "environment": {"A": "a"}}])
PAIRS: dict[str, st.SearchStrategy[Any]] = {
    **{key: strategy for key, strategy in KEYS.items() if key not in ("profiles", "x-own")},
    "attach": either(True, False),
    "blkio_config": either({"weight": 10}, {"weight": 20, "device_read_bps": [{"path": "/a", "rate": "1m"}]}),
    "cgroup": either("host", "private"),
    "credential_spec": either({"file": "a.json"}, {"registry": "b"}),
    "develop": either(
        {"watch": [{"path": "./a", "action": "rebuild"}]}, {"watch": [{"path": "b", "action": "rebuild"}]}
    ),
    "device_cgroup_rules": either(["c 1:3 mr"], ["c 1:3 mr", "a 7:* rmw"]),
    "external_links": either(["r"], ["r:a", "s"]),
    "gpus": either([{"count": 1}], [{"driver": "nvidia", "device_ids": ["0"]}]),
    "label_file": either("a.env", ["b.env"], ["a.env", "b.env"]),
    "mem_limit": either("1g", 5000000, "2g"),
    "network_mode": either("host", "none"),
    "pid": either("host", "service:d"),
    "post_start": HOOKS,
    "pre_stop": HOOKS,
    "shm_size": either("64m", 1000000),
    "stop_grace_period": either("1s", "1m30s"),
    "storage_opt": either({"size": "1G"}, {"size": "2G", "a": "b"}),
    "tty": either(True, "yes", False),
    "use_api_socket": either(True, False),
    "userns_mode": either("host", ""),
    "volumes_from": either(["d"], ["d:ro", "e"], ["container:c"]),
    "working_dir": either("/a", "/b"),
}
"""Each by itself, in a service of its own. What only schema and consistency are about is left to other tests."""


@pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not there")
@pytest.mark.parametrize("way", ["file", "include", "extends"])
@SETTINGS
@given(data=st.data())
def test_every_key_is_merged_as_compose_does_it(
    way: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("project")
    base, own = (
        {f"{key}-0": {"image": "x", key: templated(data.draw(found), data.draw)} for key, found in PAIRS.items()}
        for _ in range(2)
    )
    others = {"d": {"image": "d"}, "e": {"image": "e"}}
    main: dict[str, Any] = {"services": {**others, **own}, **TOP}
    if way == "include":
        main["include"] = ["sub/base.yaml"]
    if way == "extends":
        for name, service in own.items():
            service["extends"] = {"file": "sub/base.yaml", "service": name}
    files = {"sub/base.yaml": {"services": base}, "compose.yaml": main}
    write(folder, {name: json.dumps(model) for name, model in files.items()})
    write(folder, {name: "" for place in ("", "sub/") for name in (f"{place}a.env", f"{place}b.env", f"{place}f")})
    paths = [folder / "sub/base.yaml", folder / "compose.yaml"] if way == "file" else [folder / "compose.yaml"]
    assert COMPOSE is not None
    verdict = judge(COMPOSE, tuple(map(str, paths)))
    assert (verdict.result, verdict.reason) == ("equal", "")


# -- what cannot be loaded -------------------------------------------------------------------------------------------

FAULTY: dict[str, tuple[dict[str, str], str, int, str]] = {
    "a file that includes itself": ({"compose.yaml": "include: [compose.yaml]\n" + WEB}, "compose.yaml", 1, "circle"),
    "files that include each other": (
        {"compose.yaml": "include:\n  - a.yaml\n", "a.yaml": WEB + "include: [compose.yaml]\n"},
        "a.yaml",
        4,
        "circle",
    ),
    "services that extend each other": (
        {"compose.yaml": "services:\n  a: {extends: b}\n  b:\n    extends: a\n"},
        "compose.yaml",
        2,
        "circle",
    ),
    "services of two files that extend each other": (
        {
            "compose.yaml": "services:\n  a:\n    extends: {file: b.yaml, service: b}\n",
            "b.yaml": "services:\n  b:\n    extends: {file: compose.yaml, service: a}\n",
        },
        "compose.yaml",
        3,
        "circle",
    ),
    "an included file that is not there": (
        {"compose.yaml": "include:\n  - a.yaml\n" + WEB},
        "compose.yaml",
        2,
        "a.yaml",
    ),
    "an included folder": ({"compose.yaml": "include: [d]\n" + WEB, "d/x": ""}, "compose.yaml", 1, "folder"),
    "an extended file that is not there": (
        {"compose.yaml": WEB + "    extends: {file: a.yaml, service: b}\n"},
        "compose.yaml",
        4,
        "a.yaml",
    ),
    "a service that its file does not have": (
        {"compose.yaml": WEB + "    extends: {file: a.yaml, service: b}\n", "a.yaml": WEB},
        "compose.yaml",
        4,
        "`b`, which a.yaml does not define",
    ),
    "an environment file that is not there": (
        {"compose.yaml": "include: [{path: a.yaml, env_file: e}]\n", "a.yaml": WEB},
        "compose.yaml",
        1,
        "environment file e is not there",
    ),
    "an environment file that is none": (
        {"compose.yaml": "include: [{path: a.yaml, env_file: e}]\n", "a.yaml": WEB, "e": "A=1\nA\0\1=1\n"},
        "e",
        2,
        "unexpected character",
    ),
    "a fault in an included file": (
        {"compose.yaml": "include: [a.yaml]\n", "a.yaml": WEB + "    ports: 5\n"},
        "a.yaml",
        4,
        "ports",
    ),
    "values that cannot be merged": (
        {
            "compose.yaml": "include: [a.yaml]\n" + WEB + "    x-note: {driver: x}\n",
            "a.yaml": WEB + "    x-note: [a]\n",
        },
        "compose.yaml",
        5,
        "x-note",
    ),
    "files that include each other deeper than anybody does": (
        {"compose.yaml": "include: [0.yaml]\n"}
        | {f"{number}.yaml": f"include: [{number + 1}.yaml]\n" for number in range(1000)},
        "30.yaml",
        1,
        "more than 32 deep",
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_a_project_that_cannot_be_loaded_is_said_where(case: str, tmp_path: Path) -> None:
    files, file, line, words = FAULTY[case]
    write(tmp_path, files)
    with pytest.raises(LoadError) as caught:
        load(tmp_path)
    fault = caught.value.faults[0]
    assert (str(Path(fault.file).relative_to(tmp_path)), fault.line) == (file, line)
    assert words in fault.message
    if COMPOSE is not None:
        assert real_compose.project(COMPOSE, (str(tmp_path / "compose.yaml"),)) is None


def test_files_that_are_included_twice_on_each_level_are_given_up(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.yaml": f"include: [{number + 1}.yaml, {number + 1}.yaml]\n" for number in range(30)})
    write(tmp_path, {"30.yaml": WEB})
    with pytest.raises(LoadError, match=f"more than {MAX_FILES} files"):
        load(tmp_path, "0.yaml")


def test_a_thousand_included_files_are_given_up(tmp_path: Path) -> None:
    write(tmp_path, {f"{number}.yaml": f"services: {{s{number}: {{image: x}}}}\n" for number in range(1000)})
    write(tmp_path, {"compose.yaml": "include:\n" + "".join(f"  - {number}.yaml\n" for number in range(1000))})
    with pytest.raises(LoadError, match=f"more than {MAX_FILES} files") as caught:
        load(tmp_path)
    assert caught.value.faults[0].line == MAX_FILES + 1


def test_variables_that_blow_a_file_up_are_given_up(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": "services:\n" + "".join(f"  s{n}: {{image: $A, user: $A}}\n" for n in range(100))})
    with pytest.raises(LoadError, match="variables make the file too long"):
        load(tmp_path, A="a" * 1_000_000)


# -- what cannot be seen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["oci://example/stack", "https://github.com/e/x.git", "git@github.com:e/x", "github.com/e/x"]
)
def test_what_lies_elsewhere_is_not_fetched_but_unseen(path: str, tmp_path: Path) -> None:
    write(
        tmp_path, {"compose.yaml": f"include:\n  - '{path}'\n" + WEB + f"    extends: {{file: '{path}', service: a}}\n"}
    )
    project = load(tmp_path)
    assert sorted((part.line, "cannot be seen" in part.message) for part in project.unseen) == [(2, True), (6, True)]
    assert project.services["web"].unclear
    assert project.model["include"] == [path]


def test_who_extends_a_service_with_an_unseen_base_is_unclear_too(tmp_path: Path) -> None:
    text = WEB + "    extends: {file: oci://x, service: a}\n  heir: {extends: web}\n  other: {image: x}\n"
    write(tmp_path, {"compose.yaml": text + "  last: {extends: heir}\n"})
    services = load(tmp_path).services
    assert [name for name, service in services.items() if service.unclear] == ["web", "heir", "last"]


# -- what is known of values -----------------------------------------------------------------------------------------


def test_values_know_their_text_and_what_compose_makes_of_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "compose.yaml": "include: [sub/a.yaml]\nservices: {own: {image: '${I:-none}'}}\n",
            "sub/a.yaml": "services:\n  web:\n    image: ${I}\n    volumes: ['./d:${T}/d']\n"
            "    env_file: e\n    user: $U\n",
            "sub/.env": "I=image\nT=/t\n",
        },
    )
    project = load(tmp_path)
    web = project.services["web"]
    assert (web.raw["image"], web.get("image"), project.services["own"].get("image")) == ("${I}", "image", "none")
    assert (web.raw["volumes"], web.get("volumes")) == (["./d:${T}/d"], ["./sub/d:/t/d"])
    assert web.get("env_file") == "sub/e"
    assert (web.unset("user"), web.unset("image")) == (frozenset("U"), frozenset())
    assert web.item("volumes", web.raw["volumes"][0]) is not None
    assert web.origin("user").layer.file == str(tmp_path / "sub/a.yaml")
    assert web.origin("user").line == 6


def test_a_service_knows_every_body_and_every_base(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "compose.yaml": "include: [a.yaml]\nservices:\n  web: {user: u, extends: {file: b.yaml, service: b}}\n",
            "a.yaml": WEB,
            "b.yaml": "services:\n  b: {extends: c}\n  c: {cap_add: [A]}\n  web: {image: no}\n",
            "o.yaml": "services: {web: {tty: true}}\n",
        },
    )
    project = load(tmp_path, "compose.yaml", "o.yaml")
    bodies = [(Path(layer.file).name, layer.source.position(node.start).line) for layer, node in project.bodies("web")]
    assert bodies == [("a.yaml", 3), ("compose.yaml", 3), ("o.yaml", 1)]
    bases = [(Path(layer.file).name, layer.source.position(node.start).line) for layer, node in project.bases["web"]]
    assert bases == [("b.yaml", 2), ("b.yaml", 3)]
    assert sorted(Path(file).name for file in project.sources) == ["a.yaml", "b.yaml", "compose.yaml", "o.yaml"]


@pytest.mark.parametrize(("active", "expected"), [((), ["web"]), (("p",), ["web", "a"]), (("*",), ["web", "a", "b"])])
def test_services_of_inactive_profiles_are_known_and_marked(
    active: tuple[str, ...], expected: list[str], tmp_path: Path
) -> None:
    write(tmp_path, {"compose.yaml": WEB + "  a: {image: a, profiles: [p]}\n  b: {image: b, profiles: [q]}\n"})
    files = Files((str(tmp_path / "compose.yaml"),), profiles=frozenset(active))
    services = project_of(files, {}, read).services
    assert list(services) == ["web", "a", "b"]
    assert [name for name, service in services.items() if service.is_active] == expected
