"""Popular services, hardened from the command line: they live as they did before, in every form of cases.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .cases import Case, all_cases
from .rows import ROWS
from .trial import Trials


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    """One for all, so that no service lives its life before hardening twice."""
    return Trials(tmp_path_factory.mktemp("trials"))


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id, marks=pytest.mark.xdist_group(case.name)) for case in all_cases()]
)
def test_a_hardened_service_lives_as_before(case: Case, images: Callable[[str], None], trials: Trials) -> None:
    for image in case.row.images:
        images(image)
    trials.show(case, ROWS[case.name])
