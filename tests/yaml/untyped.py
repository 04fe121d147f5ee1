"""Another reading of YAML to compare with: ruamel.yaml's own loader, which keeps every scalar as a string."""

from __future__ import annotations

import re
import warnings
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import ReusedAnchorWarning

_TABS_AT_THE_END = re.compile(r"\t+(?=[ \t]*(?:#|\r?$))", re.MULTILINE)


def documents(text: str) -> list[Any]:
    """The documents of a file. Tabs before comments, which this reader does not take, are made blanks first."""
    yaml = YAML(typ="base", pure=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        return ["" if found is None else found for found in yaml.load_all(_TABS_AT_THE_END.sub(" ", text))]
