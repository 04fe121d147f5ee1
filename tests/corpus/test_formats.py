"""Every report format of the bundled stacks, and of some real files where COMPOSEHARDEN_CORPUS names a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from composeharden.report.formats import FORMATS
from tests.corpus.formats import Found, look, sample

FIXTURES = Path(__file__).parents[2] / "fixtures"
SOME = 30


@pytest.mark.parametrize("folder", ["the bundled stacks", "COMPOSEHARDEN_CORPUS"])
def test_documents_are_valid_and_show_no_secret(folder: str) -> None:
    place = os.environ.get(folder) if folder.isupper() else str(FIXTURES)
    if not place:
        pytest.skip("COMPOSEHARDEN_CORPUS names no folder of Compose files")
    found = Found()
    for number, file in enumerate(sample(place, SOME)):
        found.add(look(file, number))
    assert found.wrong == []
    assert all(found.count[form] == found.count[f"{form}, hostile names"] >= 20 for form in FORMATS)
    assert found.count["SARIF fixes applied"]
    assert found.count["patches remade from suggestions"]
    assert found.count["secrets searched for"]
