"""What environment files say: the names that Compose would set, or that this cannot be told."""

from __future__ import annotations

import pytest

from composeharden.compose.dotenv import parse
from tests.posture_of import project_of

NAMES = {
    "": set(),
    "# A=1\n": set(),
    "A=1\nexport B=2\n": {"A", "B"},
    "A: 1\n": {"A"},
    "export\tA=1\n": {"A"},
    "A='first\nB=second'\nC=1\n": {"A", "C"},
    'A="first\n# B=second"\n': {"A"},
    "\ufeffA=1\r\nB=2\r\n": {"A", "B"},
    "A=${A}x\nB=${C:-d}\n": {"A", "B"},
    "A\nB=1\n": {"A", "B"},
    "A=${UNKNOWN}\nB=1\n": {"A", "B"},
    "A=${B\n": None,
    "A B=1\n": None,
    "A='open\n": None,
    "A!=1\n": None,
}


@pytest.mark.parametrize("text", NAMES, ids=repr)
def test_the_names_are_those_that_compose_sets(text: str) -> None:
    service = project_of("image: example/app:1\nenv_file: it.env", {"it.env": text}).services["it"]
    names = NAMES[text]
    assert service.knows_environment is (names is not None)
    assert set(service.environment) == (names or set())
    if names is not None:
        assert names >= set(parse(text))


def test_a_name_that_the_shell_would_give_a_value_counts() -> None:
    """A line with a name alone takes it from a shell that nobody has seen."""
    files = {"it.env": "A\n"}
    assert set(project_of("image: a/b:1\nenv_file: [it.env]", files).services["it"].environment) == {"A"}


@pytest.mark.parametrize(("required", "known"), [("true", False), ("false", True)])
def test_a_missing_file_that_is_required_leaves_it_open(required: str, known: bool) -> None:
    service = project_of(f"image: a/b:1\nenv_file: [{{path: it.env, required: {required}}}]", {}).services["it"]
    assert service.knows_environment is known


def test_a_file_that_compose_refuses_leaves_it_open_even_where_none_is_required() -> None:
    service = project_of("image: a/b:1\nenv_file: [{path: it.env, required: false}]", {"it.env": "A B=1\n"})
    assert not service.services["it"].knows_environment
