"""Names of files as a repository knows them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from composeharden.report.places import Places


@pytest.mark.parametrize(
    ("path", "name", "uri"),
    [
        ("compose.yaml", "sub/compose.yaml", "sub/compose.yaml"),
        ("./a/../compose.yaml", "sub/compose.yaml", "sub/compose.yaml"),
        ("../compose.yaml", "compose.yaml", "compose.yaml"),
        ("/repo/x/compose.yaml", "x/compose.yaml", "x/compose.yaml"),
        ("/elsewhere/compose.yaml", "/elsewhere/compose.yaml", "file:///elsewhere/compose.yaml"),
        ("../../compose.yaml", "../../compose.yaml", "../../compose.yaml"),
        ("/repository/compose.yaml", "/repository/compose.yaml", "file:///repository/compose.yaml"),
        ("-", "-", "-"),
        ("a b#c?d%20:e&f.yaml", "sub/a b#c?d%20:e&f.yaml", "sub/a%20b%23c%3Fd%2520%3Ae%26f.yaml"),
        ("é\u202e\x1b\n.yaml", "sub/é\u202e\x1b\n.yaml", "sub/%C3%A9%E2%80%AE%1B%0A.yaml"),
        ("\udcff.yaml", "sub/\udcff.yaml", "sub/%FF.yaml"),
        ("\ud800.yaml", "sub/\ud800.yaml", "sub/%5Cud800.yaml"),
    ],
)
def test_names_and_addresses(path: str, name: str, uri: str) -> None:
    places = Places("/repo/sub", "/repo")
    assert places.name(path) == name
    assert places.uri(path) == uri


def test_without_a_repository_paths_stay_what_they_are() -> None:
    assert Places().name("./a/compose.yaml") == "a/compose.yaml"
    assert Places().name("/a/compose.yaml") == "/a/compose.yaml"
    assert Places("/", "/").name("a") == "a"


def test_an_address_leads_back_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s p" / "ü%41:#.yaml"
    file.parent.mkdir()
    file.touch()
    uri = Places(str(tmp_path), str(tmp_path)).uri(str(file))
    assert (tmp_path / unquote_to_bytes(uri).decode()).is_file()


def test_a_link_to_the_repository_is_the_repository(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "compose.yaml").touch()
    (tmp_path / "link").symlink_to("real")
    real = str(tmp_path / "real")
    assert Places(real, real).name(str(tmp_path / "link" / "compose.yaml")) == "compose.yaml"
