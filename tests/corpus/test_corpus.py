"""The promise on real files: every one is handled, nothing moves but what was declared, and Compose agrees.

The folder in COMPOSEHARDEN_CORPUS is read and never written to. `python -m tests.corpus.figures` prints the figures.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.corpus import real_compose
from tests.corpus.measure import CLASSES, MODES, Measured, Run

pytestmark = pytest.mark.parametrize("mode", MODES)


def having(corpus: list[Measured], mode: str, what: Callable[[Run], object]) -> dict[str, object]:
    """The files of which there is something to tell."""
    return {item.file: told for item in corpus if (told := what(item.runs[mode]))}


def test_no_file_raises(corpus: list[Measured], mode: str) -> None:
    assert corpus
    assert having(corpus, mode, lambda run: run.crash) == {}


def test_every_file_is_of_one_class_and_every_refusal_has_a_reason_at_a_line(corpus: list[Measured], mode: str) -> None:
    assert having(corpus, mode, lambda run: run.kind not in CLASSES) == {}
    assert having(corpus, mode, lambda run: run.unplaced) == {}


def test_less_than_one_percent_of_the_declared_changes_is_refused(corpus: list[Measured], mode: str) -> None:
    runs = [item.runs[mode] for item in corpus]
    assert sum(len(run.refused) for run in runs) * 100 < sum(run.declared for run in runs)


def test_a_second_run_changes_nothing(corpus: list[Measured], mode: str) -> None:
    assert having(corpus, mode, lambda run: run.changed_again) == {}


def test_nothing_but_the_declared_changes_is_in_the_text(corpus: list[Measured], mode: str) -> None:
    assert having(corpus, mode, lambda run: run.noise) == {}


def test_no_comment_is_lost(corpus: list[Measured], mode: str) -> None:
    assert having(corpus, mode, lambda run: run.comments_lost) == {}


def test_compose_takes_every_file_that_it_took_before(corpus: list[Measured], mode: str) -> None:
    need_compose()
    assert having(corpus, mode, lambda run: run.accepted_before and not run.accepted_after) == {}


def test_compose_sees_the_declared_changes_and_no_others(corpus: list[Measured], mode: str) -> None:
    need_compose()
    assert having(corpus, mode, lambda run: run.compared)
    assert having(corpus, mode, lambda run: run.undeclared) == {}


def need_compose() -> None:
    if real_compose.binary() is None:
        pytest.skip("docker-compose is neither beside this Python nor on the PATH")
